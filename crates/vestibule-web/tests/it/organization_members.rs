//! `/api/v1/organizations/{org}/members`, `/leave` and `/audit-log`

use serde_json::{Value, json};
use testkit::{Answer, SignedIn, TestApp, db_test, race};
use vestibule::AccountId;

use crate::organizations::{NOBODY, id_in, make, put, two};
use crate::programs::Key;

async fn change(app: &TestApp, org: &str, by: &SignedIn, account: AccountId, role: &str) -> Answer {
    app.patch(&format!("{org}/members/{account}")).bearer(&by.token).json(json!({ "role": role })).await
}

async fn remove(app: &TestApp, org: &str, by: &SignedIn, account: AccountId) -> Answer {
    app.delete(&format!("{org}/members/{account}")).bearer(&by.token).await
}

async fn leave(app: &TestApp, org: &str, by: &SignedIn) -> Answer {
    app.post(&format!("{org}/leave")).bearer(&by.token).await
}

/// Who is in it as what, the last who joined first.
async fn roles(app: &TestApp, org: &str, by: &SignedIn) -> Vec<(String, String)> {
    let listed = app.get(&format!("{org}/members")).bearer(&by.token).await.json();
    let text = |one: &Value, field: &str| one[field].as_str().expect("text").to_owned();
    let mut roles: Vec<_> = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| (text(one, "email").replace("@example.com", ""), text(one, "role")))
        .collect();
    roles.sort();
    roles
}

fn pairs(roles: &[(&str, &str)]) -> Vec<(String, String)> {
    roles.iter().map(|(who, role)| ((*who).to_owned(), (*role).to_owned())).collect()
}

db_test!(members_are_listed_for_members, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    for who in [&ann, &bob] {
        let listed = app.get(&format!("{org}/members")).bearer(&who.token).await.json();
        let row = listed["items"].as_array().expect("items").iter().find(|one| one["email"] == "bob@example.com");
        assert_eq!(
            row,
            Some(&json!({
                "account_id": bob.account_id, "email": "bob@example.com", "username": null, "name": null,
                "role": "member", "bot": false, "joined_at": "2026-01-01T00:00:00Z",
            }))
        );
    }
    let page = app.get(&format!("{org}/members?limit=1")).bearer(&bob.token).await.json();
    let next = page["next_cursor"].as_str().expect("there is more");
    let rest = app.get(&format!("{org}/members?limit=1&cursor={next}")).bearer(&bob.token).await.json();
    assert_ne!(page["items"][0]["account_id"], rest["items"][0]["account_id"]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let refused = app.get(&format!("{org}/members?limit=x")).bearer(&bob.token).await;
    assert_eq!(refused.problem(), (422, "field_invalid".into()));
});

db_test!(an_admin_changes_roles_and_a_member_does_not, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    for (target, role) in [(bob.account_id, "admin"), (ann.account_id, "member")] {
        let refused = change(&app, &org, &bob, target, role).await;
        assert_eq!(refused.problem(), (403, "organization_admin_required".into()));
    }
    let promoted = change(&app, &org, &ann, bob.account_id, "admin").await;
    assert_eq!((promoted.status.as_u16(), &promoted.json()["role"]), (200, &json!("admin")));
    assert_eq!(change(&app, &org, &ann, bob.account_id, "admin").await.status, 200, "once is as good as twice");
    assert_eq!(change(&app, &org, &bob, ann.account_id, "member").await.status, 200);
    assert_eq!(roles(&app, &org, &ann).await, pairs(&[("ann", "member"), ("bob", "admin")]));
    for body in [json!({"role": "king"}), json!({"role": null}), json!({}), json!({"role": "admin", "owner": true})] {
        let member = format!("{org}/members/{}", ann.account_id);
        let refused = app.patch(&member).bearer(&bob.token).json(body).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()));
    }
    let eve = app.sign_up("eve@example.com").await;
    let (of_eve, of_nobody) = (
        change(&app, &org, &bob, eve.account_id, "admin").await,
        change(&app, &org, &bob, NOBODY.parse().expect("an id"), "admin").await,
    );
    assert_eq!((of_eve.problem(), of_nobody.problem()), ((404, "not_found".into()), (404, "not_found".into())));
});

db_test!(the_last_admin_stays, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    assert_eq!(change(&app, &org, &ann, ann.account_id, "member").await.problem(), (409, "last_admin".into()));
    assert_eq!(leave(&app, &org, &ann).await.problem(), (409, "last_admin".into()));
    assert_eq!(remove(&app, &org, &ann, ann.account_id).await.problem(), (409, "use_leave".into()));
    assert_eq!(app.delete("/api/v1/me").bearer(&ann.token).await.problem(), (409, "last_admin".into()));
    assert_eq!(roles(&app, &org, &bob).await, pairs(&[("ann", "admin"), ("bob", "member")]));
    assert_eq!(change(&app, &org, &ann, bob.account_id, "admin").await.status, 200);
    let left = leave(&app, &org, &ann).await;
    assert_eq!((left.status.as_u16(), left.text.as_str()), (204, ""));
    assert_eq!(leave(&app, &org, &ann).await.problem(), (404, "not_found".into()));
    assert_eq!(app.delete("/api/v1/me").bearer(&ann.token).await.status, 204, "she administers nothing more");
    assert_eq!(leave(&app, &org, &bob).await.problem(), (409, "last_admin".into()));
});

