//! What an explanation says, in JSON and in words.
//! The codes are for programs and do not change; the words are for people.

use serde_json::to_value;

use super::*;

fn explained(held: &Value, question: &Question<'_>) -> Value {
    to_value(explain(&view(held, Scope::of(["a"]).unwrap()), question)).unwrap()
}

#[test]
fn the_grant_that_allowed_it_is_named() {
    let explanation = explained(&json!(["delete:users", "view:*"]), &Question::new("view", "plans"));
    let grant = json!({"permission": {"action": "view", "resource": "*"}, "group": "group"});
    let expected = json!({
        "allowed": true, "code": "granted", "reason": "granted by view:* of group group", "grant": grant, "near_misses": []
    });
    assert_eq!(explanation, expected);
    let direct = View::compile(&catalogue(), &[], &permissions(&json!(["view:plans"])));
    assert_eq!(explain(&direct, &Question::new("view", "plans")).reason, "granted by view:plans, held directly");
}

#[test]
fn every_near_miss_says_what_was_missing() {
    let held = json!(["admin:*", ["execute:purchases", {"providers": ["aws"], "regions": ["eu"], "max_amount": 100}]]);
    let stated = stated(&json!({"providers": ["aws", "gcp"], "amount": 500}));
    let explanation = explained(&held, &ask("execute:purchases", &stated));
    let missing = [
        json!([
            {"code": "above", "dimension": "max_amount", "stated": 500, "limit": 100},
            {"code": "not_permitted", "dimension": "providers", "value": "gcp"},
            {"code": "unstated", "dimension": "regions"}
        ]),
        json!([{"code": "explicit_grant", "permission": "execute:purchases"}]),
    ];
    assert_eq!(explanation["allowed"], json!(false));
    assert_eq!(explanation["code"], json!("not_granted"));
    assert_eq!(explanation["near_misses"].as_array().unwrap().len(), 2);
    assert_eq!(explanation["near_misses"][0]["missing"], missing[0]);
    assert_eq!(explanation["near_misses"][1]["missing"], missing[1]);
    assert_eq!(explanation["near_misses"][1]["permission"], json!({"action": "admin", "resource": "*"}));
}

#[test]
fn ownership_scope_and_form_are_said_in_words() {
    let held = json!(["cancel-own:purchases", "revoke-own:purchases", ["view:plans", {"colours": ["red"]}]]);
    let view = view(&held, Scope::of(["a"]).unwrap());
    let unreadable = stated(&json!({"colours": 5}));
    let cancel = ask("cancel:purchases", &NOTHING_STATED);
    let rows = [
        (cancel, "no owner is recorded"),
        (Question { owner: Owner::Other, ..cancel }, "the account is not the owner"),
        (ask("revoke:purchases", &NOTHING_STATED), "the resource states no scope"),
        (Question { scope: Some(&["b", "a"]), owner: Owner::Asker, ..cancel }, "the account's scope does not reach b"),
        (Question { scope: Some(&[]), owner: Owner::Asker, ..cancel }, "the resource states a scope without any id"),
        (ask("view:plans", &unreadable), "colours is stated in a form that cannot be compared"),
        (ask("view:plans", &NOTHING_STATED), "colours is not stated"),
    ];
    for (question, words) in rows {
        let explanation = explain(&view, &question);
        let [near_miss] = &explanation.near_misses[..] else { panic!("{explanation:?}") };
        let missing: Vec<_> = near_miss.missing.iter().map(Missing::to_string).collect();
        assert_eq!(missing, [words], "{question:?}");
    }
}

#[test]
fn what_is_unknown_out_of_scope_or_not_held_is_told_apart() {
    let held = json!(["view:plans"]);
    let out = Question { scope: Some(&["b"]), ..Question::new("view", "plans") };
    let rows = [
        (Question::new("fly", "plans"), "not_in_catalogue", "there is no permission fly:plans"),
        (Question::new("view", "*"), "not_in_catalogue", "there is no permission view:*"),
        (Question::new("view", "users"), "not_granted", "no grant allows view:users"),
        (out, "out_of_scope", "the account's scope does not reach b"),
        (Question { action: "delete", ..out }, "out_of_scope", "the account's scope does not reach b"),
    ];
    for (question, code, reason) in rows {
        let explanation = explained(&held, &question);
        assert_eq!((&explanation["code"], &explanation["reason"]), (&json!(code), &json!(reason)));
    }
}
