//! `/api/v1/admin/users/{id}/sessions`

use serde_json::json;
use testkit::{TestApp, db_test};

db_test!(an_administrator_sees_and_ends_the_sessions_of_an_account, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    app.sign_in("ann@example.com").await;
    let path = format!("/api/v1/admin/users/{}/sessions", ann.account_id);
    let body = app.get(&path).bearer(&root.token).await.json();
    assert_eq!(body["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["items"][0]["current"], json!(false));
    assert_eq!(app.delete(&path).bearer(&root.token).await.json(), json!({"ended": 2}));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401);
    assert_eq!(app.get(&path).bearer(&root.token).await.json()["items"], json!([]));
});

db_test!(sessions_of_nobody_are_not_found, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for id in ["00000000-0000-7000-8000-000000000000", "x", "%00", "%ff", "..%2f", "1"] {
        let path = format!("/api/v1/admin/users/{id}/sessions");
        assert_eq!(app.get(&path).bearer(&root.token).await.problem(), (404, "not_found".into()), "{id}");
        assert_eq!(app.delete(&path).bearer(&root.token).await.problem(), (404, "not_found".into()), "{id}");
    }
});
