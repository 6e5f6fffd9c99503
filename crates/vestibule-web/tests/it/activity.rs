//! `/api/v1/me/activity`

use serde_json::json;
use testkit::{TestApp, db_test};

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

db_test!(one_sees_what_concerns_oneself_and_not_where_others_were, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    app.sign_up("bob@example.com").await;
    app.clock.advance(SECOND);
    let path = format!("/api/v1/admin/users/{}", ann.account_id);
    let edit = app.patch(&path).bearer(&root.token).peer("192.0.2.7").json(json!({"name": "Ann"})).await;
    assert_eq!(edit.status, 200);
    app.clock.advance(SECOND);
    let own = app.patch("/api/v1/me").bearer(&ann.token).peer("203.0.113.9").json(json!({"name": "Ann Lee"})).await;
    assert_eq!(own.status, 200);

    let answer = app.get("/api/v1/me/activity").bearer(&ann.token).await;
    let items = answer.json()["items"].as_array().expect("items").clone();
    assert!(!answer.text.contains("bob@example.com") && !answer.text.contains("192.0.2.7"), "{}", answer.text);
    assert_eq!((&items[0]["ip"], &items[1]["ip"]), (&json!("203.0.113.9"), &json!(null)));
    assert_eq!((&items[1]["actor"]["label"], &items[1]["request_id"]), (&json!("root"), &json!(null)));
});
