//! `/api/v1/admin/groups`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{SignedIn, TestApp, db_test};
use vestibule::{ADMINISTRATORS, MEMBERS};

use crate::powers::{self, permission};

const PATH: &str = "/api/v1/admin/groups";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

async fn make(app: &TestApp, by: &SignedIn, body: Value) -> Value {
    let answer = app.post(PATH).bearer(&by.token).json(body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

fn path(group: &Value) -> String {
    format!("{PATH}/{}", group["id"].as_str().expect("an id"))
}

db_test!(a_group_is_made_shown_edited_and_deleted, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let limited =
        json!({"action": "view", "resource": "users", "constraints": {"regions": ["eu-1"], "max_amount": 500}});
    let made = make(
        &app,
        &root,
        json!({"name": " Night Shift ", "permissions": [permission("view:audit"), limited], "scope": ["b", " a "]}),
    )
    .await;
    let mut expected = json!({
        "id": made["id"], "slug": "night-shift", "name": "Night Shift", "description": "",
        "permissions": [permission("view:audit"), limited], "scope": ["a", "b"], "system_managed": false,
        "is_default": false, "member_count": 0, "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "created_by": root.account_id,
    });
    assert_eq!(made, expected);
    let path = path(&made);
    let show = || app.get(&path).bearer(&root.token);
    assert_eq!(show().await.json(), expected);

    app.clock.advance(Duration::from_secs(1));
    let edit = |body: Value| app.patch(&path).bearer(&root.token).json(body);
    expected["updated_at"] = json!("2026-01-01T00:00:01Z");
    expected["description"] = json!("Watches at night.");
    expected["scope"] = json!("all");
    expected["permissions"] = json!([permission("view:audit")]);
    let body = json!({"description": "Watches at night.", "scope": "all", "permissions": [permission("view:audit")]});
    assert_eq!(edit(body).await.json(), expected);
    assert_eq!(edit(json!({"name": null, "permissions": null, "scope": null})).await.json()["name"], "Night Shift");
    assert_eq!(show().await.json()["permissions"], expected["permissions"], "null leaves everything");
    assert_eq!(edit(json!({"permissions": [], "scope": []})).await.json()["permissions"], json!([]));

    let deleted = app.delete(&path).bearer(&root.token).await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    for answer in [show().await, edit(json!({})).await, app.delete(&path).bearer(&root.token).await] {
        assert_eq!(answer.problem(), (404, "not_found".into()));
    }
});

db_test!(the_groups_of_the_policy_are_listed_and_change_only_there, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let listed = app.get(PATH).bearer(&root.token).await.json();
    let find = |id: String| listed["items"].as_array().expect("items").iter().find(|group| group["id"] == id).cloned();
    let administrators = find(ADMINISTRATORS.to_string()).expect("Administrators");
    assert_eq!(administrators["permissions"], json!([permission("admin:*")]));
    assert_eq!((&administrators["scope"], &administrators["system_managed"]), (&json!("all"), &json!(true)));
    assert_eq!((&administrators["member_count"], &administrators["created_by"]), (&json!(1), &json!(null)));
    assert_eq!(find(MEMBERS.to_string()).expect("Members")["is_default"], true);
    for answer in [
        app.patch(&path(&administrators)).bearer(&root.token).json(json!({"name": "Gods"})).await,
        app.patch(&path(&administrators)).bearer(&root.token).json(json!({"permissions": [permission("fly:*")]})).await,
        app.patch(&path(&administrators)).bearer(&root.token).json(json!({})).await,
        app.delete(&path(&administrators)).bearer(&root.token).await,
    ] {
        assert_eq!(answer.problem(), (403, "system_managed".into()));
        let body = answer.json();
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("Administrators")), "{body}");
    }
});

