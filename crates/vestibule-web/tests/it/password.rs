//! `POST /api/v1/password/change`

use serde_json::json;
use testkit::{PASSWORD, SignedIn, TestApp, db_test};

const PATH: &str = "/api/v1/password/change";
const NEW: &str = "lantern gravel orbit 77";

db_test!(a_browser_gets_the_new_token_as_cookie_and_no_body, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let elsewhere = app.sign_in("ann@example.com").await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW});
    let answer = app.post(PATH).browser(&ann).json(body).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let renewed = answer.session_cookie().expect("a new cookie").to_owned();
    assert_eq!(app.get("/api/v1/session").cookie(&renewed).await.status, 200);
    assert_eq!(app.get("/api/v1/session").cookie(&ann.token).await.status, 401);
    assert_eq!(app.get("/api/v1/session").bearer(&elsewhere.token).await.status, 401);
    let old = app.post("/api/v1/sign-in").json(json!({"identifier": "ann@example.com", "password": PASSWORD})).await;
    assert_eq!(old.status, 401);
});

db_test!(a_program_gets_the_new_token_in_a_body, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW});
    let answer = app.post(PATH).bearer(&ann.token).json(body).await;
    assert_eq!(answer.status, 200);
    let renewed = SignedIn::of(&answer);
    assert_eq!(app.get("/api/v1/session").bearer(&renewed.token).await.status, 200);
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 401);
});

db_test!(a_wrong_or_weak_password_changes_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let change = |current: &str, new: &str| {
        app.post(PATH).bearer(&ann.token).json(json!({"current_password": current, "new_password": new}))
    };
    assert_eq!(change(NEW, NEW).await.problem(), (401, "current_password_incorrect".into()));
    let weak = change(PASSWORD, "password1234").await;
    assert_eq!((weak.status.as_u16(), &weak.json()["errors"][0]["field"]), (422, &json!("new_password")));
    assert_eq!(change(PASSWORD, PASSWORD).await.problem(), (422, "password_reused".into()));
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 200);
});
