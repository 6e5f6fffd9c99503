//! `/api/v1/admin/users/{id}/grants`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Call, SignedIn, TestApp, db_test};
use vestibule::AccountId;

use crate::powers::{self, permission};

fn path(account: AccountId) -> String {
    format!("/api/v1/admin/users/{account}/grants")
}

fn grant(app: &TestApp, by: &SignedIn, to: AccountId, permission: &Value) -> Call {
    app.post(&path(to)).bearer(&by.token).json(permission.clone())
}

fn revoke(app: &TestApp, by: &SignedIn, of: AccountId, permission: &Value) -> Call {
    app.delete(&path(of)).bearer(&by.token).json(permission.clone())
}

db_test!(a_permission_is_granted_held_and_taken_away, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await.account_id;
    let limited = json!({"action": "view", "resource": "audit", "constraints": {"regions": ["eu-1"]}});
    let granted = grant(&app, &root, ann, &json!({"action": " view ", "resource": "users", "constraints": {}})).await;
    assert_eq!((granted.status.as_u16(), granted.json()), (201, permission("view:users")));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(grant(&app, &root, ann, &limited).await.json(), limited);
    let list = || app.get(&path(ann)).bearer(&root.token);
    assert_eq!(list().await.json(), json!({"items": [permission("view:users"), limited]}));
    assert_eq!(grant(&app, &root, ann, &limited).await.problem(), (409, "grant_exists".into()));

    let signed_in = app.sign_in("ann@example.com").await;
    assert_eq!(app.get("/api/v1/admin/users").bearer(&signed_in.token).await.status, 200);
    assert_eq!(
        app.get("/api/v1/admin/audit-log").bearer(&signed_in.token).await.status,
        403,
        "nothing states a region"
    );
    let revoked = revoke(&app, &root, ann, &permission("view:users")).await;
    assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
    assert_eq!(app.get("/api/v1/admin/users").bearer(&signed_in.token).await.status, 403);
    let unlimited = permission("view:audit");
    for absent in [permission("view:users"), unlimited] {
        assert_eq!(revoke(&app, &root, ann, &absent).await.problem(), (404, "not_found".into()), "{absent}");
    }
    assert_eq!(list().await.json(), json!({"items": [limited]}));
});

db_test!(nobody_grants_what_they_do_not_hold, |db| async move {
    let app = TestApp::new(&db).await;
    powers::purchasing(&app).await;
    let kim = powers::holder(&app, "kim", &["update:users", "view:groups"]).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await.account_id;
    assert_eq!(grant(&app, &kim, ann, &permission("view:groups")).await.status, 201);
    for beyond in ["view:audit", "view:*", "admin:*"] {
        for (to, code) in [(ann, "ceiling"), (kim.account_id, "self_escalation")] {
            let refused = grant(&app, &kim, to, &permission(beyond)).await;
            assert_eq!(refused.problem(), (403, code.into()), "{beyond}");
            assert_eq!(refused.json()["permission"], beyond);
        }
    }
    let explicit = grant(&app, &root, ann, &permission("pay:invoices")).await;
    assert_eq!((explicit.problem(), &explicit.json()["permission"]), ((403, "ceiling".into()), &json!("pay:invoices")));
});

db_test!(what_is_no_permission_is_told, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await.account_id;
    for (body, status, code) in [
        (permission("fly:planes"), 422, "permission_unknown"),
        (json!({"action": "Fly", "resource": "planes"}), 422, "permission_invalid"),
        (json!({"action": "view"}), 422, "permission_invalid"),
        (json!({"action": "view", "resource": "users", "scope": "all"}), 422, "permission_invalid"),
        (json!({"action": "view", "resource": "users", "constraints": []}), 422, "permission_invalid"),
        (json!([]), 400, "malformed_json"),
        (json!("view:users"), 400, "malformed_json"),
    ] {
        assert_eq!(grant(&app, &root, ann, &body).await.problem(), (status, code.into()), "{body}");
        let revoked = revoke(&app, &root, ann, &body).await.problem();
        let expected = if code == "permission_unknown" { (404, "not_found".into()) } else { (status, code.into()) };
        assert_eq!(revoked, expected, "{body}");
    }
});

db_test!(grants_of_nobody_are_not_found, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for id in ["00000000-0000-7000-8000-000000000000", "x"] {
        let path = format!("/api/v1/admin/users/{id}/grants");
        for answer in [
            app.get(&path).bearer(&root.token).await,
            app.post(&path).bearer(&root.token).json(permission("view:users")).await,
            app.delete(&path).bearer(&root.token).json(permission("view:users")).await,
        ] {
            assert_eq!(answer.problem(), (404, "not_found".into()), "{id}");
        }
    }
});

db_test!(grants_change_only_with_a_recent_proof_and_a_browsers_token, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await.account_id;
    let view = permission("view:users");
    for by_cookie in [
        app.post(&path(ann)).cookie(&root.token).json(view.clone()).await,
        app.delete(&path(ann)).cookie(&root.token).json(view.clone()).await,
    ] {
        assert_eq!(by_cookie.problem(), (403, "csrf_token_invalid".into()));
    }
    assert_eq!(app.post(&path(ann)).browser(&root).json(view.clone()).await.status, 201);
    app.clock.advance(Duration::from_secs(15 * 60));
    for stale in [grant(&app, &root, ann, &view).await, revoke(&app, &root, ann, &view).await] {
        assert_eq!(stale.problem(), (403, "reauthentication_required".into()));
    }
});
