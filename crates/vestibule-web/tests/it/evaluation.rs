//! `/access/v1/evaluation`

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Answer, SignedIn, TestApp, db_test};
use vestibule::{Caller, Scope};

use crate::powers::{self, permission};

const PATH: &str = "/access/v1/evaluation";

/// Whoever asks on behalf of an application: may see what anybody may do, and nothing else.
pub async fn gate(app: &TestApp) -> SignedIn {
    powers::holder(app, "gate", &["view:groups"]).await
}

pub fn question(subject: &str, action: &str, resource: &str) -> Value {
    json!({
        "subject": {"type": "user", "id": subject}, "action": {"name": action},
        "resource": {"type": resource, "id": "4711"},
    })
}

/// The question with these members instead, by their pointers.
pub fn with(mut question: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = question.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        match *value == "absent" {
            true => drop(parent.remove(name)),
            false => drop(parent.insert(name.to_owned(), value.clone())),
        }
    }
    question
}

async fn ask(app: &TestApp, who: &SignedIn, question: Value) -> Answer {
    app.post(PATH).bearer(&who.token).json(question).await
}

/// Ann may pay orders within limits in one shop, and cancel her own.
async fn shop(app: &TestApp) -> SignedIn {
    powers::know(app, &["pay:orders", "cancel-own:orders", "cancel-any:orders"]).await;
    let root = app.administrator("root").await;
    let limited =
        json!({"action": "pay", "resource": "orders", "constraints": {"regions": ["eu-1"], "max_amount": 500}});
    let body =
        json!({"name": "Buyers", "scope": ["shop-1"], "permissions": [limited, permission("cancel-own:orders")]});
    let group = app.post("/api/v1/admin/groups").bearer(&root.token).json(body).await.json();
    app.sign_up("ann@example.com").await;
    powers::join(app, group["id"].as_str().and_then(|id| id.parse().ok()).expect("an id"), "ann@example.com").await
}

db_test!(a_question_is_decided_and_a_denial_is_an_answer, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let root = app.administrator("root").await;
    let granted = ask(&app, &gate, question("root", "view", "users")).await;
    assert_eq!((granted.status.as_u16(), granted.header("content-type")), (200, "application/json"));
    let reason = "granted by admin:* of group administrators";
    assert_eq!(granted.json(), json!({"decision": true, "context": {"code": "granted", "reason": reason}}));
    let by_id = question(&root.account_id.to_string(), "view", "users");
    assert_eq!(ask(&app, &gate, with(by_id, &[("/subject/type", json!("account"))])).await.json(), granted.json());
    let denied = ask(&app, &gate, question("gate@example.com", "delete", "users")).await;
    let reason = "no grant allows delete:users";
    assert_eq!(denied.status, 200);
    assert_eq!(denied.json(), json!({"decision": false, "context": {"code": "not_granted", "reason": reason}}));
    let unknown = ask(&app, &gate, question("root", "fly", "planes")).await.json();
    assert_eq!((&unknown["decision"], &unknown["context"]["code"]), (&json!(false), &json!("not_in_catalogue")));
});

db_test!(whoever_is_not_known_or_not_in_use_is_denied, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let kim = powers::holder(&app, "kim", &["view:users"]).await;
    app.engine.disable_account(&Caller::host("root"), kim.account_id).await.expect("disabled");
    let ann = question("gate@example.com", "view", "groups");
    let rows = [
        (question("eve@example.com", "view", "users"), "account_unknown"),
        (question("00000000-0000-7000-8000-000000000000", "view", "users"), "account_unknown"),
        (question("", "view", "users"), "account_unknown"),
        (with(ann.clone(), &[("/subject/type", json!("group"))]), "account_unknown"),
        (with(ann, &[("/subject/type", json!("User"))]), "account_unknown"),
        (question("kim@example.com", "view", "users"), "account_inactive"),
    ];
    for (question, code) in rows {
        let denied = ask(&app, &gate, question.clone()).await;
        let body = denied.json();
        assert_eq!(denied.status, 200, "{question}");
        assert_eq!((&body["decision"], &body["context"]["code"]), (&json!(false), &json!(code)), "{question}");
    }
});

