//! The sessions of an account, for whoever may see or end those of others.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, SessionId};

use super::list::{List, PageQuery};
use super::my_sessions::SessionJson;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, DeleteSessions, Path, Query, Require, ViewSessions};

/// Where an account is signed in
#[utoipa::path(get, path = "/api/v1/admin/users/{id}/sessions", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id."), PageQuery),
    security(("bearer" = ["view:sessions"]), ("cookie" = ["view:sessions"]), ("program" = ["view:sessions"])),
    responses((status = 200, description = "A page of its live sessions.", body = List<SessionJson>)))]
async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewSessions>,
    Path(id): Path<AccountId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<SessionJson>>> {
    let page = page.page()?;
    app.vestibule.account(id).await?;
    let sessions = app.vestibule.list_sessions(id, page).await?;
    Ok(Json(List::of(sessions, |one| SessionJson::of(one, &session))))
}

/// Sign an account out everywhere
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}/sessions", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["delete:sessions"]), ("cookie" = ["delete:sessions"]), ("program" = ["delete:sessions"])),
    responses((status = 204, description = "Its sessions ended.")))]
async fn end_all(
    State(app): State<App>,
    Require(session, _): Require<DeleteSessions>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.vestibule.end_all_sessions(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one session of an account
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}/sessions/{session}", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id."),
        ("session" = uuid::Uuid, Path, description = "The session's id.")),
    security(("bearer" = ["delete:sessions"]), ("cookie" = ["delete:sessions"]), ("program" = ["delete:sessions"])),
    responses((status = 204, description = "Ended.")))]
async fn end(
    State(app): State<App>,
    Require(session, _): Require<DeleteSessions>,
    Path((id, one)): Path<(AccountId, SessionId)>,
    caller: Caller,
) -> Result<StatusCode> {
    app.vestibule.end_session(&caller.acting(&session), id, one).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, end_all)).routes(routes!(end))
}
