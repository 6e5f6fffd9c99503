//! What makes a catalogue, what is refused, and what a permission matches in it.
//! Indexes in the expectations are places in the list that was given.

use super::*;

fn entry(name: &str) -> Entry {
    let (action, resource) = name.split_once(':').unwrap();
    Entry { action: action.to_owned(), resource: resource.to_owned(), ..Entry::default() }
}

fn own(name: &str) -> Entry {
    Entry { own: Some(Own::Owner), ..entry(name) }
}

fn any(name: &str, any: &str) -> Entry {
    Entry { any: Some(any.to_owned()), ..own(name) }
}

#[test]
fn words_are_trimmed_and_a_label_is_made_up() {
    let given = Entry { label: " See plans ".to_owned(), ..entry("view:plans") };
    let catalogue = Catalogue::new(vec![entry(" edit : plans "), given]).unwrap();
    assert_eq!(catalogue.entry("edit", "plans").unwrap().label, "edit:plans");
    assert_eq!(catalogue.entry("view", "plans").unwrap().label, "See plans");
    assert_eq!(catalogue.entries().len(), 2);
    assert!(catalogue.entry("view", "*").is_none());
}

#[test]
fn what_is_not_a_catalogue_is_refused_naming_the_entry() {
    let rows = [
        (vec![entry("View:plans")], "View:plans", CatalogueFault::Action),
        (vec![entry("*:plans")], "*:plans", CatalogueFault::Action),
        (vec![entry("view:*")], "view:*", CatalogueFault::Resource),
        (vec![entry("view: ")], "view: ", CatalogueFault::Resource),
        (vec![entry("view:plans"), entry("view: plans")], "view:plans", CatalogueFault::Repeated),
        (vec![own("edit:plans"), own("edit-own:plans")], "edit-own:plans", CatalogueFault::TwoOwnForms),
        (vec![own("edit-own:plans"), own("edit:plans")], "edit-own:plans", CatalogueFault::TwoOwnForms),
        (vec![own("edit-any:plans")], "edit-any:plans", CatalogueFault::AnyIsOwn),
        (
            vec![Entry { any: Some("edit-any".to_owned()), ..entry("edit:plans") }],
            "edit:plans",
            CatalogueFault::AnyWithoutOwn,
        ),
        (vec![any("edit:plans", "edit-all")], "edit:plans", CatalogueFault::AnyUnknown),
        (vec![any("edit:plans", "edit")], "edit:plans", CatalogueFault::AnyUnknown),
        (vec![any("edit:plans", "edit-all"), entry("edit-all:x")], "edit:plans", CatalogueFault::AnyUnknown),
    ];
    for (entries, permission, fault) in rows {
        let error = Catalogue::new(entries.clone()).unwrap_err();
        assert_eq!(error, CatalogueError { permission: permission.to_owned(), fault }, "{entries:?}");
    }
}

#[test]
fn an_extension_may_repeat_an_entry_but_not_change_it() {
    let base = Catalogue::new(vec![entry("view:plans"), entry("view:users")]).unwrap();
    let labelled = Entry { label: "See users".to_owned(), ..entry("view:users") };
    let extended = base.extended(vec![labelled, entry("edit:plans")]).unwrap();
    assert_eq!(extended.entries().len(), 3);
    assert_eq!(extended.entry("view", "users").unwrap().label, "See users");
    for changed in [Entry { explicit: true, ..entry("view:users") }, own("view:users")] {
        assert_eq!(base.extended(vec![changed]).unwrap_err().fault, CatalogueFault::Redefined);
    }
}

#[test]
fn a_question_is_resolved_to_the_entries_that_decide_it() {
    let entries = vec![
        entry("pay:x"),
        own("pay-own:x"),
        entry("pay-any:x"),
        own("cancel-own:x"),
        entry("cancel-any:x"),
        any("edit:x", "edit-all"),
        entry("edit-all:x"),
        entry("edit-any:x"),
        entry("sell-own:x"),
        entry("refund-any:x"),
        entry("-any:x"),
        entry("cancel-any:y"),
    ];
    let catalogue = Catalogue::new(entries).unwrap();
    let forms = |open, own: Option<usize>| Some(Forms { open, own: own.map(|index| (index, Own::Owner)) });
    let rows = [
        (("pay", "x"), forms(Some(0), None)),
        (("pay-own", "x"), forms(None, Some(1))),
        (("pay-any", "x"), forms(Some(2), None)),
        (("cancel", "x"), forms(Some(4), Some(3))),
        (("cancel-own", "x"), forms(None, Some(3))),
        (("edit", "x"), forms(Some(6), Some(5))),
        (("edit-any", "x"), forms(Some(7), None)),
        (("sell", "x"), forms(None, Some(8))),
        (("sell-own", "x"), forms(None, Some(8))),
        (("refund", "x"), forms(Some(9), None)),
        (("cancel", "y"), forms(Some(11), None)),
        (("", "x"), None),
        (("refund-own", "x"), None),
        (("pay", "y"), None),
        (("pay", "*"), None),
        (("admin", "*"), None),
    ];
    for ((action, resource), expected) in rows {
        assert_eq!(catalogue.forms(action, resource), expected, "{action}:{resource}");
    }
}

#[test]
fn a_bare_entry_that_an_extension_adds_decides_alone_from_then_on() {
    let base = Catalogue::new(vec![own("cancel-own:x"), entry("cancel-any:x")]).unwrap();
    let extended = base.extended(vec![entry("cancel:x")]).unwrap();
    assert_eq!(extended.forms("cancel", "x"), Some(Forms { open: Some(2), own: None }));
    assert_eq!(extended.forms("cancel-own", "x"), base.forms("cancel-own", "x"));
}

#[test]
fn wildcards_expand_to_what_is_not_explicit() {
    let explicit = Entry { explicit: true, ..entry("pay:x") };
    let entries = vec![explicit, entry("pay:y"), entry("view:x"), own("cancel-own:x"), entry("cancel-any:x")];
    let catalogue = Catalogue::new(entries).unwrap();
    let rows: [(&str, &[usize]); 10] = [
        ("admin:*", &[1, 2, 3, 4]),
        ("pay:*", &[1]),
        ("pay:x", &[0]),
        ("view:*", &[2]),
        ("cancel:*", &[]),
        ("cancel:x", &[]),
        ("cancel-own:*", &[3]),
        ("admin:x", &[]),
        ("view:z", &[]),
        ("fly:*", &[]),
    ];
    for (name, expected) in rows {
        let permission = name.parse().unwrap();
        let mut matched: Vec<_> = catalogue.matched_by(&permission).collect();
        matched.sort_unstable();
        assert_eq!(matched, expected, "{name}");
        assert_eq!(catalogue.knows(&permission), !expected.is_empty());
        assert_eq!(catalogue.is_explicit(&permission), name == "pay:x");
    }
}
