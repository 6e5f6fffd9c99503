//! `/access/v1/evaluations`

use serde_json::{Value, json};
use testkit::{Answer, SignedIn, TestApp, db_test};

use crate::evaluation::{gate, question, with};
use crate::powers;

const PATH: &str = "/access/v1/evaluations";

async fn ask(app: &TestApp, who: &SignedIn, body: Value) -> Answer {
    app.post(PATH).bearer(&who.token).json(body).await
}

fn decisions(answer: &Answer) -> Vec<bool> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json().get("decision").is_none());
    let all = answer.json()["evaluations"].as_array().expect("a list").clone();
    all.iter().map(|one| one["decision"].as_bool().expect("a decision")).collect()
}

fn resource(name: &str) -> Value {
    json!({"resource": {"type": name, "id": "1"}})
}

db_test!(each_question_is_decided_in_its_order, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    powers::holder(&app, "kim", &["view:users"]).await;
    let whole = [
        question("kim@example.com", "view", "users"),
        question("gate@example.com", "view", "users"),
        question("gate@example.com", "view", "groups"),
        question("nobody@example.com", "view", "groups"),
    ];
    let answer = ask(&app, &gate, json!({"evaluations": whole})).await;
    assert_eq!(decisions(&answer), [true, false, true, false]);
    let context = json!({"code": "not_granted", "reason": "no grant allows view:users"});
    assert_eq!(answer.json()["evaluations"][1]["context"], context);
    for (one, index) in whole.iter().zip(0..) {
        let single = app.post("/access/v1/evaluation").bearer(&gate.token).json(one.clone()).await.json();
        assert_eq!(answer.json()["evaluations"][index], single, "{one}");
    }
});

db_test!(what_stands_beside_the_list_holds_for_each_that_does_not_say_otherwise, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    app.administrator("root").await;
    let limited = json!({"action": "view", "resource": "audit", "constraints": {"regions": ["eu-1"]}});
    let account = format!("/api/v1/admin/users/{}/grants", gate.account_id);
    let root = app.sign_in("root").await;
    assert_eq!(app.post(&account).bearer(&root.token).json(limited).await.status, 201);
    let gate = app.sign_in("gate@example.com").await;
    let body = json!({
        "subject": {"type": "user", "id": "gate@example.com"}, "action": {"name": "view"},
        "context": {"regions": ["eu-1"]},
        "evaluations": [
            resource("groups"),
            resource("users"),
            {"subject": {"type": "user", "id": "root"}, "resource": {"type": "users", "id": "1"}},
            {"action": {"name": "delete"}, "resource": {"type": "groups", "id": "1"}},
            resource("audit"),
            with(resource("audit"), &[("/context", json!({}))]),
            with(resource("audit"), &[("/context", json!({"regions": ["eu-2"]}))]),
            with(resource("audit"), &[("/context", json!(null))]),
        ],
    });
    let expected = [true, false, true, false, true, false, false, true];
    assert_eq!(decisions(&ask(&app, &gate, body).await), expected);
    let body = json!({
        "subject": {"type": "user", "id": "root"}, "resource": {"type": "users", "id": "1"},
        "evaluations": [{"action": {"name": "view"}}, {"action": {"name": "fly"}}],
    });
    assert_eq!(decisions(&ask(&app, &gate, body).await), [true, false]);
});

