//! Random catalogues, permissions, groups and questions for the rules: small vocabularies, so that what is asked is
//! often held, nearly held, or held twice.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::{HeldGroup, Owner, Question, Stated, View};
use crate::catalogue::{Catalogue, Entry, Own};
use crate::constraints::Constraints;
use crate::permissions::Permission;
use crate::scope::Scope;

pub(crate) const ACTIONS: [&str; 15] = [
    "view",
    "edit",
    "pay",
    "pay-own",
    "pay-any",
    "cancel",
    "cancel-own",
    "cancel-any",
    "revoke",
    "revoke-own",
    "revoke-any",
    "update",
    "update-any",
    "sell",
    "sell-any",
];
pub(crate) const RESOURCES: [&str; 2] = ["plans", "orders"];
const IDS: [&str; 3] = ["a", "b", "c"];

/// A group as an account holds it.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) permissions: Vec<Permission>,
    pub(crate) scope: Scope,
}

/// A question that owns what it asks.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) action: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) owner: Owner,
    pub(crate) scope: Option<Vec<&'static str>>,
    pub(crate) json: Value,
    stated: Stated,
}

impl Asked {
    pub(crate) fn question(&self) -> Question<'_> {
        let Asked { action, resource, owner, scope, stated, .. } = self;
        Question { action, resource, owner: *owner, scope: scope.as_deref(), stated }
    }
}

pub(crate) fn entry(action: &str, resource: &str, explicit: bool) -> Entry {
    let own = match action {
        "revoke-own" => Some(Own::Scope),
        "pay-own" | "cancel-own" | "update" => Some(Own::Owner),
        _ => None,
    };
    Entry { action: action.into(), resource: resource.into(), label: String::new(), explicit, own, any: None }
}

/// Some of the actions on some of the resources, some of them explicit; a stem is in it only where it is bare.
pub(crate) fn catalogue() -> impl Strategy<Value = Arc<Catalogue>> {
    let stems = ["cancel", "revoke", "sell"];
    let names = RESOURCES.iter().flat_map(|resource| ACTIONS.iter().map(move |action| (*action, *resource)));
    let names: Vec<_> = names.filter(|(action, _)| !stems.contains(action)).collect();
    let count = names.len();
    (subsequence(names, count / 2..=count), vec(prop::bool::weighted(0.2), count)).prop_map(|(names, explicit)| {
        let entries = names.into_iter().zip(explicit).map(|((action, on), explicit)| entry(action, on, explicit));
        Arc::new(Catalogue::new(entries.collect()).unwrap())
    })
}

pub(crate) fn constraints() -> impl Strategy<Value = Constraints> {
    let regions = option::weighted(0.4, subsequence(vec!["x", "y"], 0..=2));
    let amount = option::weighted(0.3, select(vec![0, 5, 10]));
    (regions, amount).prop_map(|(regions, amount)| {
        let mut object = Map::new();
        regions.into_iter().for_each(|regions| drop(object.insert("regions".into(), json!(regions))));
        amount.into_iter().for_each(|amount| drop(object.insert("max_amount".into(), json!(amount))));
        Constraints::from_object(&object).unwrap()
    })
}

pub(crate) fn permission() -> impl Strategy<Value = Permission> {
    let named = (select(ACTIONS.to_vec()), select(vec!["plans", "orders", "*"]));
    let target = prop_oneof![9 => named, 1 => Just(("admin", "*")), 1 => Just(("admin", "plans"))];
    (target, constraints())
        .prop_map(|((action, resource), constraints)| Permission::new(action, resource, constraints).unwrap())
}

pub(crate) fn scope() -> impl Strategy<Value = Scope> {
    let ids = subsequence(IDS.to_vec(), 0..=3).prop_map(|ids| Scope::of(ids).unwrap());
    prop_oneof![3 => ids, 1 => Just(Scope::All)]
}

pub(crate) fn group() -> impl Strategy<Value = Group> {
    (vec(permission(), 0..6), scope()).prop_map(|(permissions, scope)| Group { permissions, scope })
}

pub(crate) fn asked() -> impl Strategy<Value = Asked> {
    let owner = select(vec![Owner::Unrecorded, Owner::Asker, Owner::Other]);
    let scope = option::of(subsequence(IDS.to_vec(), 0..=2));
    let regions = select(vec![json!(null), json!([]), json!("x"), json!(["x"]), json!(["x", "y"]), json!(5)]);
    let max_amount = select(vec![json!(null), json!(null), json!(0), json!(5), json!(7)]);
    let amount = select(vec![json!(null), json!(4), json!(10), json!("4"), json!([4])]);
    let stated = (regions, max_amount, amount).prop_map(|(regions, max_amount, amount)| {
        json!({"regions": regions, "max_amount": max_amount, "amount": amount, "colour": "red"})
    });
    let name = (select(ACTIONS.to_vec()), select(RESOURCES.to_vec()));
    (name, owner, scope, stated).prop_map(|((action, resource), owner, scope, json)| {
        let stated = Stated::from_object(json.as_object().unwrap());
        Asked { action, resource, owner, scope, json, stated }
    })
}

pub(crate) fn view(catalogue: &Arc<Catalogue>, groups: &[Group], direct: &[Permission]) -> View {
    let held = groups.iter().map(|Group { permissions, scope }| HeldGroup { slug: "group", permissions, scope });
    let held: Vec<_> = held.collect();
    View::compile(catalogue, &held, direct)
}
