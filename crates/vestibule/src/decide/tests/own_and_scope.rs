//! The decision by worked examples: own and any, scope, and keys within their owner.
//! What is not recorded or not stated never makes a thing one's own.

use super::*;

#[test]
fn own_and_any_decide_a_stem_and_are_questions_of_their_own() {
    use Owner::{Asker, Other, Unrecorded};
    let rows = [
        (json!(["cancel-any:purchases"]), "cancel:purchases", Unrecorded, true),
        (json!(["cancel-any:purchases"]), "cancel:purchases", Other, true),
        (json!(["cancel-any:purchases"]), "cancel-any:purchases", Other, true),
        (json!(["cancel-any:purchases"]), "cancel-own:purchases", Asker, false),
        (json!(["cancel-own:purchases"]), "cancel:purchases", Asker, true),
        (json!(["cancel-own:purchases"]), "cancel:purchases", Other, false),
        (json!(["cancel-own:purchases"]), "cancel:purchases", Unrecorded, false),
        (json!(["cancel-own:purchases"]), "cancel-own:purchases", Asker, true),
        (json!(["cancel-own:purchases"]), "cancel-own:purchases", Other, false),
        (json!(["cancel-own:purchases"]), "cancel-own:purchases", Unrecorded, false),
        (json!(["cancel-own:purchases"]), "cancel-any:purchases", Asker, false),
        (json!(["cancel:purchases"]), "cancel:purchases", Asker, false),
        (json!(["cancel:*"]), "cancel:purchases", Asker, false),
        (json!(["cancel-own:*"]), "cancel:purchases", Asker, true),
        (json!(["cancel-any:*"]), "cancel:purchases", Other, true),
        (json!(["admin:*"]), "cancel:purchases", Unrecorded, true),
        (json!(["admin:*"]), "approve:purchases", Unrecorded, false),
        (json!(["admin:*"]), "approve:purchases", Asker, true),
        (json!(["approve-any:purchases"]), "approve:purchases", Other, true),
        (json!(["update:purchases"]), "update:purchases", Asker, true),
        (json!(["update:purchases"]), "update:purchases", Other, false),
        (json!(["update:purchases"]), "update:purchases", Unrecorded, false),
        (json!(["update:purchases"]), "update-any:purchases", Asker, false),
        (json!(["update:*"]), "update:purchases", Other, false),
        (json!(["update-any:purchases"]), "update:purchases", Other, true),
        (json!(["execute:purchases"]), "execute:purchases", Unrecorded, true),
        (json!(["execute-any:purchases"]), "execute:purchases", Asker, false),
        (json!(["execute-own:purchases"]), "execute:purchases", Asker, false),
        (json!(["execute-own:purchases"]), "execute-own:purchases", Asker, true),
        (json!(["admin:*"]), "execute:purchases", Asker, false),
        (json!(["sell-own:purchases"]), "sell:purchases", Asker, true),
        (json!(["admin:*"]), "sell:purchases", Other, false),
        (json!(["sell-any:purchases"]), "sell:purchases", Other, false),
        (json!(["refund-any:purchases"]), "refund:purchases", Other, true),
        (json!(["refund-own:purchases"]), "refund:purchases", Asker, false),
    ];
    for (held, name, owner, expected) in rows {
        let view = view(&held, Scope::default());
        let question = Question { owner, ..ask(name, &NOTHING_STATED) };
        assert_eq!(decide(&view, &question), expected, "{held} asked {name}, {owner:?}");
    }
}

#[test]
fn an_owner_is_the_asker_only_by_an_id_that_is_not_blank() {
    let rows = [
        (Some("ann"), "ann", Owner::Asker),
        (Some(" ann "), "ann", Owner::Asker),
        (Some("Ann"), "ann", Owner::Other),
        (Some("bob"), "ann", Owner::Other),
        (Some(""), "", Owner::Unrecorded),
        (Some(" "), "ann", Owner::Unrecorded),
        (None, "ann", Owner::Unrecorded),
    ];
    for (owner, asker, expected) in rows {
        assert_eq!(Owner::of(owner, asker), expected, "{owner:?} {asker:?}");
    }
}

