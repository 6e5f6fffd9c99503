//! One's own sessions: where one is signed in, and ending that.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AuthMethod, Credential, Factor, Principal, SessionId, Timestamp};

use super::list::{List, PageQuery};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, Query, Session};

/// A session, as its owner sees it, and whoever may see those of others.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionJson {
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    /// Whether it is the session of this request.
    current: bool,
    /// How its owner proved who they are: `password`, `magic_link`, `email_code`, `email_verify` or `oauth`.
    #[schema(value_type = String, example = "password")]
    method: AuthMethod,
    /// The second factor it was opened with: `totp`, `recovery_code`, or null.
    #[schema(value_type = Option<String>, example = "totp")]
    second_factor: Option<Factor>,
    user_agent: Option<String>,
    ip: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    authenticated_at: Timestamp,
    /// To the minute.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    absolute_expires_at: Timestamp,
}

/// Where I am signed in
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "Account", params(PageQuery),
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "A page of my live sessions.", body = List<SessionJson>)))]
async fn list(
    State(app): State<App>,
    session: Session,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<SessionJson>>> {
    let sessions = app.vestibule.list_sessions(session.account_id, page.page()?).await?;
    Ok(Json(List::of(sessions, |one| SessionJson::of(one, &session))))
}

/// Sign out everywhere else
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "Account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Every session but this one ended.")))]
async fn end_others(State(app): State<App>, session: Session, caller: Caller) -> Result<StatusCode> {
    app.vestibule.end_other_sessions(&caller.acting(&session), &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of my sessions
///
/// Ending the session of this request is signing out.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "Account",
    params(("id" = uuid::Uuid, Path, description = "The session's id.")), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Ended.")))]
async fn end(State(app): State<App>, session: Session, Path(id): Path<SessionId>, caller: Caller) -> Result<Response> {
    app.vestibule.end_session(&caller.acting(&session), session.account_id, id).await?;
    if id == session.session_id {
        return Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, app.cookie.removal())]).into_response());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl SessionJson {
    pub(crate) fn of(session: vestibule::Session, current: &Principal) -> SessionJson {
        SessionJson {
            id: session.id,
            current: current.credential == Credential::Session(session.id),
            method: session.method,
            second_factor: session.second_factor,
            user_agent: session.user_agent,
            ip: session.ip,
            created_at: session.created_at,
            authenticated_at: session.authenticated_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            absolute_expires_at: session.absolute_expires_at,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, end_others)).routes(routes!(end))
}
