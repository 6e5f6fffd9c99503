//! Which permission covers which, by worked examples of ceilings, and as an order that agrees with the decision.
//! Scopes are compared by the same rule: nobody confers further than they reach.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, from_value, json};

use super::*;
use crate::catalogue::Entry;
use crate::decide::sample::{self, Group, asked, catalogue, permission, scope};
use crate::decide::{View, decide};
use crate::scope::Scope;

fn vocabulary() -> Catalogue {
    let names =
        [("view", "plans"), ("view", "users"), ("delete", "accounts"), ("update", "groups"), ("cancel-own", "x")];
    let entry = |(action, resource): (&str, &str), explicit| Entry {
        action: action.to_owned(),
        resource: resource.to_owned(),
        explicit,
        ..Entry::default()
    };
    let entries = names.map(|name| entry(name, false)).into_iter().chain([entry(("execute", "purchases"), true)]);
    Catalogue::new(entries.collect()).unwrap()
}

fn one(name: &str, constraints: Value) -> Permission {
    let (action, resource) = name.split_once(':').unwrap();
    from_value(json!({"action": action, "resource": resource, "constraints": constraints})).unwrap()
}

#[test]
fn a_ceiling_is_what_one_held_permission_covers() {
    let bare = |name| one(name, json!({}));
    let plans = |constraints| one("view:plans", constraints);
    let narrow = plans(json!({"providers": ["aws"], "max_amount": 100}));
    let rows = [
        (vec![bare("admin:*")], bare("view:plans"), true),
        (vec![bare("admin:*")], bare("view:*"), true),
        (vec![bare("admin:*")], bare("admin:*"), true),
        (vec![bare("admin:*")], bare("execute:*"), true),
        (vec![bare("admin:*")], bare("execute:purchases"), false),
        (vec![bare("admin:*"), bare("execute:purchases")], bare("execute:purchases"), true),
        (vec![bare("admin:*")], bare("view:unknown"), false),
        (vec![bare("execute:*")], bare("execute:purchases"), false),
        (vec![bare("update:groups"), bare("view:plans")], bare("delete:accounts"), false),
        (vec![bare("view:plans")], bare("view:*"), false),
        (vec![bare("view:plans"), bare("view:users")], bare("view:*"), false),
        (vec![bare("view:*")], bare("view:plans"), true),
        (vec![bare("view:*")], bare("admin:*"), false),
        (vec![bare("admin:users")], bare("view:users"), false),
        (vec![narrow.clone()], plans(json!({"providers": ["aws"], "max_amount": 50})), true),
        (vec![narrow.clone()], plans(json!({})), false),
        (vec![narrow.clone()], plans(json!({"providers": ["aws", "azure"], "max_amount": 50})), false),
        (vec![narrow.clone()], plans(json!({"providers": ["aws"]})), false),
        (vec![narrow], plans(json!({"providers": ["AWS"], "max_amount": 50})), false),
        (vec![one("admin:*", json!({"max_amount": 5}))], bare("view:plans"), false),
        (vec![one("admin:*", json!({"max_amount": 5}))], plans(json!({"max_amount": 5})), true),
        (
            vec![plans(json!({"providers": ["aws"]})), plans(json!({"providers": ["azure"]}))],
            plans(json!({"providers": ["aws", "azure"]})),
            false,
        ),
        (vec![bare("execute:purchases")], one("execute:purchases", json!({"max_amount": 100})), true),
        (vec![one("execute:purchases", json!({"max_amount": 100}))], bare("execute:purchases"), false),
        (vec![], bare("view:plans"), false),
    ];
    for (held, requested, expected) in rows {
        assert_eq!(holds(&vocabulary(), &held, &requested), expected, "{held:?} holds {requested:?}");
    }
}

#[test]
fn the_permission_beyond_the_ceiling_is_named() {
    let held = [one("view:*", json!({}))];
    let requested = [one("view:plans", json!({})), one("delete:accounts", json!({})), one("admin:*", json!({}))];
    assert_eq!(first_beyond(&vocabulary(), &held, &requested), Some(&requested[1]));
    assert_eq!(first_beyond(&vocabulary(), &held, &requested[..1]), None);
    assert_eq!(first_beyond(&vocabulary(), &held, &[]), None);
}

