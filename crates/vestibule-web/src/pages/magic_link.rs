//! Signing in by a mailed link: asking for one, and pressing its button. It signs in the browser where the button is
//! pressed, and says so when that is not the one that asked.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use vestibule::RedeemMagicLink;

use super::dead_link::Dead;
use super::form::Form;
use super::link::{self, LinkQuery, Press, Purpose, Refused};
use super::mail_asked::{self, MailAsked};
use super::mail_request::{self, Wanted};
use super::notice::Notice;
use super::return_to::{Asked, ReturnTo};
use super::{done, see_other};
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
        return link::land(&app, Purpose::SignIn, token, session.as_ref(), &headers).await;
    }
    let return_to = asked.return_to(&app);
    if session.is_some() {
        return see_other(ReturnTo::or_account(&app, return_to).as_str());
    }
    let frame = mail_request::frame(&app, Wanted::Link, None);
    mail_request::ask(&app, Wanted::Link, frame, Form::blank(), return_to)
}

async fn redeem(
    State(app): State<App>,
    session: Option<Session>,
    headers: HeaderMap,
    caller: Caller,
    FormBody(press): FormBody<Press>,
) -> Result<Response> {
    let ip = caller.ip();
    let page = match link::pressed(&app, Purpose::SignIn, &press, (session.as_ref(), &headers), ip).await? {
        Ok(page) => page,
        Err(answer) => return Ok(answer),
    };
    let begins_anew = page.asks_password() && press.without;
    let presenter = presenter(session, press.password, press.mfa_code);
    let why = match app.vestibule.redeem_magic_link(&caller.anonymous(), &press.token, presenter).await? {
        RedeemMagicLink::Done(signed_in) => {
            let on = match begins_anew {
                true => done(&app, "/account/security", Notice::EmailVerifiedAnew)?,
                false => see_other(ReturnTo::or_account(&app, MailAsked::destination(&app, &headers)).as_str())?,
            };
            return Ok(mail_asked::arrived(&app, &signed_in, on));
        }
        RedeemMagicLink::WrongPassword => Refused::WrongPassword,
        RedeemMagicLink::MfaRequired => Refused::MfaRequired,
        RedeemMagicLink::WrongMfaCode => Refused::WrongMfaCode,
        RedeemMagicLink::Expired => Refused::Dead(Dead::Expired),
        RedeemMagicLink::Used => Refused::Dead(Dead::Used),
    };
    page.refused(&app, why, ip)
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/magic-link", get(ask).post(redeem))
}
