//! `/api/v1/admin/groups/{id}/members`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp, db_test};
use vestibule::{ADMINISTRATORS, AccountId, GroupId, MEMBERS, Scope};

use crate::powers::{self, permission};

fn path(group: GroupId) -> String {
    format!("/api/v1/admin/groups/{group}/members")
}

async fn add(app: &TestApp, by: &SignedIn, group: GroupId, account: AccountId) -> Answer {
    app.post(&path(group)).bearer(&by.token).json(json!({"account_id": account})).await
}

async fn remove(app: &TestApp, by: &SignedIn, group: GroupId, account: AccountId) -> Answer {
    app.delete(&format!("{}/{account}", path(group))).bearer(&by.token).await
}

fn emails(body: &Value) -> Vec<&str> {
    body["items"].as_array().expect("items").iter().filter_map(|account| account["email"].as_str()).collect()
}

db_test!(members_are_added_listed_and_removed, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let group = powers::group(&app, "watch", &["view:users"], Scope::default()).await;
    let added = add(&app, &root, group, ann.account_id).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let slugs = |account: &Value| account["groups"].as_array().map(Vec::len);
    assert_eq!((&added.json()["email"], slugs(&added.json())), (&json!("ann@example.com"), Some(2)));
    assert_eq!(add(&app, &root, group, ann.account_id).await.json(), added.json(), "once is as good as twice");
    let listed = app.get(&path(group)).bearer(&root.token).await.json();
    assert_eq!((emails(&listed), &listed["next_cursor"]), (vec!["ann@example.com"], &json!(null)));
    let shown = app.get(&format!("/api/v1/admin/groups/{group}")).bearer(&root.token).await.json();
    assert_eq!(shown["member_count"], 1);
    let removed = remove(&app, &root, group, ann.account_id).await;
    assert_eq!((removed.status.as_u16(), removed.text.as_str()), (204, ""));
    assert_eq!(remove(&app, &root, group, ann.account_id).await.problem(), (404, "not_found".into()));
    assert_eq!(app.get(&path(group)).bearer(&root.token).await.json()["items"], json!([]));
});

db_test!(whoever_gains_power_signs_in_again_and_whoever_loses_it_need_not, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let group = powers::group(&app, "watch", &["view:users"], Scope::default()).await;
    add(&app, &root, group, ann.account_id).await;
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401, "a session from before is worth no more");
    let ann = app.sign_in("ann@example.com").await;
    assert_eq!(app.get("/api/v1/admin/users").bearer(&ann.token).await.status, 200);
    remove(&app, &root, group, ann.account_id).await;
    assert_eq!(app.get("/api/v1/admin/users").bearer(&ann.token).await.problem(), (403, "permission_required".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 200);
});

db_test!(members_are_read_in_pages, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for n in 0..4 {
        app.sign_up(&format!("user{n}@example.com")).await;
    }
    let page = app.get(&format!("{}?limit=3", path(MEMBERS))).bearer(&root.token).await.json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(3));
    let next = page["next_cursor"].as_str().expect("there is more");
    let rest = app.get(&format!("{}?limit=3&cursor={next}", path(MEMBERS))).bearer(&root.token).await.json();
    assert_eq!((emails(&rest).len(), &rest["next_cursor"]), (1, &json!(null)));
    let mut both = [emails(&page), emails(&rest)].concat();
    both.sort_unstable(); // accounts of one instant have no order
    assert_eq!(both, ["user0@example.com", "user1@example.com", "user2@example.com", "user3@example.com"]);
    let refused = app.get(&format!("{}?limit=x", path(MEMBERS))).bearer(&root.token).await;
    assert_eq!(refused.problem(), (422, "field_invalid".into()));
});

db_test!(nobody_gives_by_membership_what_they_do_not_hold, |db| async move {
    let app = TestApp::new(&db).await;
    let kim = powers::holder(&app, "kim", &["update:users", "view:groups"]).await;
    let ann = app.sign_up("ann@example.com").await;
    let plain = powers::group(&app, "plain", &["view:groups"], Scope::default()).await;
    assert_eq!(add(&app, &kim, plain, ann.account_id).await.status, 201, "what one holds one may give");
    let audit = powers::group(&app, "audit", &["view:audit"], Scope::default()).await;
    let far = powers::group(&app, "far", &[], Scope::of(["a"]).expect("ids")).await;
    for (group, beyond) in [(audit, "view:audit"), (ADMINISTRATORS, "admin:*"), (far, "scope")] {
        for (target, code) in [(ann.account_id, "ceiling"), (kim.account_id, "self_escalation")] {
            let refused = add(&app, &kim, group, target).await;
            assert_eq!(refused.problem(), (403, code.into()), "{beyond}");
            assert_eq!(refused.json()["permission"], beyond);
        }
    }
    assert_eq!(app.get("/api/v1/me").bearer(&kim.token).await.status, 200, "nothing happened");
    let held = app.get("/api/v1/me/permissions").bearer(&kim.token).await.json();
    assert_eq!(held["permissions"].as_array().map(Vec::len), Some(2), "{held}");
});

