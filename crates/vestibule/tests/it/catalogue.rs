//! Extending the catalogue: what may be added and removed, by whom, and that nobody reaches what the policy file keeps
//! for itself by adding something beside it.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    Account, AuditFilter, AuditOutcome, AuditRow, BreakGlass, Clock, Code, Entry, Error, KnownPermission, NewGroup,
    Own, Owner, PageRequest, Question, Vestibule, decide,
};

use crate::holders::{CLOUD_COSTS, host, may};
use crate::people::{PASSWORD, administrator, by, live, nobody, sign_up, signs_in};

fn entry(name: &str) -> Entry {
    let (action, resource) = name.split_once(':').expect("a name");
    Entry { action: action.to_owned(), resource: resource.to_owned(), ..Entry::default() }
}

/// The one row that there is of it.
async fn known(engine: &Vestibule, name: &str) -> KnownPermission {
    let known = engine.list_permissions().await.expect("the catalogue");
    let found = known.into_iter().filter(|known| known.entry.slug() == name).collect::<Vec<_>>();
    let [known] = found.as_slice() else { panic!("{name}: {found:?}") };
    known.clone()
}

async fn audited(engine: &Vestibule, action: &str) -> Vec<AuditRow> {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    engine.list_audit(&filter, PageRequest::first()).await.expect("the log").items
}

async fn version(engine: &Vestibule) -> i64 {
    let mut connection = engine.db().read().await.expect("a connection");
    connection.one::<(i64,)>("SELECT version FROM policy", &[]).await.expect("a row").0
}

db_test!(a_permission_that_was_added_can_be_held_until_it_is_removed, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let before = version(&t.engine).await;
    let added = t.engine.add_permission(&by(&root), Entry { label: " Fly ".into(), ..entry("fly: planes ") }).await;
    let added = added.expect("added");
    assert_eq!(added.entry, Entry { label: "Fly".into(), ..entry("fly:planes") });
    assert!(!added.system_managed);
    assert_eq!(known(&t.engine, "fly:planes").await, added);
    assert_eq!(version(&t.engine).await, before + 1);
    assert!(may(&t.engine, root.id, "fly:planes").await, "admin:* reaches it");
    assert!(!may(&t.engine, ann.id, "fly:planes").await);
    t.engine.grant_permission(&by(&root), ann.id, "fly:planes".parse().expect("one")).await.expect("granted");
    assert!(may(&t.engine, ann.id, "fly:planes").await);
    t.engine.delete_permission(&by(&root), added.id).await.expect("removed");
    assert_eq!(version(&t.engine).await, before + 2);
    assert!(!may(&t.engine, ann.id, "fly:planes").await && !may(&t.engine, root.id, "fly:planes").await);
    let again = t.engine.delete_permission(&by(&root), added.id).await;
    assert!(matches!(again, Err(Error::NotFound)), "{again:?}");
    for (action, own) in [("permission.added", "planes"), ("permission.removed", "planes")] {
        let rows = audited(&t.engine, action).await;
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((row.target_id, row.target_label.as_deref()), (Some(added.id.0), Some("fly:planes")));
        assert_eq!((row.actor_id, row.outcome), (Some(root.id.0), AuditOutcome::Done));
        assert_eq!(row.details.0["permission"]["resource"], own);
    }
});

db_test!(the_catalogue_is_listed_by_resource_and_action, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let host = host();
    let own = Entry { own: Some(Own::Scope), any: Some("sail-all".into()), ..entry("sail:boats") };
    for entry in [entry("sail-all:boats"), own.clone(), entry("view:audits")] {
        t.engine.add_permission(&host, entry).await.expect("added");
    }
    let names: Vec<String> =
        t.engine.list_permissions().await.expect("the catalogue").iter().map(|known| known.entry.slug()).collect();
    assert_eq!(names.len(), 37 + 3);
    let place = |name: &str| names.iter().position(|known| known == name).unwrap_or_else(|| panic!("{name}"));
    let order =
        ["view:audit", "view:audits", "sail:boats", "sail-all:boats", "create:directory", "view:users"].map(place);
    assert!(order.is_sorted(), "{order:?} {names:?}");
    let stored = known(&t.engine, "sail:boats").await;
    assert_eq!(stored.entry, Entry { label: "sail:boats".into(), ..own }, "as it was given, with a label");
});

