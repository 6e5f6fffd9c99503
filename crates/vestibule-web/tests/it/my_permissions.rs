//! `/api/v1/me/permissions` and `/api/v1/admin/users/{id}/permissions`

use serde_json::json;
use testkit::{TestApp, db_test};
use vestibule::{Caller, Scope};

use crate::powers;

db_test!(whoever_holds_nothing_is_told_so, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    assert_eq!(app.get("/api/v1/me/permissions").await.problem(), (401, "unauthenticated".into()));
    let held = app.get("/api/v1/me/permissions").bearer(&ann.token).await;
    assert_eq!((held.status.as_u16(), held.json()), (200, json!({"permissions": [], "scope": []})));
});

db_test!(what_is_held_is_written_out_with_where_it_comes_from, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.sign_up("ann@example.com").await;
    let group = powers::group(&app, "sessions", &["delete:sessions"], Scope::of(["a"]).expect("ids")).await;
    let ann = powers::join(&app, group, "ann@example.com").await;
    let limited = json!({"action": "view", "resource": "users", "constraints": {"max_amount": 5}});
    let grants = format!("/api/v1/admin/users/{}/grants", ann.account_id);
    assert_eq!(app.post(&grants).bearer(&root.token).json(limited).await.status, 201);
    let ann = app.sign_in("ann@example.com").await;
    let mine = app.get("/api/v1/me/permissions").bearer(&ann.token).await.json();
    let expected = json!({
        "permissions": [
            {"action": "view", "resource": "users", "constraints": {"max_amount": 5}, "via": "view:users"},
            {"action": "delete", "resource": "sessions", "group": "sessions", "via": "delete:sessions"},
        ],
        "scope": ["a"],
    });
    assert_eq!(mine, expected);
    let path = format!("/api/v1/admin/users/{}/permissions", ann.account_id);
    assert_eq!(app.get(&path).bearer(&root.token).await.json(), expected);

    let all = app.get("/api/v1/me/permissions").bearer(&root.token).await.json();
    let all_permissions = all["permissions"].as_array().expect("permissions");
    assert!(all_permissions.len() > 30 && all_permissions.iter().all(|one| one["via"] == "admin:*"), "{all}");
    assert_eq!(all["scope"], "all");
});

db_test!(who_is_disabled_may_do_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let kim = powers::holder(&app, "kim", &["view:users"]).await;
    let path = format!("/api/v1/admin/users/{}/permissions", kim.account_id);
    let count = async || app.get(&path).bearer(&root.token).await.json()["permissions"].as_array().map(Vec::len);
    assert_eq!(count().await, Some(1));
    app.engine.disable_account(&Caller::host("root"), kim.account_id).await.expect("disabled");
    assert_eq!(count().await, Some(0));
    for id in ["00000000-0000-7000-8000-000000000000", "x"] {
        let answer = app.get(&format!("/api/v1/admin/users/{id}/permissions")).bearer(&root.token).await;
        assert_eq!(answer.problem(), (404, "not_found".into()), "{id}");
    }
});
