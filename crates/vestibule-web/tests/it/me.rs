//! `/api/v1/me`, `/api/v1/me/export`

use serde_json::json;
use testkit::{TestApp, db_test};

db_test!(a_profile_changes_only_where_told, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let edit = |body: serde_json::Value| app.patch("/api/v1/me").bearer(&ann.token).json(body);
    let answer = edit(json!({"name": " Ann Lee ", "username": "Ann"})).await;
    assert_eq!(answer.status, 200);
    assert_eq!((&answer.json()["name"], &answer.json()["username"]), (&json!("Ann Lee"), &json!("ann")));
    let answer = edit(json!({"name": null})).await;
    assert_eq!((&answer.json()["name"], &answer.json()["username"]), (&json!(null), &json!("ann")));
    let answer = edit(json!({"email": "other@example.com", "groups": [], "state": "disabled"})).await;
    assert_eq!(answer.json(), app.get("/api/v1/me").bearer(&ann.token).await.json());
    assert_eq!(answer.json()["email"], "ann@example.com");
    app.administrator("root").await;
    assert_eq!(edit(json!({"username": "ROOT"})).await.problem(), (409, "username_in_use".into()));
    assert_eq!(edit(json!({"username": "a"})).await.problem(), (422, "username_invalid".into()));
    assert_eq!(edit(json!({"name": "\u{202e}"})).await.problem(), (422, "name_invalid".into()));
});

db_test!(the_export_holds_what_is_mine_and_no_secret, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    app.sign_up("bob@example.com").await;
    let answer = app.get("/api/v1/me/export").bearer(&ann.token).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("ann@example.com") && !answer.text.contains("bob@example.com"));
    assert!(!answer.text.contains("$argon2") && !answer.text.contains(&ann.token));
    assert!(answer.header("content-disposition").starts_with("attachment"));
});

db_test!(closing_an_account_is_for_good_but_not_for_the_last_administrator, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    assert_eq!(app.delete("/api/v1/me").bearer(&root.token).await.problem(), (409, "last_admin".into()));
    let ann = app.sign_up("ann@example.com").await;
    let closed = app.delete("/api/v1/me").browser(&ann).await;
    assert_eq!((closed.status.as_u16(), closed.session_cookie()), (204, Some("")));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401);
    let gone = app.get(&format!("/api/v1/admin/users/{}", ann.account_id)).bearer(&root.token).await;
    assert_eq!(gone.problem(), (404, "not_found".into()));
    app.sign_up("ann@example.com").await;
});