db_test!(what_the_request_states_counts, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let ann = shop(&app).await;
    let pay = question("ann@example.com", "pay", "orders");
    let fits = ("/context", json!({"regions": "eu-1", "amount": 500}));
    let context = |context: Value| ("/context", context);
    let properties = |properties: Value| ("/action/properties", properties);
    let of = |properties: Value| ("/resource/properties", properties);
    let rows = [
        (vec![], false),
        (vec![fits.clone()], true),
        (vec![context(json!({"regions": ["eu-1", "eu-2"], "amount": 5}))], false),
        (vec![context(json!({"regions": ["eu-1"], "amount": 501}))], false),
        (vec![context(json!({"regions": ["eu-1"], "amount": "5"}))], false),
        (vec![context(json!({"regions": ["eu-1"]})), properties(json!({"amount": 5}))], true),
        (vec![properties(json!({"regions": "eu-1", "amount": 5}))], true),
        (vec![of(json!({"regions": "eu-1", "amount": 5}))], false),
        (vec![fits.clone(), of(json!({"scope": "shop-1"}))], true),
        (vec![fits.clone(), of(json!({"scope": ["shop-1"]}))], true),
        (vec![fits.clone(), of(json!({"scope": ["shop-1", "shop-2"]}))], false),
        (vec![fits.clone(), of(json!({"scope": []}))], false),
        (vec![fits.clone(), of(json!({"colour": {"any": "thing"}}))], true),
    ];
    for (changes, decision) in rows {
        let question = with(pay.clone(), &changes);
        assert_eq!(ask(&app, &gate, question.clone()).await.json()["decision"], decision, "{question}");
    }
    let beyond = with(pay, &[fits, of(json!({"scope": "shop-2"}))]);
    assert_eq!(ask(&app, &gate, beyond).await.json()["context"]["code"], "out_of_scope");

    let cancel = question("ann@example.com", "cancel", "orders");
    for (owner, decision) in [
        (json!(ann.account_id), true),
        (json!(ann.account_id.to_string().to_uppercase()), true),
        (json!(gate.account_id), false),
        (json!("somebody"), false),
        (json!(null), false),
        (json!(" "), false),
    ] {
        let question = with(cancel.clone(), &[("/resource/properties", json!({"owner": owner}))]);
        assert_eq!(ask(&app, &gate, question).await.json()["decision"], decision, "{owner}");
    }
});

db_test!(what_cannot_be_understood_is_a_bad_request, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let fine = question("gate@example.com", "view", "groups");
    let absent = || json!("absent");
    let changes = [
        ("/subject", absent()),
        ("/action", absent()),
        ("/resource", absent()),
        ("/subject/type", absent()),
        ("/subject/id", absent()),
        ("/action/name", absent()),
        ("/resource/type", absent()),
        ("/resource/id", absent()),
        ("/subject", json!("ann")),
        ("/subject/id", json!(5)),
        ("/action", json!("view")),
        ("/action/name", json!(123)),
        ("/action/properties", json!([])),
        ("/resource", json!(null)),
        ("/resource/properties", json!("x")),
        ("/context", json!("x")),
        ("/resource/properties", json!({"owner": 5})),
        ("/resource/properties", json!({"scope": 5})),
        ("/resource/properties", json!({"scope": ["a", 5]})),
    ];
    for change in changes {
        let question = with(fine.clone(), std::slice::from_ref(&change));
        let refused = ask(&app, &gate, question.clone()).await;
        let (status, code) = refused.problem();
        assert!(status == 400 && ["malformed_json", "bad_request"].contains(&code.as_str()), "{question}: {code}");
        assert!(refused.json().get("decision").is_none());
    }
    let twice = with(fine.clone(), &[("/context", json!({"amount": 5})), ("/action/properties", json!({"amount": 6}))]);
    assert_eq!(ask(&app, &gate, twice).await.problem(), (400, "bad_request".into()));
    for body in ["", "{", "[]", "null", "\"x\""] {
        let refused = app.post(PATH).bearer(&gate.token).body("application/json", body).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()), "{body}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let refused = app.post(PATH).bearer(&gate.token).body(content_type, fine.to_string()).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()), "{content_type}");
    }
    let large = app.post(PATH).bearer(&gate.token).body("application/json", vec![b' '; 70_000]).await;
    assert_eq!(large.problem(), (413, "payload_too_large".into()));
});

