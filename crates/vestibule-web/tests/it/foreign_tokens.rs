//! Tokens of one kind in the place of another: dead there, and not harmed by it.

use serde_json::{Value, json};
use testkit::{Call, PASSWORD, SignedIn, TestApp, db_test};
use vestibule::{Caller, MEMBERS, MailKind};

use crate::letters;

const NEW: &str = "lantern gravel orbit 77";

/// Where tokens are presented, and the kind that belongs there.
const PLACES: [(&str, &[&str]); 4] = [
    ("/api/v1/email/verify", &["vfy"]),
    ("/api/v1/email/change/confirm", &["chg"]),
    ("/api/v1/password/reset", &["rst", "inv"]),
    ("/api/v1/magic-link/redeem", &["mgl"]),
];

fn present(app: &TestApp, path: &str, token: &str) -> Call {
    app.post(path).json(json!({"token": token, "new_password": NEW}))
}

/// A live token of each kind: of links, of a session, of setup.
async fn all(app: &TestApp) -> (SignedIn, Vec<String>) {
    let setup = app.engine.issue_setup_token(&Caller::system()).await.expect("a token").expect("no administrator yet");
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let cat = app.sign_up("cat@example.com").await; // another, as a reset voids a change and a change a reset
    let body = json!({"new_email": "cat@example.org", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/email/change").bearer(&cat.token).json(body).await.status, 202);
    let body = json!({"email": "bob@example.com", "group_ids": [MEMBERS.to_string()]});
    let invited: Value = app.post("/api/v1/admin/users").bearer(&root.token).json(body).await.json();
    let tokens = vec![
        letters::token(app, "ann@example.com", MailKind::VerifyEmail).await,
        letters::token(app, "cat@example.org", MailKind::EmailChange).await,
        letters::link(app, "/api/v1/password/forgot", "ann@example.com").await,
        letters::token_in(invited["invite_url"].as_str().expect("a link")),
        letters::link(app, "/api/v1/magic-link", "ann@example.com").await,
        ann.token.clone(),
        setup.expose().to_owned(),
    ];
    (ann, tokens)
}

fn kind(token: &str) -> &str {
    token.split('_').nth(1).expect("a kind")
}

db_test!(a_token_is_dead_wherever_another_kind_belongs, |db| async move {
    let app = TestApp::new(&db).await;
    let (ann, tokens) = all(&app).await;
    let kinds: Vec<&str> = tokens.iter().map(|token| kind(token)).collect();
    assert_eq!(kinds, ["vfy", "chg", "rst", "inv", "mgl", "ses", "set"]);
    for (path, own) in PLACES {
        for token in tokens.iter().filter(|token| !own.contains(&kind(token))) {
            let answer = present(&app, path, token).await;
            assert_eq!(answer.problem(), (410, "token_invalid".into()), "{path} {}", kind(token));
            for renamed in own {
                let disguised = token.replacen(kind(token), renamed, 1);
                let answer = present(&app, path, &disguised).await;
                assert_eq!(answer.problem(), (410, "token_invalid".into()), "{path} {} as {renamed}", kind(token));
            }
        }
    }
    for token in &tokens {
        let status = app.get(&format!("/api/v1/password/reset/status?token={token}")).await.json();
        let state = if ["rst", "inv"].contains(&kind(token)) { "valid" } else { "used" };
        assert_eq!(status["state"], state, "{}", kind(token));
        if kind(token) != "ses" {
            assert_eq!(app.get("/api/v1/session").bearer(token).await.problem(), (401, "unauthenticated".into()));
            assert_eq!(app.get("/api/v1/session").cookie(token).await.problem(), (401, "unauthenticated".into()));
        }
        if kind(token) != "set" {
            let body = json!({"setup_token": token, "username": "eve", "password": PASSWORD});
            assert!(app.post("/api/v1/setup").json(body).await.status.is_client_error(), "{}", kind(token));
        }
    }
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 200, "none of it ended the session");
});

db_test!(what_was_tried_elsewhere_still_works_in_its_own_place, |db| async move {
    let app = TestApp::new(&db).await;
    let (ann, tokens) = all(&app).await;
    for (path, own) in PLACES {
        for token in tokens.iter().filter(|token| !own.contains(&kind(token))) {
            assert_eq!(present(&app, path, token).await.status, 410, "{path} {}", kind(token));
        }
    }
    let with_session = |path: &str, token: &str| present(&app, path, token).bearer(&ann.token);
    assert_eq!(with_session("/api/v1/magic-link/redeem", &tokens[4]).await.status, 200);
    assert_eq!(with_session("/api/v1/email/verify", &tokens[0]).await.status, 204);
    assert_eq!(present(&app, "/api/v1/password/reset", &tokens[2]).await.status, 204);
    assert_eq!(present(&app, "/api/v1/password/reset", &tokens[3]).await.status, 204);
    assert_eq!(present(&app, "/api/v1/email/change/confirm", &tokens[1]).await.status, 204);
});

db_test!(a_code_is_no_link_and_a_link_no_code, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let code = letters::code(&app, "ann@example.com").await;
    for (path, _) in PLACES {
        assert_eq!(present(&app, path, &code).await.problem(), (410, "token_invalid".into()), "{path}");
    }
    let link = letters::link(&app, "/api/v1/magic-link", "ann@example.com").await;
    let body = json!({"email": "ann@example.com", "code": link});
    assert_eq!(app.post("/api/v1/email-code/redeem").json(body).await.problem(), (401, "code_invalid".into()));
    let body = json!({"email": "ann@example.com", "code": code});
    assert_eq!(app.post("/api/v1/email-code/redeem").json(body).await.status, 200);
});
