//! The session that the request carries: what it is, and proving again who one is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AuthMethod, Code, Error, Factor, LiveSession, Reauthenticate, Reproof, SessionId, Timestamp};

use super::account::AccountJson;
use super::password::Password;
use super::sign_in::{SignedInJson, signed_in_answer};
use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Session};

/// The session of this request, whose it is, and its CSRF token.
#[derive(Serialize, ToSchema)]
#[schema(as = CurrentSession)]
struct CurrentJson {
    session: SessionJson,
    account: AccountJson,
    /// What unsafe requests by cookie carry in `X-CSRF-Token`.
    csrf_token: String,
}

/// A live session.
#[derive(Serialize, ToSchema)]
#[schema(as = LiveSession)]
struct SessionJson {
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    /// How its owner proved who they are: `password`, `magic_link`, `email_code`, `email_verify` or `oauth`.
    #[schema(value_type = String, example = "password")]
    method: AuthMethod,
    /// The second factor it was opened with: `totp`, `recovery_code`, or null.
    #[schema(value_type = Option<String>, example = "totp")]
    second_factor: Option<Factor>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its owner last proved who they are.
    #[schema(value_type = String, format = DateTime)]
    authenticated_at: Timestamp,
    /// When it ends if it is not used.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it ends in any case.
    #[schema(value_type = String, format = DateTime)]
    absolute_expires_at: Timestamp,
}

/// Proof of who one is: the password or a code, not both.
#[derive(Deserialize, ToSchema)]
struct ReauthenticateBody {
    password: Option<Password>,
    /// Of the second factor, where one is on; else, for an account without a password, one that was mailed.
    code: Option<TypedCode>,
}

/// Who am I, in which session
#[utoipa::path(get, path = "/api/v1/session", tag = "Session", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The session of this request.", body = CurrentJson)))]
async fn show(State(app): State<App>, session: Session) -> Result<Json<CurrentJson>> {
    let account = app.vestibule.account(session.account_id).await?;
    let csrf_token = session.csrf_token(&app);
    Ok(Json(CurrentJson { session: SessionJson::of(&session), account: account.into(), csrf_token }))
}

/// Prove again who you are
///
/// Dangerous acts need a proof no older than 15 minutes. The session's token is replaced; the old one ends.
#[utoipa::path(post, path = "/api/v1/session/reauthenticate", tag = "Session", request_body = ReauthenticateBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "Proven; the session has a new token and cookie.", body = SignedInJson),
        (status = 401, description = "`unauthenticated`, `current_password_incorrect`, `code_invalid`"),
        (status = 422, description = "`password_required`: neither was given; `field_invalid`: both were."),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn reauthenticate(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    Body(body): Body<ReauthenticateBody>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let proof = body.proof()?;
    match app.vestibule.reauthenticate(&caller.acting(&session), &session, proof).await? {
        Reauthenticate::Done(signed_in) => Ok(signed_in_answer(&app, StatusCode::OK, *signed_in)),
        Reauthenticate::WrongPassword => Err(Code::CurrentPasswordIncorrect.into()),
        Reauthenticate::WrongCode => Err(Code::CodeInvalid.into()),
    }
}

impl ReauthenticateBody {
    fn proof(self) -> Result<Reproof> {
        match (self.password, self.code) {
            (Some(password), None) => Ok(Reproof::Password(password.into())),
            (None, Some(code)) => Ok(Reproof::Code(code.into())),
            (None, None) => Err(Error::field("password", Code::PasswordRequired).into()),
            (Some(_), Some(_)) => Err(Error::field("code", Code::FieldInvalid).into()),
        }
    }
}

impl SessionJson {
    fn of(session: &LiveSession) -> SessionJson {
        SessionJson {
            id: session.session_id,
            method: session.method,
            second_factor: session.second_factor,
            created_at: session.created_at,
            authenticated_at: session.authenticated_at,
            expires_at: session.expires_at(),
            absolute_expires_at: session.absolute_expires_at,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(reauthenticate))
}
