//! Cross-site requests. Two defences, each enough for a browser of today: an unsafe request that carries no bearer is
//! refused when it says that it comes from another site; and one that a cookie authenticates must carry the session's
//! CSRF token, in `X-CSRF-Token` or in the form's field.
//! The form is read before its handler here, and what was proved is left for [`crate::extract::Session`], which
//! refuses when nothing was: a route that this middleware does not guard is refused, not let through.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use url::form_urlencoded;
use vestibule::{Code, Digest, Secret};

use crate::app::App;
use crate::error::Result;
use crate::extract::{self, credential};

/// The form field that carries the token.
pub(crate) const FIELD: &str = "csrf_token";
const HEADER: &str = "x-csrf-token";
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// That the form in this request carried the CSRF token of this session.
#[derive(Clone, Copy)]
struct FormProof(Digest);

/// Whether a method changes nothing.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Lets a request in that comes from our own pages, from a program, or changes nothing.
pub(crate) async fn guard(app: &App, request: Request) -> Result<Request> {
    if is_safe(request.method()) || credential::has_bearer(request.headers()) {
        return Ok(request);
    }
    check_origin(app, request.headers())?;
    if extract::is_form(request.headers()) { read_form(app, request).await } else { Ok(request) }
}

/// Refuses an unsafe request, authenticated by cookie, that does not prove it comes from our own pages.
pub(crate) fn check_session(app: &App, parts: &Parts, token: &Secret) -> Result<()> {
    check_origin(app, &parts.headers)?;
    let keyring = app.vestibule.keyring();
    let in_header = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
    let proved = match in_header {
        Some(presented) => keyring.is_csrf_token(token, presented),
        None => parts.extensions.get::<FormProof>().is_some_and(|proof| proof.0 == token.digest()),
    };
    if proved { Ok(()) } else { Err(Code::CsrfTokenInvalid.into()) }
}

/// What browsers say about where a request comes from; saying nothing decides nothing. As our pages send no referrer,
/// browsers send `Origin: null` with their forms (Fetch, "append a request `Origin` header") and tell the truth in
/// `Sec-Fetch-Site` alone.
fn check_origin(app: &App, headers: &HeaderMap) -> Result<()> {
    let is_ours = |site: &[u8]| site == b"same-origin" || site == b"none";
    let foreign_site = headers.get_all(SEC_FETCH_SITE).iter().any(|site| !is_ours(site.as_bytes()));
    let is_same_origin = headers.get(SEC_FETCH_SITE).is_some_and(|site| site.as_bytes() == b"same-origin");
    let is_ours = |origin: &[u8]| origin == app.origin().as_bytes() || (origin == b"null" && is_same_origin);
    let foreign_origin = headers.get_all(ORIGIN).iter().any(|origin| !is_ours(origin.as_bytes()));
    if foreign_site || foreign_origin { Err(Code::OriginRefused.into()) } else { Ok(()) }
}

/// Reads a form that a session's cookie came with, notes whether it carried that session's token, and puts it back.
async fn read_form(app: &App, request: Request) -> Result<Request> {
    let Some(token) = credential::cookie_token(app, request.headers()) else { return Ok(request) };
    let (mut parts, body) = request.into_parts();
    let bytes = extract::read(body).await?;
    let presented = form_urlencoded::parse(&bytes).find(|(name, _)| name == FIELD);
    if presented.is_some_and(|(_, value)| app.vestibule.keyring().is_csrf_token(&token, &value)) {
        parts.extensions.insert(FormProof(token.digest()));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Whether the body is said to be of this media type, whatever its parameters.
pub(crate) fn has_media_type(headers: &HeaderMap, wanted: &str) -> bool {
    let Some(text) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    text.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted))
}
