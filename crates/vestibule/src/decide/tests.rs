//! The decision by worked examples: wildcards and explicit permissions, constraints, batches.
//! Own and any, scope, explanations and the rules over random input are in rooms of their own.

mod explained;
mod own_and_scope;
mod rules;

use std::sync::Arc;

use serde_json::{Value, from_value, json};

use super::*;
use crate::catalogue::{Catalogue, Entry};
use crate::permissions::Permission;

fn entry(name: &str) -> Entry {
    let (action, resource) = name.split_once(':').unwrap();
    Entry { action: action.to_owned(), resource: resource.to_owned(), ..Entry::default() }
}

fn own(name: &str, own: Own) -> Entry {
    Entry { own: Some(own), ..entry(name) }
}

fn explicit(name: &str) -> Entry {
    Entry { explicit: true, ..entry(name) }
}

fn catalogue() -> Arc<Catalogue> {
    let entries = vec![
        entry("view:plans"),
        entry("view:users"),
        entry("delete:users"),
        explicit("execute:purchases"),
        entry("execute:reports"),
        own("execute-own:purchases", Own::Owner),
        entry("execute-any:purchases"),
        own("approve-own:purchases", Own::Owner),
        explicit("approve-any:purchases"),
        own("cancel-own:purchases", Own::Owner),
        entry("cancel-any:purchases"),
        own("revoke-own:purchases", Own::Scope),
        entry("revoke-any:purchases"),
        Entry { any: Some("update-any".to_owned()), ..own("update:purchases", Own::Owner) },
        entry("update-any:purchases"),
        own("sell-own:purchases", Own::Owner),
        entry("refund-any:purchases"),
    ];
    Arc::new(Catalogue::new(entries).unwrap())
}

/// `"action:resource"`, or `["action:resource", {constraints}]`.
fn permission(value: &Value) -> Permission {
    let (name, constraints) = match value.as_array() {
        Some(pair) => (pair[0].as_str().unwrap(), pair[1].clone()),
        None => (value.as_str().unwrap(), json!({})),
    };
    let (action, resource) = name.split_once(':').unwrap();
    from_value(json!({"action": action, "resource": resource, "constraints": constraints})).unwrap()
}

fn permissions(held: &Value) -> Vec<Permission> {
    held.as_array().unwrap().iter().map(permission).collect()
}

fn view(held: &Value, scope: Scope) -> View {
    let permissions = permissions(held);
    View::compile(&catalogue(), &[HeldGroup { slug: "group", permissions: &permissions, scope: &scope }], &[])
}

fn stated(value: &Value) -> Stated {
    Stated::from_object(value.as_object().unwrap())
}

fn ask<'a>(name: &'a str, stated: &'a Stated) -> Question<'a> {
    let (action, resource) = name.split_once(':').unwrap();
    Question { stated, ..Question::new(action, resource) }
}

fn check(held: &Value, name: &str, request: &Value, expected: bool) {
    let (view, stated) = (view(held, Scope::default()), stated(request));
    assert_eq!(decide(&view, &ask(name, &stated)), expected, "{held} asked {name} {request}");
}

#[test]
fn wildcards_match_what_is_known_and_not_explicit() {
    let rows = [
        (json!(["admin:*"]), "delete:users", true),
        (json!(["admin:*"]), "execute:purchases", false),
        (json!(["admin:*"]), "approve-any:purchases", false),
        (json!(["admin:*"]), "cancel-any:purchases", true),
        (json!(["admin:*"]), "execute:reports", true),
        (json!(["admin:*"]), "delete:plans", false),
        (json!(["admin:*", "execute:purchases"]), "execute:purchases", true),
        (json!(["execute:purchases"]), "execute:purchases", true),
        (json!(["execute:*"]), "execute:purchases", false),
        (json!(["execute:*"]), "execute:reports", true),
        (json!(["approve-any:*"]), "approve-any:purchases", false),
        (json!(["admin:users"]), "view:users", false),
        (json!(["admin:users"]), "admin:users", false),
        (json!(["view:plans"]), "view:*", false),
        (json!(["view:*"]), "view:*", false),
        (json!(["admin:*"]), "admin:*", false),
        (json!(["admin:*"]), "view:*", false),
        (json!(["view:*"]), "view:plans", true),
        (json!(["view:*"]), "delete:users", false),
        (json!(["view:*"]), "view:secrets", false),
        (json!(["view:secrets"]), "view:secrets", false),
        (json!(["view:plans"]), "view:users", false),
        (json!(["view:plans"]), "View:plans", false),
        (json!(["view:plans"]), "view: plans", false),
        (json!([]), "view:plans", false),
    ];
    for (held, name, expected) in rows {
        check(&held, name, &json!({}), expected);
    }
}