db_test!(only_who_may_change_groups_changes_the_catalogue, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (host, root) = (host(), administrator(&t.engine, "root").await.account);
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let fly = t.engine.add_permission(&host, entry("fly:planes")).await.expect("the host may");
    let is_lack = |result: &Result<(), Error>| match result {
        Err(Error::Forbidden(why)) => {
            (why.code, why.permission.as_str()) == (Code::PermissionRequired, "update:groups")
        }
        _ => false,
    };
    for _ in 0..2 {
        let added = t.engine.add_permission(&by(&ann), entry("sail:boats")).await.map(drop);
        let deleted = t.engine.delete_permission(&by(&ann), fly.id).await;
        let unknown = t.engine.delete_permission(&by(&ann), vestibule::PermissionId(uuid(9))).await;
        assert!(is_lack(&added) && is_lack(&deleted) && is_lack(&unknown), "{added:?} {deleted:?} {unknown:?}");
        let viewer = NewGroup { slug: None, name: "Viewers".into(), description: String::new(), ..viewers() };
        let Ok(group) = t.engine.create_group(&by(&root), viewer).await else { continue };
        t.engine.add_member(&by(&root), group.id, ann.id, BreakGlass::No).await.expect("a member");
    }
    let anonymous = t.engine.add_permission(&nobody(), entry("sail:boats")).await;
    assert!(matches!(anonymous, Err(Error::Denied(Code::Unauthenticated))), "{anonymous:?}");
    let refused = audited(&t.engine, "permission.added").await;
    let refused = refused.iter().filter(|row| row.outcome == AuditOutcome::Refused).count();
    assert_eq!((refused, audited(&t.engine, "permission.removed").await.len()), (3, 4));
    t.engine.grant_permission(&by(&root), ann.id, "update:groups".parse().expect("one")).await.expect("granted");
    // An entry says who may what it names: only who may that already says so, or takes it away.
    for beyond in [
        t.engine.add_permission(&by(&ann), entry("view:boats")).await.map(drop),
        t.engine
            .add_permission(&by(&ann), Entry { own: Some(Own::Owner), any: Some("fly".into()), ..entry("land:planes") })
            .await
            .map(drop),
        t.engine.delete_permission(&by(&ann), fly.id).await,
    ] {
        assert!(matches!(&beyond, Err(Error::Forbidden(why)) if why.code == Code::Ceiling), "{beyond:?}");
    }
    for wildcard in ["view:*", "fly:*"] {
        t.engine.grant_permission(&by(&root), ann.id, wildcard.parse().expect("one")).await.expect("granted");
    }
    t.engine.add_permission(&by(&ann), entry("view:boats")).await.expect("now she may");
    t.engine.delete_permission(&by(&ann), fly.id).await.expect("that as well");
});

fn viewers() -> NewGroup {
    let permissions = vec!["view:groups".parse().expect("one"), "update:users".parse().expect("one")];
    NewGroup { slug: None, name: String::new(), description: String::new(), permissions, scope: vestibule::Scope::All }
}

fn uuid(n: u8) -> uuid::Uuid {
    uuid::Uuid::from_bytes([n; 16])
}

/// Who might, of all who could be asked about.
async fn allowed(engine: &Vestibule, account: &Account) -> Vec<(String, Owner)> {
    let view = engine.view_of(account.id).await.expect("the database answers").expect("active");
    let mut allowed = Vec::new();
    for stem in ["approve", "execute", "retry", "cancel", "update", "buy"] {
        for action in [stem.to_owned(), format!("{stem}-any"), format!("{stem}-own")] {
            for owner in [Owner::Unrecorded, Owner::Asker, Owner::Other] {
                let question = Question { owner, ..Question::new(&action, "purchases") };
                if decide(&view, &question) {
                    allowed.push((action.clone(), owner));
                }
            }
        }
    }
    allowed
}

