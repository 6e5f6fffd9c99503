//! An OpenID provider for tests, on this machine, that lies when it is told to. (`OpenIdProvider` is a real one, which
//! does not.)

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;
use vestibule::{OidcConfig, Timestamp};

const CLIENT_ID: &str = "vestibule-test";
const CLIENT_SECRET: &str = "a-secret-of-tests";
/// How long its ID tokens live, in seconds.
const LIFE: i64 = 300;
/// What SHA-256 works on at once, in bytes.
const BLOCK: usize = 64;

/// A provider of one test; it ends when this is dropped.
#[derive(Debug)]
pub struct FakeOpenId {
    desk: Desk,
    task: JoinHandle<()>,
}

/// What it says that is not so.
#[derive(Clone, Debug, PartialEq)]
pub enum Lie {
    /// Nothing.
    Nothing,
    /// What it publishes about itself differs in these parts; null: they are left out.
    Discovery(Value),
    /// Its ID tokens differ in these claims; null: they are left out.
    Claims(Value),
    /// What it says of the token's owner differs in these parts; null: they are left out.
    UserInfo(Value),
    /// Its ID tokens say this algorithm and have no signature.
    Unsigned(&'static str),
    /// Its ID tokens are under HS256, with the secret that it shares with its client.
    SharedSecret,
    /// Its ID tokens are under HS256, with its public key as the secret.
    PublicKeyAsSecret,
    /// Its ID tokens are signed by a key that it does not publish, under that key's name.
    UnpublishedKey,
    /// Its ID tokens are signed by a key that it does not publish, under the name of the one that it does.
    BorrowedName,
    /// Its ID tokens are signed by the key that it had before the newest.
    RetiredKey,
}

#[derive(Clone, Debug)]
struct Desk {
    issuer: String,
    papers: Arc<Mutex<Papers>>,
}

#[derive(Debug)]
struct Papers {
    lie: Lie,
    /// Which of its keys it signs with, and publishes alone.
    key: u8,
    issued: u64,
    asked_for_keys: u64,
    codes: HashMap<String, Consent>,
    tokens: HashMap<String, String>,
}

#[derive(Debug)]
struct Consent {
    subject: String,
    asked: HashMap<String, String>,
    now: i64,
}

impl FakeOpenId {
    /// Starts one.
    pub async fn start() -> FakeOpenId {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let papers = Papers {
            lie: Lie::Nothing,
            key: 1,
            issued: 0,
            asked_for_keys: 0,
            codes: HashMap::new(),
            tokens: HashMap::new(),
        };
        let desk = Desk { issuer: format!("http://{address}"), papers: Arc::new(Mutex::new(papers)) };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/who", get(user_info))
            .with_state(desk.clone());
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        FakeOpenId { desk, task }
    }

    /// Who it is.
    pub fn issuer(&self) -> &str {
        &self.desk.issuer
    }

    /// What an instance is told of it: its name is `corp`.
    pub fn config(&self) -> OidcConfig {
        OidcConfig {
            name: "corp".to_owned(),
            label: "Example Corp".to_owned(),
            issuer: self.desk.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.into(),
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            allow_private: true,
        }
    }

    /// From now on it says this.
    pub fn lie(&self, lie: Lie) {
        self.desk.papers().lie = lie;
    }

    /// From now on it signs with another key, and publishes that one alone.
    pub fn rotate(&self) {
        self.desk.papers().key += 1;
    }

    /// How often it was asked for its keys.
    pub fn asked_for_keys(&self) -> u64 {
        self.desk.papers().asked_for_keys
    }

