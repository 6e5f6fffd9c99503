//! What lets somebody into their account again, or for the first time: the invitation, sent again or called back; a link
//! to choose a password; two-step sign-in reset. All of it asks for a recent proof of who one is.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use vestibule::AccountId;

use super::mail_line::invitation_notice;
use super::shown_link::show_once;
use super::user::{answer, page};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Administrator, Caller, Path, RecentlyProven};
use crate::pages::done;
use crate::pages::form::Form;
use crate::pages::notice::Notice;

async fn resend_invite(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let invitation = match app.vestibule.resend_invite(&caller.acting(&session), id).await {
        Ok(invitation) => invitation,
        Err(error) => return page(&app, &session, id, Form::blank().refused(error)?, None).await,
    };
    match invitation.url {
        Some(url) => show_once(&app, &session, &app.vestibule.account(id).await?.account, url),
        None => done(&app, &format!("/admin/users/{id}"), invitation_notice(&invitation.delivery)),
    }
}

async fn revoke_invite(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let revoked = app.vestibule.revoke_invite(&caller.acting(&session), id).await;
    answer(&app, &session, id, (revoked, Notice::InvitationRevoked), Form::blank()).await
}

async fn show_reset_link(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    match app.vestibule.show_reset_link(&caller.acting(&session), id).await {
        Ok(url) => show_once(&app, &session, &app.vestibule.account(id).await?.account, url),
        Err(error) => page(&app, &session, id, Form::blank().refused(error)?, None).await,
    }
}

async fn reset_second_factor(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let reset = app.vestibule.reset_second_factor(&caller.acting(&session), id).await;
    answer(&app, &session, id, (reset, Notice::SecondFactorReset), Form::blank()).await
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/users/{id}/resend-invite", post(resend_invite))
        .route("/admin/users/{id}/revoke-invite", post(revoke_invite))
        .route("/admin/users/{id}/reset-link", post(show_reset_link))
        .route("/admin/users/{id}/reset-mfa", post(reset_second_factor))
}
