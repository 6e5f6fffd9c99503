//! The router with a client in front of it, without a socket: a fresh engine, rate limits off, the default public URL
//! (`http://localhost:8080`). A call is built and awaited: `app.get("/api/v1/session").bearer(&ann.token).await`.

use std::future::IntoFuture;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header};
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule::{AccountId, Caller, Clock, NewAdministrator, Vestibule};
use vestibule_web::{App, Limits, WebConfig};

use crate::databases::TestDb;
use crate::engine::TestEngine;
use crate::mailbox::Mailbox;

/// A password that the policy takes, for whoever a test signs up.
pub const PASSWORD: &str = "harbour moss kettle 42";

/// The router of one test.
#[derive(Debug)]
pub struct TestApp {
    /// The engine behind it.
    pub engine: Vestibule,
    /// The engine's clock.
    pub clock: Clock,
    router: Router,
    _engine: TestEngine,
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub account_id: AccountId,
    /// The session's token.
    pub token: String,
    /// The session's CSRF token.
    pub csrf_token: String,
}

/// A request being built; awaiting it sends it.
#[must_use = "a call is sent by awaiting it"]
#[derive(Debug)]
pub struct Call {
    router: Router,
    request: Request<Body>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub text: String,
}

impl TestApp {
    /// With the defaults.
    pub async fn new(db: &TestDb) -> TestApp {
        Self::with(db, |_| {}).await
    }

    /// Reached in another way.
    pub async fn with(db: &TestDb, change: impl FnOnce(&mut WebConfig)) -> TestApp {
        Self::on(TestEngine::new(db).await, change)
    }

    /// With another public URL.
    pub async fn at(db: &TestDb, public_url: &str) -> TestApp {
        let public_url = public_url.parse().expect("a URL");
        Self::on(TestEngine::with(db, |config| config.public_url = public_url).await, |_| {})
    }

    /// On an engine with settings of its own.
    pub fn on(engine: TestEngine, change: impl FnOnce(&mut WebConfig)) -> TestApp {
        let mut config = WebConfig { limits: Limits::off(), ..WebConfig::default() };
        change(&mut config);
        let router = App::new(engine.engine.clone(), config).expect("a safe configuration").router();
        TestApp { engine: engine.engine.clone(), clock: engine.clock.clone(), router, _engine: engine }
    }

    /// The mail that the engine has written.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::open(&self.engine)
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// A PATCH.
    pub fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
    }

    /// A DELETE.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Any call.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        Call { router: self.router.clone(), request: request.expect("a well-formed path") }
    }

    /// Signs up with an e-mail address and [`PASSWORD`].
    pub async fn sign_up(&self, email: &str) -> SignedIn {
        let answer = self.post("/api/v1/sign-up").json(json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        SignedIn::of(&answer)
    }

    /// Signs in with an e-mail address or a username and [`PASSWORD`].
    pub async fn sign_in(&self, identifier: &str) -> SignedIn {
        let answer = self.post("/api/v1/sign-in").json(json!({"identifier": identifier, "password": PASSWORD})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        SignedIn::of(&answer)
    }

    /// Makes an administrator with this username and [`PASSWORD`], and signs in.
    pub async fn administrator(&self, username: &str) -> SignedIn {
        let (username, password) = (Some(username.to_owned()), SecretString::from(PASSWORD));
        let new = NewAdministrator { email: None, username: username.clone(), name: None, password };
        self.engine.create_administrator(&Caller::system(), new).await.expect("an administrator can be made");
        self.sign_in(&username.unwrap_or_default()).await
    }
}

impl SignedIn {
    /// The session that an answer hands over.
    ///
    /// # Panics
    /// When it does not.
    pub fn of(answer: &Answer) -> SignedIn {
        let body = answer.json();
        let text = |field: &str| body[field].as_str().expect("a sign-in's body has it").to_owned();
        let account_id = body["account"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an account's id");
        SignedIn { account_id, token: text("token"), csrf_token: text("csrf_token") }
    }
}

impl Call {
    /// With a header, besides those of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Call {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
        self.request.headers_mut().append(name, value);
        self
    }

    /// With a session's token as bearer.
    pub fn bearer(self, token: &str) -> Call {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With a session's token as cookie, and nothing else.
    pub fn cookie(self, token: &str) -> Call {
        self.header("cookie", &format!("vestibule={token}"))
    }

    /// As our own script in a browser: the cookie and the CSRF token.
    pub fn browser(self, who: &SignedIn) -> Call {
        self.cookie(&who.token).header("x-csrf-token", &who.csrf_token)
    }

    /// With a JSON body.
    pub fn json(self, body: Value) -> Call {
        self.body("application/json", body.to_string())
    }

    /// With a form's body.
    pub fn form(self, fields: &[(&str, &str)]) -> Call {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        self.body("application/x-www-form-urlencoded", body.extend_pairs(fields).finish())
    }

    /// With any body of any type.
    pub fn body(mut self, content_type: &str, body: impl Into<Body>) -> Call {
        *self.request.body_mut() = body.into();
        self.header(header::CONTENT_TYPE.as_str(), content_type)
    }

    /// From this peer.
    pub fn peer(mut self, ip: &str) -> Call {
        let ip: IpAddr = ip.parse().expect("an address");
        self.request.extensions_mut().insert(ConnectInfo(SocketAddr::new(ip, 50_000)));
        self
    }

    /// In this version of HTTP.
    pub fn version(mut self, version: Version) -> Call {
        *self.request.version_mut() = version;
        self
    }

    async fn send(self) -> Answer {
        let response = self.router.oneshot(self.request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body without a socket arrives");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl Answer {
    /// The body, read as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is not JSON: {:?}", self.status, self.text))
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The status and the problem's code, such as `(409, "email_in_use")`.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        (self.status.as_u16(), self.json()["code"].as_str().expect("a problem has a code").to_owned())
    }

    /// The value that the answer sets our session's cookie to, if it does.
    pub fn session_cookie(&self) -> Option<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        cookies.filter_map(|cookie| cookie.split(';').next()?.strip_prefix("vestibule=")).next()
    }
}
