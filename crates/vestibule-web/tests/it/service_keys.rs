//! `/api/v1/admin/service-keys`, `/api/v1/admin/abilities`: what services may, and what they are not.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, SignedIn, TestApp, db_test};

use crate::evaluation::question;
use crate::programs::{Key, Tokens, introspect, service_key};

const KEYS: &str = "/api/v1/admin/service-keys";
const ABILITIES: &str = "/api/v1/admin/abilities";

async fn make(app: &TestApp, who: &SignedIn, path: &str, body: Value) -> Answer {
    app.post(path).bearer(&who.token).json(body).await
}

async fn ask(app: &TestApp, service: &str) -> Answer {
    app.post("/api/v1/introspect").bearer(service).json(json!({"token": "x"})).await
}

fn item<'a>(list: &'a Value, name: &str, value: &str) -> &'a Value {
    let items = list["items"].as_array().expect("items");
    items.iter().find(|item| item[name] == value).unwrap_or_else(|| panic!("no {value}"))
}

db_test!(a_service_key_is_made_listed_used_and_revoked, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let made = make(&app, &root, KEYS, json!({"name": "gate", "abilities": ["introspect"]})).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text);
    let body = made.json();
    let root_id = json!(root.account_id.to_string());
    assert_eq!(
        (&body["abilities"], &body["expires_at"], &body["created_by"]),
        (&json!(["introspect"]), &json!("2027-01-01T00:00:00Z"), &root_id)
    );
    let key = Key::of(&made);
    assert!(key.token.starts_with("vst_svc_"));
    assert_eq!(introspect(&app, &key.token, &key.token).await["abilities"], json!(["introspect"]));
    let listed = app.get(KEYS).bearer(&root.token).await;
    assert_eq!(item(&listed.json(), "id", &key.id)["name"], "gate");
    assert!(!listed.text.contains(&key.token));
    let path = format!("{KEYS}/{}", key.id);
    for _ in 0..2 {
        assert_eq!(app.delete(&path).bearer(&root.token).await.status, 204);
        assert_eq!(ask(&app, &key.token).await.problem(), (401, "key_revoked".into()));
    }
    assert!(item(&app.get(KEYS).bearer(&root.token).await.json(), "id", &key.id)["revoked_at"].is_string());
    let unknown = app.delete(&format!("{KEYS}/{}", root.account_id)).bearer(&root.token).await;
    assert_eq!(unknown.problem(), (404, "not_found".into()));
});

db_test!(what_a_service_key_is_made_of_is_checked, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let rows = [
        (json!({"name": "", "abilities": []}), (422, "name_invalid")),
        (json!({"name": "a", "abilities": ["fly"]}), (422, "ability_unknown")),
        (json!({"name": "a", "abilities": ["Introspect"]}), (422, "ability_unknown")),
        (json!({"name": "a", "abilities": ["*"]}), (422, "ability_unknown")),
        (json!({"name": "a", "abilities": ["view:users"]}), (422, "ability_unknown")),
        (json!({"name": "a", "abilities": [], "expires_at": "2026-01-01T00:00:00Z"}), (422, "expiry_invalid")),
        (json!({"name": "a", "abilities": [], "expires_at": "soon"}), (422, "expiry_invalid")),
        (json!({"name": "a"}), (400, "malformed_json")),
        (json!({"name": "a", "abilities": null}), (400, "malformed_json")),
        (json!({"name": "a", "abilities": [], "permissions": []}), (400, "malformed_json")),
    ];
    for (body, (status, code)) in rows {
        assert_eq!(make(&app, &root, KEYS, body.clone()).await.problem(), (status, code.to_owned()), "{body}");
    }
    let body = json!({"name": "a", "abilities": ["introspect"], "expires_at": "2026-01-01T00:01:00Z"});
    let key = Key::of(&make(&app, &root, KEYS, body).await);
    assert_eq!(ask(&app, &key.token).await.status, 200);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(ask(&app, &key.token).await.problem(), (401, "key_expired".into()));
    for path in [KEYS, ABILITIES] {
        app.clock.advance(Duration::from_secs(15 * 60));
        let late = make(&app, &root, path, json!({"name": "a", "abilities": []})).await;
        assert_eq!(late.problem(), (403, "reauthentication_required".into()), "{path}");
    }
});

