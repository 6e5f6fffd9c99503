//! Confirming a change of address by the link that was mailed to the new one.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use vestibule::{Code, ConfirmEmailChange};

use super::dead_link::Dead;
use super::done;
use super::link::{self, LinkQuery, Press, Purpose, Refused};
use super::notice::Notice;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query, Session, presenter};

async fn ask(
    State(app): State<App>,
    session: Option<Session>,
    headers: HeaderMap,
    Query(link): Query<LinkQuery>,
) -> Result<Response> {
    let token = link.token.unwrap_or_default();
    link::land(&app, Purpose::Move, &token, session.as_ref(), &headers).await
}

async fn confirm(
    State(app): State<App>,
    session: Option<Session>,
    headers: HeaderMap,
    caller: Caller,
    FormBody(press): FormBody<Press>,
) -> Result<Response> {
    let ip = caller.ip();
    let page = match link::pressed(&app, Purpose::Move, &press, (session.as_ref(), &headers), ip).await? {
        Ok(page) => page,
        Err(answer) => return Ok(answer),
    };
    let begins_anew = page.asks_password() && press.without;
    let presenter = presenter(session, press.password, press.mfa_code);
    let why = match app.vestibule.confirm_email_change(&caller.anonymous(), &press.token, presenter).await? {
        ConfirmEmailChange::Done if begins_anew => return done(&app, "/forgot-password", Notice::EmailMovedAnew),
        ConfirmEmailChange::Done if page.is_own() => return done(&app, "/account", Notice::EmailMoved),
        ConfirmEmailChange::Done => return done(&app, "/sign-in", Notice::EmailMoved),
        ConfirmEmailChange::EmailInUse => return Err(Code::EmailInUse.into()),
        ConfirmEmailChange::WrongPassword => Refused::WrongPassword,
        ConfirmEmailChange::MfaRequired => Refused::MfaRequired,
        ConfirmEmailChange::WrongMfaCode => Refused::WrongMfaCode,
        ConfirmEmailChange::Expired => Refused::Dead(Dead::Expired),
        ConfirmEmailChange::Used => Refused::Dead(Dead::Used),
    };
    page.refused(&app, why, ip)
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/confirm-email", get(ask).post(confirm))
}
