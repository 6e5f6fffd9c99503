//! The pages: a file for each journey, with its template's struct, its GET and its POST. They work without any script.
//! A page calls the same verb as the JSON API, behind the same proofs and limits. A form that was refused is shown
//! again with what was typed, except passwords; one that was accepted ends in a redirect with a notice of a closed
//! list. Whatever else is refused becomes a page in [`refusal`]. Every address begins with `App::base`.

mod accept_invitation;
mod account;
mod check_your_mail;
mod choose_password;
mod confirm_email;
mod console;
mod dead_link;
mod dev_outbox;
mod email_code;
mod form;
mod frame;
mod front;
mod history;
mod join_directory;
mod key_end;
mod key_life;
mod leaving;
mod link;
mod login;
mod magic_link;
mod mail_asked;
mod mail_request;
mod moment;
mod notice;
mod organization;
mod paging;
mod permission;
mod picture;
mod powers;
mod proof;
mod reauthenticate;
mod refusal;
mod return_to;
mod rows;
mod setup;
mod sign_in;
mod sign_out;
mod sign_up;
mod verify_email;

use askama::Template;
use axum::Router;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use vestibule::{Error, SignedIn};

use crate::app::App;
use crate::error::Result;
use notice::Notice;

pub(crate) use frame::Frame;
pub(crate) use login::{OAuthPageEnd, arrive, refuse_arrival};
pub(crate) use refusal::present;
pub(crate) use return_to::ReturnTo;

/// Every page.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .merge(front::router())
        .merge(setup::router())
        .merge(sign_up::router())
        .merge(sign_in::router())
        .merge(sign_out::router())
        .merge(mail_request::router())
        .merge(check_your_mail::router())
        .merge(magic_link::router())
        .merge(email_code::router())
        .merge(verify_email::router())
        .merge(choose_password::router())
        .merge(confirm_email::router())
        .merge(reauthenticate::router())
        .merge(login::router())
        .merge(accept_invitation::router())
        .merge(join_directory::router())
        .merge(account::router())
        .merge(organization::router())
        .merge(console::router())
        .merge(dev_outbox::router())
}

/// A page as an answer.
fn show(status: StatusCode, page: &impl Template) -> Result<Response> {
    let html = page.render().map_err(Error::internal)?;
    Ok((status, Html(html)).into_response())
}

/// Sends the browser to an address, which it asks for by GET.
fn see_other(address: &str) -> Result<Response> {
    let location = HeaderValue::from_str(address).map_err(Error::internal)?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}

/// Sends the browser to one of our pages.
fn go(app: &App, path: &str) -> Result<Response> {
    see_other(&format!("{}{path}", app.base()))
}

/// Sends the browser to the page that says what was done.
fn done(app: &App, path: &str, notice: Notice) -> Result<Response> {
    go(app, &format!("{path}?done={}", notice.code()))
}

/// Sends the browser to the page that says what was done, and lets it know where to go from there.
fn done_on_the_way(app: &App, path: &str, notice: Notice, return_to: Option<&ReturnTo>) -> Result<Response> {
    go(app, &format!("{path}?done={}{}", notice.code(), ReturnTo::more_of(return_to)))
}

/// Hands a session over, just made or renewed, with an answer.
fn with_session(app: &App, signed_in: &SignedIn, mut response: Response) -> Response {
    let cookie = app.cookie.session(signed_in, app.vestibule.now());
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}
