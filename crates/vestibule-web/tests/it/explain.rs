//! `/api/v1/admin/explain`

use serde_json::{Value, json};
use testkit::{TestApp, db_test};
use vestibule::{Caller, Scope};

use crate::powers::{self, permission};

const PATH: &str = "/api/v1/admin/explain";

db_test!(a_decision_is_explained_with_its_grant_or_its_near_misses, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    powers::know(&app, &["pay:orders", "cancel-own:orders", "cancel-any:orders"]).await;
    let limited =
        json!({"action": "pay", "resource": "orders", "constraints": {"regions": ["eu-1"], "max_amount": 500}});
    let body =
        json!({"name": "Buyers", "scope": ["shop-1"], "permissions": [limited, permission("cancel-own:orders")]});
    let group = app.post("/api/v1/admin/groups").bearer(&root.token).json(body).await.json();
    let group = group["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    app.sign_up("ann@example.com").await;
    let ann = powers::join(&app, group, "ann@example.com").await.account_id;

    let explain = async |extra: Value| {
        let mut body = json!({"account_id": ann, "action": "pay", "resource": "orders"});
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        let answer = app.post(PATH).bearer(&root.token).json(body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    };
    let fits = json!({"regions": ["eu-1"], "amount": 500});
    let allowed = explain(json!({"context": fits, "scope": ["shop-1"]})).await;
    let reason = "granted by pay:orders of group buyers";
    let grant = json!({"permission": limited, "group": "buyers"});
    let expected = json!({"allowed": true, "code": "granted", "reason": reason, "grant": grant, "near_misses": []});
    assert_eq!(allowed, expected);

    let denied = explain(json!({"context": {"amount": 501}})).await;
    let missing = json!([
        {"code": "above", "dimension": "max_amount", "stated": 501, "limit": 500},
        {"code": "unstated", "dimension": "regions"},
    ]);
    let expected = json!({"allowed": false, "code": "not_granted", "reason": "no grant allows pay:orders",
        "near_misses": [{"permission": limited, "group": "buyers", "missing": missing}]});
    assert_eq!(denied, expected);

    let beyond = explain(json!({"context": fits, "scope": ["shop-1", "shop-2"]})).await;
    assert_eq!((&beyond["allowed"], &beyond["code"]), (&json!(false), &json!("out_of_scope")));
    assert_eq!(explain(json!({"context": fits, "scope": []})).await["code"], "out_of_scope", "none is not all");
    assert_eq!(explain(json!({"action": "fly"})).await["code"], "not_in_catalogue");

    let cancel = async |owner: Value| explain(json!({"action": "cancel", "owner": owner})).await["allowed"].clone();
    assert_eq!(cancel(json!(ann)).await, true);
    assert_eq!(cancel(json!(ann.to_string().to_uppercase())).await, true);
    assert_eq!(cancel(json!(root.account_id)).await, false);
    assert_eq!(cancel(json!(null)).await, false);
});

db_test!(somebody_is_named_by_an_id_an_address_or_a_username, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let explain = |extra: Value| {
        let mut body = permission("view:users");
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        app.post(PATH).bearer(&root.token).json(body)
    };
    for (who, allowed) in [
        (json!({"account_id": root.account_id}), true),
        (json!({"principal": root.account_id}), true),
        (json!({"principal": "ROOT"}), true),
        (json!({"principal": "Ann@Example.com"}), false),
        (json!({"principal": ann.account_id}), false),
    ] {
        assert_eq!(explain(who.clone()).await.json()["allowed"], allowed, "{who}");
    }
    let nobody = "00000000-0000-7000-8000-000000000000";
    for who in [json!({"account_id": nobody}), json!({"principal": nobody}), json!({"principal": "eve@example.com"})] {
        assert_eq!(explain(who.clone()).await.problem(), (404, "not_found".into()), "{who}");
    }
    for who in [json!({}), json!({"account_id": ann.account_id, "principal": "root"})] {
        let refused = explain(who.clone()).await;
        assert_eq!(refused.problem(), (422, "field_invalid".into()), "{who}");
        assert_eq!(refused.json()["errors"][0]["field"], "principal");
    }
    for wrong in [json!({"scope": "shop-1"}), json!({"context": []}), json!({"owner": 5}), json!({"action": null})] {
        let mut wrong = wrong;
        wrong["principal"] = json!("root");
        assert_eq!(explain(wrong.clone()).await.problem(), (400, "malformed_json".into()), "{wrong}");
    }
});

db_test!(who_is_disabled_may_do_nothing_whatever_they_hold, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let kim = powers::holder(&app, "kim", &["view:users"]).await;
    app.engine.disable_account(&Caller::host("root"), kim.account_id).await.expect("disabled");
    let body = json!({"account_id": kim.account_id, "action": "view", "resource": "users"});
    let answer = app.post(PATH).bearer(&root.token).json(body).await.json();
    assert_eq!((&answer["allowed"], &answer["code"]), (&json!(false), &json!("account_inactive")));
    assert_eq!(answer["near_misses"], json!([]));
});

db_test!(what_administrators_miss_of_an_explicit_permission_is_told, |db| async move {
    let app = TestApp::new(&db).await;
    powers::purchasing(&app).await;
    let root = app.administrator("root").await;
    let viewer = powers::group(&app, "viewers", &["view:groups"], Scope::default()).await;
    app.sign_up("ann@example.com").await;
    let ann = powers::join(&app, viewer, "ann@example.com").await;
    let body = json!({"account_id": root.account_id, "action": "pay", "resource": "invoices"});
    let answer = app.post(PATH).bearer(&ann.token).json(body).await.json();
    assert_eq!((&answer["allowed"], &answer["code"]), (&json!(false), &json!("not_granted")));
    let near = json!({"permission": permission("admin:*"), "group": "administrators",
        "missing": [{"code": "explicit_grant", "permission": "pay:invoices"}]});
    assert_eq!(answer["near_misses"], json!([near]));
});
