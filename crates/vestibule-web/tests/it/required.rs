//! What each route takes: the permission that its document names, and nothing else.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp, db_test};
use vestibule::{Caller, MEMBERS, Scope};

use crate::powers::{self, ALL};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// Every operation that names a permission: its method, its path with ids of nobody, the permission.
async fn guarded(app: &TestApp) -> Vec<(String, String, String)> {
    let document = app.get("/openapi.json").await.json();
    let mut guarded = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            if let Some(permission) = operation.pointer("/security/0/bearer/0").and_then(Value::as_str) {
                let path = path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part });
                let path = path.collect::<Vec<_>>().join("/");
                guarded.push((method.to_uppercase(), path, permission.to_owned()));
            }
        }
    }
    guarded
}

async fn send(app: &TestApp, method: &str, path: &str, who: &SignedIn) -> Answer {
    app.call(method.parse().expect("a method"), path).bearer(&who.token).await
}

#[track_caller]
fn assert_lacks(answer: &Answer, permission: &str, what: &str) {
    assert_eq!(answer.problem(), (403, "permission_required".into()), "{what}");
    let body = answer.json();
    assert_eq!(body["permission"], permission, "{what}");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains(permission)), "{what}: {body}");
}

db_test!(a_route_takes_the_permission_that_it_documents_and_no_other, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let (mut only, mut all_but) = (BTreeMap::new(), BTreeMap::new());
    for permission in ALL {
        let name = permission.replace(':', "-");
        let others: Vec<&str> = ALL.into_iter().filter(|other| *other != permission).collect();
        only.insert(permission, powers::holder(&app, &format!("only-{name}"), &[permission]).await);
        all_but.insert(permission, powers::holder(&app, &format!("no-{name}"), &others).await);
    }
    let guarded = guarded(&app).await;
    assert!(guarded.len() > 40, "{}", guarded.len());
    for (method, path, permission) in &guarded {
        let what = format!("{method} {path}");
        let nobody = app.call(method.parse().expect("a method"), path).await;
        assert_eq!(nobody.problem(), (401, "unauthenticated".into()), "{what}");
        assert_lacks(&send(&app, method, path, &ann).await, permission, &what);
        assert_lacks(&send(&app, method, path, &all_but[permission.as_str()]).await, permission, &what);
        let allowed = send(&app, method, path, &only[permission.as_str()]).await;
        assert!(!allowed.text.contains("permission_required"), "{what}: {}", allowed.text);
    }
    let documented: std::collections::BTreeSet<&str> = guarded.iter().map(|(_, _, needs)| needs.as_str()).collect();
    assert_eq!(documented, ALL.into_iter().collect());
});

db_test!(every_route_of_the_console_names_a_permission, |db| async move {
    let app = TestApp::new(&db).await;
    let guarded = guarded(&app).await;
    let document = app.get("/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let guarded = ["/api/v1/admin/", "/access/", "/api/v1/directory/invites", "/api/v1/directory/members"];
        let is_guarded = guarded.iter().any(|beginning| path.starts_with(beginning));
        for (method, operation) in item.as_object().expect("methods") {
            let permission = operation.pointer("/security/0/bearer/0").and_then(Value::as_str);
            assert_eq!(permission.is_some(), is_guarded, "{method} {path}");
            assert_eq!(
                operation.pointer("/security/1/cookie/0").and_then(Value::as_str),
                permission,
                "{method} {path}"
            );
            let about = operation["description"].as_str().unwrap_or_default();
            assert_eq!(permission.is_some_and(|permission| about.contains(permission)), is_guarded, "{method} {path}");
        }
    }
    assert!(guarded.len() > 40);
});

