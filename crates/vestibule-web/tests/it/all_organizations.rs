//! `/api/v1/admin/organizations`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{SignedIn, TestApp, db_test};
use vestibule::AccountId;

use crate::organizations::{NOBODY, id_in, make, two};
use crate::powers;

const PATH: &str = "/api/v1/admin/organizations";

async fn names(app: &TestApp, by: &SignedIn, query: &str) -> Vec<String> {
    let listed = app.get(&format!("{PATH}{query}")).bearer(&by.token).await.json();
    let name = |one: &Value| one["name"].as_str().expect("a name").to_owned();
    let mut names: Vec<String> = listed["items"].as_array().expect("items").iter().map(name).collect();
    names.sort();
    names
}

async fn user(app: &TestApp, by: &SignedIn, id: AccountId, act: &str) {
    let answer = app.post(&format!("/api/v1/admin/users/{id}/{act}")).bearer(&by.token).await;
    assert!(answer.status.is_success(), "{}", answer.text);
}

db_test!(an_orphan_is_listed_until_it_is_given_an_admin, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let (org, ann, bob) = two(&app).await;
    make(&app, &bob, "Quay").await;
    let path = format!("{PATH}/{}", id_in(&org));
    let admins = format!("{path}/admins");
    let name_admin = |id: Value| app.post(&admins).bearer(&root.token).json(json!({ "account_id": id }));
    assert_eq!(name_admin(json!(bob.account_id)).await.problem(), (409, "organization_not_orphaned".into()));
    user(&app, &root, ann.account_id, "disable").await;
    assert_eq!(names(&app, &root, "?orphaned=true").await, ["Harbour Works"]);
    assert_eq!(names(&app, &root, "?orphaned=false").await, ["Quay"]);
    assert_eq!(names(&app, &root, "").await, ["Harbour Works", "Quay"]);
    assert_eq!(
        app.get(&path).bearer(&root.token).await.json(),
        json!({
            "id": id_in(&org), "name": "Harbour Works", "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "created_by": ann.account_id,
            "orphaned_at": "2026-01-01T00:00:00Z", "member_count": 2,
        })
    );
    user(&app, &root, ann.account_id, "enable").await;
    assert_eq!(names(&app, &root, "?orphaned=true").await, Vec::<String>::new());
    let gone = app.delete(&format!("/api/v1/admin/users/{}", ann.account_id)).bearer(&root.token).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    assert_eq!(names(&app, &root, "?orphaned=true").await, ["Harbour Works"]);
    let unknown = name_admin(json!(NOBODY)).await;
    assert_eq!(unknown.problem(), (422, "account_unknown".into()));
    assert_eq!(unknown.json()["errors"][0]["code"], "account_unknown");
    for body in [json!({"account_id": bob.account_id, "role": "admin"}), json!({"account_id": "x"}), json!({})] {
        let refused = app.post(&admins).bearer(&root.token).json(body).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()));
    }
    let named = name_admin(json!(bob.account_id)).await;
    assert_eq!((named.status.as_u16(), &named.json()["orphaned_at"]), (201, &Value::Null));
    assert_eq!(app.get(&org).bearer(&bob.token).await.json()["role"], "admin");
    let log = app.get(&format!("{org}/audit-log")).bearer(&bob.token).await.json();
    let count = |action: &str| {
        log["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter(|row| row["action"] == action && row["outcome"] == "done")
            .count()
    };
    let counts = [count("organization.orphaned"), count("organization.adopted"), count("organization.admin_named")];
    assert_eq!(counts, [2, 2, 1], "{log}");
    let of_one = app.get(&format!("/api/v1/admin/audit-log?organization={}", id_in(&org))).bearer(&root.token).await;
    assert!(of_one.json()["items"].as_array().expect("items").len() >= 5);
});

db_test!(the_instance_deletes_any_organization, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let (org, ann, _) = two(&app).await;
    let path = format!("{PATH}/{}", id_in(&org));
    app.clock.advance(Duration::from_secs(15 * 60));
    for stale in [
        app.delete(&path).bearer(&root.token).await,
        app.post(&format!("{path}/admins")).bearer(&root.token).json(json!({"account_id": ann.account_id})).await,
    ] {
        assert_eq!(stale.problem(), (403, "reauthentication_required".into()));
    }
    let root = app.sign_in("root").await;
    assert_eq!(app.delete(&path).bearer(&root.token).await.status, 204);
    assert_eq!(app.get(&org).bearer(&ann.token).await.problem(), (404, "not_found".into()));
    for gone in [
        app.get(&path).bearer(&root.token).await,
        app.delete(&path).bearer(&root.token).await,
        app.post(&format!("{path}/admins")).bearer(&root.token).json(json!({"account_id": ann.account_id})).await,
        app.delete(&format!("{PATH}/x")).bearer(&root.token).await,
    ] {
        assert_eq!(gone.problem(), (404, "not_found".into()));
    }
});

db_test!(administering_an_organization_is_no_permission_of_the_instance, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let path = format!("{PATH}/{}", id_in(&org));
    for (answer, lacks) in [
        (app.get(PATH).bearer(&ann.token).await, "view:organizations"),
        (app.get(&path).bearer(&ann.token).await, "view:organizations"),
        (app.delete(&path).bearer(&ann.token).await, "delete:organizations"),
        (app.delete(&format!("{PATH}/{NOBODY}")).bearer(&ann.token).await, "delete:organizations"),
        (
            app.post(&format!("{path}/admins")).bearer(&ann.token).json(json!({"account_id": bob.account_id})).await,
            "update:organizations",
        ),
    ] {
        assert_eq!(answer.problem(), (403, "permission_required".into()));
        assert_eq!(answer.json()["permission"], lacks);
    }
    let kim = powers::holder(&app, "kim", &["view:organizations"]).await;
    assert_eq!(names(&app, &kim, "").await, ["Harbour Works"]);
    assert_eq!(app.get(&org).bearer(&kim.token).await.problem(), (404, "not_found".into()), "nor the other way");
    let refused = app.get(&format!("{PATH}?orphaned=perhaps")).bearer(&kim.token).await;
    assert_eq!(refused.problem(), (422, "field_invalid".into()));
});

db_test!(every_organization_is_listed_in_pages, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for n in 0..5 {
        make(&app, &root, &format!("No. {n}")).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{PATH}?limit=2&cursor={cursor}")).bearer(&root.token).await.json();
        seen.extend(page["items"].as_array().expect("items").iter().map(|one| one["name"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (5, 5), "{seen:?}");
});

db_test!(a_user_shows_what_they_are_in, |db| async move {
    let app = TestApp::new(&db).await;
    let (_, ann, _) = two(&app).await;
    let export = app.get("/api/v1/me/export").bearer(&ann.token).await.json();
    assert_eq!(export["organizations"][0]["name"], "Harbour Works");
    assert_eq!(export["organizations"][0]["role"], "admin");
});
