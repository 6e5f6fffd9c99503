//! Rules over random accounts and questions: the compiled decision is the rules read aloud, power only grows with a
//! grant or a group, and the explanation never contradicts the decision.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::catalogue::{Catalogue, Entry, Own};
use crate::decide::sample::{self, Asked, Group, asked, catalogue, group, permission};
use crate::decide::{Owner, decide, explain};
use crate::permissions::Permission;
use crate::scope::Scope;

/// The rules, read aloud: nothing compiled, nothing shared with the decision but the entries and the permissions.
fn allowed(catalogue: &Catalogue, groups: &[Group], direct: &[Permission], asked: &Asked) -> bool {
    let reaches = |id: &&str| groups.iter().any(|group| group.scope == Scope::All || group.scope.contains(id));
    let has_all = groups.iter().any(|group| group.scope == Scope::All);
    let is_within = asked.scope.as_ref().is_none_or(|ids| ids.iter().all(reaches) && (has_all || !ids.is_empty()));
    let entry = |action: &str| {
        catalogue.entries().iter().find(|entry| entry.action == action && entry.resource == asked.resource)
    };
    let is_held = |entry: &Entry| {
        let mut held = groups.iter().flat_map(|group| &group.permissions).chain(direct);
        held.any(|permission| matches(permission, entry) && meets(permission, asked))
    };
    let is_own = |entry: &Entry| match entry.own.unwrap() {
        Own::Owner => asked.owner == Owner::Asker,
        Own::Scope => asked.scope.as_ref().is_some_and(|ids| !ids.is_empty()),
    };
    let bare_or_own_name = entry(asked.action).filter(|entry| entry.own.is_none() || entry.action.ends_with("-own"));
    let answer = match bare_or_own_name {
        Some(entry) => is_held(entry) && (entry.own.is_none() || is_own(entry)),
        None => {
            let any = entry(&format!("{}-any", asked.action));
            let own = entry(&format!("{}-own", asked.action)).or(entry(asked.action));
            any.is_some_and(is_held) || own.is_some_and(|own| is_held(own) && is_own(own))
        }
    };
    is_within && answer
}

fn matches(permission: &Permission, entry: &Entry) -> bool {
    let is_same_action = permission.action() == entry.action;
    let is_wild = permission.resource() == "*" && (permission.action() == "admin" || is_same_action);
    (is_same_action && permission.resource() == entry.resource) || (is_wild && !entry.explicit)
}

fn meets(permission: &Permission, asked: &Asked) -> bool {
    let limits = serde_json::to_value(permission.constraints()).unwrap();
    let is_permitted = |limit: &serde_json::Value, stated: &serde_json::Value| match (limit, stated) {
        (limit, stated) if limit.is_number() => stated.as_f64().is_some_and(|stated| stated <= limit.as_f64().unwrap()),
        (limit, stated) => match stated.as_array() {
            Some(stated) => stated.iter().all(|value| limit.as_array().unwrap().contains(value)),
            None => limit.as_array().unwrap().contains(stated),
        },
    };
    limits.as_object().unwrap().iter().all(|(dimension, limit)| {
        let names = [dimension.as_str(), dimension.trim_start_matches("max_")];
        let names = &names[..if names[0] == names[1] { 1 } else { 2 }];
        let is_stated = |value: &&serde_json::Value| !value.is_null() && value.as_array().is_none_or(|a| !a.is_empty());
        let stated: Vec<_> = names.iter().map(|name| &asked.json[*name]).filter(is_stated).collect();
        !stated.is_empty() && stated.into_iter().all(|stated| is_permitted(limit, stated))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_compiled_decision_is_the_rules_read_aloud(
        catalogue in catalogue(), groups in vec(group(), 0..4), direct in vec(permission(), 0..4), asked in vec(asked(), 20),
    ) {
        let view = sample::view(&catalogue, &groups, &direct);
        for asked in asked {
            let expected = allowed(&catalogue, &groups, &direct, &asked);
            prop_assert_eq!(decide(&view, &asked.question()), expected, "{:?}", asked);
        }
    }

    #[test]
    fn a_grant_more_never_takes_power_and_a_group_less_never_adds_any(
        catalogue in catalogue(), groups in vec(group(), 1..4), direct in vec(permission(), 1..4), asked in vec(asked(), 20),
        gone in any::<prop::sample::Index>(),
    ) {
        let whole = sample::view(&catalogue, &groups, &direct);
        let fewer_grants = sample::view(&catalogue, &groups, &direct[1..]);
        let mut left = groups.clone();
        left.remove(gone.index(groups.len()));
        let fewer_groups = sample::view(&catalogue, &left, &direct);
        for asked in asked {
            let question = asked.question();
            let may = decide(&whole, &question);
            prop_assert!(may || !decide(&fewer_grants, &question), "the grant took power: {asked:?}");
            prop_assert!(may || !decide(&fewer_groups, &question), "leaving the group gave power: {asked:?}");
        }
        prop_assert!(whole.covers(&fewer_grants) && whole.covers(&fewer_groups));
    }

    #[test]
    fn the_order_of_groups_and_grants_does_not_matter(
        catalogue in catalogue(), groups in vec(group(), 0..4), direct in vec(permission(), 0..4), asked in vec(asked(), 20),
    ) {
        let view = sample::view(&catalogue, &groups, &direct);
        let reversed: Vec<_> = groups.into_iter().rev().collect();
        let direct: Vec<_> = direct.into_iter().rev().collect();
        let other = sample::view(&catalogue, &reversed, &direct);
        for asked in asked {
            prop_assert_eq!(decide(&view, &asked.question()), decide(&other, &asked.question()));
        }
    }

    #[test]
    fn an_explanation_says_what_the_decision_says(
        catalogue in catalogue(), groups in vec(group(), 0..4), direct in vec(permission(), 0..4), asked in vec(asked(), 20),
    ) {
        let view = sample::view(&catalogue, &groups, &direct);
        for asked in asked {
            let explanation = explain(&view, &asked.question());
            prop_assert_eq!(explanation.allowed, decide(&view, &asked.question()));
            prop_assert_eq!(explanation.allowed, explanation.grant.is_some());
            prop_assert!(!explanation.allowed || explanation.near_misses.is_empty());
            for near_miss in &explanation.near_misses {
                prop_assert!(!near_miss.missing.is_empty(), "{explanation:?}");
                prop_assert!(view.grants().contains(&near_miss.grant));
            }
            if let Some(grant) = explanation.grant {
                let alone = sample::view(&catalogue, &groups, &[]).limited_to(&[grant.permission]);
                prop_assert!(decide(&alone, &asked.question()), "the grant that is named suffices by itself");
            }
        }
    }
}
