//! Acts on an account: disable, enable, unlock, end its sessions, delete it; and what lets its person in again, or for
//! the first time: the invitation, a link to choose a password, two-step sign-in reset. All but unlocking and ending
//! sessions ask for a recent proof of who one is; deleting asks for the account's name as well, typed.

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use vestibule::{AccountId, SessionId};

use super::mail_line::invitation_notice;
use super::on::{OnUser, Sensitive};
use super::shown_link::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{DeleteSessions, DeleteUsers, FormBody, Path, UpdateUsers};
use crate::pages::account::NOT_AS_SHOWN;
use crate::pages::done;
use crate::pages::form::Form;
use crate::pages::notice::Notice;

/// The typed confirmation of a deletion.
#[derive(Deserialize)]
pub(super) struct DeleteFields {
    pub confirm: String,
}

async fn disable(Sensitive(on): Sensitive<OnUser<UpdateUsers>>) -> Result<Response> {
    on.answer(on.engine().disable_account(&on.by, on.id).await, Notice::UserDisabled).await
}

async fn enable(Sensitive(on): Sensitive<OnUser<UpdateUsers>>) -> Result<Response> {
    on.answer(on.engine().enable_account(&on.by, on.id).await, Notice::UserEnabled).await
}

async fn unlock(on: OnUser<UpdateUsers>) -> Result<Response> {
    on.answer(on.engine().unlock_account(&on.by, on.id).await, Notice::UserUnlocked).await
}

async fn end_all_sessions(on: OnUser<DeleteSessions>) -> Result<Response> {
    on.answer(on.engine().end_all_sessions(&on.by, on.id).await, Notice::UserSessionsEnded).await
}

async fn end_session(on: OnUser<DeleteSessions>, Path((_, one)): Path<(AccountId, SessionId)>) -> Result<Response> {
    on.answer(on.engine().end_session(&on.by, on.id, one).await, Notice::SessionEnded).await
}

async fn revoke_invite(Sensitive(on): Sensitive<OnUser<UpdateUsers>>) -> Result<Response> {
    on.answer(on.engine().revoke_invite(&on.by, on.id).await, Notice::InvitationRevoked).await
}

async fn reset_second_factor(Sensitive(on): Sensitive<OnUser<UpdateUsers>>) -> Result<Response> {
    on.answer(on.engine().reset_second_factor(&on.by, on.id).await, Notice::SecondFactorReset).await
}

async fn resend_invite(Sensitive(on): Sensitive<OnUser<UpdateUsers>>) -> Result<Response> {
    let invitation = match on.engine().resend_invite(&on.by, on.id).await {
        Ok(invitation) => invitation,
        Err(error) => return on.page(Form::blank().refused(error)?).await,
    };
    match invitation.url {
        Some(url) => show_once(&on.app, &on.session, &on.engine().account(on.id).await?.account, url),
        None => done(&on.app, &format!("/admin/users/{}", on.id), invitation_notice(&invitation.delivery)),
    }
}

async fn show_reset_link(Sensitive(on): Sensitive<OnUser<UpdateUsers>>) -> Result<Response> {
    match on.engine().show_reset_link(&on.by, on.id).await {
        Ok(url) => show_once(&on.app, &on.session, &on.engine().account(on.id).await?.account, url),
        Err(error) => on.page(Form::blank().refused(error)?).await,
    }
}

async fn delete(
    Sensitive(on): Sensitive<OnUser<DeleteUsers>>,
    FormBody(fields): FormBody<DeleteFields>,
) -> Result<Response> {
    let typed = Form::blank().with("confirm", &fields.confirm);
    if fields.confirm.trim() != on.engine().account(on.id).await?.account.label() {
        return on.page(typed.wrong("confirm", NOT_AS_SHOWN)).await;
    }
    match on.engine().delete_account(&on.by, on.id).await {
        Ok(()) => done(&on.app, "/admin/users", Notice::UserDeleted),
        Err(error) => on.page(typed.refused(error)?).await,
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
        .route("/admin/users/{id}/resend-invite", post(resend_invite))
        .route("/admin/users/{id}/revoke-invite", post(revoke_invite))
        .route("/admin/users/{id}/reset-link", post(show_reset_link))
        .route("/admin/users/{id}/reset-mfa", post(reset_second_factor))
}
