//! Leaving a form for somewhere that a browser must be told of by a page of its own: another site, which the content
//! security policy lets no form lead to; or one of our own pages whose cookie a browser keeps back from whoever comes
//! from another site. The page leads on by itself, and by its link.

use askama::Template;
use axum::http::header::{HeaderName, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use vestibule::{Code, Error, OAuthWish, StartOAuth};

use super::frame::Frame;
use super::notice::Notice;
use super::{see_other, show};
use crate::app::App;
use crate::error::Result;
use crate::side_cookies;

const REFRESH: HeaderName = HeaderName::from_static("refresh");

#[derive(Template)]
#[template(path = "leaving.html")]
struct LeavingPage<'a> {
    frame: Frame,
    sentence: &'a str,
    address: &'a str,
    link: &'a str,
}

/// Sends a form's sender to a provider of logins, or back to their page with a notice why not.
pub(super) async fn leave(
    app: &App,
    headers: &HeaderMap,
    (provider, wish): (&str, OAuthWish),
    back: &str,
) -> Result<Response> {
    let (browser, cookie) = side_cookies::traveller(app, headers);
    let address = match app.vestibule.start_oauth(provider, browser, wish).await? {
        StartOAuth::Away(address) => address,
        StartOAuth::UnknownProvider | StartOAuth::RedirectNotAllowed => return Err(Code::NotFound.into()),
        StartOAuth::NotConfigured => return Err(Code::OAuthNotConfigured.into()),
        StartOAuth::NotOffered => return see_other(&format!("{}{back}", app.base())),
        StartOAuth::Unreachable => return noted(app, back, Notice::LoginUnreachable),
    };
    let label = app.vestibule.login_providers().into_iter().find(|one| one.name == provider);
    let label = label.map_or_else(|| provider.to_owned(), |one| one.label);
    let (sentence, link) = (format!("You are being sent to {label}."), format!("Continue to {label}"));
    let mut response = lead(app, ("On to the next page", &sentence), (address.as_str(), &link))?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// A page that leads on by itself.
pub(super) fn lead(app: &App, (title, sentence): (&str, &str), (address, link): (&str, &str)) -> Result<Response> {
    let frame = Frame::signed_out(app, title);
    let mut response = show(StatusCode::OK, &LeavingPage { frame, sentence, address, link })?;
    let refresh = HeaderValue::from_str(&format!("0; url={address}")).map_err(Error::internal)?;
    response.headers_mut().insert(REFRESH, refresh);
    Ok(response)
}

/// Back to a page, perhaps with a query, with what it shall say.
pub(super) fn noted(app: &App, back: &str, notice: Notice) -> Result<Response> {
    let separator = if back.contains('?') { '&' } else { '?' };
    see_other(&format!("{}{back}{separator}done={}", app.base(), notice.code()))
}
