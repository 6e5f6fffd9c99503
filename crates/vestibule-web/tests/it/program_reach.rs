//! How far tokens and keys of programs reach: where the document says so, as far as their account and their own limits
//! go, and nowhere else.

use serde_json::{Value, json};
use testkit::{Answer, SignedIn, TestApp, db_test};
use vestibule::{Caller, UserEdit};

use crate::powers::{self, permission};
use crate::programs::{Key, Tokens, is_live};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// Every operation that asks for a credential of somebody: its method, its path, and whether programs are welcome.
async fn guarded(app: &TestApp) -> Vec<(String, String, bool)> {
    let document = app.get("/openapi.json").await.json();
    let mut guarded = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            let schemes: Vec<&Value> = operation["security"].as_array().into_iter().flatten().collect();
            let is_optional = schemes.iter().any(|scheme| scheme.as_object().is_some_and(serde_json::Map::is_empty));
            if is_optional || !schemes.iter().any(|scheme| scheme.get("bearer").is_some()) {
                continue;
            }
            let path = path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part });
            let is_welcome = schemes.iter().any(|scheme| scheme.get("program").is_some());
            guarded.push((method.to_uppercase(), path.collect::<Vec<_>>().join("/"), is_welcome));
        }
    }
    guarded
}

async fn send(app: &TestApp, method: &str, path: &str, bearer: &str) -> Answer {
    app.call(method.parse().expect("a method"), path).bearer(bearer).await
}

db_test!(programs_reach_what_the_document_says_and_nothing_else, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let tokens = Tokens::by_session(&app, &root).await;
    let key = Key::make(&app, &root, None).await.token;
    let guarded = guarded(&app).await;
    for (method, path, is_welcome) in &guarded {
        for bearer in [&tokens.access, &key] {
            let answer = send(&app, method, path, bearer).await;
            let what = format!("{method} {path}: {} {}", answer.status, answer.text);
            if *is_welcome {
                assert!(answer.status != 401 && answer.status != 403, "{what}");
            } else if path.contains("/admin/") {
                assert_eq!(answer.problem(), (403, "session_required".into()), "{what}");
            } else if path.contains("/organizations") || path.contains("/invitations") {
                let (of_people, nothing) = ((403, "session_required".into()), (404, "not_found".into()));
                let problem = answer.problem();
                assert!(problem == of_people || problem == nothing, "{what}"); // whoever is not in it learns nothing
            } else {
                let problem = answer.problem();
                assert!(problem == (401, "unauthenticated".into()), "{what}");
            }
            let by_cookie = app.call(method.parse().expect("a method"), path).cookie(bearer).await;
            assert_eq!(by_cookie.problem(), (401, "unauthenticated".into()), "by cookie: {what}");
        }
    }
    let welcome = guarded.iter().filter(|(.., is_welcome)| *is_welcome).count();
    assert!(welcome > 20 && guarded.len() - welcome > 40, "{welcome} of {}", guarded.len());
    assert!(is_live(&app, &root.token).await && is_live(&app, &tokens.access).await && is_live(&app, &key).await);
});

db_test!(what_is_of_people_alone_is_none_of_a_programs, |db| async move {
    let app = TestApp::new(&db).await;
    let documented = guarded(&app).await;
    let is_of_people = |path: &str| {
        let path = path.trim_start_matches("/api/v1");
        let folders = ["/session", "/password/", "/email/", "/me/mfa", "/me/api-keys", "/me/sessions", "/me/export"];
        folders.iter().any(|folder| path.starts_with(folder)) || path == "/sign-out"
    };
    let of_people: Vec<_> = documented.iter().filter(|(_, path, _)| is_of_people(path)).collect();
    assert!(of_people.len() >= 18, "{of_people:?}");
    for (method, path, is_welcome) in of_people {
        assert!(!is_welcome, "{method} {path}");
    }
    for (method, is_welcome) in [("GET", true), ("PATCH", false), ("DELETE", false)] {
        assert!(documented.contains(&(method.into(), "/api/v1/me".into(), is_welcome)), "{method} /me");
    }
});

db_test!(a_key_that_says_nothing_says_whose_it_is_and_no_more, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let key = Key::make(&app, &root, Some(&[])).await.token;
    assert_eq!(app.get("/api/v1/me").bearer(&key).await.json()["username"], "root");
    let held = app.get("/api/v1/me/permissions").bearer(&key).await.json();
    assert_eq!(held["permissions"], json!([]));
    let mut tried = 0;
    for (method, path, is_welcome) in guarded(&app).await {
        if path.contains("/admin/") || path.starts_with("/access/") {
            let refused = send(&app, &method, &path, &key).await;
            assert_eq!(refused.problem(), (403, "permission_required".into()), "{method} {path} {is_welcome}");
            tried += 1;
        }
    }
    assert!(tried > 45, "{tried}");
});

