//! A GitHub for tests, on this machine: it keeps to GitHub's protocol with PKCE, and misbehaves when it is told to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;
use vestibule::GithubConfig;

use crate::counted::CountedListener;

const CLIENT_ID: &str = "vestibule-test";
const CLIENT_SECRET: &str = "a secret of tests";

/// A GitHub of one test; it ends when this is dropped.
#[derive(Debug)]
pub struct FakeGithub {
    url: Url,
    desk: Desk,
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

/// Somebody with an account there.
#[derive(Clone, Debug)]
pub struct GithubUser {
    /// Their number, which never changes.
    pub id: u64,
    /// What they are called at the moment.
    pub login: String,
    /// What they want to be called.
    pub name: Option<String>,
    /// Their addresses.
    pub emails: Vec<GithubAddress>,
}

/// An address of somebody.
#[derive(Clone, Debug)]
pub struct GithubAddress {
    /// The address.
    pub email: String,
    /// Whether it is the first of theirs.
    pub primary: bool,
    /// Whether they have proven it.
    pub verified: bool,
}

/// How it behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whim {
    /// As it should.
    Honest,
    /// It takes a request and never answers.
    Hangs,
    /// It answers with far more than anybody reads.
    Floods,
    /// It sends whoever asks elsewhere.
    Redirects(String),
    /// It answers 500.
    Ill,
    /// It refuses every code, with status 200, as GitHub does.
    Refuses,
    /// It answers with something that is no JSON.
    Babbles,
    /// It gives a token and then says nothing of whom it is for.
    Forgets,
    /// It does not show addresses.
    HidesAddresses,
    /// It says something else about somebody whose token it is shown.
    Retorts(Retort),
}

/// An answer that GitHub gives instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retort {
    /// To which question: `user` or `user/emails`.
    pub to: &'static str,
    /// Its status.
    pub status: u16,
    /// A header that it has besides.
    pub header: Option<(&'static str, &'static str)>,
    /// Its body.
    pub body: &'static str,
}

#[derive(Clone, Debug, Default)]
struct Desk(Arc<Mutex<Papers>>);

#[derive(Debug, Default)]
struct Papers {
    whim: Option<Whim>,
    issued: u64,
    asked: u64,
    codes: HashMap<String, Consent>,
    tokens: HashMap<String, GithubUser>,
}

#[derive(Debug)]
struct Consent {
    user: GithubUser,
    challenge: String,
    callback: String,
}

impl GithubUser {
    /// Somebody whose one address is proven.
    pub fn new(id: u64, login: &str, email: &str) -> GithubUser {
        let address = GithubAddress { email: email.to_owned(), primary: true, verified: true };
        GithubUser { id, login: login.to_owned(), name: None, emails: vec![address] }
    }
}

impl FakeGithub {
    /// Starts one.
    pub async fn start() -> FakeGithub {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let desk = Desk::default();
        let routes = Router::new()
            .route("/login/oauth/access_token", post(exchange))
            .route("/api/user", get(user))
            .route("/api/user/emails", get(emails))
            .with_state(desk.clone());
        let sent = Arc::new(AtomicU64::new(0));
        let listener = CountedListener::new(listener, Arc::clone(&sent));
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        FakeGithub { url: format!("http://{address}").parse().expect("a URL"), desk, sent, task }
    }

    /// What an instance is told of it.
    pub fn config(&self) -> GithubConfig {
        GithubConfig {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.into(),
            base_url: self.url.clone(),
            api_url: self.url.join("api").expect("a path"),
            allow_private: true,
        }
    }

    /// From now on it behaves so.
    pub fn behave(&self, whim: Whim) {
        self.desk.papers().whim = Some(whim);
    }

    /// How often it was asked for a token.
    pub fn asked(&self) -> u64 {
        self.desk.papers().asked
    }