db_test!(an_administrator_reaches_nothing_explicit_by_adding_beside_it, |db: TestDb| async move {
    let t = TestEngine::with_policy(&db, CLOUD_COSTS).await;
    let root = administrator(&t.engine, "root").await.account;
    let before = allowed(&t.engine, &root).await;
    let is_explicit = |(action, owner): &(String, Owner)| {
        action == "execute" || (*owner == Owner::Other && matches!(action.as_str(), "approve" | "retry"))
    };
    assert!(!before.iter().any(is_explicit), "{before:?}");
    let explicit = t.engine.add_permission(&by(&root), Entry { explicit: true, ..entry("pay:purchases") }).await;
    let Err(Error::Forbidden(why)) = explicit else { panic!("{explicit:?}") };
    assert_eq!((why.code, why.permission.as_str()), (Code::Ceiling, "pay:purchases"));
    t.clock.advance(Duration::from_millis(1));
    let own = |name: &str, any: &str| Entry { own: Some(Own::Owner), any: Some(any.to_owned()), ..entry(name) };
    let rows = [
        (entry("approve:purchases"), Code::PermissionConflict),
        (entry("retry:purchases"), Code::PermissionConflict),
        (entry("cancel:purchases"), Code::PermissionConflict),
        (own("approve:purchases", "cancel-any"), Code::PermissionConflict),
        (own("buy:purchases", "execute"), Code::PermissionConflict),
        (own("buy:purchases", "approve-any"), Code::PermissionConflict),
        (entry("update-own:purchases"), Code::PermissionConflict),
        (entry("execute:purchases"), Code::PermissionExists),
        (entry(" approve-any: purchases"), Code::PermissionExists),
        (entry("approve-own:purchases"), Code::PermissionExists),
    ];
    let count = rows.len();
    for (entry, code) in rows {
        let name = entry.slug();
        let refused = t.engine.add_permission(&by(&root), entry).await;
        assert!(matches!(refused, Err(Error::Conflict(why)) if why == code), "{name}: {refused:?}");
        let newest = &audited(&t.engine, "permission.added").await[0];
        assert_eq!((newest.outcome, newest.actor_id), (AuditOutcome::Refused, Some(root.id.0)));
        assert_eq!(newest.details.0["permission"].as_str(), Some(name.as_str()));
        t.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(audited(&t.engine, "permission.added").await.len(), count + 1);
    assert_eq!(allowed(&t.engine, &root).await, before);
    t.engine.add_permission(&by(&root), entry("buy-any:purchases")).await.expect("what asks anew may be added");
    let bought = [("buy".to_owned(), Owner::Asker), ("buy-any".to_owned(), Owner::Other)];
    let after = allowed(&t.engine, &root).await;
    assert!(bought.iter().all(|new| after.contains(new)) && before.iter().all(|old| after.contains(old)), "{after:?}");
});

db_test!(a_row_beside_the_policys_counts_for_nothing_however_it_came_to_be_there, |db: TestDb| async move {
    let t = TestEngine::with_policy(&db, CLOUD_COSTS).await;
    let root = administrator(&t.engine, "root").await.account;
    let before = allowed(&t.engine, &root).await;
    let mut tx = t.engine.db().write().await.expect("a transaction");
    for (n, action) in [(1, "approve"), (2, "retry"), (3, "fly")] {
        let sql =
            "INSERT INTO permissions (id, position, action, resource, label, explicit, system_managed, created_at)
                   VALUES ($1, 0, $2, 'purchases', '', FALSE, FALSE, 0)";
        tx.exec(sql, &[&uuid(n), &action]).await.expect("inserted");
    }
    tx.exec("UPDATE policy SET version = version + 1", &[]).await.expect("counted");
    tx.commit().await.expect("committed");
    assert_eq!(allowed(&t.engine, &root).await, before);
    assert!(may(&t.engine, root.id, "fly:purchases").await, "what fits counts");
    let conflict = t.engine.add_permission(&by(&root), entry("approve:purchases")).await;
    assert!(matches!(conflict, Err(Error::Conflict(Code::PermissionExists))), "{conflict:?}");
});

db_test!(the_policys_entries_and_those_that_others_rest_on_stay, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let policys = known(&t.engine, "delete:users").await;
    assert!(policys.system_managed);
    let refused = t.engine.delete_permission(&by(&root), policys.id).await;
    let Err(Error::Forbidden(why)) = refused else { panic!("{refused:?}") };
    assert_eq!((why.code, why.permission.as_str()), (Code::SystemManaged, "delete:users"));
    let sail_all = t.engine.add_permission(&by(&root), entry("sail-all:boats")).await.expect("added");
    let own = Entry { own: Some(Own::Owner), any: Some("sail-all".into()), ..entry("sail:boats") };
    let sail = t.engine.add_permission(&by(&root), own).await.expect("added");
    let refused = t.engine.delete_permission(&by(&root), sail_all.id).await;
    assert!(matches!(refused, Err(Error::Conflict(Code::PermissionConflict))), "{refused:?}");
    assert_eq!(audited(&t.engine, "permission.removed").await.len(), 2, "both are written down");
    for id in [sail.id, sail_all.id] {
        t.engine.delete_permission(&by(&root), id).await.expect("in this order they go");
    }
});

