//! Administering accounts: making, editing, finding, closing.

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    ADMINISTRATORS, AccountFilter, AccountState, Caller, Code, Error, GroupId, MEMBERS, NewUser, PageRequest,
    ProfileEdit, UserEdit,
};

use crate::people::{OTHER, PASSWORD, account, administrator, by, live, sign_up, signs_in};

fn user(email: &str, username: Option<&str>) -> NewUser {
    NewUser {
        email: Some(email.to_owned()),
        username: username.map(str::to_owned),
        name: None,
        password: Some(PASSWORD.into()),
        group_ids: vec![MEMBERS],
    }
}

fn codes(error: &Error) -> Vec<(&'static str, Code)> {
    let Error::Invalid(errors) = error else { panic!("{error:?}") };
    errors.0.iter().map(|error| (error.field, error.code)).collect()
}

db_test!(an_administrator_makes_an_account_that_can_sign_in, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let made = t.engine.create_user(&by(&root), user("ann@example.com", Some("Ann"))).await.expect("made");
    assert_eq!((made.view.account.created_by, made.view.account.username.as_deref()), (Some(root.id), Some("ann")));
    assert!(signs_in(&t.engine, "ann", PASSWORD).await.is_some());
});

db_test!(an_account_is_made_with_an_identifier_a_password_and_a_group, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let host = Caller::host("root");
    let nothing = t.engine.create_user(&host, NewUser::default()).await.expect_err("nothing given");
    assert_eq!(codes(&nothing), [("email", Code::IdentifierRequired), ("group_ids", Code::NoGroups)]);
    let unreachable = NewUser { username: Some("ann".into()), group_ids: vec![MEMBERS], ..NewUser::default() };
    let unreachable = t.engine.create_user(&host, unreachable).await.expect_err("nobody can be invited");
    assert_eq!(codes(&unreachable), [("password", Code::PasswordRequired)]);
    let nowhere = NewUser { group_ids: vec![GroupId(uuid())], ..user("ann@example.com", None) };
    let nowhere = t.engine.create_user(&host, nowhere).await.expect_err("no such group");
    assert_eq!(codes(&nowhere), [("group_ids", Code::GroupUnknown)]);
    assert_eq!(t.engine.count_accounts().await.expect("a count").total, 0, "nothing was half made");
});

fn uuid() -> uuid::Uuid {
    "00000000-0000-5000-8000-00000000dead".parse().expect("a UUID")
}

db_test!(one_of_many_racing_for_a_username_gets_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(sign_up(&t.engine, &format!("person{n}@example.com")).await.account.account);
    }
    for round in 0..25 {
        let outcomes = race(5, |i| {
            let (engine, person) = (t.engine.clone(), people[i].clone());
            let edit = ProfileEdit { username: Some(Some(format!("wanted-{round}"))), name: None };
            async move { engine.edit_profile(&by(&person), person.id, edit).await }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "round {round}: {outcomes:?}");
        let taken = |o: &&Result<_, Error>| matches!(o, Err(Error::Conflict(Code::UsernameInUse)));
        assert_eq!(outcomes.iter().filter(taken).count(), 4);
    }
});

db_test!(a_taken_address_or_username_is_a_conflict, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = by(&administrator(&t.engine, "root").await.account);
    let ann = t.engine.create_user(&root, user("ann@example.com", Some("ann"))).await.expect("made").view.account;
    let email = t.engine.create_user(&root, user("ANN@example.com", None)).await;
    assert!(matches!(email, Err(Error::Conflict(Code::EmailInUse))), "{email:?}");
    let username = t.engine.create_user(&root, user("bob@example.com", Some("ANN"))).await;
    assert!(matches!(username, Err(Error::Conflict(Code::UsernameInUse))), "{username:?}");
    let bob = t.engine.create_user(&root, user("bob@example.com", None)).await.expect("made").view.account;
    let edit = UserEdit { email: Some("Ann@example.com".into()), ..UserEdit::default() };
    let moved = t.engine.edit_user(&root, bob.id, edit).await;
    assert!(matches!(moved, Err(Error::Conflict(Code::EmailInUse))), "{moved:?}");
    assert_eq!(account(&t.engine, ann.id).await.email.as_deref(), Some("ann@example.com"));
});

db_test!(a_new_address_by_an_administrator_is_unproven_and_ends_the_sessions, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = by(&administrator(&t.engine, "root").await.account);
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let edit = UserEdit { email: Some("ann@example.org".into()), ..UserEdit::default() };
    let edited = t.engine.edit_user(&root, ann.account.account.id, edit).await.expect("edited");
    assert_eq!(edited.account.email_verified_at, None);
    assert!(live(&t.engine, &ann).await.is_none());
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_none());
    assert!(signs_in(&t.engine, "ann@example.org", PASSWORD).await.is_some());
});

db_test!(somebody_without_an_address_keeps_a_username, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let clear = ProfileEdit { username: Some(None), name: None };
    let refused = t.engine.edit_profile(&by(&root), root.id, clear).await.expect_err("nothing would be left");
    assert_eq!(codes(&refused), [("username", Code::IdentifierRequired)]);
});