#[test]
fn a_stated_scope_must_be_reached_whatever_the_permission() {
    let of = |ids: &[&str]| Scope::of(ids).unwrap();
    let rows: [(Scope, &str, Option<&[&str]>, bool); 19] = [
        (Scope::All, "view:plans", None, true),
        (Scope::All, "view:plans", Some(&["a", "z"]), true),
        (Scope::All, "view:plans", Some(&[]), true),
        (of(&["a", "b"]), "view:plans", None, true),
        (of(&["a", "b"]), "view:plans", Some(&["a"]), true),
        (of(&["a", "b"]), "view:plans", Some(&[" a "]), true),
        (of(&["a", "b"]), "view:plans", Some(&["a", "b"]), true),
        (of(&["a", "b"]), "view:plans", Some(&["a", "z"]), false),
        (of(&["a", "b"]), "view:plans", Some(&["A"]), false),
        (of(&["a", "b"]), "view:plans", Some(&[]), false),
        (of(&["a", "b"]), "view:plans", Some(&[""]), false),
        (of(&["*"]), "view:plans", Some(&["a"]), false),
        (of(&[]), "view:plans", None, true),
        (of(&[]), "view:plans", Some(&["a"]), false),
        (of(&["a"]), "revoke:purchases", Some(&["a"]), true),
        (of(&["a"]), "revoke-own:purchases", Some(&["a"]), true),
        (of(&["a"]), "revoke:purchases", Some(&["b"]), false),
        (of(&["a"]), "revoke:purchases", None, false),
        (Scope::All, "revoke-own:purchases", None, false),
    ];
    for (scope, name, ids, expected) in rows {
        let view = view(&json!(["view:plans", "revoke-own:purchases"]), scope.clone());
        let question = Question { scope: ids, ..ask(name, &NOTHING_STATED) };
        assert_eq!(decide(&view, &question), expected, "{scope:?} asked {name} of {ids:?}");
        let is_out = matches!(judge(&view, &question), Verdict::OutOfScope);
        assert_eq!(is_out, !question.is_within(&scope), "{scope:?} asked {name} of {ids:?}");
    }
}

#[test]
fn scope_is_the_union_of_the_groups_and_a_direct_grant_has_none() {
    let permissions = permissions(&json!(["view:plans"]));
    let [nothing, a, b] = [&[][..], &["a"], &["b"]].map(|ids| Scope::of(ids).unwrap());
    let held = |scope| HeldGroup { slug: "group", permissions: &permissions, scope };
    let reached = |groups: &[HeldGroup<'_>], ids: &[&str]| {
        let view = View::compile(&catalogue(), groups, &permissions);
        decide(&view, &Question { scope: Some(ids), ..Question::new("view", "plans") })
    };
    assert!(reached(&[held(&a), held(&b)], &["a", "b"]));
    assert!(reached(&[held(&nothing), held(&a)], &["a"]));
    assert!(!reached(&[held(&nothing), held(&a)], &["b"]));
    assert!(reached(&[held(&Scope::All), held(&nothing)], &["z"]));
    assert!(!reached(&[], &["a"]));
}

#[test]
fn a_key_may_do_what_it_says_and_its_owner_may() {
    let owner = view(&json!([["execute:purchases", {"max_amount": 100}], "view:plans"]), Scope::of(["a"]).unwrap());
    let key = owner.limited_to(&permissions(&json!([["execute:purchases", {"max_amount": 1000}], "view:*"])));
    let both = |question: &Question<'_>| decide(&owner, question) && decide(&key, question);
    for (amount, expected) in [(50, true), (500, false), (5000, false)] {
        let stated = stated(&json!({"amount": amount}));
        assert_eq!(both(&ask("execute:purchases", &stated)), expected, "{amount}");
    }
    assert!(both(&Question { scope: Some(&["a"]), ..Question::new("view", "plans") }));
    assert!(!both(&Question { scope: Some(&["b"]), ..Question::new("view", "plans") }));
    assert!(!both(&Question::new("view", "users")));
    assert!(!decide(&owner.limited_to(&[]), &Question::new("view", "plans")), "an empty key grants nothing");
}
