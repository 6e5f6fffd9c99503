//! The session that the request carries: what it is, and proving again who one is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AuthMethod, Code, LiveSession, Reauthenticate, SessionId, Timestamp};

use super::account::AccountJson;
use super::password::Password;
use super::sign_in::{SignedInJson, signed_in_answer};
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
    /// How its owner last proved who they are.
    #[schema(value_type = String, example = "password")]
    method: AuthMethod,
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

/// Proof of who one is.
#[derive(Deserialize, ToSchema)]
struct ReauthenticateBody {
    password: Password,
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
        (status = 401, description = "`unauthenticated`, `current_password_incorrect`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn reauthenticate(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    Body(body): Body<ReauthenticateBody>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    match app.vestibule.reauthenticate(&caller.acting(&session), &session, body.password.into()).await? {
        Reauthenticate::Done(signed_in) => Ok(signed_in_answer(&app, StatusCode::OK, *signed_in)),
        Reauthenticate::WrongPassword => Err(Code::CurrentPasswordIncorrect.into()),
    }
}

impl SessionJson {
    fn of(session: &LiveSession) -> SessionJson {
        SessionJson {
            id: session.session_id,
            method: session.method,
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
