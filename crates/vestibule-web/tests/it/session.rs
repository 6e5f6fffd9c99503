//! `GET /api/v1/session`, `POST /api/v1/session/reauthenticate`

use std::time::Duration;

use serde_json::json;
use testkit::{PASSWORD, SignedIn, TestApp, db_test};

const MINUTE: Duration = Duration::from_secs(60);

db_test!(a_session_says_whose_it_is_and_when_it_ends, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let body = app.get("/api/v1/session").bearer(&ann.token).await.json();
    assert_eq!(body["account"]["id"], ann.account_id.to_string());
    assert_eq!(body["csrf_token"], ann.csrf_token.as_str());
    let session = &body["session"];
    assert_eq!(session["created_at"], "2026-01-01T00:00:00Z");
    assert_eq!(session["authenticated_at"], "2026-01-01T00:00:00Z");
    assert_eq!(session["expires_at"], "2026-01-02T00:00:00Z");
    assert_eq!(session["absolute_expires_at"], "2026-01-31T00:00:00Z");
    assert!(session["id"].as_str().is_some_and(|id| id.len() == 36));
});

db_test!(an_idle_session_ends, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    app.clock.advance(24 * 60 * MINUTE);
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 401);
});

db_test!(reauthenticating_replaces_the_token_and_counts_for_a_quarter_of_an_hour, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    app.clock.advance(15 * MINUTE);
    let refused = app.delete("/api/v1/me").bearer(&ann.token).await;
    assert_eq!(refused.problem(), (403, "reauthentication_required".into()));

    let path = "/api/v1/session/reauthenticate";
    let wrong = app.post(path).bearer(&ann.token).json(json!({"password": "quite another thing 7"})).await;
    assert_eq!(wrong.problem(), (401, "current_password_incorrect".into()));
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 200, "the session lives on");

    let answer = app.post(path).browser(&ann).json(json!({"password": PASSWORD})).await;
    assert_eq!(answer.status, 200);
    let renewed = SignedIn::of(&answer);
    assert_eq!(answer.session_cookie(), Some(renewed.token.as_str()));
    assert_ne!(renewed.token, ann.token);
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 401, "the old token ended");

    app.clock.advance(15 * MINUTE - Duration::from_micros(1));
    assert_eq!(app.delete("/api/v1/me").bearer(&renewed.token).await.status, 204);
});
