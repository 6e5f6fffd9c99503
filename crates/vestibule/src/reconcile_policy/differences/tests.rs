//! What differs and what does not, what stands in a policy's way, and that writing the differences leaves none.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use super::*;
use crate::groups::{ADMINISTRATORS, MEMBERS};
use crate::id::{AccountId, GroupId};
use crate::plan_policy::{GroupChange, PolicyPlan};
use crate::scope::Scope;

const THEN: Timestamp = Timestamp(1_000_000);
const NOW: Timestamp = Timestamp(2_000_000);

type Words = &'static [&'static str];

/// A policy with a group of each kind.
const FILE: &str = r#"
bootstrap_groups = ["administrators", "buyers"]
default_group = "guests"
permissions = [
  { action = "view", resource = "plans", label = "View plans" },
  { action = "buy", resource = "plans", explicit = true },
]
groups = [
  { slug = "guests", name = "Guests", permissions = ["view:plans", "view:users"] },
  { slug = "readers", name = "Readers", permissions = ["view:plans"], scope = ["a"], system_managed = false },
  { slug = "buyers", name = "Buyers", permissions = ["buy:plans"], scope = "all", id = "00000000-0000-5000-8000-0000000000aa" },
]
"#;

fn policy(old: &str, new: &str) -> Policy {
    assert!(FILE.contains(old), "{old}");
    Policy::parse(&FILE.replacen(old, new, 1)).unwrap()
}

fn between(stored: &Stored, policy: &Policy) -> Result<Differences> {
    Differences::between(stored, policy, (NOW, &Random::seeded(1)))
}

fn plan(stored: &Stored, policy: &Policy) -> PolicyPlan {
    PolicyPlan::of(&between(stored, policy).unwrap())
}

fn known(entry: &Entry, system_managed: bool) -> KnownPermission {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let id = PermissionId(Uuid::from_u64_pair(1, MADE.fetch_add(1, Ordering::Relaxed)));
    KnownPermission { id, entry: entry.clone(), system_managed }
}

/// What is stored once the differences are written.
fn written(stored: &Stored, differences: &Differences) -> Stored {
    let Stored { mut rows, mut groups } = stored.clone();
    rows.retain(|row| !differences.dropped.contains(&row.id));
    rows.retain(|row| !differences.put.iter().any(|entry| entry.is_named_as(&row.entry)));
    rows.splice(0..0, differences.put.iter().map(|entry| known(entry, true)));
    rows.sort_by_key(|row| !row.system_managed);
    let is_removed = |group: &Group| differences.removed.iter().any(|gone| gone.id == group.id);
    groups.retain(|group| !is_removed(group));
    for (before, after) in &differences.changed {
        let place = groups.iter_mut().find(|group| *group == before).expect("it is there as it was");
        *place = after.clone();
    }
    groups.extend(differences.made.iter().cloned());
    groups.sort_by(|a, b| a.slug.cmp(&b.slug));
    Stored { rows, groups }
}

fn stored(policy: &Policy) -> Stored {
    let nothing = Stored::default();
    written(&nothing, &between(&nothing, policy).unwrap())
}

/// A group as the console makes them.
fn console_group(slug: &str) -> Group {
    Group {
        id: GroupId(Uuid::from_u128(7)),
        slug: slug.to_owned(),
        name: "Ours".to_owned(),
        description: String::new(),
        permissions: vec!["view:users".parse().unwrap()],
        scope: Scope::default(),
        system_managed: false,
        is_default: false,
        is_bootstrap: false,
        member_count: 0,
        created_at: THEN,
        updated_at: THEN,
        created_by: Some(AccountId(Uuid::from_u128(8))),
    }
}

fn refusal(stored: &Stored, policy: &Policy) -> String {
    let Err(Error::Setup(words)) = between(stored, policy) else { panic!("it is not refused") };
    words
}