db_test!(groups_are_replaced_and_never_emptied, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = by(&administrator(&t.engine, "root").await.account);
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let none = UserEdit { group_ids: Some(Vec::new()), ..UserEdit::default() };
    assert_eq!(
        codes(&t.engine.edit_user(&root, ann.id, none).await.expect_err("none")),
        [("group_ids", Code::NoGroups)]
    );
    let both = UserEdit { group_ids: Some(vec![ADMINISTRATORS, MEMBERS, MEMBERS]), ..UserEdit::default() };
    let view = t.engine.edit_user(&root, ann.id, both).await.expect("edited");
    assert_eq!(view.groups.iter().map(|group| group.slug.as_str()).collect::<Vec<_>>(), ["administrators", "members"]);
});

db_test!(accounts_are_found_by_any_part_of_what_names_them, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    for n in 0..30 {
        t.clock.advance(std::time::Duration::from_secs(1));
        sign_up(&t.engine, &format!("person_{n}@example.com")).await;
    }
    let found = async |filter: AccountFilter| {
        let (mut names, mut page) = (Vec::new(), PageRequest { limit: 7, cursor: None });
        loop {
            let some = t.engine.list_accounts(&filter, page).await.expect("a list");
            names.extend(some.items.into_iter().map(|view| view.account.label()));
            let Some(next) = some.next_cursor else { return names };
            page = PageRequest::parse(Some("7"), Some(&next)).expect("our own cursor");
        }
    };
    let search = |text: &str| AccountFilter { search: Some(text.to_owned()), ..AccountFilter::default() };
    assert_eq!(found(AccountFilter::default()).await.len(), 31);
    assert_eq!(found(search("PERSON_2")).await.len(), 11);
    assert_eq!(found(search("person%")).await.len(), 0, "nothing is special in a search");
    assert_eq!(found(search(" oot ")).await, ["root"]);
    let admins = AccountFilter { group: Some(ADMINISTRATORS), ..AccountFilter::default() };
    assert_eq!(found(admins).await, [root.label()]);
    let disabled = AccountFilter { state: Some(AccountState::Disabled), ..AccountFilter::default() };
    assert!(found(disabled).await.is_empty());
});

db_test!(enabling_brings_the_account_back_but_no_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = by(&administrator(&t.engine, "root").await.account);
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let id = ann.account.account.id;
    t.engine.disable_account(&root, id).await.expect("disabled");
    t.engine.disable_account(&root, id).await.expect("twice is no harm");
    t.engine.enable_account(&root, id).await.expect("enabled");
    assert!(live(&t.engine, &ann).await.is_none());
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_some());
    assert_eq!(account(&t.engine, id).await.disabled_at, None);
});

db_test!(a_deleted_account_is_gone_and_its_deeds_stay, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = by(&administrator(&t.engine, "root").await.account);
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let id = ann.account.account.id;
    t.clock.advance(std::time::Duration::from_secs(1));
    t.engine.delete_account(&root, id).await.expect("deleted");
    assert!(matches!(t.engine.account(id).await, Err(Error::NotFound)));
    assert!(matches!(t.engine.delete_account(&root, id).await, Err(Error::NotFound)));
    assert!(live(&t.engine, &ann).await.is_none());
    let about_ann = vestibule::AuditFilter { about: Some(id), ..vestibule::AuditFilter::default() };
    let rows = t.engine.list_audit(&about_ann, PageRequest::first()).await.expect("the log").items;
    assert!(rows.iter().any(|row| row.action == "account.deleted" && row.outcome.as_str() == "done"));
    assert!(rows.iter().any(|row| row.target_label.as_deref() == Some("ann@example.com")));
    sign_up(&t.engine, "ann@example.com").await;
});

db_test!(the_export_does_not_tell_where_an_administrator_acted_from, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let mut root = by(&administrator(&t.engine, "root").await.account);
    root.ip = Some("192.0.2.7".parse().expect("an address"));
    root.request_id = Some(vestibule::RequestId::fresh(t.engine.now(), t.engine.random()));
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    t.engine.unlock_account(&root, ann.id).await.expect("unlocked");
    let export = t.engine.export(ann.id).await.expect("an export");
    let activity = export["activity"].as_array().expect("a list");
    let unlocked = activity.iter().find(|row| row["action"] == "account.unlocked").expect("it is in there");
    assert!(unlocked["ip"].is_null() && unlocked["request_id"].is_null(), "{unlocked}");
});

db_test!(many_exports_at_once_do_not_starve_each_other, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account.id;
    // Far more than there are connections: each must do with one.
    let exports = race(60, |_| {
        let engine = t.engine.clone();
        async move { engine.export(ann).await.is_ok() }
    });
    let exports =
        tokio::time::timeout(std::time::Duration::from_secs(8), exports).await.expect("nobody waits for ever");
    assert!(exports.iter().all(|made| *made));
});

db_test!(the_export_holds_what_is_held_and_no_secret, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    signs_in(&t.engine, "ann@example.com", OTHER).await;
    let export = t.engine.export(ann.account.account.id).await.expect("an export");
    assert_eq!(export["account"]["email"], "ann@example.com");
    assert_eq!(export["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(export["activity"].as_array().map(Vec::len), Some(4), "created, mailed, signed in, refused");
    assert_eq!(export["mail"].as_array().map(Vec::len), Some(1));
    let text = export.to_string();
    assert!(!text.contains("argon2") && !text.contains(ann.token.expose()) && !text.contains("digest"), "{text}");
});
