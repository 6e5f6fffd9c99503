//! `GET /api/v1/setup`, `POST /api/v1/setup`

use serde_json::json;
use testkit::{PASSWORD, SignedIn, TestApp, db_test};
use vestibule::Caller;

db_test!(the_first_administrator_is_made_with_a_setup_token, |db| async move {
    let app = TestApp::new(&db).await;
    assert_eq!(app.get("/api/v1/setup").await.json(), json!({"armed": true}));
    let token = app.engine.issue_setup_token(&Caller::system()).await.expect("a token").expect("no administrator yet");
    let body = json!({"setup_token": token.expose(), "username": "root", "password": PASSWORD});
    let answer = app.post("/api/v1/setup").json(body.clone()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let root = SignedIn::of(&answer);
    assert_eq!(answer.session_cookie(), Some(root.token.as_str()));
    assert_eq!(app.get("/api/v1/admin/users").bearer(&root.token).await.status, 200);
    assert_eq!(app.get("/api/v1/setup").await.json(), json!({"armed": false}));
    assert_eq!(app.post("/api/v1/setup").json(body).await.problem(), (409, "setup_closed".into()));
});

db_test!(a_wrong_setup_token_makes_nobody, |db| async move {
    let app = TestApp::new(&db).await;
    for token in ["", "vst_set_x", "vst_ses_x", "\u{0}", &"x".repeat(5000)] {
        let body = json!({"setup_token": token, "username": "root", "password": PASSWORD});
        assert_eq!(app.post("/api/v1/setup").json(body).await.problem(), (403, "setup_token_invalid".into()));
    }
    assert_eq!(app.get("/api/v1/setup").await.json(), json!({"armed": true}));
});

db_test!(a_refused_password_does_not_burn_the_setup_token, |db| async move {
    let app = TestApp::new(&db).await;
    let token = app.engine.issue_setup_token(&Caller::system()).await.expect("a token").expect("no administrator yet");
    let with = |body: serde_json::Value| app.post("/api/v1/setup").json(body);
    let weak = json!({"setup_token": token.expose(), "username": "root", "password": "short"});
    assert_eq!(with(weak).await.status, 422);
    let nobody = json!({"setup_token": token.expose(), "password": PASSWORD});
    assert_eq!(with(nobody).await.problem(), (422, "identifier_required".into()));
    let more = json!({"setup_token": token.expose(), "username": "root", "password": PASSWORD, "group": "x"});
    assert_eq!(with(more).await.problem(), (400, "malformed_json".into()));
    let good = json!({"setup_token": token.expose(), "email": "root@example.com", "password": PASSWORD});
    assert_eq!(with(good).await.status, 201);
});
