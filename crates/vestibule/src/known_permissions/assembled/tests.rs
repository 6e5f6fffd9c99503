//! What may be added beside a policy, and that nobody reaches an explicit permission by adding.
//! The policy is the worked example that ships: it has explicit bare entries, explicit any-forms and own-forms.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::catalogue::Own;
use crate::decide::{HeldGroup, Owner, Question, View, decide};
use crate::id::PermissionId;
use crate::policy::Policy;
use crate::scope::Scope;

const CLOUD_COSTS: &str = include_str!("../../../../../policies/cloud-costs.toml");
const STEMS: [&str; 9] = ["approve", "execute", "retry", "cancel", "update", "sell", "revoke", "view", "buy"];
const SUFFIXES: [&str; 7] = ["", "-own", "-any", "-own-own", "-own-any", "-any-own", "-any-any"];
const RESOURCES: [&str; 3] = ["purchases", "ri-exchange", "invoices"];

fn policy() -> Assembled {
    let policy = Policy::parse(CLOUD_COSTS).unwrap();
    Assembled::of_policy(policy.catalogue().entries().to_vec()).unwrap()
}

fn entry(name: &str) -> Entry {
    let (action, resource) = name.split_once(':').unwrap();
    Entry { action: action.to_owned(), resource: resource.to_owned(), ..Entry::default() }
}

fn own(name: &str, any: Option<&str>) -> Entry {
    Entry { own: Some(Own::Owner), any: any.map(str::to_owned), ..entry(name) }
}

fn row(entry: Entry, system_managed: bool) -> KnownPermission {
    KnownPermission { id: PermissionId(uuid::Uuid::nil()), entry, system_managed }
}

fn actions() -> Vec<String> {
    STEMS.iter().flat_map(|stem| SUFFIXES.map(|suffix| format!("{stem}{suffix}"))).collect()
}

/// Every question that could be meant, whether or not it can be asked.
fn questions() -> Vec<(String, &'static str)> {
    actions().into_iter().flat_map(|action| RESOURCES.map(|resource| (action.clone(), resource))).collect()
}

/// Every way to write an entry of this name.
fn ways(action: &str, resource: &str) -> Vec<Entry> {
    let bare = entry(&format!("{action}:{resource}"));
    let mut anys: Vec<Option<String>> = vec![None];
    anys.extend(actions().into_iter().filter(|any| !any.contains("-own-") && !any.contains("-any-")).map(Some));
    let owned =
        [Own::Owner, Own::Scope].into_iter().flat_map(|own| anys.clone().into_iter().map(move |any| (own, any)));
    let owned = owned.map(|(own, any)| Entry { own: Some(own), any, ..bare.clone() });
    std::iter::once(bare.clone()).chain(owned).collect()
}

/// What nobody may gain: a question that could be asked is asked of the same entries, and none that could not is asked
/// of the policy's.
fn assert_policy_stands(policy: &Assembled, extended: &Catalogue, questions: &[(String, &str)], added: &str) {
    for (action, resource) in questions {
        let (before, after) = (policy.catalogue.forms(action, resource), extended.forms(action, resource));
        let is_new = before.is_none() && after.is_none_or(|forms| !forms.includes_one_below(policy.system_managed));
        assert!(before == after || is_new, "{action}:{resource} after {added}: {before:?} {after:?}");
    }
}

