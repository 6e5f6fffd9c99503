//! The credential in a request: a bearer token, or the session's cookie. When both come the bearer counts and the
//! cookie is as if it were not there, also when the bearer is no good.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use vestibule::{Code, Secret, SecretKind};

use crate::app::App;
use crate::cookies::Presented as Cookie;
use crate::error::Result;

/// How a token came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
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
    /// Whether it has the form of a session's token.
    pub(crate) fn is_session(self) -> bool {
        Secret::parse(SecretKind::Session, self.text).is_some()
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
    if let Some(text) = bearer(headers)? {
        return Ok(Some(Presented { text, carrier: Carrier::Bearer }));
    }
    match app.cookie.presented(headers) {
        Cookie::Nothing => Ok(None),
        Cookie::One(text) => Ok(Some(Presented { text, carrier: Carrier::Cookie })),
        Cookie::Several => Err(Code::BadRequest.into()),
    }
}
/// Whether a bearer token came, of whatever form: a browser never adds one by itself.
pub(crate) fn has_bearer(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| value.to_str().is_ok_and(|text| after_scheme(text).is_some()))
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

/// What follows `Bearer`, in any case; other schemes are somebody else's.
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    scheme.eq_ignore_ascii_case("bearer").then_some(rest.trim())
}
