//! `/api/v1/admin/permissions`, the catalogue.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{SignedIn, TestApp, db_test};

use crate::powers::{self, permission};

const PATH: &str = "/api/v1/admin/permissions";

async fn listed(app: &TestApp, who: &SignedIn) -> Vec<Value> {
    app.get(PATH).bearer(&who.token).await.json()["items"].as_array().expect("items").clone()
}

db_test!(the_catalogue_is_listed_by_resource_and_action, |db| async move {
    let app = TestApp::new(&db).await;
    powers::purchasing(&app).await;
    let root = app.administrator("root").await;
    let all = listed(&app, &root).await;
    let name = |known: &Value| (known["resource"].to_string(), known["action"].to_string());
    assert!(all.is_sorted_by_key(name), "{all:?}");
    let find = |action: &str, resource: &str| {
        all.iter()
            .find(|known| known["action"] == action && known["resource"] == resource)
            .expect("it is known")
            .clone()
    };
    let view = find("view", "users");
    let expected = json!({"id": view["id"], "action": "view", "resource": "users", "label": "View users",
        "explicit": false, "system_managed": true});
    assert_eq!(view, expected);
    assert_eq!(find("pay", "invoices")["explicit"], true);
});

db_test!(a_permission_is_added_asked_for_and_deleted, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let add = |body: Value| app.post(PATH).bearer(&root.token).json(body);
    let any = add(json!({"action": "cancel-any", "resource": "orders", "label": " Cancel any order "})).await;
    assert_eq!(any.status, 201, "{}", any.text);
    let expected = json!({"id": any.json()["id"], "action": "cancel-any", "resource": "orders",
        "label": "Cancel any order", "explicit": false, "system_managed": false});
    assert_eq!(any.json(), expected);
    let own = add(json!({"action": "cancel-own", "resource": "orders"})).await.json();
    assert_eq!((&own["own"], &own["label"]), (&json!("owner"), &json!("cancel-own:orders")));
    let named =
        add(json!({"action": "update", "resource": "orders", "own": "scope", "any": "cancel-any"})).await.json();
    assert_eq!((&named["own"], &named["any"]), (&json!("scope"), &json!("cancel-any")));

    let ask = json!({"principal": "root", "action": "cancel", "resource": "orders"});
    let explain = || app.post("/api/v1/admin/explain").bearer(&root.token).json(ask.clone());
    assert_eq!(explain().await.json()["allowed"], true, "admin:* reaches what was added");
    let delete = |id: &Value| app.delete(&format!("{PATH}/{}", id.as_str().expect("an id"))).bearer(&root.token);
    let needed = delete(&expected["id"]).await;
    assert_eq!(needed.problem(), (409, "permission_conflict".into()), "another stands on it");
    for id in [&named["id"], &own["id"], &expected["id"]] {
        let deleted = delete(id).await;
        assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
        assert_eq!(delete(id).await.problem(), (404, "not_found".into()));
    }
    assert_eq!(explain().await.json()["code"], "not_in_catalogue");
});

db_test!(what_cannot_be_known_is_refused, |db| async move {
    let app = TestApp::new(&db).await;
    powers::purchasing(&app).await;
    let root = app.administrator("root").await;
    let before = listed(&app, &root).await.len();
    let entry = |action: &str, resource: &str| json!({"action": action, "resource": resource});
    let cases = [
        (entry("Fly", "planes"), 422, "permission_invalid"),
        (entry("fly", "*"), 422, "permission_invalid"),
        (entry("fly", ""), 422, "permission_invalid"),
        (json!({"action": "fly-any", "resource": "planes", "own": "owner"}), 422, "permission_invalid"),
        (json!({"action": "fly", "resource": "planes", "any": "fly-all"}), 422, "permission_invalid"),
        (json!({"action": "fly", "resource": "planes", "label": "a\u{0}"}), 422, "name_invalid"),
        (entry("view", "users"), 409, "permission_exists"),
        (entry("approve", "invoices"), 409, "permission_conflict"),
        (json!({"action": "fly", "resource": "planes", "explicit": true}), 400, "malformed_json"),
        (json!({"action": "fly", "resource": "planes", "own": "friend"}), 400, "malformed_json"),
        (json!({"action": "fly"}), 400, "malformed_json"),
    ];
    for (body, status, code) in cases {
        let refused = app.post(PATH).bearer(&root.token).json(body.clone()).await;
        assert_eq!(refused.problem(), (status, code.into()), "{body}");
    }
    assert_eq!(listed(&app, &root).await.len(), before);
});

db_test!(what_the_policy_knows_is_deleted_only_there, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let known = listed(&app, &root).await;
    let id = known[0]["id"].as_str().expect("an id");
    let refused = app.delete(&format!("{PATH}/{id}")).bearer(&root.token).await;
    assert_eq!(refused.problem(), (403, "system_managed".into()));
    for id in ["00000000-0000-7000-8000-000000000000", "x", "view:users"] {
        assert_eq!(app.delete(&format!("{PATH}/{id}")).bearer(&root.token).await.problem(), (404, "not_found".into()));
    }
});

db_test!(the_catalogue_changes_only_with_a_recent_proof_and_a_browsers_token, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let body = permission("sail:boats");
    assert_eq!(app.post(PATH).cookie(&root.token).json(body.clone()).await.problem().1, "csrf_token_invalid");
    let added = app.post(PATH).browser(&root).json(body.clone()).await;
    assert_eq!(added.status, 201, "{}", added.text);
    app.clock.advance(Duration::from_secs(15 * 60));
    let id = added.json()["id"].as_str().expect("an id").to_owned();
    for stale in [
        app.post(PATH).bearer(&root.token).json(permission("sink:boats")).await,
        app.delete(&format!("{PATH}/{id}")).bearer(&root.token).await,
    ] {
        assert_eq!(stale.problem(), (403, "reauthentication_required".into()));
    }
});