#[test]
fn one_permission_must_permit_the_whole_request() {
    let capped = json!(["admin:*", ["execute:purchases", {"max_amount": 1000}]]);
    let aws = json!([["execute:purchases", {"providers": ["aws"]}]]);
    let amount = json!([["execute:purchases", {"max_amount": 100}]]);
    let eastus = json!([["execute:purchases", {"regions": ["eastus"]}]]);
    let mixed_case = json!([["execute:purchases", {"regions": [" EastUS "]}]]);
    let accounts = json!([["execute:purchases", {"accounts": ["A"]}]]);
    let none = json!([["execute:purchases", {"regions": []}]]);
    let both = json!([
        ["execute:purchases", {"providers": ["aws"], "max_amount": 100}],
        ["execute:purchases", {"providers": ["azure"]}]
    ]);
    let rows = [
        (&capped, json!({"amount": 5000}), false),
        (&capped, json!({"amount": 1000}), true),
        (&capped, json!({}), false),
        (&aws, json!({}), false),
        (&aws, json!({"providers": [], "regions": ["us-east-1"]}), false),
        (&aws, json!({"providers": ["aws", "azure"]}), false),
        (&aws, json!({"providers": ["aws"]}), true),
        (&aws, json!({"providers": "aws"}), true),
        (&aws, json!({"providers": ["aws", ""]}), false),
        (&aws, json!({"providers": ["aws", 5]}), false),
        (&aws, json!({"providers": {"aws": true}}), false),
        (&aws, json!({"providers": true}), false),
        (&aws, json!({"providers": 5}), false),
        (&eastus, json!({"regions": ["eastus", "westus"]}), false),
        (&eastus, json!({"regions": ["eastus"]}), true),
        (&mixed_case, json!({"regions": ["eastus"]}), false),
        (&mixed_case, json!({"regions": ["EastUS "]}), true),
        (&accounts, json!({"accounts": ["a"]}), false),
        (&none, json!({"regions": []}), false),
        (&none, json!({"regions": ["eastus"]}), false),
        (&none, json!({}), false),
        (&amount, json!({"amount": 100}), true),
        (&amount, json!({"max_amount": 100}), true),
        (&amount, json!({"amount": 0}), true),
        (&amount, json!({"amount": 100.01}), false),
        (&amount, json!({"amount": 50, "max_amount": 101}), false),
        (&amount, json!({"amount": 101, "max_amount": 50}), false),
        (&amount, json!({"amount": "50"}), false),
        (&amount, json!({"amount": "50", "max_amount": 50}), false),
        (&amount, json!({"amount": null, "max_amount": 50}), true),
        (&amount, json!({"amount": [50]}), false),
        (&amount, json!({"amount": 1.797_693_134_862_315_7e308}), false),
        (&both, json!({"providers": ["aws"], "amount": 500}), false),
        (&both, json!({"providers": ["aws", "azure"], "amount": 50}), false),
        (&both, json!({"providers": ["azure"], "amount": 9999}), true),
    ];
    for (held, request, expected) in rows {
        check(held, "execute:purchases", &request, expected);
    }
}

#[test]
fn a_number_that_is_not_finite_or_not_exact_is_above_every_limit() {
    let view = view(&json!([["execute:purchases", {"max_amount": 9_007_199_254_740_991_u64}]]), Scope::default());
    for (number, expected) in [(1.0, true), (f64::NAN, false), (f64::INFINITY, false), (f64::NEG_INFINITY, false)] {
        let stated = Stated::nothing().with_quantity("amount", number);
        assert_eq!(decide(&view, &ask("execute:purchases", &stated)), expected, "{number}");
    }
    let rounded = stated(&json!({"amount": 9_007_199_254_740_993_u64}));
    assert!(!decide(&view, &ask("execute:purchases", &rounded)));
}

#[test]
fn a_batch_passes_only_if_each_of_it_does_by_some_grant() {
    let held = json!([
        ["execute:purchases", {"providers": ["aws"], "max_amount": 100}],
        ["execute:purchases", {"providers": ["azure"]}]
    ]);
    let view = view(&held, Scope::default());
    let aws = Stated::nothing().with_values("providers", ["aws"]).with_quantity("amount", 50.0);
    let azure = Stated::nothing().with_values("providers", ["azure"]).with_quantity("amount", 9999.0);
    let gcp = Stated::nothing().with_values("providers", ["gcp"]).with_quantity("amount", 1.0);
    let [aws, azure, gcp] = [&aws, &azure, &gcp].map(|stated| ask("execute:purchases", stated));
    assert_eq!(decide_all(&view, &[aws, azure]), Ok(true));
    assert_eq!(decide_all(&view, &[aws, gcp, azure]), Ok(false));
    assert_eq!(decide_all(&view, &[]), Err(EmptyBatch));
}