#[test]
fn an_empty_database_gets_all_of_it() {
    let policy = policy("", "");
    let differences = between(&Stored::default(), &policy).unwrap();
    let plan = PolicyPlan::of(&differences);
    assert_eq!(plan.permissions_added.len(), 37 + 2);
    assert_eq!(plan.groups_added, ["administrators", "members", "guests", "readers", "buyers"]);
    assert_eq!(plan.default_group.as_deref(), Some("guests"));
    assert!(plan.permissions_removed.is_empty() && plan.permissions_changed.is_empty());
    assert!(plan.groups_removed.is_empty() && plan.groups_changed.is_empty());
    let made = |slug: &str| differences.made.iter().find(|group| group.slug == slug).unwrap();
    assert_eq!((made("administrators").id, made("members").id), (ADMINISTRATORS, MEMBERS));
    assert_eq!(made("buyers").id, "00000000-0000-5000-8000-0000000000aa".parse().unwrap());
    assert_ne!(made("guests").id, made("readers").id);
    let flags = |group: &Group| (group.system_managed, group.is_default, group.is_bootstrap);
    assert_eq!(flags(made("administrators")), (true, false, true));
    assert_eq!(flags(made("guests")), (true, true, false));
    assert_eq!(flags(made("readers")), (false, false, false));
    assert_eq!(flags(made("buyers")), (true, false, true));
    assert_eq!((made("readers").scope.clone(), made("readers").created_at), (Scope::of(["a"]).unwrap(), NOW));
}

#[test]
fn what_was_written_differs_in_nothing() {
    let cloud_costs = Policy::parse(include_str!("../../../../../policies/cloud-costs.toml")).unwrap();
    let policies = [policy("", ""), cloud_costs, Policy::built_in()];
    for first in &policies {
        let stored = stored(first);
        assert!(plan(&stored, first).is_empty());
        for second in &policies {
            let differences = between(&stored, second).unwrap();
            let then = written(&stored, &differences);
            assert_eq!(plan(&then, second), PolicyPlan::default());
            let back = written(&then, &between(&then, first).unwrap());
            assert!(plan(&back, first).is_empty());
        }
    }
}

#[test]
fn the_order_alone_is_no_difference() {
    let stored = stored(&policy("", ""));
    let other = policy("[\"view:plans\", \"view:users\"]", "[\"view:users\", \"view:plans\"]");
    assert!(plan(&stored, &other).is_empty());
    let lines: Vec<&str> = FILE.lines().collect();
    let swapped = FILE.replacen(lines[4], "", 1).replacen(lines[5], &format!("{}\n{}", lines[5], lines[4]), 1);
    assert!(plan(&stored, &Policy::parse(&swapped).unwrap()).is_empty());
}

#[test]
fn a_system_managed_group_is_made_to_match_whole() {
    let before = policy("", "");
    let stored = stored(&before);
    let rows: [(&str, &str, Words, Words, Words); 6] = [
        ("[\"view:plans\", \"view:users\"]", "[\"view:plans\", \"view:audit\"]", &["view:audit"], &["view:users"], &[]),
        ("name = \"Guests\"", "name = \"Visitors\"", &[], &[], &["name"]),
        ("name = \"Guests\"", "name = \"Guests\", description = \"See.\"", &[], &[], &["description"]),
        ("name = \"Guests\"", "name = \"Guests\", scope = [\"b\"]", &[], &[], &["scope"]),
        (", \"buyers\"]", ", \"guests\"]", &[], &[], &["bootstrap"]),
        (
            "[\"view:plans\", \"view:users\"]",
            "[{ action = \"view\", resource = \"plans\", constraints = { max_n = 1 } }]",
            { &["view:plans"] },
            &["view:plans", "view:users"],
            &[],
        ),
    ];
    for (old, new, gains, loses, other) in rows {
        let plan = plan(&stored, &policy(old, new));
        let change = plan.groups_changed.iter().find(|change| change.slug == "guests").expect(new);
        let names = |permissions: &[crate::permissions::Permission]| -> Vec<String> {
            permissions.iter().map(ToString::to_string).collect()
        };
        assert_eq!((names(&change.gains), names(&change.loses)), (owned(gains), owned(loses)), "{new}");
        assert_eq!(change.other, owned(other), "{new}");
        assert!(plan.default_group.is_none() && plan.groups_added.is_empty() && plan.groups_removed.is_empty());
    }
}

