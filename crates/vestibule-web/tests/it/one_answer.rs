//! Whatever sends mail answers alike for every address: status, body byte for byte, headers, and the work of hashing.

use axum::http::HeaderMap;
use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp, TestEngine, db_test};
use vestibule::MEMBERS;

use crate::letters;

const ENDPOINTS: [&str; 4] =
    ["/api/v1/password/forgot", "/api/v1/email/verify/request", "/api/v1/magic-link", "/api/v1/email-code"];

/// What a stranger can see of an answer, and of how much work it took.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
    hashes: u64,
}

async fn see(app: &TestApp, path: &str, body: Value) -> Seen {
    let before = app.engine.password_hashes();
    let Answer { status, headers, text } = app.post(path).json(body).await;
    let hashes = app.engine.password_hashes() - before;
    Seen { status: status.as_u16(), headers: comparable(&headers), text, hashes }
}

/// The headers without the request's id, and with the drawn part of a cookie cut out.
fn comparable(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != "x-request-id" && *name != "date") {
        let value = value.to_str().expect("visible ASCII");
        let value = match value.split_once("vestibule-browser=") {
            Some((_, rest)) => format!("drawn {}", rest.trim_start_matches(|c: char| c.is_ascii_hexdigit())),
            None => value.to_owned(),
        };
        all.push((name.to_string(), value));
    }
    all.sort();
    all
}

/// One account in each state that a stranger might want to know about.
async fn everybody(app: &TestApp) -> Vec<&'static str> {
    let root = app.administrator("root").await;
    let proven = make(app, &root, json!({"email": "proven@example.com", "password": PASSWORD})).await;
    let token = letters::link(app, "/api/v1/magic-link", "proven@example.com").await;
    let redeemed = app.post("/api/v1/magic-link/redeem").json(json!({"token": token, "password": PASSWORD})).await;
    assert_eq!((redeemed.status.as_u16(), SignedIn::of(&redeemed).account_id.to_string()), (200, proven));
    make(app, &root, json!({"email": "unproven@example.com", "password": PASSWORD})).await;
    make(app, &root, json!({"email": "invited@example.com"})).await;
    let disabled = make(app, &root, json!({"email": "disabled@example.com", "password": PASSWORD})).await;
    let disable = app.post(&format!("/api/v1/admin/users/{disabled}/disable")).bearer(&root.token).await;
    assert_eq!(disable.status, 204);
    make(app, &root, json!({"email": "locked@example.com", "password": PASSWORD})).await;
    for _ in 0..5 {
        let wrong = json!({"identifier": "locked@example.com", "password": "quite another thing 7"});
        assert_eq!(app.post("/api/v1/sign-in").json(wrong).await.status, 401);
    }
    vec![
        "nobody@example.com",
        "proven@example.com",
        "unproven@example.com",
        "invited@example.com",
        "disabled@example.com",
        "locked@example.com",
        "nobody-either@example.com",
    ]
}

async fn make(app: &TestApp, by: &SignedIn, mut body: Value) -> String {
    body["group_ids"] = json!([MEMBERS.to_string()]);
    let made = app.post("/api/v1/admin/users").bearer(&by.token).json(body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().expect("an id").to_owned()
}

db_test!(whoever_asks_for_mail_to_whatever_address_learns_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let addresses = everybody(&app).await;
    let mut bodies = Vec::new();
    for path in ENDPOINTS {
        let mut seen = Vec::new();
        for email in addresses.iter().chain(&addresses) {
            seen.push(see(&app, path, json!({ "email": email })).await);
        }
        assert_eq!((seen[0].status, seen[0].hashes), (202, 0), "{path}");
        for (email, one) in addresses.iter().chain(&addresses).zip(&seen) {
            assert_eq!(*one, seen[0], "{path} {email}");
        }
        bodies.push(seen[0].text.clone());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "one body for all of them: {bodies:?}");
    let body: Value = serde_json::from_str(&bodies[0]).expect("JSON");
    assert_eq!(body["status"], "accepted");
});

db_test!(mail_went_to_those_alone_who_may_have_it, |db| async move {
    use vestibule::MailKind::{AccountInvite, EmailCode, MagicLink, PasswordReset, VerifyEmail};
    let app = TestApp::new(&db).await;
    let addresses = everybody(&app).await;
    let mut before = Vec::new();
    for email in &addresses {
        before.push(letters::kinds(&app, email).await.len());
    }
    for path in ENDPOINTS {
        for email in &addresses {
            letters::ask(&app, path, email).await;
        }
    }
    for (email, before) in addresses.iter().zip(before) {
        let mut got = letters::kinds(&app, email).await;
        got.truncate(got.len() - before);
        let expected = match *email {
            "proven@example.com" => vec![EmailCode, MagicLink, PasswordReset],
            "unproven@example.com" | "locked@example.com" => vec![EmailCode, MagicLink, VerifyEmail, PasswordReset],
            "invited@example.com" => vec![AccountInvite; 4],
            _ => vec![],
        };
        assert_eq!(got, expected, "{email}");
    }
});

db_test!(where_addresses_must_be_proven_signing_up_answers_alike_for_every_address, |db| async move {
    let engine = TestEngine::with(&db, |config| config.require_verified_email = true).await;
    let app = TestApp::on(engine, |_| {});
    let addresses = everybody(&app).await;
    let asked = letters::ask(&app, "/api/v1/email-code", "nobody@example.com").await;
    for password in [Some("lantern gravel orbit 77"), None] {
        let mut seen = Vec::new();
        for email in addresses.iter().chain(&addresses) {
            let mut body = json!({"email": email, "name": "Somebody"});
            if let Some(password) = password {
                body["password"] = json!(password);
            }
            seen.push(see(&app, "/api/v1/sign-up", body).await);
        }
        assert_eq!((seen[0].status, seen[0].text.as_str()), (202, asked.text.as_str()), "the one body");
        for (email, one) in addresses.iter().chain(&addresses).zip(&seen) {
            assert_eq!(*one, seen[0], "{email} {password:?}");
        }
    }
    let weak = |email: &str| json!({"email": email, "password": "short"});
    let known = see(&app, "/api/v1/sign-up", weak("proven@example.com")).await;
    let unknown = see(&app, "/api/v1/sign-up", weak("nobody-at-all@example.com")).await;
    assert_eq!((known.status, known.hashes), (unknown.status, unknown.hashes));
});

db_test!(an_instance_without_mail_answers_the_same, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    app.sign_up("ann@example.com").await;
    for path in ENDPOINTS {
        let known = see(&app, path, json!({"email": "ann@example.com"})).await;
        let unknown = see(&app, path, json!({"email": "nobody@example.com"})).await;
        assert_eq!(known, unknown, "{path}");
        assert_eq!(known.status, 202);
    }
});

db_test!(what_is_no_address_is_told_whoever_asks, |db| async move {
    let app = TestApp::new(&db).await;
    for path in ENDPOINTS {
        for email in ["", "ann", "ann@", "@example.com", "a b@example.com", "ann@example.com\r\nBcc: eve@example.com"] {
            let answer = app.post(path).json(json!({ "email": email })).await;
            assert_eq!(answer.problem(), (422, "email_invalid".into()), "{path} {email:?}");
        }
    }
});
