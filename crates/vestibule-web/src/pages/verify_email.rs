//! Proving an address by the link that was mailed to it, and asking for another such link.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use vestibule::{SignedIn, VerifyEmail};

use super::dead_link::Dead;
use super::form::Form;
use super::link::{self, LinkQuery, Press, Purpose, Refused};
use super::mail_asked::{self, MailAsked};
use super::mail_request::{self, Wanted};
use super::notice::Notice;
use super::return_to::{Asked, ReturnTo};
use super::{done, done_on_the_way, see_other};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query, Session, presenter};

async fn ask(
    State(app): State<App>,
    session: Option<Session>,
    headers: HeaderMap,
    Query(link): Query<LinkQuery>,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    if let Some(token) = &link.token {
        return link::land(&app, Purpose::Verify, token, session.as_ref(), &headers).await;
    }
    let frame = mail_request::frame(&app, Wanted::Verification, session.as_ref());
    mail_request::ask(&app, Wanted::Verification, frame, Form::blank(), asked.return_to(&app))
}

async fn verify(
    State(app): State<App>,
    session: Option<Session>,
    headers: HeaderMap,
    caller: Caller,
    FormBody(press): FormBody<Press>,
) -> Result<Response> {
    let ip = caller.ip();
    let page = match link::pressed(&app, Purpose::Verify, &press, (session.as_ref(), &headers), ip).await? {
        Ok(page) => page,
        Err(answer) => return Ok(answer),
    };
    let return_to = MailAsked::destination(&app, &headers);
    let presenter = presenter(session, press.password, press.mfa_code);
    let why = match app.vestibule.verify_email(&caller.anonymous(), &press.token, presenter).await? {
        VerifyEmail::Done(Some(signed_in)) => return arrive(&app, &signed_in, return_to).await,
        VerifyEmail::Done(None) if page.is_own() => return done(&app, "/account", Notice::EmailVerified),
        VerifyEmail::Done(None) => {
            return done_on_the_way(&app, "/sign-in", Notice::EmailVerified, return_to.as_ref());
        }
        VerifyEmail::WrongPassword => Refused::WrongPassword,
        VerifyEmail::MfaRequired => Refused::MfaRequired,
        VerifyEmail::WrongMfaCode => Refused::WrongMfaCode,
        VerifyEmail::Expired => Refused::Dead(Dead::Expired),
        VerifyEmail::Used => Refused::Dead(Dead::Used),
    };
    page.refused(&app, why, ip)
}

/// Leads whoever the link signed in to where they wanted to go; first to a password, when none is set.
async fn arrive(app: &App, signed_in: &SignedIn, return_to: Option<ReturnTo>) -> Result<Response> {
    let has_password = app.vestibule.has_password(signed_in.account.account.id).await?;
    let on = match return_to {
        _ if !has_password => done(app, "/account/security", Notice::EmailVerifiedAnew)?,
        Some(return_to) => see_other(return_to.as_str())?,
        None => done(app, "/account", Notice::EmailVerified)?,
    };
    Ok(mail_asked::arrived(app, signed_in, on))
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/verify-email", get(ask).post(verify))
}