    /// How many bytes it has sent: those that were read, and those that connections held when they ended.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Somebody is sent to this address and agrees: the state and the code that they come back with.
    ///
    /// # Panics
    /// When the address is not one that GitHub would take.
    pub fn agree(&self, address: &Url, user: &GithubUser) -> (String, String) {
        assert_eq!((address.origin(), address.path()), (self.url.origin(), "/login/oauth/authorize"));
        let asked: HashMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!(asked["client_id"], CLIENT_ID);
        assert_eq!((asked["code_challenge_method"].as_str(), asked["code_challenge"].len()), ("S256", 43));
        assert_eq!(asked["state"].len(), 43, "256 bits");
        let mut papers = self.desk.papers();
        papers.issued += 1;
        let code = format!("code-{}", papers.issued);
        let consent = Consent {
            user: user.clone(),
            challenge: asked["code_challenge"].clone(),
            callback: asked["redirect_uri"].clone(),
        };
        papers.codes.insert(code.clone(), consent);
        (asked["state"].clone(), code)
    }
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Desk {
    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn whim(&self) -> Whim {
        self.papers().whim.clone().unwrap_or(Whim::Honest)
    }

    fn retort(&self, question: &str) -> Option<Response> {
        let Whim::Retorts(Retort { to, status, header, body }) = self.whim() else { return None };
        let status = StatusCode::from_u16(status).expect("a status");
        (to == question).then(|| (status, header.map(|header| [header]), body).into_response())
    }

    fn redeem(&self, form: &HashMap<String, String>) -> Option<String> {
        let mut papers = self.papers();
        papers.asked += 1;
        let consent = papers.codes.remove(form.get("code")?)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")?.as_bytes()));
        let is_client = form.get("client_id")? == CLIENT_ID && form.get("client_secret")? == CLIENT_SECRET;
        if !is_client || consent.challenge != challenge || form.get("redirect_uri") != Some(&consent.callback) {
            return None;
        }
        papers.issued += 1;
        let token = format!("gho_{}", papers.issued);
        papers.tokens.insert(token.clone(), consent.user);
        Some(token)
    }

    fn bearer(&self, headers: &HeaderMap) -> Option<GithubUser> {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        headers.get(header::USER_AGENT)?;
        self.papers().tokens.get(token).cloned()
    }
}

async fn exchange(State(desk): State<Desk>, Form(form): Form<HashMap<String, String>>) -> Response {
    let token = desk.redeem(&form);
    match desk.whim() {
        Whim::Hangs => std::future::pending().await,
        Whim::Floods => flood(),
        Whim::Redirects(to) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
        Whim::Ill => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Whim::Babbles => "<html>hello</html>".into_response(),
        Whim::Refuses => refusal(),
        Whim::Honest | Whim::Forgets | Whim::HidesAddresses | Whim::Retorts(_) => match token {
            Some(token) => Json(json!({"access_token": token, "token_type": "bearer"})).into_response(),
            None => refusal(),
        },
    }
}

async fn user(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if let Some(retort) = desk.retort("user") {
        return retort;
    }
    match desk.bearer(&headers) {
        Some(_) if desk.whim() == Whim::Forgets => Json(json!({"login": "nobody"})).into_response(),
        Some(user) => Json(json!({"id": user.id, "login": user.login, "name": user.name})).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn emails(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if let Some(retort) = desk.retort("user/emails") {
        return retort;
    }
    let shown = |one: &GithubAddress| json!({"email": one.email, "primary": one.primary, "verified": one.verified});
    match desk.bearer(&headers) {
        Some(_) if desk.whim() == Whim::HidesAddresses => StatusCode::FORBIDDEN.into_response(),
        Some(user) => Json(user.emails.iter().map(shown).collect::<Vec<Value>>()).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn refusal() -> Response {
    Json(json!({"error": "bad_verification_code"})).into_response()
}

/// A gigabyte, more than anybody would read. Its pages are the machine's one page of zeros, and are sent only as far as
/// they are taken.
fn flood() -> Response {
    vec![0_u8; 1024 * 1024 * 1024].into_response()
}