db_test!(what_cannot_be_a_group_is_told_with_its_place, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let make = |body: Value| app.post(PATH).bearer(&root.token).json(body);
    let fine = permission("view:users");
    let limited = |constraints: Value| {
        let permission = json!({"action": "view", "resource": "users", "constraints": constraints});
        json!({"name": "A", "permissions": [permission]})
    };
    let many: Vec<Value> = (0..1001).map(|n| json!(format!("id-{n}"))).collect();
    let cases = [
        (json!({"name": " "}), "name_invalid", ""),
        (json!({"name": "A", "slug": "Upper Case"}), "slug_invalid", ""),
        (json!({"name": "李"}), "slug_invalid", ""),
        (json!({"name": "A", "description": "x".repeat(1001)}), "field_invalid", ""),
        (
            json!({"name": "A", "permissions": [fine, fine, {"action": "View", "resource": "x"}]}),
            "permission_invalid",
            "permissions[2]: action",
        ),
        (json!({"name": "A", "permissions": ["view:users"]}), "permission_invalid", "permissions[0]: "),
        (json!({"name": "A", "permissions": [{"action": "view"}]}), "permission_invalid", "missing field `resource`"),
        (
            json!({"name": "A", "permissions": [{"action": "view", "resource": "users", "constraint": {}}]}),
            "permission_invalid",
            "unknown field `constraint`",
        ),
        (limited(json!({"regions": "eu"})), "permission_invalid", "regions"),
        (limited(json!({"max_a": "5"})), "permission_invalid", "max_a"),
        (json!({"name": "A", "permissions": [permission("fly:planes")]}), "permission_unknown", "fly:planes"),
        (json!({"name": "A", "scope": "some"}), "scope_invalid", "scope: "),
        (json!({"name": "A", "scope": ["a", " "]}), "scope_invalid", "[1]"),
        (json!({"name": "A", "scope": [5]}), "scope_invalid", "scope: "),
        (json!({"name": "A", "scope": {"ids": []}}), "scope_invalid", "scope: "),
        (json!({"name": "A", "scope": many}), "scope_invalid", ""),
    ];
    for (body, code, says) in cases {
        let refused = make(body.clone()).await;
        assert_eq!(refused.problem(), (422, code.into()), "{body}");
        let detail = refused.json()["detail"].as_str().expect("a sentence").to_owned();
        assert!(detail.contains(says) && detail.chars().count() <= 400, "{body}: {detail}");
    }
    for body in [
        json!({}),
        json!({"name": 5}),
        json!({"name": "A", "permissions": {}}),
        json!({"name": "A", "members": []}),
        json!({"name": "A", "system_managed": true}),
        json!({"name": "A", "is_default": true}),
        json!([]),
    ] {
        assert_eq!(make(body.clone()).await.problem(), (400, "malformed_json".into()), "{body}");
    }
    let long = make(json!({"name": "A", "permissions": [{"action": "x".repeat(50_000), "resource": "y"}]})).await;
    assert!(long.text.len() < 1000, "what was sent is not sent back whole: {}", long.text.len());
    let slugs = app.get(PATH).bearer(&root.token).await.json()["items"].as_array().map(Vec::len);
    assert_eq!(slugs, Some(2), "nothing was made");
});

db_test!(a_slug_is_taken_once_and_never_changes, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let made = make(&app, &root, json!({"name": "Support", "slug": "support"})).await;
    let again = |body: Value| app.post(PATH).bearer(&root.token).json(body);
    assert_eq!(again(json!({"name": "Support"})).await.problem(), (409, "slug_in_use".into()));
    assert_eq!(again(json!({"name": "X", "slug": "administrators"})).await.problem(), (409, "slug_in_use".into()));
    let renamed = app.patch(&path(&made)).bearer(&root.token).json(json!({"slug": "help"})).await;
    assert_eq!(renamed.problem(), (400, "malformed_json".into()));
    let renamed = app.patch(&path(&made)).bearer(&root.token).json(json!({"name": "Help"})).await.json();
    assert_eq!((&renamed["slug"], &renamed["name"]), (&json!("support"), &json!("Help")));
});

db_test!(nobody_gives_a_group_what_they_do_not_hold, |db| async move {
    let app = TestApp::new(&db).await;
    let kim = powers::holder(&app, "kim", &["create:groups", "update:groups", "view:users", "view:groups"]).await;
    let make = |body: Value| app.post(PATH).bearer(&kim.token).json(body);
    let made = make(json!({"name": "Watch", "permissions": [permission("view:users")]})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = path(&made.json());
    let edit = |body: Value| app.patch(&path).bearer(&kim.token).json(body);
    for beyond in ["delete:users", "view:*", "admin:*", "view:audit"] {
        let body = json!({"name": "More", "permissions": [permission("view:users"), permission(beyond)]});
        for refused in [make(body.clone()).await, edit(body).await] {
            assert_eq!(refused.problem(), (403, "ceiling".into()), "{beyond}");
            assert_eq!(refused.json()["permission"], beyond);
        }
    }
    for scope in [json!("all"), json!(["a"])] {
        for refused in [make(json!({"name": "More", "scope": scope})).await, edit(json!({"scope": scope})).await] {
            assert_eq!(refused.problem(), (403, "ceiling".into()), "{scope}");
            assert_eq!(refused.json()["permission"], "scope");
        }
    }
    assert_eq!(edit(json!({"name": "Watchers"})).await.json()["permissions"], json!([permission("view:users")]));
});

db_test!(nobody_widens_a_group_of_their_own, |db| async move {
    let app = TestApp::new(&db).await;
    let kim = powers::holder(&app, "kim", &["update:groups", "view:*"]).await;
    let own = app.engine.group_by_slug("kim").await.expect("an answer").expect("made").id;
    let edit = |body: Value| app.patch(&format!("{PATH}/{own}")).bearer(&kim.token).json(body);
    let refused = edit(json!({"permissions": [permission("update:groups"), permission("admin:*")]})).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(["ceiling", "self_escalation"].contains(&refused.problem().1.as_str()), "{}", refused.text);
    let narrowed = edit(json!({"permissions": [permission("update:groups")]})).await;
    assert_eq!(narrowed.status, 200, "{}", narrowed.text);
});

db_test!(an_explicit_permission_is_put_on_no_group, |db| async move {
    let app = TestApp::new(&db).await;
    powers::purchasing(&app).await;
    let root = app.administrator("root").await;
    let refused = app
        .post(PATH)
        .bearer(&root.token)
        .json(json!({"name": "A", "permissions": [permission("pay:invoices")]}))
        .await;
    assert_eq!(refused.problem(), (403, "ceiling".into()));
    assert_eq!(refused.json()["permission"], "pay:invoices");
    let plain = make(&app, &root, json!({"name": "A"})).await;
    let refused =
        app.patch(&path(&plain)).bearer(&root.token).json(json!({"permissions": [permission("pay:invoices")]})).await;
    assert_eq!(refused.problem(), (403, "ceiling".into()));
});

db_test!(groups_are_changed_only_with_a_recent_proof, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let group = make(&app, &root, json!({"name": "A"})).await;
    app.clock.advance(Duration::from_secs(15 * 60));
    for stale in [
        app.post(PATH).bearer(&root.token).json(json!({"name": "B"})).await,
        app.patch(&path(&group)).bearer(&root.token).json(json!({"name": "B"})).await,
        app.delete(&path(&group)).bearer(&root.token).await,
    ] {
        assert_eq!(stale.problem(), (403, "reauthentication_required".into()));
    }
    assert_eq!(app.get(&path(&group)).bearer(&root.token).await.json(), group);
    let preview = app.post(&format!("{}/preview", path(&group))).bearer(&root.token).json(json!({"name": "B"})).await;
    assert_eq!(preview.status, 200, "what changes nothing needs none");
});