fn owned(words: Words) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn what_was_changed_in_the_database_behind_the_policy_is_mended() {
    let policy = policy("", "");
    let mut stored = stored(&policy);
    let guests = stored.groups.iter_mut().find(|group| group.slug == "guests").unwrap();
    guests.permissions.push("buy:plans".parse().unwrap());
    let differences = between(&stored, &policy).unwrap();
    let [change] = &PolicyPlan::of(&differences).groups_changed[..] else { panic!("one change") };
    assert_eq!((change.slug.as_str(), change.loses.len(), change.gains.len()), ("guests", 1, 0));
    let (before, after) = &differences.changed[0];
    assert_eq!((after.id, after.created_at, after.updated_at), (before.id, before.created_at, NOW));
}

#[test]
fn a_group_that_is_not_system_managed_is_its_members_own_once_made() {
    let policy = policy("", "");
    let mut stored = stored(&policy);
    let readers = stored.groups.iter_mut().find(|group| group.slug == "readers").unwrap();
    (readers.name, readers.scope) = ("Ours".to_owned(), Scope::All);
    readers.permissions.clear();
    assert!(plan(&stored, &policy).is_empty());
    stored.groups.retain(|group| group.slug != "readers");
    assert_eq!(plan(&stored, &policy).groups_added, ["readers"]);
}

#[test]
fn a_group_that_the_policy_lets_go_is_changed_once_more_and_then_no_more() {
    let let_go =
        policy("name = \"Buyers\", permissions = [\"buy:plans\"]", "name = \"Buyers\", system_managed = false");
    let then = stored(&policy("", ""));
    let differences = between(&then, &let_go).unwrap();
    let [change] = &PolicyPlan::of(&differences).groups_changed[..] else { panic!("one change") };
    assert_eq!((change.slug.as_str(), &change.other), ("buyers", &owned(&["system_managed"])));
    assert_eq!(change.loses, ["buy:plans".parse().unwrap()]);
    assert!(plan(&written(&then, &differences), &let_go).is_empty());
}

#[test]
fn flags_leave_a_group_that_the_policy_no_longer_has() {
    let before = policy(", \"buyers\"]", ", \"readers\"]");
    let stored = stored(&before);
    let without = policy(
        "  { slug = \"readers\", name = \"Readers\", permissions = [\"view:plans\"], scope = [\"a\"], system_managed = false },\n",
        "",
    );
    let differences = between(&stored, &without).unwrap();
    let changes = PolicyPlan::of(&differences).groups_changed;
    let bootstrap =
        |slug: &str| GroupChange { slug: slug.into(), gains: vec![], loses: vec![], other: owned(&["bootstrap"]) };
    assert_eq!(changes, [bootstrap("readers"), bootstrap("buyers")]);
    assert!(written(&stored, &differences).group("readers").is_some_and(|group| !group.is_bootstrap));
}

#[test]
fn the_default_group_is_told_apart() {
    let stored = stored(&policy("", ""));
    let other = policy("default_group = \"guests\"", "default_group = \"members\"");
    let differences = between(&stored, &other).unwrap();
    let plan = PolicyPlan::of(&differences);
    assert_eq!(plan, PolicyPlan { default_group: Some("members".to_owned()), ..PolicyPlan::default() });
    assert!(!plan.is_empty());
    let default: Vec<bool> =
        ["guests", "members"].map(|slug| written(&stored, &differences).group(slug).unwrap().is_default).into();
    assert_eq!(default, [false, true]);
}

#[test]
fn a_group_that_others_made_stands_in_the_way_of_a_system_managed_one() {
    let file = policy("", "");
    let mut stored = stored(&Policy::built_in());
    stored.groups.push(console_group("buyers"));
    let words = refusal(&stored, &file);
    assert!(words.contains("\"buyers\"") && words.contains("delete that group"), "{words}");
    stored.groups.pop();
    stored.groups.push(console_group("readers"));
    let differences = between(&stored, &file).unwrap();
    assert!(differences.changed.iter().all(|(group, _)| group.slug != "readers"), "that one is theirs");
    assert!(differences.made.iter().all(|group| group.slug != "readers"));
}