db_test!(a_key_does_what_it_says_and_its_owner_may, |db| async move {
    let app = TestApp::new(&db).await;
    let kim = powers::holder(&app, "kim", &["view:users", "view:sessions"]).await;
    let (limited, whole) = (Key::make(&app, &kim, Some(&["view:users"])).await, Key::make(&app, &kim, None).await);
    let (users, sessions) =
        ("/api/v1/admin/users".to_owned(), format!("/api/v1/admin/users/{}/sessions", kim.account_id));
    assert_eq!(send(&app, "GET", &users, &limited.token).await.status, 200);
    assert_eq!(send(&app, "GET", &users, &whole.token).await.status, 200);
    assert_eq!(send(&app, "GET", &sessions, &whole.token).await.status, 200);
    let refused = send(&app, "GET", &sessions, &limited.token).await;
    assert_eq!(
        (refused.problem(), &refused.json()["permission"]),
        ((403, "permission_required".into()), &json!("view:sessions"))
    );
    let group = app.engine.group_by_slug("kim").await.expect("an answer").expect("made").id;
    let root = app.administrator("root").await;
    let edit = json!({"permissions": [permission("view:sessions"), permission("view:groups")]});
    let lowered = app.patch(&format!("/api/v1/admin/groups/{group}")).bearer(&root.token).json(edit).await;
    assert_eq!(lowered.status, 200, "{}", lowered.text);
    for key in [&limited, &whole] {
        let refused = send(&app, "GET", &users, &key.token).await;
        assert_eq!(refused.problem(), (403, "permission_required".into()), "as its owner may at that moment");
    }
    assert_eq!(send(&app, "GET", "/api/v1/admin/groups", &whole.token).await.status, 200);
    assert_eq!(send(&app, "GET", "/api/v1/admin/groups", &limited.token).await.status, 403, "it never said so");
});

db_test!(a_token_does_what_its_account_may_at_that_moment, |db| async move {
    let app = TestApp::new(&db).await;
    let kim = powers::holder(&app, "kim", &["view:users"]).await;
    let tokens = Tokens::by_session(&app, &kim).await;
    assert_eq!(send(&app, "GET", "/api/v1/admin/users", &tokens.access).await.status, 200);
    let edit = UserEdit { group_ids: Some(vec![vestibule::MEMBERS]), ..UserEdit::default() };
    app.engine.edit_user(&Caller::host("root"), kim.account_id, edit).await.expect("the host may");
    if is_live(&app, &tokens.access).await {
        let refused = send(&app, "GET", "/api/v1/admin/users", &tokens.access).await;
        assert_eq!(refused.problem(), (403, "permission_required".into()), "whatever groups the token names");
    }
});

db_test!(a_key_acts_in_its_owners_name_within_its_limits, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let key = Key::make(&app, &root, Some(&["update:users"])).await.token;
    let path = format!("/api/v1/admin/users/{}", ann.account_id);
    let named = app.patch(&path).bearer(&key).json(json!({"name": "Ann"})).await;
    assert_eq!((named.status.as_u16(), &named.json()["name"]), (200, &json!("Ann")), "{}", named.text);
    for body in [json!({"email": "ann@example.org"}), json!({"group_ids": [vestibule::ADMINISTRATORS.to_string()]})] {
        let refused = app.patch(&path).bearer(&key).json(body).await;
        assert_eq!(refused.problem(), (403, "session_required".into()));
    }
    assert_eq!(app.get(&path).bearer(&key).await.problem(), (403, "permission_required".into()));
    let log = app.get("/api/v1/admin/audit-log?limit=100").bearer(&root.token).await.json();
    let rows = log["items"].as_array().expect("rows");
    assert!(rows.iter().any(|row| row["actor"]["label"] == "root" && row["target"]["id"] == json!(ann.account_id)));
});

async fn held(app: &TestApp, bearer: &str) -> Value {
    let answer = app.get("/api/v1/me/permissions").bearer(bearer).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn limited_key(app: &TestApp, who: &SignedIn, permissions: Value) -> String {
    let body = json!({"name": "limited", "permissions": permissions});
    Key::of(&app.post("/api/v1/me/api-keys").bearer(&who.token).json(body).await).token
}

db_test!(what_a_key_may_is_what_both_allow, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    powers::know(&app, &["pay:orders"]).await;
    app.sign_up("ann@example.com").await;
    let pay = |constraints: Value| json!({"action": "pay", "resource": "orders", "constraints": constraints});
    let permissions = [pay(json!({"max_amount": 500})), permission("view:users")];
    let body = json!({"name": "Buyers", "slug": "buyers", "permissions": permissions});
    let group = app.post("/api/v1/admin/groups").bearer(&root.token).json(body).await.json();
    let group = group["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let ann = powers::join(&app, group, "ann@example.com").await;
    let tokens = Tokens::by_session(&app, &ann).await;
    let whole = held(&app, &ann.token).await;
    assert_eq!(whole["permissions"].as_array().map(Vec::len), Some(2));
    assert_eq!(held(&app, &tokens.access).await, whole);
    assert_eq!(held(&app, &Key::make(&app, &ann, None).await.token).await, whole);
    let key = limited_key(&app, &ann, json!([pay(json!({"max_amount": 200, "regions": ["eu-1"]}))])).await;
    let expected = json!([{
        "action": "pay", "resource": "orders", "constraints": {"max_amount": 200, "regions": ["eu-1"]},
        "group": "buyers", "via": whole["permissions"].as_array().expect("two").iter()
            .find(|one| one["action"] == "pay").expect("pay")["via"],
    }]);
    assert_eq!(held(&app, &key).await["permissions"], expected);
    let view = limited_key(&app, &root, json!([permission("view:users"), permission("view:groups")])).await;
    let names: Vec<String> = held(&app, &view).await["permissions"]
        .as_array()
        .expect("permissions")
        .iter()
        .map(|one| format!("{}:{} by {}", one["action"], one["resource"], one["via"]).replace('"', ""))
        .collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(sorted, ["view:groups by admin:*", "view:users by admin:*"]);
});