db_test!(whoever_is_taken_out_keeps_the_account_and_loses_the_keys, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let make_key = async |who: &SignedIn| {
        let answer = app.post(&format!("{org}/api-keys")).bearer(&who.token).json(json!({"name": "backup"})).await;
        Key::of(&answer)
    };
    let (of_ann, of_bob) = (make_key(&ann).await, make_key(&bob).await);
    let own = Key::make(&app, &bob, None).await;
    let seen = async |key: &Key| app.get(&org).bearer(&key.token).await.status.as_u16();
    assert_eq!((seen(&of_ann).await, seen(&of_bob).await, seen(&own).await), (200, 200, 200));
    assert_eq!(remove(&app, &org, &bob, ann.account_id).await.problem(), (403, "organization_admin_required".into()));
    assert_eq!(remove(&app, &org, &ann, bob.account_id).await.status, 204);
    assert_eq!(app.get(&org).bearer(&of_bob.token).await.problem(), (401, "key_revoked".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&bob.token).await.status, 200, "the session lives");
    assert_eq!(app.get(&org).bearer(&bob.token).await.problem(), (404, "not_found".into()));
    assert_eq!((seen(&of_ann).await, seen(&own).await), (200, 404), "a key of one's own lives as well");
    assert_eq!(roles(&app, &org, &ann).await, pairs(&[("ann", "admin")]));
    let keys = app.get(&format!("{org}/api-keys")).bearer(&ann.token).await.json();
    let ids: Vec<&Value> = keys["items"].as_array().expect("items").iter().map(|key| &key["id"]).collect();
    assert_eq!(ids, [&json!(of_ann.id)], "his are listed no more");
    assert_eq!(remove(&app, &org, &ann, bob.account_id).await.problem(), (404, "not_found".into()));
});

db_test!(an_organization_keeps_a_log_of_its_own, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    make(&app, &ann, "Elsewhere").await;
    change(&app, &org, &ann, bob.account_id, "admin").await;
    change(&app, &org, &bob, ann.account_id, "member").await;
    change(&app, &org, &bob, ann.account_id, "admin").await;
    remove(&app, &org, &bob, ann.account_id).await;
    assert_eq!(leave(&app, &org, &bob).await.status, 409);
    let log = app.get(&format!("{org}/audit-log?limit=100")).bearer(&bob.token).await.json();
    let rows = log["items"].as_array().expect("items");
    assert!(rows.iter().all(|row| row["organization_id"] == id_in(&org)), "{log}");
    let mut told: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{} {} {}",
                row["action"].as_str().unwrap(),
                row["outcome"].as_str().unwrap(),
                row["actor"]["label"].as_str().unwrap()
            )
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "member.left refused bob@example.com",
            "member.removed done bob@example.com",
            "member.role_changed done ann@example.com",
            "member.role_changed done bob@example.com",
            "member.role_changed done bob@example.com",
            "organization.created done ann@example.com",
        ]
    );
    let row = rows.iter().find(|row| row["action"] == "member.removed").expect("a row");
    assert_eq!(
        (&row["target"]["id"], &row["details"]),
        (&json!(ann.account_id), &json!({"role": "admin", "api_keys_revoked": 0}))
    );
    for row in rows {
        let is_own = row["actor"]["id"] == json!(bob.account_id);
        assert_eq!(row["request_id"].is_null(), !is_own, "from where others acted is theirs: {row}");
    }
    let page = app.get(&format!("{org}/audit-log?limit=2")).bearer(&bob.token).await.json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    assert!(page["next_cursor"].is_string());
});

db_test!(two_admins_over_http_at_once_leave_one, |db| async move {
    let app = std::sync::Arc::new(TestApp::new(&db).await);
    let people = [app.sign_up("ann@example.com").await, app.sign_up("bob@example.com").await];
    for round in 0..25 {
        let org = make(&app, &people[0], "Raced").await;
        put(&app, &org, people[1].account_id, "admin").await;
        let answers = race(2, |i| {
            let (app, org, me, other) = (app.clone(), org.clone(), people[i].clone(), people[1 - i].account_id);
            async move {
                match (round + i) % 3 {
                    0 => remove(&app, &org, &me, other).await,
                    1 => change(&app, &org, &me, other, "member").await,
                    _ => leave(&app, &org, &me).await,
                }
            }
        })
        .await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        assert!(statuses.iter().any(|status| *status < 300), "round {round}: {statuses:?}");
        assert!(statuses.iter().all(|status| *status < 300 || [403, 404, 409].contains(status)), "{statuses:?}");
        let mut admins = 0;
        for who in &people {
            let seen = app.get(&org).bearer(&who.token).await;
            admins += usize::from(seen.status == 200 && seen.json()["role"] == "admin");
        }
        assert_eq!(admins, 1, "round {round}: {statuses:?}");
    }
});
