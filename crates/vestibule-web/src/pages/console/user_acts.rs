//! Acts on an account: disable, enable, unlock, end its sessions, delete it. Disabling, enabling and deleting ask for a
//! recent proof of who one is; deleting asks for the account's name as well, typed.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use vestibule::{AccountId, SessionId};

use super::user::{answer, page};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Administrator, Caller, FormBody, Path, RecentlyProven};
use crate::pages::account::NOT_AS_SHOWN;
use crate::pages::done;
use crate::pages::form::Form;
use crate::pages::notice::Notice;

/// The typed confirmation of a deletion.
#[derive(Deserialize)]
pub(super) struct DeleteFields {
    pub confirm: String,
}

async fn disable(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let disabled = app.vestibule.disable_account(&caller.acting(&session), id).await;
    answer(&app, &session, id, (disabled, Notice::UserDisabled), Form::blank()).await
}

async fn enable(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let enabled = app.vestibule.enable_account(&caller.acting(&session), id).await;
    answer(&app, &session, id, (enabled, Notice::UserEnabled), Form::blank()).await
}

async fn unlock(
    State(app): State<App>,
    Administrator(session): Administrator,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    let unlocked = app.vestibule.unlock_account(&caller.acting(&session), id).await;
    answer(&app, &session, id, (unlocked, Notice::UserUnlocked), Form::blank()).await
}

async fn end_all_sessions(
    State(app): State<App>,
    Administrator(session): Administrator,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    let ended = app.vestibule.end_all_sessions(&caller.acting(&session), id).await;
    answer(&app, &session, id, (ended, Notice::UserSessionsEnded), Form::blank()).await
}

async fn end_session(
    State(app): State<App>,
    Administrator(session): Administrator,
    Path((id, one)): Path<(AccountId, SessionId)>,
    caller: Caller,
) -> Result<Response> {
    let ended = app.vestibule.end_session(&caller.acting(&session), id, one).await;
    answer(&app, &session, id, (ended, Notice::SessionEnded), Form::blank()).await
}

async fn delete(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
    FormBody(fields): FormBody<DeleteFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let typed = Form::blank().with("confirm", &fields.confirm);
    if fields.confirm.trim() != app.vestibule.account(id).await?.account.label() {
        return page(&app, &session, id, typed.wrong("confirm", NOT_AS_SHOWN), None).await;
    }
    match app.vestibule.delete_account(&caller.acting(&session), id).await {
        Ok(()) => done(&app, "/admin/users", Notice::UserDeleted),
        Err(error) => page(&app, &session, id, typed.refused(error)?, None).await,
    }
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/users/{id}/disable", post(disable))
        .route("/admin/users/{id}/enable", post(enable))
        .route("/admin/users/{id}/unlock", post(unlock))
        .route("/admin/users/{id}/delete", post(delete))
        .route("/admin/users/{id}/sessions/end-all", post(end_all_sessions))
        .route("/admin/users/{id}/sessions/{session}/end", post(end_session))
}
