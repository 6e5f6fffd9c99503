//! `/api/v1/admin/users`

use serde_json::{Value, json};
use testkit::{PASSWORD, SignedIn, TestApp, db_test};
use vestibule::{ADMINISTRATORS, MEMBERS};

const PATH: &str = "/api/v1/admin/users";

async fn create(app: &TestApp, by: &SignedIn, email: &str) -> String {
    let body = json!({"email": email, "password": PASSWORD, "group_ids": [MEMBERS.to_string()]});
    let answer = app.post(PATH).bearer(&by.token).json(body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

db_test!(an_account_is_made_found_and_edited, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let id = create(&app, &root, "ann@example.com").await;
    create(&app, &root, "bob@example.com").await;
    let find = |query: &str| app.get(&format!("{PATH}?{query}")).bearer(&root.token);
    let emails = |body: &Value| -> Vec<String> {
        body["items"].as_array().expect("items").iter().map(|item| item["email"].to_string()).collect()
    };
    assert_eq!(emails(&find("search=ANN").await.json()), ["\"ann@example.com\""]);
    assert_eq!(emails(&find(&format!("group={ADMINISTRATORS}")).await.json()), ["null"]);
    assert_eq!(find("state=disabled").await.json()["items"], json!([]));
    assert_eq!(find("state=asleep").await.problem(), (422, "field_invalid".into()));
    assert_eq!(find("group=x").await.problem(), (422, "field_invalid".into()));
    assert_eq!(find("search=%25").await.json()["items"], json!([]), "a wildcard is a character like any other");

    assert_eq!(find(&format!("search={}", "ä".repeat(200))).await.json()["items"], json!([]));
    let refused = find(&format!("search={}", "a".repeat(201))).await;
    assert_eq!(refused.problem(), (422, "field_invalid".into()));
    assert_eq!(refused.json()["errors"][0]["field"], "search");

    let edit = |body: Value| app.patch(&format!("{PATH}/{id}")).bearer(&root.token).json(body);
    let answer = edit(json!({"username": "ann", "name": "Ann"})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["username"]), (200, &json!("ann")));
    let cleared = edit(json!({"name": null, "email": null, "group_ids": null})).await.json();
    assert_eq!(
        (&cleared["name"], &cleared["email"]),
        (&json!(null), &json!("ann@example.com")),
        "no null clears these"
    );
    assert_eq!(cleared["groups"][0]["slug"], "members");
    assert_eq!(edit(json!({"email": "bob@example.com"})).await.problem(), (409, "email_in_use".into()));
    assert_eq!(edit(json!({"group_ids": []})).await.problem(), (422, "no_groups".into()));
    assert_eq!(edit(json!({"state": "disabled"})).await.problem(), (400, "malformed_json".into()));
    let promoted = edit(json!({"group_ids": [ADMINISTRATORS.to_string()]})).await.json();
    assert_eq!(promoted["groups"][0]["slug"], "administrators");
    let shown = app.get(&format!("{PATH}/{id}")).bearer(&root.token).await.json();
    assert_eq!(shown, promoted);
});

db_test!(what_a_new_account_lacks_is_told, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let make = |body: Value| app.post(PATH).bearer(&root.token).json(body);
    let members = json!([MEMBERS.to_string()]);
    let stranger = json!(["00000000-0000-5000-8000-00000000ffff"]);
    let cases = [
        (json!({"email": "ann@example.com", "password": PASSWORD, "group_ids": []}), 422, "no_groups"),
        (json!({"email": "ann@example.com", "password": PASSWORD, "group_ids": stranger}), 422, "group_unknown"),
        (json!({"email": "ann@example.com", "password": PASSWORD}), 400, "malformed_json"),
        (json!({"username": "ann", "group_ids": members}), 422, "password_required"),
        (json!({"password": PASSWORD, "group_ids": members}), 422, "identifier_required"),
        (json!({"email": "ann", "password": PASSWORD, "group_ids": members}), 422, "email_invalid"),
        (json!({"username": "root", "password": PASSWORD, "group_ids": members}), 409, "username_in_use"),
        (json!({"username": "ann", "group_ids": members, "admin": true}), 400, "malformed_json"),
        (json!({"username": "ann", "group_ids": ["x"]}), 400, "malformed_json"),
    ];
    for (body, status, code) in cases {
        assert_eq!(make(body.clone()).await.problem(), (status, code.into()), "{body}");
    }
});