db_test!(a_browser_changes_groups_only_with_its_token, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let post = || app.post(PATH).json(json!({"name": "A"}));
    assert_eq!(post().cookie(&root.token).await.problem(), (403, "csrf_token_invalid".into()));
    assert_eq!(post().browser(&root).header("origin", "https://evil.example").await.problem().1, "origin_refused");
    assert_eq!(post().browser(&root).await.status, 201);
});

db_test!(groups_are_read_in_pages_that_neither_skip_nor_repeat, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for n in 0..6 {
        make(&app, &root, json!({"name": format!("Group {n}")})).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{PATH}?limit=3&cursor={cursor}")).bearer(&root.token).await.json();
        seen.extend(page["items"].as_array().expect("items").iter().map(|group| group["slug"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (8, 8), "{seen:?}");
    for (query, code) in [("limit=0", "field_invalid"), ("cursor=x", "field_invalid")] {
        let refused = app.get(&format!("{PATH}?{query}")).bearer(&root.token).await;
        assert_eq!(refused.problem(), (422, code.into()), "{query}");
    }
});

db_test!(a_group_that_is_not_there_is_not_found, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for id in [NOBODY, "x", "administrators", "%00"] {
        let path = format!("{PATH}/{id}");
        for answer in [
            app.get(&path).bearer(&root.token).await,
            app.patch(&path).bearer(&root.token).json(json!({"name": "A"})).await,
            app.delete(&path).bearer(&root.token).await,
            app.post(&format!("{path}/preview")).bearer(&root.token).json(json!({})).await,
            app.get(&format!("{path}/members")).bearer(&root.token).await,
            app.post(&format!("{path}/members")).bearer(&root.token).json(json!({"account_id": root.account_id})).await,
            app.delete(&format!("{path}/members/{}", root.account_id)).bearer(&root.token).await,
        ] {
            assert_eq!(answer.problem(), (404, "not_found".into()), "{id}");
        }
    }
});

db_test!(what_happens_to_groups_is_in_the_log_and_so_is_what_was_refused, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let kim = powers::holder(&app, "kim", &["create:groups"]).await;
    let group = make(&app, &root, json!({"name": "A"})).await;
    app.patch(&path(&group)).bearer(&root.token).json(json!({"permissions": [permission("view:users")]})).await;
    let refused = json!({"name": "B", "permissions": [permission("admin:*")]});
    assert_eq!(app.post(PATH).bearer(&kim.token).json(refused).await.status, 403);
    app.delete(&path(&group)).bearer(&root.token).await;
    let log = async |query: &str| {
        app.get(&format!("/api/v1/admin/audit-log?{query}")).bearer(&root.token).await.json()["items"][0].clone()
    };
    let id = group["id"].as_str().expect("an id");
    for action in ["group.created", "group.edited", "group.deleted"] {
        let row = log(&format!("action={action}&outcome=done&target={id}")).await;
        assert_eq!(
            (&row["actor"]["id"], &row["target"]["kind"]),
            (&json!(root.account_id), &json!("group")),
            "{action}"
        );
    }
    let row = log("action=group.created&outcome=refused").await;
    assert_eq!(row["actor"]["id"], json!(kim.account_id));
    assert_eq!((&row["details"]["reason"], &row["details"]["permission"]), (&json!("ceiling"), &json!("admin:*")));
});