db_test!(an_explicit_permission_is_given_to_somebody_else_and_not_to_whom_one_made, |db| async move {
    let app = TestApp::new(&db).await;
    let purchasers = powers::purchasing(&app).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let refused = add(&app, &root, purchasers, root.account_id).await;
    assert_eq!(refused.problem(), (403, "self_escalation".into()));
    assert_eq!(refused.json()["permission"], "pay:invoices");
    let body = json!({"email": "bob@example.com", "password": PASSWORD, "group_ids": [MEMBERS.to_string()]});
    let bob = app.post("/api/v1/admin/users").bearer(&root.token).json(body).await.json();
    let bob: AccountId = bob["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    assert_eq!(add(&app, &root, purchasers, bob).await.problem(), (403, "ceiling".into()));
    assert_eq!(add(&app, &root, purchasers, ann.account_id).await.status, 201);
    let held = app.get(&format!("/api/v1/admin/users/{}/permissions", ann.account_id)).bearer(&root.token).await.json();
    assert_eq!(held["permissions"][0]["via"], "pay:invoices", "{held}");
});

db_test!(whom_nobody_knows_joins_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let nobody: AccountId = "00000000-0000-7000-8000-000000000000".parse().expect("an id");
    let refused = add(&app, &root, MEMBERS, nobody).await;
    assert_eq!(refused.problem(), (422, "account_unknown".into()));
    assert_eq!(refused.json()["errors"][0]["field"], "account_id");
    assert_eq!(remove(&app, &root, MEMBERS, nobody).await.problem(), (404, "not_found".into()));
    for body in [json!({}), json!({"account_id": "x"}), json!({"account_id": root.account_id, "break_glass": true})] {
        let refused = app.post(&path(MEMBERS)).bearer(&root.token).json(body.clone()).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()), "{body}");
    }
});

db_test!(the_last_administrator_stays_a_member, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let refused = remove(&app, &root, ADMINISTRATORS, root.account_id).await;
    assert_eq!(refused.problem(), (409, "last_admin".into()));
    let second = app.administrator("second").await;
    assert_eq!(remove(&app, &root, ADMINISTRATORS, second.account_id).await.status, 204);
});

db_test!(membership_changes_only_with_a_recent_proof_and_a_browsers_token, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let group = powers::group(&app, "plain", &[], Scope::default()).await;
    let body = json!({"account_id": ann.account_id});
    let by_cookie = app.post(&path(group)).cookie(&root.token).json(body.clone()).await;
    assert_eq!(by_cookie.problem(), (403, "csrf_token_invalid".into()));
    let by_cookie = app.delete(&format!("{}/{}", path(MEMBERS), ann.account_id)).cookie(&root.token).await;
    assert_eq!(by_cookie.problem(), (403, "csrf_token_invalid".into()));
    assert_eq!(app.post(&path(group)).browser(&root).json(body).await.status, 201);
    app.clock.advance(Duration::from_secs(15 * 60));
    for stale in [add(&app, &root, group, ann.account_id).await, remove(&app, &root, group, ann.account_id).await] {
        assert_eq!(stale.problem(), (403, "reauthentication_required".into()));
    }
});

db_test!(a_user_is_put_in_groups_under_the_same_ceiling, |db| async move {
    let app = TestApp::new(&db).await;
    let kim = powers::holder(&app, "kim", &["update:users", "create:users", "view:groups"]).await;
    let ann = app.sign_up("ann@example.com").await;
    let audit = powers::group(&app, "audit", &["view:audit"], Scope::default()).await;
    let user = |id: AccountId| format!("/api/v1/admin/users/{id}");
    let groups = json!({"group_ids": [MEMBERS.to_string(), audit.to_string()]});
    for (who, code) in [(ann.account_id, "ceiling"), (kim.account_id, "self_escalation")] {
        let refused = app.patch(&user(who)).bearer(&kim.token).json(groups.clone()).await;
        assert_eq!(refused.problem(), (403, code.into()));
        assert_eq!(refused.json()["permission"], "view:audit");
    }
    let mut body = groups;
    body["email"] = json!("eve@example.com");
    body["password"] = json!(PASSWORD);
    let refused = app.post("/api/v1/admin/users").bearer(&kim.token).json(body).await;
    assert_eq!((refused.problem(), &refused.json()["permission"]), ((403, "ceiling".into()), &json!("view:audit")));
    let refused = app.post("/api/v1/admin/admins").bearer(&kim.token);
    let refused = refused.json(json!({"username": "evil", "password": PASSWORD})).await;
    assert_eq!((refused.problem(), &refused.json()["permission"]), ((403, "ceiling".into()), &json!("admin:*")));
});

db_test!(nobody_takes_over_an_account_that_holds_more, |db| async move {
    let app = TestApp::new(&db).await;
    let kim = powers::holder(&app, "kim", &["update:users"]).await;
    let root = app.administrator("root").await;
    let user = |what: &str| format!("/api/v1/admin/users/{}{what}", root.account_id);
    let password = json!({"password": "lantern gravel orbit 77"});
    for refused in [
        app.post(&user("/password")).bearer(&kim.token).json(password.clone()).await,
        app.post(&user("/reset-link")).bearer(&kim.token).await,
        app.post(&user("/reset-mfa")).bearer(&kim.token).await,
        app.patch(&user("")).bearer(&kim.token).json(json!({"email": "kims@example.com"})).await,
        app.patch(&format!("/api/v1/admin/admins/{}", root.account_id)).bearer(&kim.token).json(password).await,
    ] {
        assert_eq!(refused.problem(), (403, "ceiling".into()));
        assert_eq!(refused.json()["permission"], "admin:*");
    }
    app.sign_in("root").await;
});

db_test!(a_member_of_a_group_of_the_policy_is_given_what_it_gives, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    assert_eq!(add(&app, &root, ADMINISTRATORS, ann.account_id).await.status, 201);
    let ann = app.sign_in("ann@example.com").await;
    let body = json!({"name": "Made by Ann", "permissions": [permission("admin:*")], "scope": "all"});
    assert_eq!(app.post("/api/v1/admin/groups").bearer(&ann.token).json(body).await.status, 201);
});
