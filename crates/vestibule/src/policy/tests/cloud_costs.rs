//! The worked example that ships: who of its eight groups may do what.
//! The file is read as it ships, over the built-in policy.

use super::*;
use crate::decide::{HeldGroup, Owner, Question, View, decide};

const TEXT: &str = include_str!("../../../../../policies/cloud-costs.toml");

fn policy() -> Policy {
    Policy::parse(TEXT).unwrap()
}

fn view(policy: &Policy, slugs: &[&'static str], scope: Option<&Scope>) -> View {
    let held = |slug: &&'static str| {
        let PolicyGroup { permissions, scope: own, .. } = policy.group(slug).unwrap();
        HeldGroup { slug, permissions, scope: scope.unwrap_or(own) }
    };
    View::compile(policy.catalogue(), &slugs.iter().map(held).collect::<Vec<_>>(), &[])
}

#[test]
fn the_eight_groups_hold_what_they_should() {
    let rows = [
        ("administrators", 1, 1),
        ("purchase-approvers", 2, 6),
        ("plan-authors", 3, 8),
        ("viewers", 4, 5),
        ("standard-users", 5, 13),
        ("read-only-users", 6, 4),
        ("purchaser", 7, 7),
        ("ri-exchanger", 8, 4),
    ];
    let policy = policy();
    assert_eq!(policy.groups().len(), rows.len() + 1, "and the members");
    for (slug, number, count) in rows {
        let group = policy.group(slug).unwrap();
        assert_eq!(group.id.as_deref(), Some(format!("00000000-0000-5000-8000-{number:012}").as_str()));
        assert_eq!(group.permissions.len(), count, "{slug}");
        assert!(group.system_managed && group.scope == Scope::All, "{slug}");
    }
    assert_eq!(policy.bootstrap_groups(), ["administrators"]);
    let explicit = policy.catalogue().entries().iter().filter(|entry| entry.explicit).map(Entry::slug);
    let four = ["execute:purchases", "approve-any:purchases", "retry-any:purchases", "execute:ri-exchange"];
    assert_eq!(explicit.collect::<Vec<_>>(), four);
}

#[test]
fn each_group_may_do_its_own_and_no_more() {
    use Owner::{Asker, Other, Unrecorded};
    let rows: [(&[&'static str], &str, Owner, bool); 46] = [
        (&["administrators"], "delete:users", Unrecorded, true),
        (&["administrators"], "view:config", Unrecorded, true),
        (&["administrators"], "execute:purchases", Asker, false),
        (&["administrators"], "execute:ri-exchange", Unrecorded, false),
        (&["administrators"], "approve-any:purchases", Unrecorded, false),
        (&["administrators"], "retry-any:purchases", Unrecorded, false),
        (&["administrators"], "retry:purchases", Other, false),
        (&["administrators"], "approve:purchases", Other, false),
        (&["administrators"], "cancel-any:purchases", Unrecorded, true),
        (&["administrators"], "cancel:purchases", Unrecorded, true),
        (&["administrators"], "update:purchases", Other, true),
        (&["administrators"], "fly:purchases", Unrecorded, false),
        (&["administrators", "purchaser"], "execute:purchases", Other, true),
        (&["administrators", "purchaser"], "delete:users", Unrecorded, true),
        (&["administrators", "purchaser"], "execute:ri-exchange", Unrecorded, false),
        (&["purchaser"], "execute:purchases", Unrecorded, true),
        (&["purchaser"], "approve:purchases", Other, true),
        (&["purchaser"], "retry:purchases", Unrecorded, true),
        (&["purchaser"], "cancel:purchases", Asker, false),
        (&["purchaser"], "delete:users", Unrecorded, false),
        (&["purchaser"], "view:config", Unrecorded, false),
        (&["purchase-approvers"], "approve:purchases", Other, true),
        (&["purchase-approvers"], "approve-any:purchases", Other, true),
        (&["purchase-approvers"], "execute:purchases", Unrecorded, false),
        (&["purchase-approvers"], "view:accounts", Unrecorded, true),
        (&["plan-authors"], "delete:plans", Other, true),
        (&["plan-authors"], "update:purchases", Asker, false),
        (&["viewers"], "view:accounts", Unrecorded, true),
        (&["viewers"], "update:plans", Asker, false),
        (&["standard-users"], "update:purchases", Asker, true),
        (&["standard-users"], "update:purchases", Other, false),
        (&["standard-users"], "update-any:purchases", Asker, false),
        (&["standard-users"], "cancel:purchases", Asker, true),
        (&["standard-users"], "cancel:purchases", Unrecorded, false),
        (&["standard-users"], "retry:purchases", Asker, true),
        (&["standard-users"], "approve:purchases", Asker, true),
        (&["standard-users"], "approve:purchases", Other, false),
        (&["standard-users"], "sell:purchases", Asker, false),
        (&["standard-users"], "execute:purchases", Asker, false),
        (&["standard-users"], "view:accounts", Unrecorded, false),
        (&["read-only-users"], "view:config", Unrecorded, true),
        (&["read-only-users"], "view:purchases", Unrecorded, false),
        (&["ri-exchanger"], "execute:ri-exchange", Unrecorded, true),
        (&["ri-exchanger"], "execute:purchases", Unrecorded, false),
        (&["members"], "view:plans", Unrecorded, false),
        (&[], "view:plans", Unrecorded, false),
    ];
    let policy = policy();
    for (slugs, name, owner, expected) in rows {
        let (action, resource) = name.split_once(':').unwrap();
        let question = Question { owner, ..Question::new(action, resource) };
        assert_eq!(decide(&view(&policy, slugs, None), &question), expected, "{slugs:?} {name} {owner:?}");
    }
}

#[test]
fn standard_users_revoke_what_their_scope_reaches() {
    let (policy, account) = (policy(), Scope::of(["account-1"]).unwrap());
    let scoped = view(&policy, &["standard-users"], Some(&account));
    let rows: [(Option<&[&str]>, bool); 4] =
        [(Some(&["account-1"]), true), (Some(&["account-2"]), false), (Some(&[]), false), (None, false)];
    for (scope, expected) in rows {
        for action in ["revoke", "revoke-own"] {
            let question = Question { scope, owner: Owner::Asker, ..Question::new(action, "purchases") };
            assert_eq!(decide(&scoped, &question), expected, "{action} {scope:?}");
        }
    }
}

#[test]
fn only_an_own_form_or_the_spending_of_money_escapes_the_administrators_wildcard() {
    let policy = policy();
    let administrator = view(&policy, &["administrators"], None);
    for entry in policy.catalogue().entries() {
        let may = decide(&administrator, &Question::new(&entry.action, &entry.resource));
        let is_closed = entry.explicit || (entry.own.is_some() && entry.action != "update");
        assert_eq!(may, !is_closed, "{}", entry.slug());
    }
}
