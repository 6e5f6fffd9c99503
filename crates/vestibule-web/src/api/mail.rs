//! Mail, for whoever may see the settings: what waits, went, or was given up; never what it says.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, MailId, MailKind, MailRow, MailState, Timestamp};

use super::list::{List, PageQuery};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, Query, Require, UpdateSettings, ViewSettings};

/// A mail, without what it says.
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
struct MailJson {
    #[schema(value_type = uuid::Uuid)]
    id: MailId,
    /// Whose mail; null: nobody's here, or gone.
    #[schema(value_type = Option<uuid::Uuid>)]
    account_id: Option<AccountId>,
    #[schema(value_type = String, example = "password_reset")]
    kind: MailKind,
    #[schema(example = "ann@example.com")]
    recipient: String,
    subject: String,
    /// `queued`, `sending`, `sent`, `failed`, `expired`, or `kept` in the development outbox.
    #[schema(value_type = String, example = "sent")]
    state: MailState,
    /// How often it was tried.
    attempts: i64,
    /// What went wrong last.
    last_error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it is tried next.
    #[schema(value_type = String, format = DateTime)]
    next_attempt_at: Timestamp,
    /// After when it is not sent.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
}

/// A mail that was written.
#[derive(Serialize, ToSchema)]
#[schema(as = NewMail)]
struct WrittenJson {
    #[schema(value_type = uuid::Uuid)]
    id: MailId,
}

/// The mail of this instance
///
/// Newest first, of the last 30 days.
#[utoipa::path(get, path = "/api/v1/admin/mail", tag = "Administration", params(PageQuery),
    security(("bearer" = ["view:settings"]), ("cookie" = ["view:settings"]), ("program" = ["view:settings"])),
    responses((status = 200, description = "A page of mail.", body = List<MailJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewSettings>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<MailJson>>> {
    let mail = app.vestibule.list_mail(page.page()?).await?;
    Ok(Json(List::of(mail, MailJson::from)))
}

/// Send a mail again
///
/// One that was given up, or that waits, is tried at once.
#[utoipa::path(post, path = "/api/v1/admin/mail/{id}/retry", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The mail's id.")),
    security(("bearer" = ["update:settings"]), ("cookie" = ["update:settings"]), ("program" = ["update:settings"])),
    responses(
        (status = 200, description = "The mail, queued.", body = MailJson),
        (status = 409, description = "`mail_not_retryable`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn retry(
    State(app): State<App>,
    Require(session, _): Require<UpdateSettings>,
    Path(id): Path<MailId>,
    caller: Caller,
) -> Result<Json<MailJson>> {
    app.limits.sensitive(session.account_id)?;
    Ok(Json(app.vestibule.retry_mail(&caller.acting(&session), id).await?.into()))
}

/// Write me a test mail
///
/// To one's own address, to see whether mail arrives.
#[utoipa::path(post, path = "/api/v1/admin/mail/test", tag = "Administration",
    security(("bearer" = ["update:settings"]), ("cookie" = ["update:settings"]), ("program" = ["update:settings"])),
    responses(
        (status = 201, description = "Written; the list of mail says what becomes of it.", body = WrittenJson),
        (status = 409, description = "`mail_off`"),
        (status = 422, description = "`email_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn test(
    State(app): State<App>,
    Require(session, _): Require<UpdateSettings>,
    caller: Caller,
) -> Result<(StatusCode, Json<WrittenJson>)> {
    app.limits.sensitive(session.account_id)?;
    let id = app.vestibule.send_test_mail(&caller.acting(&session), &session).await?;
    Ok((StatusCode::CREATED, Json(WrittenJson { id })))
}

impl From<MailRow> for MailJson {
    fn from(mail: MailRow) -> MailJson {
        MailJson {
            id: mail.id,
            account_id: mail.account_id,
            kind: mail.kind,
            recipient: mail.recipient,
            subject: mail.subject,
            state: mail.state,
            attempts: mail.attempts,
            last_error: mail.last_error,
            created_at: mail.created_at,
            next_attempt_at: mail.next_attempt_at,
            expires_at: mail.expires_at,
            sent_at: mail.sent_at,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(retry)).routes(routes!(test))
}