#[test]
fn a_scope_is_widened_only_within_ones_own_and_narrowed_by_anybody() {
    let read = |value: &Value| from_value::<Scope>(value.clone()).unwrap();
    let rows = [
        (json!(["a"]), json!(["a"]), json!(["a", "b"]), false),
        (json!(["a"]), json!(["a"]), json!([]), true),
        (json!(["a"]), json!(["a"]), json!(["*"]), false),
        (json!(["a"]), json!(["a"]), json!("all"), false),
        (json!(["a", "b"]), json!(["a"]), json!(["a", "b"]), true),
        (json!(["z"]), json!(["a", "b"]), json!(["a"]), true),
        (json!(["a"]), json!([]), json!("all"), false),
        (json!([]), json!(["a"]), json!("all"), false),
        (json!("all"), json!(["a"]), json!("all"), true),
    ];
    for (actor, old, new, expected) in rows {
        let may = read(&old).covers(&read(&new)) || read(&actor).covers(&read(&new));
        assert_eq!(may, expected, "{actor} changes {old} to {new}");
    }
}

#[test]
fn an_account_is_covered_with_its_explicit_permissions_and_its_scope() {
    let catalogue = Arc::new(vocabulary());
    let view = |names: &[&str], scope| {
        let permissions = names.iter().map(|name| one(name, json!({}))).collect();
        sample::view(&catalogue, &[Group { permissions, scope }], &[])
    };
    let admin = view(&["admin:*"], Scope::All);
    let purchaser = view(&["admin:*", "execute:purchases"], Scope::All);
    let viewer = view(&["view:plans"], Scope::of(["a"]).unwrap());
    let nobody = View::compile(&catalogue, &[], &[]);
    assert!(admin.covers(&viewer) && purchaser.covers(&admin) && admin.covers(&admin) && viewer.covers(&nobody));
    assert!(!admin.covers(&purchaser) && !viewer.covers(&admin) && !nobody.covers(&viewer));
    assert!(!view(&["admin:*"], Scope::of(["a"]).unwrap()).covers(&admin));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn covering_is_an_order(catalogue in catalogue(), few in vec(permission(), 2..8)) {
        for a in &few {
            prop_assert!(covers(&catalogue, a, a));
            for b in &few {
                let is_mutual = covers(&catalogue, a, b) && covers(&catalogue, b, a);
                prop_assert_eq!(is_mutual, a == b);
                for c in &few {
                    let is_chain = covers(&catalogue, a, b) && covers(&catalogue, b, c);
                    prop_assert!(!is_chain || covers(&catalogue, a, c), "{a} {b} {c}");
                }
            }
        }
    }

    #[test]
    fn what_is_covered_is_allowed_to_whoever_covers_it(
        catalogue in catalogue(), few in vec(permission(), 2..8), scope in scope(), asked in vec(asked(), 40),
    ) {
        let view = |held: &Permission| {
            sample::view(&catalogue, &[Group { permissions: vec![held.clone()], scope: scope.clone() }], &[])
        };
        let views: Vec<_> = few.iter().map(view).collect();
        for (a, held) in few.iter().zip(&views) {
            for (b, requested) in few.iter().zip(&views).filter(|(b, _)| covers(&catalogue, a, b)) {
                for asked in &asked {
                    let question = asked.question();
                    prop_assert!(!decide(requested, &question) || decide(held, &question), "{a} {b} {asked:?}");
                }
            }
        }
    }

    #[test]
    fn whoever_covers_an_account_may_do_all_that_it_may(
        catalogue in catalogue(), one in sample::group(), other in sample::group(), asked in vec(asked(), 40),
    ) {
        let both = sample::view(&catalogue, &[one.clone(), other], &[]);
        let one = sample::view(&catalogue, &[one], &[]);
        prop_assert!(both.covers(&one));
        for (held, requested) in [(&both, &one), (&one, &both)] {
            for asked in asked.iter().filter(|_| held.covers(requested)) {
                prop_assert!(!decide(requested, &asked.question()) || decide(held, &asked.question()));
            }
        }
    }
}
