//! `/api/v1/admin/groups/{id}/preview`

use serde_json::{Value, json};
use testkit::{TestApp, db_test};
use vestibule::{ADMINISTRATORS, Scope};

use crate::powers::{self, permission};

db_test!(an_edit_is_told_member_by_member_and_not_made, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.sign_up("ann@example.com").await;
    let group = powers::group(&app, "watch", &["view:users"], Scope::of(["a"]).expect("ids")).await;
    let ann = powers::join(&app, group, "ann@example.com").await;
    let bob = powers::holder(&app, "bob", &["view:audit"]).await;
    powers::join(&app, group, "bob@example.com").await;
    let path = format!("/api/v1/admin/groups/{group}");
    let before = app.get(&path).bearer(&root.token).await.json();

    let preview = |body: Value| app.post(&format!("{path}/preview")).bearer(&root.token).json(body);
    let told = preview(json!({"permissions": [permission("view:audit")], "scope": "all"})).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let told = told.json();
    assert_eq!((&told["member_count"], &told["changed"]), (&json!(2), &json!(2)));
    let of = |id: vestibule::AccountId| {
        told["effects"]
            .as_array()
            .expect("effects")
            .iter()
            .find(|effect| effect["account_id"] == id.to_string())
            .cloned()
    };
    let expected = json!({
        "account_id": ann.account_id, "label": "ann@example.com", "gains": [permission("view:audit")],
        "loses": [permission("view:users")], "scope_before": ["a"], "scope_after": "all",
    });
    assert_eq!(of(ann.account_id), Some(expected));
    assert_eq!(of(bob.account_id).expect("told")["gains"], json!([]), "Bob holds it already");

    let unchanged = preview(json!({"name": "Other"})).await.json();
    assert_eq!(unchanged, json!({"member_count": 2, "examined": 2, "changed": 0, "effects": []}));
    let kim = powers::holder(&app, "kim", &["view:groups"]).await;
    let unseen = app.post(&format!("{path}/preview")).bearer(&kim.token).json(json!({"permissions": []})).await.json();
    assert_eq!((&unseen["changed"], &unseen["effects"][0]["label"]), (&json!(2), &Value::Null), "{unseen}");
    assert_eq!(app.get(&path).bearer(&root.token).await.json(), before);
    let held = app.get("/api/v1/me/permissions").bearer(&app.sign_in("ann@example.com").await.token).await.json();
    assert_eq!(held["permissions"][0]["action"], "view");
});

db_test!(what_could_not_be_made_cannot_be_previewed, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let group = powers::group(&app, "watch", &[], Scope::default()).await;
    let preview =
        |body: Value| app.post(&format!("/api/v1/admin/groups/{group}/preview")).bearer(&root.token).json(body);
    for (body, status, code) in [
        (json!({"permissions": [permission("fly:planes")]}), 422, "permission_unknown"),
        (json!({"permissions": [{"action": "fly"}]}), 422, "permission_invalid"),
        (json!({"scope": "some"}), 422, "scope_invalid"),
        (json!({"name": ""}), 422, "name_invalid"),
        (json!({"slug": "x"}), 400, "malformed_json"),
    ] {
        assert_eq!(preview(body.clone()).await.problem(), (status, code.into()), "{body}");
    }
    let of_policy = app.post(&format!("/api/v1/admin/groups/{ADMINISTRATORS}/preview")).bearer(&root.token);
    assert_eq!(of_policy.json(json!({"permissions": []})).await.problem(), (403, "system_managed".into()));
});