db_test!(one_permission_is_enough_for_what_it_is_for, |db| async move {
    let app = TestApp::new(&db).await;
    let (ann, bob) = (app.sign_up("ann@example.com").await, app.sign_up("bob@example.com").await);
    app.sign_up("eve@example.com").await;
    let group = powers::group(&app, "plain", &[], Scope::default()).await;
    let (ann, bob) = (ann.account_id, bob.account_id);
    let ability = app.engine.create_ability(&Caller::host("root"), "fly", "Fly").await.expect("the host may").id;
    let new_user = json!({"email": "new@example.com", "password": PASSWORD, "group_ids": [MEMBERS.to_string()]});
    let user = |rest: &str| format!("/api/v1/admin/users/{ann}{rest}");
    let acts: Vec<(&str, &str, String, Option<Value>, u16)> = vec![
        ("view:users", "GET", "/api/v1/admin/users".into(), None, 200),
        ("view:users", "GET", user(""), None, 200),
        ("view:users", "GET", "/api/v1/admin/admins".into(), None, 200),
        ("create:users", "POST", "/api/v1/admin/users".into(), Some(new_user), 201),
        ("update:users", "PATCH", user(""), Some(json!({"name": "Ann"})), 200),
        ("update:users", "PATCH", user(""), Some(json!({"email": "ann2@example.com"})), 200),
        ("update:users", "POST", user("/disable"), None, 204),
        ("update:users", "POST", user("/enable"), None, 204),
        ("update:users", "POST", user("/unlock"), None, 204),
        ("update:users", "POST", user("/password"), Some(json!({"password": "lantern gravel orbit 77"})), 204),
        ("update:users", "POST", user("/reset-link"), None, 200),
        ("update:users", "POST", user("/reset-mfa"), None, 204),
        (
            "update:users",
            "POST",
            format!("/api/v1/admin/groups/{group}/members"),
            Some(json!({"account_id": ann})),
            201,
        ),
        ("view:users", "GET", format!("/api/v1/admin/groups/{group}/members"), None, 200),
        ("update:users", "DELETE", format!("/api/v1/admin/groups/{group}/members/{ann}"), None, 204),
        ("view:sessions", "GET", user("/sessions"), None, 200),
        ("delete:sessions", "DELETE", user("/sessions"), None, 204),
        ("view:groups", "GET", "/api/v1/admin/groups".into(), None, 200),
        ("view:groups", "GET", format!("/api/v1/admin/groups/{group}"), None, 200),
        ("view:groups", "POST", format!("/api/v1/admin/groups/{group}/preview"), Some(json!({})), 200),
        ("view:groups", "GET", "/api/v1/admin/permissions".into(), None, 200),
        ("view:groups", "GET", user("/grants"), None, 200),
        ("view:groups", "GET", user("/permissions"), None, 200),
        ("create:groups", "POST", "/api/v1/admin/groups".into(), Some(json!({"name": "Empty"})), 201),
        ("update:groups", "PATCH", format!("/api/v1/admin/groups/{group}"), Some(json!({"name": "Plainer"})), 200),
        ("delete:groups", "DELETE", format!("/api/v1/admin/groups/{group}"), None, 204),
        ("view:settings", "GET", "/api/v1/admin/mail".into(), None, 200),
        ("update:settings", "POST", "/api/v1/admin/mail/test".into(), None, 201),
        ("view:service-keys", "GET", "/api/v1/admin/service-keys".into(), None, 200),
        ("view:service-keys", "GET", "/api/v1/admin/abilities".into(), None, 200),
        (
            "create:service-keys",
            "POST",
            "/api/v1/admin/service-keys".into(),
            Some(json!({"name": "a", "abilities": ["fly"]})),
            201,
        ),
        ("delete:service-keys", "DELETE", format!("/api/v1/admin/abilities/{ability}"), None, 204),
        ("view:audit", "GET", "/api/v1/admin/audit-log".into(), None, 200),
        ("delete:users", "DELETE", format!("/api/v1/admin/users/{bob}"), None, 204),
    ];
    let mut holders = BTreeMap::new();
    for permission in ALL {
        holders.insert(permission, powers::holder(&app, &permission.replace(':', "-"), &[permission]).await);
    }
    for (permission, method, path, body, status) in acts {
        let call = app.call(method.parse().expect("a method"), &path).bearer(&holders[permission].token);
        let answer = match body {
            Some(body) => call.json(body).await,
            None => call.await,
        };
        assert_eq!(answer.status, status, "{permission}: {method} {path}: {}", answer.text);
    }
});

db_test!(who_may_see_accounts_may_not_make_them, |db| async move {
    let app = TestApp::new(&db).await;
    let watcher = powers::holder(&app, "watcher", &["view:users"]).await;
    assert_eq!(app.get("/api/v1/admin/users").bearer(&watcher.token).await.status, 200);
    let body = json!({"email": "eve@example.com", "password": PASSWORD, "group_ids": [MEMBERS.to_string()]});
    let denied = app.post("/api/v1/admin/users").bearer(&watcher.token).json(body).await;
    assert_lacks(&denied, "create:users", "POST users");
    assert!(app.engine.find_account("eve@example.com").await.expect("an answer").is_none());
});

db_test!(a_permission_taken_away_counts_no_longer_at_once, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let watcher = powers::holder(&app, "watcher", &["view:users"]).await;
    let watch = || app.get("/api/v1/admin/users").bearer(&watcher.token);
    assert_eq!(watch().await.status, 200);
    let group = app.engine.group_by_slug("watcher").await.expect("an answer").expect("made").id;
    let path = format!("/api/v1/admin/groups/{group}");
    let emptied = app.patch(&path).bearer(&root.token).json(json!({"permissions": []})).await;
    assert_eq!(emptied.status, 200, "{}", emptied.text);
    assert_lacks(&watch().await, "view:users", "emptied");
});