db_test!(what_is_not_known_of_a_request_is_ignored, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let question = with(
        question("gate@example.com", "view", "groups"),
        &[
            ("/foo", json!("bar")),
            ("/futureField", json!({"nested": true})),
            ("/subject/properties", json!({"department": "Sales", "role": "manager"})),
            ("/action/properties", json!({"method": "GET"})),
            ("/resource/properties", json!({"status": "active", "owner": "bob"})),
            ("/context", json!({"time": "2025-06-27T18:03-07:00", "nested": {"a": [1]}})),
        ],
    );
    let answer = ask(&app, &gate, question).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["decision"]), (200, &json!(true)));
});

db_test!(a_request_is_told_apart_by_its_own_id, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let fine = question("gate@example.com", "view", "groups");
    let id = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716";
    let post = || app.post(PATH).header("x-request-id", id);
    for answer in [
        post().bearer(&gate.token).json(fine.clone()).await,
        post().bearer(&gate.token).json(json!({})).await,
        post().json(fine.clone()).await,
        app.call(Method::GET, PATH).header("x-request-id", id).await,
        app.get("/access/v1/nothing").header("x-request-id", id).await,
    ] {
        assert_eq!(answer.header("x-request-id"), id, "{}", answer.status);
        assert_eq!(answer.headers.get_all("x-request-id").iter().count(), 1);
    }
    let odd = app.post(PATH).bearer(&gate.token).header("x-request-id", "any string: 5 %00").json(fine.clone()).await;
    assert_eq!(odd.header("x-request-id"), "any string: 5 %00");
    let ours = app.post(PATH).bearer(&gate.token).json(fine).await;
    assert_eq!(ours.header("x-request-id").len(), 36);
    let elsewhere = app.get("/api/v1/me").bearer(&gate.token).header("x-request-id", id).await;
    assert_ne!(elsewhere.header("x-request-id"), id, "elsewhere ids are ours");
});

db_test!(only_who_may_see_what_anybody_may_do_is_answered, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let fine = question("ann@example.com", "view", "groups");
    for path in [PATH, "/access/v1/evaluations"] {
        let nobody = app.post(path).json(fine.clone()).await;
        assert_eq!(nobody.problem(), (401, "unauthenticated".into()));
        assert_eq!(nobody.header("www-authenticate"), "Bearer");
        let denied = app.post(path).bearer(&ann.token).json(fine.clone()).await;
        assert_eq!(denied.problem(), (403, "permission_required".into()));
        assert_eq!(denied.json()["permission"], "view:groups");
        let by_get = app.get(path).bearer(&ann.token).await;
        assert_eq!(by_get.problem(), (405, "method_not_allowed".into()));
    }
    let gate = gate(&app).await;
    let by_cookie = app.post(PATH).cookie(&gate.token).json(fine.clone()).await;
    assert_eq!(by_cookie.problem(), (403, "csrf_token_invalid".into()));
    assert_eq!(app.post(PATH).browser(&gate).json(fine).await.status, 200);
});

db_test!(a_change_counts_for_the_next_question, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    app.sign_up("ann@example.com").await;
    let asked = question("ann@example.com", "view", "audit");
    assert_eq!(ask(&app, &gate, asked.clone()).await.json()["decision"], false);
    let group = powers::group(&app, "audit", &["view:audit"], Scope::default()).await;
    let ann = powers::join(&app, group, "ann@example.com").await;
    assert_eq!(ask(&app, &gate, asked.clone()).await.json()["decision"], true);
    app.engine.remove_member(&Caller::host("root"), group, ann.account_id).await.expect("removed");
    assert_eq!(ask(&app, &gate, asked).await.json()["decision"], false);
});
