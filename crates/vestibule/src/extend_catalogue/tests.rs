//! What is refused of an entry before it is written, by its field or as a conflict.

use uuid::Uuid;

use super::*;
use crate::catalogue::Own;

fn entry(name: &str) -> Entry {
    let (action, resource) = name.split_once(':').unwrap();
    Entry { action: action.to_owned(), resource: resource.to_owned(), ..Entry::default() }
}

fn known(id: u128, entry: Entry, system_managed: bool) -> KnownPermission {
    KnownPermission { id: PermissionId(Uuid::from_u128(id)), entry, system_managed }
}

fn rows() -> Vec<KnownPermission> {
    let explicit = Entry { explicit: true, ..entry("buy-any:x") };
    vec![known(1, explicit, true), known(2, entry("edit-all:x"), false)]
}

#[test]
fn an_entry_that_fits_is_trimmed_and_labelled() {
    let given = Entry { label: " See plans ".to_owned(), ..entry(" view : plans ") };
    assert_eq!(fitting(given, &rows()).unwrap().0, Entry { label: "See plans".to_owned(), ..entry("view:plans") });
    let (own, _) = fitting(entry("view-own:plans"), &rows()).unwrap();
    assert_eq!((own.label.as_str(), own.own), ("view-own:plans", Some(Own::Owner)));
}

#[test]
fn an_entry_that_does_not_fit_is_refused_by_its_field_or_as_a_conflict() {
    let own =
        |name: &str, any: Option<&str>| Entry { own: Some(Own::Owner), any: any.map(str::to_owned), ..entry(name) };
    let rows_of = [
        (entry("View:x"), Error::field("action", Code::PermissionInvalid)),
        (entry("*:x"), Error::field("action", Code::PermissionInvalid)),
        (entry("view:*"), Error::field("resource", Code::PermissionInvalid)),
        (own("view-any:x", None), Error::field("own", Code::PermissionInvalid)),
        (own("edit:x", Some("edit-some")), Error::field("any", Code::PermissionInvalid)),
        (Entry { any: Some("edit-all".to_owned()), ..entry("edit:x") }, Error::field("any", Code::PermissionInvalid)),
        (Entry { label: "a".repeat(201), ..entry("view:x") }, Error::field("label", Code::NameInvalid)),
        (Entry { label: "a\u{7}".to_owned(), ..entry("view:x") }, Error::field("label", Code::NameInvalid)),
        (entry("edit-all : x"), Error::Conflict(Code::PermissionExists)),
        (entry("buy-any:x"), Error::Conflict(Code::PermissionExists)),
        (entry("buy:x"), Error::Conflict(Code::PermissionConflict)),
        (own("buy-own:x", None), Error::Conflict(Code::PermissionConflict)),
    ];
    for (entry, expected) in rows_of {
        let name = entry.slug();
        let refused = fitting(entry, &rows()).expect_err(&name);
        assert_eq!(format!("{refused:?}"), format!("{expected:?}"), "{name}");
    }
}

#[test]
fn there_is_room_for_a_thousand() {
    let mut rows: Vec<_> = (0..999).map(|n| known(n, entry(&format!("view:x{n}")), false)).collect();
    fitting(entry("view:y"), &rows).unwrap();
    rows.push(known(999, entry("view:y"), false));
    let refused = format!("{:?}", fitting(entry("view:z"), &rows).unwrap_err());
    assert_eq!(refused, format!("{:?}", Error::field("action", Code::TooManyPermissions)));
}

#[test]
fn an_entry_that_another_names_is_needed() {
    let mut rows = rows();
    assert!(!is_needed(rows[1].id, rows.clone()).unwrap());
    rows.push(known(3, Entry { own: Some(Own::Owner), any: Some("edit-all".to_owned()), ..entry("edit:x") }, false));
    assert!(is_needed(rows[1].id, rows.clone()).unwrap());
    assert!(!is_needed(rows[2].id, rows).unwrap());
}
