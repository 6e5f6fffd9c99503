//! Refusals as pages. Handlers of pages refuse as those of the API do; on the way out a refusal under a page's address
//! becomes a page, or leads to the page that helps: signing in, or proving again who one is. Under the addresses of
//! the API it stays as it is. The request's id, the wait and the security headers are kept.

mod words;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use vestibule::Code;

use super::frame::Frame;
use super::return_to::ReturnTo;
use super::{go, show};
use crate::app::App;
use crate::csrf;
use crate::error::{Problem, Result};
pub(super) use words::Words;

/// What programs ask for; everything else is a page.
const FOR_PROGRAMS: [&str; 7] = ["/.well-known", "/api", "/assets", "/healthz", "/readyz", "/version", "/openapi.json"];

/// A sentence, what to do about it, and what to tell the operator.
#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    sentence: String,
    advice: String,
    request_id: Option<String>,
    link: (&'static str, &'static str),
}

/// The middleware around every route, outermost.
pub(crate) async fn present(State(app): State<App>, request: Request, next: Next) -> Response {
    if is_for_programs(request.uri().path()) {
        return next.run(request).await;
    }
    let asked = page_of(request.method(), request.uri());
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    match answer(&app, &problem, &asked, response.headers()) {
        Ok(page) => keep_headers(response, page),
        Err(_) => response,
    }
}

/// A refusal that is no mistake of whoever asked to see the page.
pub(super) fn explain(app: &App, code: Code) -> Result<Response> {
    show(StatusCode::OK, &MessagePage::of(app, &code.into(), None))
}

/// A page that says something and leads on.
pub(super) fn tell(app: &App, status: StatusCode, words: Words) -> Result<Response> {
    show(status, &MessagePage::saying(app, words, None))
}

fn answer(app: &App, problem: &Problem, asked: &str, headers: &HeaderMap) -> Result<Response> {
    let back = ReturnTo::page(app, asked);
    if problem.code() == Code::Unauthenticated {
        return go(app, &format!("/sign-in{}", back.query()));
    }
    if problem.code() == Code::ReauthenticationRequired {
        return go(app, &format!("/reauthenticate{}", back.query()));
    }
    let request_id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    show(problem.status(), &MessagePage::of(app, problem, request_id))
}

/// The page's own headers, and of the refusal's those that are not about its body.
fn keep_headers(refusal: Response, mut page: Response) -> Response {
    for (name, value) in refusal.headers() {
        let is_about_body = name == CONTENT_TYPE || name == CONTENT_LENGTH;
        if !is_about_body && (name != WWW_AUTHENTICATE || page.status() == StatusCode::UNAUTHORIZED) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}

fn is_for_programs(path: &str) -> bool {
    let is_below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    FOR_PROGRAMS.iter().any(|root| is_below(root))
}

/// The page that somebody was on: what they asked to see, or the page whose form they sent. Forms are sent to the
/// address of their page or to one below it.
fn page_of(method: &Method, uri: &Uri) -> String {
    if csrf::is_safe(method) {
        return uri.path_and_query().map_or(uri.path(), |asked| asked.as_str()).to_owned();
    }
    let segments: Vec<&str> = uri.path().split('/').skip(1).collect();
    let depth = match segments.as_slice() {
        ["admin", "groups", _, "edit", ..] | ["admin", "directory", "members", _, ..] => 4,
        ["admin", "directory", "invites", "new", ..] => 4,
        ["admin", "directory", "invites", ..] => 3,
        ["admin", "users" | "admins" | "groups" | "organizations", ..] => 3,
        ["account", "api-keys", "new"] | ["admin", "service-keys", "abilities" | "new", ..] => 3,
        ["organizations", _, "audit" | "bots" | "invitations" | "keys" | "settings", ..] => 3,
        ["reauthenticate", ..] => 1,
        [..] => 2,
    };
    segments.into_iter().take(depth).flat_map(|segment| ["/", segment]).collect()
}

impl MessagePage {
    fn of(app: &App, problem: &Problem, request_id: Option<String>) -> MessagePage {
        MessagePage::saying(app, Words::about(app, problem), request_id)
    }

    fn saying(app: &App, words: Words, request_id: Option<String>) -> MessagePage {
        MessagePage {
            frame: Frame::signed_out(app, words.title),
            sentence: words.sentence,
            advice: words.advice,
            request_id,
            link: words.link,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_belongs_to_the_page_it_stands_on() {
        let page = |method: Method, address: &str| page_of(&method, &address.parse().unwrap());
        assert_eq!(page(Method::GET, "/admin/users?state=active&cursor=x"), "/admin/users?state=active&cursor=x");
        assert_eq!(page(Method::POST, "/account"), "/account");
        assert_eq!(page(Method::POST, "/account/sessions/1/end"), "/account/sessions");
        assert_eq!(page(Method::POST, "/admin/users/1/sessions/2/end"), "/admin/users/1");
        assert_eq!(page(Method::POST, "/admin/users/new"), "/admin/users/new");
        assert_eq!(page(Method::POST, "/admin/admins/new"), "/admin/admins/new");
        assert_eq!(page(Method::POST, "/admin/groups/1/members/2/remove"), "/admin/groups/1");
        assert_eq!(page(Method::POST, "/admin/groups/1/edit/save"), "/admin/groups/1/edit");
        assert_eq!(page(Method::POST, "/admin/permissions/1/delete"), "/admin/permissions");
        assert_eq!(page(Method::POST, "/account/api-keys/new"), "/account/api-keys/new");
        assert_eq!(page(Method::POST, "/account/api-keys/1/rotate"), "/account/api-keys");
        assert_eq!(page(Method::POST, "/admin/service-keys/1/revoke"), "/admin/service-keys");
        assert_eq!(page(Method::POST, "/admin/service-keys/abilities/1/delete"), "/admin/service-keys/abilities");
        assert_eq!(page(Method::POST, "/admin/directory/invites/new"), "/admin/directory/invites/new");
        assert_eq!(page(Method::POST, "/admin/directory/invites/1/cancel"), "/admin/directory/invites");
        assert_eq!(page(Method::POST, "/admin/directory/members/d7/revoke"), "/admin/directory/members/d7");
        assert_eq!(page(Method::POST, "/account/security/two-step/off"), "/account/security");
        assert_eq!(page(Method::POST, "/reauthenticate/send-code"), "/reauthenticate");
        assert_eq!(page(Method::POST, "/account/organizations/1/leave"), "/account/organizations");
        assert_eq!(page(Method::POST, "/organizations/1/members/2/role"), "/organizations/1");
        assert_eq!(page(Method::POST, "/organizations/1/settings/delete"), "/organizations/1/settings");
        assert_eq!(page(Method::POST, "/admin/organizations/1/admins"), "/admin/organizations/1");
        assert_eq!(page(Method::POST, "/"), "/");
    }

    #[test]
    fn programs_are_answered_as_programs() {
        for path in
            ["/.well-known/jwks.json", "/api", "/api/", "/api/v1/me", "/assets/x.css", "/healthz", "/openapi.json"]
        {
            assert!(is_for_programs(path), "{path}");
        }
        for path in ["/", "/apis", "/account", "/healthzz", "/docs", "//api"] {
            assert!(!is_for_programs(path), "{path}");
        }
    }
}