#[test]
fn a_group_with_the_id_of_a_new_one_stands_in_its_way_unless_it_goes() {
    let file = policy("", "");
    let id = "00000000-0000-5000-8000-0000000000aa".parse().unwrap();
    let mut stored = stored(&Policy::built_in());
    stored.groups.push(Group { id, ..console_group("theirs") });
    let words = refusal(&stored, &file);
    assert!(words.contains("\"buyers\"") && words.contains("\"theirs\""), "{words}");
    let renamed = Policy::parse(&FILE.replace("buyers", "spenders")).unwrap();
    let differences = between(&tests::stored(&file), &renamed).unwrap();
    assert_eq!((differences.removed[0].slug.as_str(), differences.made[0].slug.as_str()), ("buyers", "spenders"));
    assert_eq!(differences.removed[0].id, differences.made[0].id);
}

#[test]
fn ids_never_change() {
    let stored = stored(&policy("", ""));
    let words = refusal(&stored, &policy("0000000000aa", "0000000000ab"));
    assert!(words.contains("\"buyers\"") && words.contains("0000000000aa"), "{words}");
    assert!(plan(&stored, &policy(", id = \"00000000-0000-5000-8000-0000000000aa\"", "")).is_empty());
}

#[test]
fn the_catalogue_is_replaced_to_match_and_what_was_added_stays_if_it_fits() {
    let mut stored = stored(&Policy::built_in());
    let entry = |name: &str| {
        let (action, resource) = name.split_once(':').unwrap();
        Entry { action: action.into(), resource: resource.into(), label: name.into(), ..Entry::default() }
    };
    for name in ["view:plans", "fly:plans", "pay:plans"] {
        stored.rows.push(known(&entry(name), false));
    }
    let pay = "{ action = \"pay-any\", resource = \"plans\", explicit = true },\n{ action = \"buy\"";
    let file = policy("{ action = \"buy\"", pay);
    let differences = between(&stored, &file).unwrap();
    let plan = PolicyPlan::of(&differences);
    assert_eq!(plan.permissions_added, ["buy:plans", "pay-any:plans"]);
    assert_eq!(plan.permissions_changed, ["view:plans"], "it becomes the policy's");
    assert_eq!(plan.permissions_removed, ["pay:plans"], "it would give away pay-any:plans");
    let then = written(&stored, &differences);
    assert!(tests::plan(&then, &file).is_empty());
    let back = PolicyPlan::of(&between(&then, &Policy::built_in()).unwrap());
    assert_eq!(back.permissions_removed, ["buy:plans", "pay-any:plans", "view:plans"]);
    assert_eq!(back.permissions_added, ["pay:plans"], "it counts again");
}

#[test]
fn an_entry_of_another_meaning_or_label_is_changed() {
    let stored = stored(&policy("", ""));
    for (old, new) in [
        ("label = \"View plans\"", "label = \"See plans\""),
        ("label = \"View plans\"", "label = \"View plans\", own = \"scope\""),
    ] {
        let plan = plan(&stored, &policy(old, new));
        assert_eq!(plan.permissions_changed, ["view:plans"], "{new}");
        assert!(plan.permissions_added.is_empty() && plan.permissions_removed.is_empty());
    }
}

#[test]
fn stored_rows_that_make_no_catalogue_are_replaced() {
    let mut stored = stored(&Policy::built_in());
    let own = |action: &str| Entry {
        action: action.into(),
        resource: "x".into(),
        own: Some(crate::catalogue::Own::Owner),
        ..Entry::default()
    };
    stored.rows.extend([known(&own("edit"), true), known(&own("edit-own"), true)]);
    let differences = between(&stored, &Policy::built_in()).unwrap();
    assert_eq!(PolicyPlan::of(&differences).permissions_added.len(), 37, "nothing counted, all of it will");
    assert!(plan(&written(&stored, &differences), &Policy::built_in()).is_empty());
}
