//! `POST /api/v1/admin/users/{id}/password`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Call, PASSWORD, SignedIn, TestApp, db_test};

const NEXT: &str = "velvet spoon arcade 79";

fn set(app: &TestApp, by: &SignedIn, whose: &SignedIn, body: Value) -> Call {
    app.post(&format!("/api/v1/admin/users/{}/password", whose.account_id)).bearer(&by.token).json(body)
}

db_test!(a_password_that_is_set_ends_sessions_and_lifts_the_lock, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let sign_in = |password: &str| {
        app.post("/api/v1/sign-in").json(json!({"identifier": "ann@example.com", "password": password}))
    };
    for _ in 0..5 {
        assert_eq!(sign_in("quite another thing 7").await.status, 401);
    }
    let answer = set(&app, &root, &ann, json!({"password": NEXT})).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401);
    assert_eq!(sign_in(PASSWORD).await.status, 401);
    assert_eq!(sign_in(NEXT).await.status, 200);
});

db_test!(a_password_is_set_by_whoever_proved_lately_who_they_are, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    app.clock.advance(Duration::from_secs(15 * 60));
    let stale = set(&app, &root, &ann, json!({"password": NEXT})).await;
    assert_eq!(stale.problem(), (403, "reauthentication_required".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 200);
});

db_test!(what_cannot_be_set_is_told_and_changes_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    for (body, status, code) in [
        (json!({"password": "short"}), 422, "password_too_short"),
        (json!({"password": "ann@example.com"}), 422, "password_contains_identifier"),
        (json!({"password": PASSWORD}), 422, "password_reused"),
        (json!({"password": NEXT, "state": "active"}), 400, "malformed_json"),
        (json!({}), 400, "malformed_json"),
    ] {
        assert_eq!(set(&app, &root, &ann, body.clone()).await.problem(), (status, code.into()), "{body}");
    }
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 200);
    app.sign_in("ann@example.com").await;
    assert_eq!(set(&app, &root, &root, json!({"password": NEXT})).await.problem(), (409, "own_account".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&root.token).await.status, 200);
    let nobody = app.post("/api/v1/admin/users/00000000-0000-7000-8000-000000000000/password").bearer(&root.token);
    assert_eq!(nobody.json(json!({"password": NEXT})).await.problem(), (404, "not_found".into()));
});

db_test!(setting_passwords_counts_as_dangerous, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = Some("2/60".parse().expect("a limit"))).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    for _ in 0..2 {
        assert_eq!(set(&app, &root, &ann, json!({"password": "short"})).await.status, 422);
    }
    let refused = set(&app, &root, &ann, json!({"password": NEXT})).await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()));
});
