//! The invitation of an account that has no password yet: sending it again, and calling it back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, Delivery, Invitation};

use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, RecentlyProven, Require, UpdateUsers};

const ON_ITS_WAY: &str = "The mail server has not taken it yet; it is tried again until the invitation expires.";

/// What became of an invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationJson {
    /// Whether the mail server took it.
    pub invite_email_sent: bool,
    /// Why not, or not yet.
    pub invite_email_error: Option<String>,
    /// Its link, to be handed over, shown this once: only where there is no mail server.
    pub invite_url: Option<String>,
}

/// Send an invitation again
///
/// The earlier link ends. Where there is no mail server the new one is in the answer, this once. Needs a recent proof of
/// who you are.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/resend-invite", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])),
    responses(
        (status = 200, description = "What became of it.", body = InvitationJson),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`not_invited`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn resend(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Json<InvitationJson>> {
    app.limits.sensitive(session.account_id)?;
    Ok(Json(app.vestibule.resend_invite(&caller.acting(&session), id).await?.into()))
}

/// Call an invitation back
///
/// Its link ends. The account stays, and can be invited again. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/revoke-invite", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])),
    responses(
        (status = 204, description = "Called back, or was."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`not_invited`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn revoke(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.revoke_invite(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Invitation> for InvitationJson {
    fn from(invitation: Invitation) -> InvitationJson {
        let Invitation { delivery, url } = invitation;
        let (invite_email_sent, invite_email_error) = match delivery {
            Delivery::Sent => (true, None),
            Delivery::Kept => (false, None),
            Delivery::Waiting => (false, Some(ON_ITS_WAY.to_owned())),
            Delivery::Failed(why) => (false, Some(why)),
        };
        InvitationJson { invite_email_sent, invite_email_error, invite_url: url }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(resend)).routes(routes!(revoke))
}
