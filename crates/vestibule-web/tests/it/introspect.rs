//! `/api/v1/introspect`, `/api/v1/tokens/report`: what a service is told of a token, and what becomes of one that was
//! found.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Call, TestApp, db_test};
use vestibule::MailKind;

use crate::letters;
use crate::powers;
use crate::programs::{Key, Tokens, introspect, is_live, refresh, service_key};

const ANN: &str = "ann@example.com";

fn report(app: &TestApp, token: &str) -> Call {
    app.post("/api/v1/tokens/report").json(json!({ "token": token }))
}

async fn told(app: &TestApp) -> usize {
    letters::kinds(app, ANN).await.into_iter().filter(|kind| *kind == MailKind::TokenReported).count()
}

db_test!(every_kind_of_token_is_told_for_what_it_is, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    let group = powers::group(&app, "support", &["view:users"], vestibule::Scope::default()).await;
    let ann = powers::join(&app, group, ANN).await;
    assert_eq!(app.patch("/api/v1/me").bearer(&ann.token).json(json!({"name": "Ann Lee"})).await.status, 200);
    let service = service_key(&app, &["introspect"]).await;
    let tokens = Tokens::by_session(&app, &ann).await;
    let key = Key::make(&app, &ann, Some(&["view:users"])).await.token;
    let principal = json!({
        "id": ann.account_id.to_string(), "username": null, "email": ANN, "email_verified": false, "name": "Ann Lee",
        "groups": ["members", "support"],
    });
    let mut limited = principal.clone();
    (limited["groups"], limited["permissions"]) = (json!([]), json!([{"action": "view", "resource": "users"}]));
    let rows = [
        (&ann.token, "session"),
        (&tokens.access, "access_token"),
        (&tokens.refresh, "refresh_token"),
        (&key, "api_key"),
    ];
    for (token, kind) in rows {
        let who = if kind == "api_key" { &limited } else { &principal };
        let expected = json!({"active": true, "token_type": kind, "principal": who});
        assert_eq!(introspect(&app, &service, token).await, expected, "{kind}");
    }
    let expected = json!({"active": true, "token_type": "service_key", "abilities": ["introspect"]});
    assert_eq!(introspect(&app, &service, &service).await, expected);
    let listed = app.get("/api/v1/me/api-keys").bearer(&ann.token).await.json();
    assert_eq!(listed["items"][0]["last_used_at"], json!(null), "to ask is not to use");
    assert_eq!(refresh(&app, &tokens.refresh).await.status, 200);
});

db_test!(of_what_is_no_good_nothing_is_told, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let service = service_key(&app, &["introspect"]).await;
    let tokens = Tokens::by_session(&app, &ann).await;
    let key = Key::make(&app, &ann, None).await;
    let next = Tokens::of(&refresh(&app, &tokens.refresh).await);
    let nothing = json!({"active": false});
    let link = letters::link(&app, "/api/v1/password/forgot", ANN).await;
    for token in ["", "x", "a.b.c", "vst_key_x", "vst_svc_x", &tokens.refresh, &link] {
        assert_eq!(introspect(&app, &service, token).await, nothing, "{token}");
    }
    assert_eq!(introspect(&app, &service, &next.refresh).await["active"], true);
    let revoked = app.delete(&format!("/api/v1/me/api-keys/{}", key.id)).bearer(&ann.token).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(app.post("/api/v1/sign-out").bearer(&ann.token).await.status, 204);
    for token in [&key.token, &ann.token, &tokens.access, &next.access, &next.refresh] {
        assert_eq!(introspect(&app, &service, token).await, nothing, "{token}");
    }
    assert_eq!(app.post("/api/v1/introspect").bearer(&service).json(json!({})).await.status, 400);
    assert_eq!(app.post("/api/v1/introspect").json(json!({"token": "x"})).await.status, 401);
});

db_test!(a_reported_token_ends_and_its_owner_hears_of_it, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let session = app.sign_up(ANN).await;
    let ann = app.sign_in(ANN).await;
    let (by_access, by_refresh) = (Tokens::by_session(&app, &ann).await, Tokens::by_session(&app, &ann).await);
    let key = Key::make(&app, &ann, None).await.token;
    let service = service_key(&app, &["introspect"]).await;
    let found = [&session.token, &by_access.access, &by_refresh.refresh, &key];
    let mut bodies: Vec<Value> = Vec::new();
    for (n, token) in found.into_iter().enumerate() {
        for _ in 0..2 {
            let answer = report(&app, token).await;
            assert_eq!(answer.status, 202, "{token}: {}", answer.text);
            bodies.push(answer.json());
            assert_eq!(told(&app).await, n + 1, "{token}: once for each");
        }
    }
    for unknown in ["", "x", "vst_key_x", "a.b.c", &root.token[1..], &service] {
        bodies.push(report(&app, unknown).await.json());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(told(&app).await, 4);
    for bearer in [&session.token, &by_access.access, &by_refresh.access] {
        assert!(!is_live(&app, bearer).await, "{bearer}");
    }
    for tokens in [&by_access, &by_refresh] {
        assert_eq!(refresh(&app, &tokens.refresh).await.problem(), (401, "refresh_token_invalid".into()));
    }
    assert_eq!(app.get("/api/v1/me").bearer(&key).await.problem(), (401, "key_revoked".into()));
    let asked = app.post("/api/v1/introspect").bearer(&service).json(json!({"token": "x"})).await;
    assert_eq!(asked.problem(), (401, "key_revoked".into()));
    assert!(is_live(&app, &ann.token).await && is_live(&app, &root.token).await, "nothing else ended");
});

db_test!(reports_are_counted_by_address_and_apart_from_codes, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = Some("2/60".parse().expect("a limit"))).await;
    let ann = app.sign_up(ANN).await;
    let from = |peer: &str, token: &str| report(&app, token).peer(peer);
    assert_eq!(from("192.0.2.1", "x").await.status, 202);
    assert_eq!(from("192.0.2.1", "y").await.status, 202);
    let refused = from("192.0.2.1", &ann.token).await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()));
    assert_eq!(refused.header("retry-after"), "30");
    assert!(is_live(&app, &ann.token).await);
    let dead = app.post("/api/v1/magic-link/redeem").peer("192.0.2.1").json(json!({"token": "vst_mgl_x"})).await;
    assert_eq!(dead.problem(), (410, "token_invalid".into()), "links are not kept from whoever reports");
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(from("192.0.2.2", &ann.token).await.status, 202, "nobody else is");
    assert!(!is_live(&app, &ann.token).await);
});
