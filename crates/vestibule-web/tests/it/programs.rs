//! Credentials of programs: tokens, API keys, service keys, as the API hands them out.

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp};
use vestibule::{Caller, KeyExpiry, NewServiceKey};

use crate::powers::permission;

/// A pair of tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

/// An API key.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub token: String,
}

impl Tokens {
    /// The pair that an answer hands over.
    #[track_caller]
    pub fn of(answer: &Answer) -> Tokens {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        let text = |field: &str| body[field].as_str().expect("a token").to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }

    /// For a session.
    pub async fn by_session(app: &TestApp, who: &SignedIn) -> Tokens {
        Tokens::of(&app.post("/api/v1/token").bearer(&who.token).json(json!({"grant_type": "session"})).await)
    }

    /// For a password.
    pub async fn by_password(app: &TestApp, identifier: &str) -> Tokens {
        let body = json!({"grant_type": "password", "identifier": identifier, "password": PASSWORD});
        Tokens::of(&app.post("/api/v1/token").json(body).await)
    }

    /// Whether the access token still is somebody.
    pub async fn is_live(&self, app: &TestApp) -> bool {
        is_live(app, &self.access).await
    }
}

impl Key {
    /// What an answer hands over.
    #[track_caller]
    pub fn of(answer: &Answer) -> Key {
        assert!(answer.status.is_success(), "{}", answer.text);
        let body = answer.json();
        let text = |field: &str| body[field].as_str().expect("text").to_owned();
        Key { id: text("id"), token: text("token") }
    }

    /// One that is limited to these; none: to nothing that its owner is not.
    pub async fn make(app: &TestApp, who: &SignedIn, permissions: Option<&[&str]>) -> Key {
        let permissions = permissions.map(|names| names.iter().map(|name| permission(name)).collect::<Vec<_>>());
        let body = json!({"name": "backup", "permissions": permissions});
        Key::of(&app.post("/api/v1/me/api-keys").bearer(&who.token).json(body).await)
    }
}

/// A service key with these abilities, made on the host.
pub async fn service_key(app: &TestApp, abilities: &[&str]) -> String {
    let abilities = abilities.iter().map(|&slug| slug.to_owned()).collect();
    let new = NewServiceKey { name: "printer".into(), abilities, expiry: KeyExpiry::Never };
    let made = app.engine.create_service_key(&Caller::host("root"), new).await.expect("the host may");
    made.token.expose().to_owned()
}

/// Whether a bearer is somebody; it is refused as nobody, if not.
#[track_caller]
pub fn is_live(app: &TestApp, bearer: &str) -> impl Future<Output = bool> + use<> {
    let call = app.get("/api/v1/me").bearer(bearer);
    async move {
        let answer = call.await;
        if answer.status != 200 {
            assert_eq!(answer.problem(), (401, "unauthenticated".into()));
        }
        answer.status == 200
    }
}

/// Presents a refresh token.
pub async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/token/refresh").json(json!({ "refresh_token": token })).await
}

/// What a service is told of a token.
pub async fn introspect(app: &TestApp, service: &str, token: &str) -> Value {
    let answer = app.post("/api/v1/introspect").bearer(service).json(json!({ "token": token })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}
