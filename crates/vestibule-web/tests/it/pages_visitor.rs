//! A browser without a screen: it keeps its cookies, sends the form that is really in the page, and looks at every page
//! it is shown with [`markup::check`], so that no test meets a page that breaks the rules of all pages.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use testkit::{PASSWORD, TestEngine};
use tower::ServiceExt as _;
use url::form_urlencoded;
use vestibule::{AccountId, BreakGlass, Caller, NewAdministrator, NewGroup, Scope};
use vestibule_web::{App, Limits, WebConfig};

use crate::pages_markup::{self as markup, Tag};

/// Somebody in front of a browser.
pub struct Visitor {
    router: Router,
    base: String,
    cookies: BTreeMap<String, String>,
}

/// What the browser shows.
#[derive(Debug)]
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub html: String,
}

impl Visitor {
    /// At an instance without limits, mounted where its public URL says.
    pub fn at(engine: &TestEngine) -> Visitor {
        let config = WebConfig { limits: Limits::off(), ..WebConfig::default() };
        let app = App::new(engine.engine.clone(), config).expect("a safe configuration");
        let base = app.base().to_owned();
        let router = if base.is_empty() { app.router() } else { Router::new().nest(&base, app.router()) };
        Visitor { router, base, cookies: BTreeMap::new() }
    }

    /// Somebody else at the same instance.
    pub fn stranger(&self) -> Visitor {
        Visitor { router: self.router.clone(), base: self.base.clone(), cookies: BTreeMap::new() }
    }