    /// Somebody is sent to this address at this time and agrees: what they come back with, as a query.
    ///
    /// # Panics
    /// When the address is not one that a provider would take.
    pub fn agree(&self, address: &Url, subject: &str, now: Timestamp) -> String {
        assert!(address.as_str().starts_with(&format!("{}/authorize?", self.desk.issuer)), "{address}");
        let asked: HashMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!((asked["client_id"].as_str(), asked["response_type"].as_str()), (CLIENT_ID, "code"));
        assert_eq!((asked["code_challenge_method"].as_str(), asked["nonce"].len()), ("S256", 43));
        let state = asked["state"].clone();
        let mut papers = self.desk.papers();
        papers.issued += 1;
        let code = format!("code-{}", papers.issued);
        let consent = Consent { subject: subject.to_owned(), asked, now: now.0.div_euclid(1_000_000) };
        papers.codes.insert(code.clone(), consent);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", &state).append_pair("code", &code).append_pair("iss", &self.desk.issuer);
        query.finish()
    }
}

impl Drop for FakeOpenId {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Desk {
    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn redeem(&self, headers: &HeaderMap, form: &HashMap<String, String>) -> Option<Value> {
        let mut papers = self.papers();
        let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        if headers.get(header::AUTHORIZATION)?.to_str().ok()? != expected {
            return None;
        }
        let consent = papers.codes.remove(form.get("code")?)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")?.as_bytes()));
        let is_same = |asked: &str, said: Option<&String>| consent.asked.get(asked) == said;
        if !is_same("code_challenge", Some(&challenge)) || !is_same("redirect_uri", form.get("redirect_uri")) {
            return None;
        }
        papers.issued += 1;
        let access_token = format!("token-{}", papers.issued);
        papers.tokens.insert(access_token.clone(), consent.subject.clone());
        let claims = json!({
            "iss": self.issuer, "sub": consent.subject, "aud": CLIENT_ID, "nonce": consent.asked.get("nonce"),
            "iat": consent.now, "exp": consent.now + LIFE, "auth_time": consent.now,
        });
        let id_token = papers.id_token(claims);
        Some(json!({"access_token": access_token, "token_type": "Bearer", "id_token": id_token}))
    }
}

impl Papers {
    fn id_token(&self, claims: Value) -> String {
        let claims = if let Lie::Claims(change) = &self.lie { changed(claims, change) } else { claims };
        let unpublished = self.key + 100;
        let (alg, kid) = match &self.lie {
            Lie::Unsigned(alg) => (*alg, self.key),
            Lie::SharedSecret | Lie::PublicKeyAsSecret => ("HS256", self.key),
            Lie::UnpublishedKey => ("EdDSA", unpublished),
            Lie::RetiredKey => ("EdDSA", self.key - 1),
            Lie::Nothing | Lie::BorrowedName | Lie::Discovery(_) | Lie::Claims(_) | Lie::UserInfo(_) => {
                ("EdDSA", self.key)
            }
        };
        let text = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", text(&json!({"alg": alg, "kid": kid_of(kid)})), text(&claims));
        let signature = match &self.lie {
            Lie::Unsigned(_) => Vec::new(),
            Lie::SharedSecret => hmac(CLIENT_SECRET.as_bytes(), message.as_bytes()),
            Lie::PublicKeyAsSecret => hmac(signer(self.key).verifying_key().as_bytes(), message.as_bytes()),
            Lie::BorrowedName => signer(unpublished).sign(message.as_bytes()).to_bytes().to_vec(),
            Lie::Nothing
            | Lie::UnpublishedKey
            | Lie::RetiredKey
            | Lie::Discovery(_)
            | Lie::Claims(_)
            | Lie::UserInfo(_) => signer(kid).sign(message.as_bytes()).to_bytes().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn discovery(State(desk): State<Desk>) -> Response {
    let issuer = &desk.issuer;
    let published = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/who"), "authorization_response_iss_parameter_supported": true,
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    });
    let published =
        if let Lie::Discovery(change) = &desk.papers().lie { changed(published, change) } else { published };
    Json(published).into_response()
}

async fn keys(State(desk): State<Desk>) -> Response {
    let mut papers = desk.papers();
    papers.asked_for_keys += 1;
    let (kid, x) = (kid_of(papers.key), URL_SAFE_NO_PAD.encode(signer(papers.key).verifying_key().as_bytes()));
    Json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x, "use": "sig"}]})).into_response()
}

async fn token(State(desk): State<Desk>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    match desk.redeem(&headers, &form) {
        Some(tokens) => Json(tokens).into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
    }
}

/// Whose token it is. That is where addresses are: ID tokens have none here.
async fn user_info(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let papers = desk.papers();
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(subject) = token.and_then(|token| papers.tokens.get(token)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let said = json!({"sub": subject, "email": format!("{subject}@example.com"), "email_verified": true});
    let said = if let Lie::UserInfo(change) = &papers.lie { changed(said, change) } else { said };
    Json(said).into_response()
}

/// An object with other parts; null: without them.
fn changed(mut object: Value, change: &Value) -> Value {
    for (name, value) in change.as_object().expect("changes are an object") {
        if value.is_null() {
            object.as_object_mut().expect("it is an object").remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

/// What it calls a key.
fn kid_of(key: u8) -> String {
    format!("key-{key}")
}

/// A key pair of its own.
fn signer(key: u8) -> SigningKey {
    SigningKey::from_bytes(&[key; 32])
}

/// HMAC-SHA256 (RFC 2104) under a key no longer than a block.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK];
    block[..key.len()].copy_from_slice(key);
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}
