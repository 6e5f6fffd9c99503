//! The credential in a request: a bearer token, a key in `X-API-Key`, or the session's cookie. When a cookie comes beside
//! one of the others it is as if it were not there, also when that one is no good. A bearer token beside a key is refused,
//! since nobody knows which was meant.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use vestibule::{Code, Secret, SecretKind};

use crate::app::App;
use crate::cookies::Presented as Cookie;
use crate::error::Result;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// How a token came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// In a header that no browser adds by itself: `Authorization: Bearer`, or a key in `X-API-Key`.
    Bearer,
    Cookie,
}

/// A well-formed session token, and how it came.
#[derive(Debug)]
pub(crate) struct Credential {
    pub token: Secret,
    pub carrier: Carrier,
}

/// What was presented, of whatever kind and form.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub text: &'a str,
    pub carrier: Carrier,
}

impl Presented<'_> {
    /// The session's token that it is, by its form.
    pub(crate) fn session_token(self) -> Option<Secret> {
        Secret::parse(SecretKind::Session, self.text)
    }
}

/// The session token, if a credential came; one that is not a well-formed session token is refused as unknown.
pub(crate) fn find(app: &App, headers: &HeaderMap) -> Result<Option<Credential>> {
    let Some(Presented { text, carrier }) = present(app, headers)? else { return Ok(None) };
    let token = Secret::parse(SecretKind::Session, text).ok_or(Code::Unauthenticated)?;
    Ok(Some(Credential { token, carrier }))
}

/// What was presented, if anything was.
pub(crate) fn present<'a>(app: &App, headers: &'a HeaderMap) -> Result<Option<Presented<'a>>> {
    let text = match (bearer(headers)?, api_key(headers)?) {
        (Some(_), Some(_)) => return Err(Code::BadRequest.into()),
        (text, None) | (None, text) => text,
    };
    if let Some(text) = text {
        return Ok(Some(Presented { text, carrier: Carrier::Bearer }));
    }
    match app.cookie.presented(headers) {
        Cookie::Nothing => Ok(None),
        Cookie::One(text) => Ok(Some(Presented { text, carrier: Carrier::Cookie })),
        Cookie::Several => Err(Code::BadRequest.into()),
    }
}

/// Whether a bearer token or an `X-API-Key` came, of whatever form: a browser never adds one by itself, and the cookie
/// beside it does not count.
pub(crate) fn has_bearer(headers: &HeaderMap) -> bool {
    headers.contains_key(X_API_KEY)
        || headers
            .get_all(AUTHORIZATION)
            .iter()
            .any(|value| value.to_str().is_ok_and(|text| after_scheme(text).is_some()))
}

/// The token in the session's cookie, when a cookie is what counts.
pub(crate) fn cookie_token(app: &App, headers: &HeaderMap) -> Option<Secret> {
    let found = find(app, headers).ok().flatten()?;
    (found.carrier == Carrier::Cookie).then_some(found.token)
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Code::BadRequest.into());
    }
    Ok(value.to_str().ok().and_then(after_scheme))
}

/// The key in `X-API-Key`, where nothing but a key is one: not a session's token, not an access token.
fn api_key(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut values = headers.get_all(X_API_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Code::BadRequest.into());
    }
    let text = value.to_str().map_err(|_| Code::Unauthenticated)?.trim();
    let is_key = [SecretKind::ApiKey, SecretKind::ServiceKey].iter().any(|kind| Secret::parse(*kind, text).is_some());
    if is_key { Ok(Some(text)) } else { Err(Code::Unauthenticated.into()) }
}

/// What follows `Bearer`, in any case; other schemes are somebody else's.
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    scheme.eq_ignore_ascii_case("bearer").then_some(rest.trim())
}
