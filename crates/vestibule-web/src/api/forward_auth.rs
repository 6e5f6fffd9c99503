//! Forward-auth: what a proxy asks before it lets a request pass (nginx `auth_request`, Traefik, Caddy). The answer names
//! whoever is signed in, in headers that the proxy hands on to the application; every one of them is always there, so
//! that one which a client made up is overwritten, by nothing if need be. Nothing of the request is echoed.
//! Where to come back to after signing in is believed of trusted proxies alone, and only where the settings allow it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, Error, Forbidden, Question};

use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Principal, Query, credential};
use crate::pages::ReturnTo;

const REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");
const REMOTE_EMAIL: HeaderName = HeaderName::from_static("remote-email");
const REMOTE_NAME: HeaderName = HeaderName::from_static("remote-name");
const REMOTE_GROUPS: HeaderName = HeaderName::from_static("remote-groups");

/// The whole address, as our snippet for nginx sends it.
const ORIGINAL_URL: &str = "x-original-url";
/// Its parts, as Traefik and Caddy send them.
const FORWARDED: [&str; 3] = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri"];

/// Why a limited key does not pass as its whole owner.
const LIMITED: &str = "This key is limited: ask for a permission, `?permission=action:resource`.";

/// What is asked. A misspelt name would ask for less, so it is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    permission: Option<String>,
}

/// Whoever is signed in; anybody else is turned away.
struct Visitor(Principal);

/// May somebody pass
///
/// For proxies that ask before they let a request through. Takes a session, by cookie or bearer, an access token or an
/// API key; one that is limited only where a permission is asked for. In the headers of the answer, whatever is not
/// visible ASCII is percent-encoded UTF-8, and so is `%`.
#[utoipa::path(get, path = "/api/v1/forward-auth", tag = "Decisions",
    security(("bearer" = []), ("cookie" = []), ("program" = [])),
    params(("permission" = Option<String>, Query, description = "What they must be allowed to do: `action:resource`.")),
    responses(
        (status = 204, description = "They may pass.", headers(
            ("Remote-User" = String, description = "The username, else the verified e-mail address, else the id."),
            ("Remote-Email" = String, description = "The e-mail address; empty without one that is verified."),
            ("Remote-Name" = String, description = "The name; empty without one."),
            ("Remote-Groups" = String, description = "The slugs of the groups, joined by commas; empty of a limited key."))),
        (status = 302, description = "Nobody is signed in, and `forward_auth.redirect` is on: where to sign in."),
        (status = 401, description = "Nobody is signed in; the header Location says where to sign in. `key_revoked`, \
            `key_expired`"),
        (status = 403, description = "They lack the permission, or the key is limited and none was asked for. \
            `permission_required`")))]
async fn pass(Visitor(who): Visitor, Query(asked): Query<Asked>) -> Result<Response> {
    match &asked.permission {
        Some(permission) => require(&who, permission)?,
        None if who.limit.is_some() => return Err(Problem::from(Code::PermissionRequired).because(LIMITED)),
        None => {}
    }
    let email = who.email.as_deref().filter(|_| who.email_verified);
    let groups = if who.limit.is_none() { who.groups.join(",") } else { String::new() };
    let id;
    let user = match who.username.as_deref().or(email) {
        Some(name) => name,
        None => {
            id = who.account_id.to_string();
            &id
        }
    };
    let headers = [
        (REMOTE_USER, encoded(user)),
        (REMOTE_EMAIL, encoded(email.unwrap_or_default())),
        (REMOTE_NAME, encoded(who.name.as_deref().unwrap_or_default())),
        (REMOTE_GROUPS, encoded(&groups)),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// Refuses whoever may not do this.
fn require(who: &vestibule::Principal, permission: &str) -> Result<()> {
    let parts = permission.split_once(':').filter(|(action, resource)| {
        let is_word = |text: &str| !text.is_empty() && !text.contains(|c: char| c == ':' || c.is_control());
        is_word(action) && is_word(resource)
    });
    let Some((action, resource)) = parts else { return Err(Error::field("permission", Code::FieldInvalid).into()) };
    if who.allows(&Question::new(action, resource)) {
        return Ok(());
    }
    let detail = format!("This needs the permission {permission}, which you do not have.");
    let why = Forbidden { code: Code::PermissionRequired, permission: permission.to_owned(), detail };
    Err(Error::from(why).into())
}

/// Text as it may stand in a header: the percent sign is encoded too, so that decoding gives back what it was.
fn encoded(text: &str) -> HeaderValue {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'%';
    if text.as_bytes().iter().all(is_plain) {
        return HeaderValue::from_str(text).expect("visible ASCII may stand in a header");
    }
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match is_plain(&byte) {
            true => encoded.push(char::from(byte)),
            false => write!(encoded, "%{byte:02X}").expect("a string can be written to"),
        }
    }
    HeaderValue::from_str(&encoded).expect("only visible ASCII is left")
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Visitor, Response> {
        app.cookie.settle(&mut parts.headers);
        match Principal::from_request_parts(parts, app).await {
            Ok(who) => Ok(Visitor(who)),
            Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => Err(turned_away(app, parts, problem)),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

/// Tells a browser where to sign in. A program, which is who sends a bearer, has no use for a page.
fn turned_away(app: &App, parts: &Parts, problem: Problem) -> Response {
    if credential::has_bearer(&parts.headers) {
        return problem.into_response();
    }
    let query = original(app, parts).and_then(|url| ReturnTo::parse(app, &url)).map(|to| to.query());
    let sign_in = app.absolute(&format!("/sign-in{}", query.unwrap_or_default()));
    let sign_in = HeaderValue::from_str(&sign_in).expect("an address and an encoded query are visible ASCII");
    match app.config.forward_auth.redirect {
        true => (StatusCode::FOUND, [(LOCATION, sign_in)]).into_response(),
        false => ([(LOCATION, sign_in)], problem).into_response(),
    }
}

/// The address that the proxy was asked for, if a trusted one says so.
fn original(app: &App, parts: &Parts) -> Option<String> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    if !app.config.trusted_proxies.iter().any(|net| net.contains(&peer)) {
        return None;
    }
    if parts.headers.contains_key(ORIGINAL_URL) {
        return only(&parts.headers, ORIGINAL_URL).map(str::to_owned);
    }
    let [proto, host, uri] = FORWARDED.map(|name| only(&parts.headers, name));
    let (proto, host, uri) = (proto?, host?, uri?);
    let is_host = !host.is_empty() && !host.contains(['/', '\\', '?', '#', '@']);
    (is_host && uri.starts_with('/')).then(|| format!("{proto}://{host}{uri}"))
}

/// A header that came once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok();
    value.filter(|_| values.next().is_none())
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(pass))
}
