//! `/api/v1/admin/admins`

use serde_json::{Value, json};
use testkit::{PASSWORD, TestApp, db_test};

const PATH: &str = "/api/v1/admin/admins";

db_test!(administrators_are_made_listed_changed_and_deleted, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.sign_up("ann@example.com").await;
    let made = app.post(PATH).bearer(&root.token).json(json!({"username": "second", "password": PASSWORD})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let listed = app.get(PATH).bearer(&root.token).await.json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));

    let second = app.sign_in("second").await;
    let edit = |body: Value| app.patch(&format!("{PATH}/{id}")).bearer(&root.token).json(body);
    assert_eq!(edit(json!({"name": "Second"})).await.json()["name"], "Second");
    assert_eq!(edit(json!({"password": "lantern gravel orbit 77"})).await.status, 200);
    assert_eq!(app.get("/api/v1/me").bearer(&second.token).await.status, 401, "a new password ends sessions");
    assert_eq!(edit(json!({"state": "disabled"})).await.json()["state"], "disabled");
    assert_eq!(edit(json!({"state": "active"})).await.json()["state"], "active");
    assert_eq!(app.delete(&format!("{PATH}/{id}")).bearer(&root.token).await.status, 204);
    assert_eq!(edit(json!({"name": "Second"})).await.problem(), (404, "not_found".into()));
});

db_test!(an_account_that_is_no_administrator_is_not_found_there, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let path = format!("{PATH}/{}", ann.account_id);
    let edited = app.patch(&path).bearer(&root.token).json(json!({"state": "disabled"})).await;
    assert_eq!(edited.problem(), (404, "not_found".into()));
    assert_eq!(app.delete(&path).bearer(&root.token).await.problem(), (404, "not_found".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 200);
});

db_test!(one_change_at_a_time_so_that_a_refusal_leaves_nothing_half_done, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let second = app.administrator("second").await;
    let edit = |body: Value| app.patch(&format!("{PATH}/{}", second.account_id)).bearer(&root.token).json(body);
    for (body, status, code) in [
        (json!({"name": "x", "state": "disabled"}), 422, "field_invalid"),
        (json!({"name": "x", "password": PASSWORD}), 422, "field_invalid"),
        (json!({"password": PASSWORD, "state": "disabled"}), 422, "field_invalid"),
        (json!({"state": "invited"}), 422, "field_invalid"),
        (json!({"state": "asleep"}), 400, "malformed_json"),
        (json!({"group_ids": []}), 400, "malformed_json"),
        (json!({"password": "short"}), 422, "password_too_short"),
    ] {
        assert_eq!(edit(body.clone()).await.problem(), (status, code.into()), "{body}");
    }
    let unchanged = app.get("/api/v1/me").bearer(&second.token).await.json();
    assert_eq!((&unchanged["name"], &unchanged["state"]), (&json!(null), &json!("active")));
    assert_eq!(edit(json!({})).await.status, 200);
});

db_test!(the_last_administrator_stays, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let path = format!("{PATH}/{}", root.account_id);
    for answer in [
        app.patch(&path).bearer(&root.token).json(json!({"state": "disabled"})).await,
        app.delete(&path).bearer(&root.token).await,
    ] {
        let (status, code) = answer.problem();
        assert!(status == 409 && (code == "last_admin" || code == "own_account"), "{status} {code}");
    }
    assert_eq!(app.get(PATH).bearer(&root.token).await.status, 200);
});