    /// Signs up through the page.
    pub async fn sign_up(&mut self, email: &str) {
        let page = self.get("/sign-up").await;
        let seen = self.submit(&page, "/sign-up", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(seen.place(), format!("{}/account?done=signed_up", self.base), "{}", seen.html);
    }

    /// Signs in through the page.
    pub async fn sign_in(&mut self, identifier: &str) {
        let page = self.get("/sign-in").await;
        let seen = self.submit(&page, "/sign-in", &[("identifier", identifier), ("password", PASSWORD)]).await;
        assert_eq!(seen.place(), format!("{}/account", self.base), "{}", seen.html);
    }

    /// Becomes an administrator of this name, signed in.
    pub async fn administer(&mut self, engine: &TestEngine, username: &str) {
        let new = NewAdministrator {
            email: None,
            username: Some(username.to_owned()),
            name: None,
            password: PASSWORD.into(),
        };
        engine.engine.create_administrator(&Caller::system(), new).await.expect("an administrator can be made");
        self.sign_in(username).await;
    }

    /// Becomes somebody of this address whose one group gives them these permissions, and reaches this; signed in.
    pub async fn hold(&mut self, engine: &TestEngine, email: &str, permissions: &[&str], scope: Scope) {
        let host = Caller::system();
        self.sign_up(email).await;
        let permissions = permissions.iter().map(|permission| permission.parse().expect("a permission")).collect();
        let new = NewGroup { slug: None, name: email.to_owned(), description: String::new(), permissions, scope };
        let group = engine.engine.create_group(&host, new).await.expect("a group can be made");
        let id = id_of(engine, email).await;
        engine.engine.add_member(&host, group.id, id, BreakGlass::No).await.expect("it can be joined");
        self.sign_in(email).await;
    }

    /// Asks for a page below the base.
    pub async fn get(&mut self, path: &str) -> Seen {
        let address = format!("{}{path}", self.base);
        self.ask(Request::get(address)).await
    }

    /// Goes where an answer sends the browser.
    pub async fn follow(&mut self, seen: &Seen) -> Seen {
        self.ask(Request::get(seen.place())).await
    }

    /// Fills in the form with this action, below the base, that is in the page, and sends it. A field given several
    /// times is several boxes ticked.
    pub async fn submit(&mut self, page: &Seen, action: &str, fields: &[(&str, &str)]) -> Seen {
        let action = format!("{}{action}", self.base);
        let form = page.forms().into_iter().find(|form| form.action == action);
        let form = form.unwrap_or_else(|| panic!("no form is sent to {action} in {}", page.html));
        self.send_form(&form, fields).await
    }

    /// Fills in a form and sends it.
    pub async fn send_form(&mut self, form: &Form, fields: &[(&str, &str)]) -> Seen {
        let action = &form.action;
        let mut filled = form.sent.clone();
        filled.retain(|(name, _)| !fields.iter().any(|(field, _)| field == name));
        for (field, value) in fields {
            assert!(form.names.contains(&(*field).to_owned()), "{action} has no field {field}: {:?}", form.names);
            filled.push(((*field).to_owned(), (*value).to_owned()));
        }
        self.post(action, &filled).await
    }

    /// Sends a form that is in no page.
    pub async fn post<K: AsRef<str>, V: AsRef<str>>(&mut self, address: &str, fields: &[(K, V)]) -> Seen {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(address).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        // What a browser sends with the form of a page that sends no referrer.
        let request = request.header("origin", "null").header("sec-fetch-site", "same-origin");
        self.send(request, body).await
    }

    async fn ask(&mut self, request: axum::http::request::Builder) -> Seen {
        self.send(request, String::new()).await
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Seen {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if pairs.is_empty() { request } else { request.header(header::COOKIE, pairs.join("; ")) };
        let response = self.router.clone().oneshot(request.body(Body::from(body)).expect("a request")).await;
        let response = response.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body without a socket arrives");
        let seen =
            Seen { status: parts.status, headers: parts.headers, html: String::from_utf8_lossy(&bytes).into_owned() };
        self.keep_cookies(&seen);
        if seen.header("content-type").starts_with("text/html") {
            markup::check(&seen.html, &self.base, self.has_cookie());
        }
        seen
    }

    fn keep_cookies(&mut self, seen: &Seen) {
        for cookie in seen.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("ASCII");
            let (name, rest) = cookie.split_once('=').expect("a name");
            let (value, attributes) = rest.split_once("; ").expect("attributes");
            let same_site = if name == "vestibule-step" { "Strict" } else { "Lax" };
            assert!(attributes.starts_with(&format!("Path=/; HttpOnly; SameSite={same_site}; Max-Age=")), "{cookie}");
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }

    /// Comes with a session that was begun elsewhere.
    pub fn arrive(&mut self, token: &str) {
        self.cookies.insert("vestibule".to_owned(), token.to_owned());
    }

    /// What the browser holds under a name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Loses the cookie of this name, as after its time.
    pub fn forget(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// Whether the browser holds a session's cookie.
    pub fn has_cookie(&self) -> bool {
        self.cookies.contains_key("vestibule")
    }
}

/// The id of somebody's account.
pub async fn id_of(engine: &TestEngine, identifier: &str) -> AccountId {
    let found = engine.engine.find_account(identifier).await.expect("the engine answers");
    found.expect("there is such an account").account.id
}

/// A form in a page.
#[derive(Debug)]
pub struct Form {
    pub action: String,
    /// What it would send as it stands.
    pub sent: Vec<(String, String)>,
    /// The same by name; of several of one name, the last.
    pub fields: BTreeMap<String, String>,
    /// The names of all its fields, boxes that are not ticked included.
    pub names: Vec<String>,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where the browser is sent.
    pub fn place(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.html);
        self.header("location")
    }

    /// The forms of the page that are sent by POST.
    pub fn forms(&self) -> Vec<Form> {
        let mut forms: Vec<Form> = Vec::new();
        let mut is_inside = false;
        for tag in markup::tags(&self.html) {
            match tag.name.as_str() {
                "form" if tag.attribute("method") == Some("post") => {
                    let action = tag.attribute("action").unwrap_or_default().to_owned();
                    forms.push(Form { action, sent: Vec::new(), fields: BTreeMap::new(), names: Vec::new() });
                    is_inside = true;
                }
                "form" | "/form" => is_inside = false,
                "input" | "textarea" | "select" | "option" if is_inside => {
                    forms.last_mut().expect("a form was opened").add(&tag);
                }
                _ => {}
            }
        }
        forms
    }

    /// The form of the page that is sent to this address.
    pub fn form(&self, action: &str) -> Form {
        let form = self.forms().into_iter().find(|form| form.action == action);
        form.unwrap_or_else(|| panic!("no form is sent to {action} in {}", self.html))
    }

    /// The CSRF token in the page.
    pub fn csrf_token(&self) -> String {
        self.forms()[0].fields["csrf_token"].clone()
    }

    /// Whether a form of the page is sent by POST to this address.
    pub fn has_form(&self, action: &str) -> bool {
        self.forms().iter().any(|form| form.action == action)
    }

    /// The links of the console's navigation, in order.
    pub fn console(&self) -> Vec<String> {
        let Some(start) = self.html.find("aria-label=\"Console\"") else { return Vec::new() };
        let nav = self.html[start..].split("</nav>").next().unwrap_or_default();
        nav.split("</a>")
            .filter_map(|link| Some(link.rsplit_once('>')?.1.trim().to_owned()))
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// The text of the element with this id, tags and all.
    pub fn element(&self, id: &str) -> Option<String> {
        let start = self.html.find(&format!("id=\"{id}\""))?;
        let rest = &self.html[start..];
        let inside = &rest[rest.find('>')? + 1..];
        Some(markup::unescape(&inside[..inside.find("</")?]))
    }

    /// Fails unless this field is shown with this mistake beside it, and in the summary.
    pub fn assert_mistake(&self, status: u16, field: &str, message: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.html);
        assert_eq!(self.element(&format!("{field}-mistake")).as_deref(), Some(message), "{}", self.html);
        let text = markup::unescape(&self.html);
        assert!(text.contains(&format!("<a href=\"#{field}\">{message}</a>")), "the summary lacks it: {}", self.html);
        assert!(self.html.contains("role=\"alert\""), "{}", self.html);
    }

    /// Fails unless the page says this, as people read it.
    pub fn assert_says(&self, words: &str) {
        let text = markup::unescape(&self.html);
        assert!(text.contains(words), "it does not say {words:?}: {}", self.html);
    }
}

impl Form {
    fn add(&mut self, tag: &Tag) {
        let value = tag.attribute("value").unwrap_or_default();
        if tag.name == "option" {
            let of = self.names.last().expect("an option stands in a select").clone();
            if tag.attribute("selected").is_some() || !self.fields.contains_key(&of) {
                self.sent.retain(|(name, _)| *name != of);
                self.send(&of, value);
            }
            return;
        }
        let Some(name) = tag.attribute("name") else { return };
        self.names.push(name.to_owned());
        let is_box = ["checkbox", "radio"].contains(&tag.attribute("type").unwrap_or_default());
        match tag.name.as_str() {
            "select" => {}
            // A browser drops the first line break, and sends every other as two characters.
            "textarea" => self.send(name, &lines(tag.text.strip_prefix('\n').unwrap_or(&tag.text))),
            _ if is_box && tag.attribute("checked").is_none() => {}
            _ => self.send(name, &lines(value)),
        }
    }

    fn send(&mut self, name: &str, value: &str) {
        self.sent.push((name.to_owned(), value.to_owned()));
        self.fields.insert(name.to_owned(), value.to_owned());
    }
}

/// Text as a browser sends it, each end of a line as two characters.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}