db_test!(what_is_added_twice_at_once_is_there_once, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let name = format!("fly:plane{round}");
        let answers = race(6, |_| {
            let (engine, entry) = (t.engine.clone(), entry(&name));
            async move { engine.add_permission(&host(), entry).await }
        })
        .await;
        let added = answers.iter().filter(|answer| answer.is_ok()).count();
        let exist =
            |answer: &&Result<KnownPermission, Error>| matches!(answer, Err(Error::Conflict(Code::PermissionExists)));
        assert_eq!((added, answers.iter().filter(exist).count()), (1, 5), "round {round}: {answers:?}");
        known(&t.engine, &name).await;
    }
});

db_test!(of_two_that_do_not_fit_together_one_is_added, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let answers = race(2, |i| {
            let engine = t.engine.clone();
            let action = if i == 0 { "sail" } else { "sail-own" };
            let entry = Entry { own: Some(Own::Owner), ..entry(&format!("{action}:boat{round}")) };
            async move { engine.add_permission(&host(), entry).await }
        })
        .await;
        let conflicts =
            |answer: &&Result<KnownPermission, Error>| matches!(answer, Err(Error::Conflict(Code::PermissionConflict)));
        let counts = (answers.iter().filter(|answer| answer.is_ok()).count(), answers.iter().filter(conflicts).count());
        assert_eq!(counts, (1, 1), "round {round}: {answers:?}");
    }
});

db_test!(a_removed_permission_denies_at_the_next_check_here_and_within_a_second_there, |db: TestDb| async move {
    let here = TestEngine::system_clock(&db).await;
    let there = here.second_node().await;
    administrator(&here.engine, "root").await;
    let root = signs_in(&here.engine, "root", PASSWORD).await.expect("signed in");
    let caller = by(&root.account.account);
    let flies = async |node: &Vestibule| {
        let session = live(node, &root).await.expect("a live session");
        decide(&session.view, &Question::new("fly", "planes"))
    };
    for _ in 0..5 {
        assert!(!flies(&here.engine).await);
        let added = here.engine.add_permission(&caller, entry("fly:planes")).await.expect("added");
        assert!(flies(&here.engine).await, "at the next check");
        let clock = Clock::system();
        while !flies(&there.engine).await {
            assert!(clock.monotonic() < Duration::from_secs(1), "within a second");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        here.engine.delete_permission(&caller, added.id).await.expect("removed");
        assert!(!flies(&here.engine).await, "at the next check");
        let clock = Clock::system();
        while flies(&there.engine).await {
            assert!(clock.monotonic() < Duration::from_secs(1), "within a second");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
});