db_test!(deciding_stops_where_it_was_asked_to, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let body = |options: Value, resources: &[&str]| {
        let items: Vec<Value> = resources.iter().map(|name| resource(name)).collect();
        json!({"subject": {"type": "user", "id": "gate@example.com"}, "action": {"name": "view"},
            "evaluations": items, "options": options})
    };
    let (yes, no) = ("groups", "users");
    let semantic = |name: &str| json!({"evaluations_semantic": name, "another_option": "value"});
    let rows = [
        (json!(null), vec![yes, no, yes], vec![true, false, true]),
        (json!({}), vec![no, yes], vec![false, true]),
        (json!({"evaluations_semantic": null}), vec![no, yes], vec![false, true]),
        (semantic("execute_all"), vec![yes, no, yes], vec![true, false, true]),
        (semantic("deny_on_first_deny"), vec![yes, no, yes], vec![true, false]),
        (semantic("deny_on_first_deny"), vec![yes, yes], vec![true, true]),
        (semantic("deny_on_first_deny"), vec![no, yes], vec![false]),
        (semantic("permit_on_first_permit"), vec![no, yes, no], vec![false, true]),
        (semantic("permit_on_first_permit"), vec![no, no], vec![false, false]),
        (semantic("permit_on_first_permit"), vec![yes, no], vec![true]),
    ];
    for (options, resources, expected) in rows {
        let answer = ask(&app, &gate, body(options.clone(), &resources)).await;
        assert_eq!(decisions(&answer), expected, "{options} {resources:?}");
    }
    let failure = json!({"subject": {"type": "user", "id": "gate@example.com"}, "action": {"name": "view"},
        "evaluations": [{}, resource(yes)], "options": semantic("deny_on_first_deny")});
    assert_eq!(decisions(&ask(&app, &gate, failure).await), [false], "a failure is a denial");
    for options in [semantic("first_come"), semantic(""), json!({"evaluations_semantic": 1}), json!([]), json!("x")] {
        let refused = ask(&app, &gate, body(options.clone(), &[yes])).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()), "{options}");
    }
});

db_test!(an_item_that_cannot_be_understood_is_denied_by_itself, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let wrong = [
        json!({}),
        json!(null),
        json!("groups"),
        json!([]),
        json!({"resource": {"type": "groups"}}),
        json!({"resource": {"id": "1"}}),
        json!({"resource": "groups"}),
        json!({"resource": {"type": "groups", "id": "1", "properties": {"scope": 5}}}),
        json!({"resource": {"type": "groups", "id": "1"}, "action": {}}),
        json!({"resource": {"type": "groups", "id": "1"}, "context": "x"}),
    ];
    let mut items = wrong.to_vec();
    items.push(resource("groups"));
    let body = json!({"subject": {"type": "user", "id": "gate@example.com"}, "action": {"name": "view"},
        "evaluations": items});
    let answer = ask(&app, &gate, body).await;
    let mut expected = vec![false; wrong.len()];
    expected.push(true);
    assert_eq!(decisions(&answer), expected);
    for (one, index) in wrong.iter().zip(0..) {
        let context = answer.json()["evaluations"][index]["context"].clone();
        assert_eq!(context["code"], "bad_request", "{one}");
        assert!(context["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{one}: {context}");
    }
});

db_test!(without_a_list_it_is_one_question, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let asked = question("gate@example.com", "view", "groups");
    let single = app.post("/access/v1/evaluation").bearer(&gate.token).json(asked.clone()).await.json();
    assert_eq!(single["decision"], true);
    for list in [json!("absent"), json!([]), json!(null)] {
        let answer = ask(&app, &gate, with(asked.clone(), &[("/evaluations", list.clone())])).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, single.clone()), "{list}");
    }
    for missing in ["/subject", "/action", "/resource"] {
        let part = with(asked.clone(), &[(missing, json!("absent"))]);
        let refused = ask(&app, &gate, part.clone()).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()), "{missing}");
        assert!(refused.text.contains(&format!("missing field `{}`", &missing[1..])), "{}", refused.text);
        let empty = ask(&app, &gate, with(part, &[("/evaluations", json!([]))])).await;
        assert_eq!(empty.problem(), (422, "empty_batch".into()), "{missing}");
    }
    assert_eq!(ask(&app, &gate, json!({"evaluations": []})).await.problem(), (422, "empty_batch".into()));
    assert_eq!(ask(&app, &gate, json!({})).await.problem(), (400, "malformed_json".into()));
    for list in [json!({}), json!("x"), json!(5)] {
        let refused = ask(&app, &gate, with(asked.clone(), &[("/evaluations", list.clone())])).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()), "{list}");
    }
});

db_test!(a_batch_has_its_measure, |db| async move {
    let app = TestApp::new(&db).await;
    let gate = gate(&app).await;
    let body = |count: usize| {
        let items: Vec<Value> = (0..count).map(|_| resource("groups")).collect();
        json!({"subject": {"type": "user", "id": "gate@example.com"}, "action": {"name": "view"},
            "evaluations": items})
    };
    assert_eq!(decisions(&ask(&app, &gate, body(100)).await), [true; 100]);
    let refused = ask(&app, &gate, body(101)).await;
    assert_eq!(refused.problem(), (422, "field_invalid".into()));
    assert_eq!(refused.json()["errors"][0]["field"], "evaluations");
});