#[test]
fn no_entry_whatever_changes_what_the_policy_decides() {
    let (policy, questions) = (policy(), questions());
    let (mut fit, mut refused) = (0, 0);
    for (action, resource) in &questions {
        if policy.catalogue.entry(action, resource).is_some() {
            continue;
        }
        for entry in ways(action, resource) {
            let added = format!("{entry:?}");
            match policy.with(entry) {
                Ok(extended) => {
                    assert_policy_stands(&policy, &extended, &questions, &added);
                    fit += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(fit > 100 && refused > 1000, "{fit} fit, {refused} were refused");
}

#[test]
fn an_entry_beside_the_policys_is_refused_by_the_question_it_would_change() {
    let changes = |question: &str| Some(Unfit::Changes(question.to_owned()));
    let two = Some(Unfit::Fault(CatalogueFault::TwoOwnForms));
    let rows = [
        (entry("approve:purchases"), changes("approve:purchases")),
        (entry("retry:purchases"), changes("retry:purchases")),
        (entry("cancel:purchases"), changes("cancel:purchases")),
        (own("buy:purchases", Some("execute")), changes("buy:purchases")),
        (own("buy-own:purchases", Some("approve-any")), changes("buy:purchases")),
        (own("approve:purchases", None), two.clone()),
        (own("update-own:purchases", None), two),
        (own("execute-own:ri-exchange", None), None),
        (entry("execute-any:ri-exchange"), None),
        (entry("approve:ri-exchange"), None),
        (entry("approve-any:invoices"), None),
    ];
    let policy = policy();
    for (entry, expected) in rows {
        let name = entry.slug();
        assert_eq!(policy.with(entry).err(), expected, "{name}");
    }
}

#[test]
fn an_any_form_or_an_own_form_that_would_join_one_of_the_policys_is_refused() {
    let file = vec![own("pay-own:x", None), entry("sell-any:x"), Entry { explicit: true, ..entry("buy-any:x") }];
    let policy = Assembled::of_policy(file).unwrap();
    for (name, question) in [("pay-any:x", "pay:x"), ("sell-own:x", "sell:x"), ("buy-own:x", "buy:x")] {
        assert_eq!(policy.with(entry(name)).unwrap_err(), Unfit::Changes(question.to_owned()), "{name}");
    }
}

#[test]
fn rows_that_do_not_fit_are_left_out_one_by_one() {
    let explicit = Entry { explicit: true, ..entry("buy-any:x") };
    let rows = [
        row(entry("buy:x"), false),
        row(entry("view:x"), false),
        row(own("edit:y", Some("edit-all")), false),
        row(own("sell-own:y", None), false),
        row(own("sell:y", None), false),
        row(explicit, true),
    ];
    let assembled = Assembled::of(&rows).unwrap();
    let names: Vec<String> = assembled.catalogue.entries().iter().map(Entry::slug).collect();
    assert_eq!(names, ["buy-any:x", "view:x", "sell-own:y"]);
    assert_eq!(assembled.system_managed, 1);
    let left_out: Vec<&str> = assembled.left_out.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(left_out, ["buy:x", "edit:y", "sell:y"]);
    assert_eq!(assembled.left_out[0].1.to_string(), "it would change what decides buy:x, which the policy says");
}

#[test]
fn rows_of_the_policy_that_do_not_fit_together_are_an_error() {
    let rows = [row(own("edit:y", None), true), row(own("edit-own:y", None), true)];
    assert_eq!(Assembled::of(&rows).unwrap_err().permission, "edit-own:y");
}

fn anything() -> impl Strategy<Value = Entry> {
    let name = (select(actions()), select(RESOURCES.to_vec()));
    let any = prop::option::weighted(0.3, select(actions()));
    let own = prop::option::weighted(0.4, select(vec![Own::Owner, Own::Scope]));
    (name, own, any).prop_map(|((action, resource), own, any)| {
        let any = any.filter(|_| own.is_some() || action.ends_with("-own"));
        Entry { own, any, ..entry(&format!("{action}:{resource}")) }
    })
}

fn view(catalogue: &Catalogue, permissions: &[&str]) -> View {
    let permissions: Vec<_> = permissions.iter().map(|name| name.parse().unwrap()).collect();
    let group = HeldGroup { slug: "group", permissions: &permissions, scope: &Scope::All };
    View::compile(&Arc::new(catalogue.clone()), &[group], &[])
}

proptest! {
    #[test]
    fn whatever_is_added_nobody_may_more_of_what_the_policy_speaks_of(entries in vec(anything(), 1..12)) {
        let (policy, mut assembled) = (policy(), policy());
        let is_new = |entry: &Entry| policy.catalogue.entry(&entry.action, &entry.resource).is_none();
        assembled.add_all(entries.into_iter().filter(is_new).collect());
        let questions = questions();
        assert_policy_stands(&policy, &assembled.catalogue, &questions, "all");
        for permissions in [&["admin:*"][..], &["approve:*", "execute:*", "cancel-own:purchases"], &["approve:purchases"]] {
            let (before, after) = (view(&policy.catalogue, permissions), view(&assembled.catalogue, permissions));
            for (action, resource) in &questions {
                for owner in [Owner::Unrecorded, Owner::Asker, Owner::Other] {
                    let question = Question { owner, ..Question::new(action, resource) };
                    let gained = decide(&after, &question) && !decide(&before, &question);
                    prop_assert!(!gained || policy.catalogue.forms(action, resource).is_none(), "{}:{}", action, resource);
                    prop_assert!(decide(&after, &question) || !decide(&before, &question), "{}:{}", action, resource);
                }
            }
        }
    }

    #[test]
    fn adding_one_by_one_and_adding_at_once_come_to_the_same(entries in vec(anything(), 1..12)) {
        let mut one_by_one = policy();
        let mut fitting = Vec::new();
        for entry in entries {
            let is_new = one_by_one.catalogue.entry(&entry.action, &entry.resource).is_none();
            if let Ok(catalogue) = one_by_one.with(entry.clone())
                && is_new
            {
                one_by_one.catalogue = catalogue;
                fitting.push(entry);
            }
        }
        let mut at_once = policy();
        at_once.add_all(fitting);
        prop_assert!(at_once.left_out.is_empty());
        prop_assert_eq!(at_once.catalogue.entries(), one_by_one.catalogue.entries());
        for (action, resource) in questions() {
            let forms = at_once.catalogue.forms(&action, resource);
            prop_assert_eq!(forms, one_by_one.catalogue.forms(&action, resource), "{}:{}", action, resource);
        }
    }
}