db_test!(disabling_ends_sessions_at_once_and_enabling_brings_none_back, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 200);
    let act = |what: &str| app.post(&format!("{PATH}/{}/{what}", ann.account_id)).bearer(&root.token);
    assert_eq!(act("disable").await.status, 204);
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401);
    assert_eq!(act("disable").await.status, 204);
    assert_eq!(act("enable").await.status, 204);
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401);
    app.sign_in("ann@example.com").await;
});

db_test!(unlocking_lets_a_locked_out_owner_in_again, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let sign_in = |password: &str| {
        app.post("/api/v1/sign-in").json(json!({"identifier": "ann@example.com", "password": password}))
    };
    for _ in 0..5 {
        assert_eq!(sign_in("quite another thing 7").await.status, 401);
    }
    assert_eq!(sign_in(PASSWORD).await.status, 401);
    let unlock = format!("{PATH}/{}/unlock", ann.account_id);
    assert_eq!(app.post(&unlock).bearer(&root.token).await.status, 204);
    assert_eq!(sign_in(PASSWORD).await.status, 200);
});

db_test!(disabling_and_enabling_need_a_recent_proof_and_unlocking_needs_none, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(15 * 60));
    let act = |what: &str, who: &SignedIn| app.post(&format!("{PATH}/{}/{what}", ann.account_id)).bearer(&who.token);
    assert_eq!(act("disable", &root).await.problem(), (403, "reauthentication_required".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 200);
    let fresh = app.sign_in("root").await;
    assert_eq!(act("disable", &fresh).await.status, 204);
    assert_eq!(act("enable", &root).await.problem(), (403, "reauthentication_required".into()));
    let shown = app.get(&format!("{PATH}/{}", ann.account_id)).bearer(&root.token).await.json();
    assert_eq!(shown["state"], "disabled");
    assert_eq!(act("enable", &fresh).await.status, 204);
    assert_eq!(act("unlock", &root).await.status, 204);
});

db_test!(deleting_is_for_good_and_needs_a_recent_proof, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let id = create(&app, &root, "ann@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(16 * 60));
    let path = format!("{PATH}/{id}");
    let stale = [
        app.delete(&path).bearer(&root.token).await,
        app.patch(&path).bearer(&root.token).json(json!({"email": "x@example.com"})).await,
        app.patch(&path).bearer(&root.token).json(json!({"username": "ann"})).await,
        app.patch(&path).bearer(&root.token).json(json!({"name": "Ann", "username": null})).await,
        app.patch(&path).bearer(&root.token).json(json!({"group_ids": [ADMINISTRATORS.to_string()]})).await,
        app.post(PATH).bearer(&root.token).json(json!({"username": "eve", "group_ids": [MEMBERS.to_string()]})).await,
        app.post("/api/v1/admin/admins")
            .bearer(&root.token)
            .json(json!({"username": "eve", "password": PASSWORD}))
            .await,
    ];
    for answer in stale {
        assert_eq!(answer.problem(), (403, "reauthentication_required".into()));
    }
    assert_eq!(app.patch(&path).bearer(&root.token).json(json!({"name": "Ann"})).await.status, 200);
    let fresh = app.sign_in("root").await;
    assert_eq!(app.delete(&path).bearer(&fresh.token).await.status, 204);
    assert_eq!(app.delete(&path).bearer(&fresh.token).await.problem(), (404, "not_found".into()));
});

db_test!(an_administrator_cannot_shut_out_the_last_one, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let path = format!("{PATH}/{}", root.account_id);
    for answer in [
        app.post(&format!("{path}/disable")).bearer(&root.token).await,
        app.delete(&path).bearer(&root.token).await,
        app.patch(&path).bearer(&root.token).json(json!({"group_ids": [MEMBERS.to_string()]})).await,
    ] {
        let (status, code) = answer.problem();
        assert!(status == 409 && (code == "last_admin" || code == "own_account"), "{status} {code}");
    }
    assert_eq!(app.get(PATH).bearer(&root.token).await.status, 200);
});

db_test!(a_list_is_read_in_pages_that_neither_skip_nor_repeat, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for n in 0..7 {
        create(&app, &root, &format!("user{n}@example.com")).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = app.get(&format!("{PATH}?limit=3&cursor={cursor}")).bearer(&root.token).await.json();
        seen.extend(body["items"].as_array().expect("items").iter().map(|item| item["id"].to_string()));
        match body["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (8, 8));
});