db_test!(abilities_are_words_that_are_compared_letter_by_letter, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let made = make(&app, &root, ABILITIES, json!({"slug": "print-labels", "label": "Print labels"})).await;
    assert_eq!((made.status.as_u16(), &made.json()["built_in"]), (201, &json!(false)), "{}", made.text);
    let rows = [
        (json!({"slug": "print-labels", "label": "Again"}), (409, "slug_in_use")),
        (json!({"slug": "introspect", "label": "Again"}), (409, "slug_in_use")),
        (json!({"slug": "*", "label": "All"}), (422, "slug_invalid")),
        (json!({"slug": "", "label": "None"}), (422, "slug_invalid")),
        (json!({"slug": "fly", "label": ""}), (422, "name_invalid")),
        (json!({"slug": "fly", "label": "Fly", "built_in": true}), (400, "malformed_json")),
    ];
    for (body, (status, code)) in rows {
        assert_eq!(make(&app, &root, ABILITIES, body.clone()).await.problem(), (status, code.to_owned()), "{body}");
    }
    let listed = app.get(ABILITIES).bearer(&root.token).await.json();
    let slugs: Vec<&str> =
        listed["items"].as_array().expect("items").iter().filter_map(|one| one["slug"].as_str()).collect();
    assert_eq!(slugs, ["directory:read", "evaluate", "introspect", "print-labels"]);
    let body = json!({"name": "printer", "abilities": ["print-labels", "introspect"]});
    let key = Key::of(&make(&app, &root, KEYS, body).await);
    let delete = |id: &Value| {
        let path = format!("{ABILITIES}/{}", id.as_str().expect("an id"));
        app.delete(&path).bearer(&root.token)
    };
    assert_eq!(delete(&made.json()["id"]).await.status, 204);
    assert_eq!(delete(&made.json()["id"]).await.problem(), (404, "not_found".into()));
    assert_eq!(introspect(&app, &key.token, &key.token).await["abilities"], json!(["introspect"]));
    let built_in = delete(&item(&listed, "slug", "introspect")["id"]).await;
    assert_eq!(built_in.problem(), (403, "system_managed".into()));
});

db_test!(an_ability_opens_its_own_door_and_no_other, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let (asks, decides, nothing) = (
        service_key(&app, &["introspect"]).await,
        service_key(&app, &["evaluate"]).await,
        service_key(&app, &[]).await,
    );
    let evaluate = |key: &str| app.post("/access/v1/evaluation").bearer(key).json(question("root", "view", "users"));
    let evaluations =
        |key: &str| app.post("/access/v1/evaluations").bearer(key).json(question("root", "view", "users"));
    assert_eq!(ask(&app, &asks).await.status, 200);
    for answer in [evaluate(&decides).await, evaluations(&decides).await] {
        assert_eq!((answer.status.as_u16(), &answer.json()["decision"]), (200, &json!(true)), "{}", answer.text);
    }
    for refused in [
        ask(&app, &decides).await,
        ask(&app, &nothing).await,
        evaluate(&asks).await,
        evaluate(&nothing).await,
        evaluations(&asks).await,
    ] {
        assert_eq!(refused.problem(), (403, "ability_required".into()));
    }
    let body = evaluate(&asks).await.json();
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("evaluate")), "{body}");
    let tokens = Tokens::by_session(&app, &root).await;
    let key = Key::make(&app, &root, None).await.token;
    for bearer in [&root.token, &tokens.access, &key, &tokens.refresh, "vst_svc_x"] {
        assert_eq!(ask(&app, bearer).await.problem(), (401, "unauthenticated".into()), "no permission is an ability");
    }
    for bearer in [&root.token, &tokens.access, &key] {
        assert_eq!(evaluate(bearer).await.status, 200, "whoever may see groups may ask");
    }
});

db_test!(a_service_is_no_account, |db| async move {
    let app = TestApp::new(&db).await;
    app.administrator("root").await;
    let service = service_key(&app, &["introspect", "evaluate"]).await;
    for path in ["/api/v1/me", "/api/v1/me/permissions", "/api/v1/session", "/api/v1/admin/users", KEYS, ABILITIES] {
        for call in [app.get(path).bearer(&service), app.get(path).cookie(&service)] {
            assert_eq!(call.await.problem(), (401, "unauthenticated".into()), "{path}");
        }
    }
    for path in ["/api/v1/introspect", "/access/v1/evaluation"] {
        let by_cookie = app.post(path).cookie(&service).json(json!({"token": "x"})).await;
        assert_eq!(by_cookie.problem(), (401, "unauthenticated".into()), "a browser has none: {path}");
    }
});
