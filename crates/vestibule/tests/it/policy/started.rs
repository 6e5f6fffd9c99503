//! What a start writes, and what it refuses to.

use std::collections::BTreeSet;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{ActorKind, AuditOutcome, Code, Db, Entry, Error, GroupEdit, Policy, Scope, Vestibule};

use super::{SHOP, applications, builder, console_group, counters, group, join, may, refusal, shop, start, state};
use crate::holders::host;
use crate::people::{administrator, by, sign_up};

db_test!(the_first_start_writes_the_policy_and_the_next_one_nothing, |db: TestDb| async move {
    let engine = start(&db, shop("", "")).await.expect("it starts");
    assert_eq!(counters(&engine).await, (1, 1, 1));
    let rows = applications(&engine).await;
    assert_eq!((rows[0].actor_kind, rows[0].outcome), (ActorKind::System, AuditOutcome::Done));
    assert_eq!(rows[0].details.0["groups_added"].as_array().map(Vec::len), Some(6));
    assert_eq!(rows[0].details.0["default_group"], "customers");
    let (known, stored) = state(&engine).await;
    assert_eq!((known.len(), known.iter().all(|(_, system_managed)| *system_managed)), (37 + 3, true));
    assert_eq!(stored["sellers"].2, Scope::of(["north"]).expect("a scope"));
    let flags = |slug: &str| stored[slug].3;
    assert_eq!((flags("customers"), flags("members"), flags("helpers")), ([true, true], [true, false], [false, false]));
    let payers = group(&engine, "payers").await.expect("a group");
    assert_eq!(payers.id, "00000000-0000-5000-8000-0000000000aa".parse().expect("an id"));
    assert!(!payers.is_bootstrap && group(&engine, "administrators").await.expect("a group").is_bootstrap);
    for _ in 0..3 {
        let again = start(&db, shop("", "")).await.expect("it starts");
        assert_eq!(counters(&again).await, (1, 1, 1), "nothing changed, so nothing was written");
    }
    let other = builder(&db).await.only_if_new().build().await.expect("it starts");
    assert_eq!(counters(&other).await, (1, 1, 1), "whoever comes beside keeps the policy that is there");
});

db_test!(nodes_that_start_at_once_with_one_policy_write_it_once, |db: TestDb| async move {
    let policies = [shop("", ""), Policy::built_in()];
    start(&db, Policy::built_in()).await.expect("it starts");
    for round in 0..25 {
        let policy = &policies[round % 2];
        let nodes = race(3, |_| {
            let (url, policy) = (db.url.clone(), policy.clone());
            async move {
                let database = Db::connect(&url).await.expect("the database opens");
                Vestibule::builder(database, vec![7; 32].into()).policy(policy).build().await
            }
        })
        .await;
        for node in nodes {
            let node = node.unwrap_or_else(|why| panic!("round {round}: {why:?}"));
            let changes = i64::try_from(round).expect("few") + 2;
            assert_eq!(counters(&node).await, (changes, changes, changes), "round {round}");
            node.db().close().await;
        }
    }
});

db_test!(a_start_changes_what_the_file_changed_and_keeps_the_members, |db: TestDb| async move {
    let t = TestEngine::with_policy(&db, SHOP).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    assert!(may(&t.engine, &ann, "view:wares").await && !may(&t.engine, &ann, "sell:wares").await);
    let policy = shop("permissions = [\"view:wares\"] },\n  { slug = \"sellers\"", {
        "permissions = [\"sell:wares\"] },\n  { slug = \"sellers\""
    });
    let before = group(&t.engine, "customers").await.expect("a group");
    let node = start(&db, policy).await.expect("it starts");
    let after = group(&node, "customers").await.expect("a group");
    assert_eq!((after.id, after.created_at, after.member_count), (before.id, before.created_at, 1));
    assert!(!may(&t.engine, &ann, "view:wares").await && may(&t.engine, &ann, "sell:wares").await);
    let rows = applications(&node).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].details.0["groups_changed"][0]["slug"], "customers");
});

db_test!(what_was_changed_behind_the_policy_is_mended_at_start, |db: TestDb| async move {
    let engine = start(&db, shop("", "")).await.expect("it starts");
    let whole = state(&engine).await;
    for sql in [
        "UPDATE groups SET system_managed = FALSE WHERE slug = 'helpers'", // as it is
        "UPDATE groups SET scope = '{\"all\": true}' WHERE slug = 'sellers'",
        "UPDATE groups SET is_default = TRUE WHERE slug = 'members'",
        "DELETE FROM group_permissions WHERE action = 'sell'",
        "DELETE FROM groups WHERE slug = 'payers'",
        "DELETE FROM permissions WHERE resource = 'wares'",
        "UPDATE permissions SET explicit = FALSE WHERE resource = 'invoices'",
        "UPDATE permissions SET own = 'owner' WHERE action = 'view'",
        "INSERT INTO permissions (id, position, action, resource, label, explicit, own, system_managed, created_at)
         SELECT id, 0, 'view-own', 'users', '', FALSE, 'owner', TRUE, 0 FROM groups WHERE slug = 'members'",
    ] {
        let mut tx = engine.db().write().await.expect("a transaction");
        tx.exec(sql, &[]).await.expect("changed");
        tx.commit().await.expect("committed");
        let node = start(&db, shop("", "")).await.expect("it starts");
        assert_eq!(state(&node).await, whole, "{sql}");
    }
});

db_test!(a_start_is_refused_where_a_group_stands_in_the_way, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let theirs = console_group(&t.engine, "payers", &["view:users"]).await;
    join(&t.engine, &ann, "payers").await;
    let before = (state(&t.engine).await, counters(&t.engine).await);
    let words = refusal(&db, shop("", "")).await;
    assert!(words.contains("\"payers\"") && words.contains("weaker rules") && words.contains("delete"), "{words}");
    let planned = t.engine.plan_policy(&shop("", "")).await;
    assert!(matches!(&planned, Err(Error::Setup(same)) if *same == words), "{planned:?}");
    let forced = t.engine.apply_policy(&host(), &shop("", "")).await;
    assert!(matches!(&forced, Err(Error::Setup(same)) if *same == words), "{forced:?}");
    assert_eq!((state(&t.engine).await, counters(&t.engine).await), before, "and nothing is changed");
    let with_its_id = Policy::parse(
        &SHOP.replace("00000000-0000-5000-8000-0000000000aa", &theirs.to_string()).replace("payers", "spenders"),
    );
    let words = refusal(&db, with_its_id.expect("a policy")).await;
    assert!(words.contains("\"spenders\"") && words.contains("\"payers\"") && words.contains("another id"), "{words}");
    t.engine.delete_group(&host(), theirs).await.expect("deleted");
    let node = start(&db, shop("", "")).await.expect("it starts");
    assert_eq!(group(&node, "payers").await.expect("a group").member_count, 0);
    let words = refusal(&db, shop("0000000000aa", "0000000000ab")).await;
    assert!(words.contains("\"payers\"") && words.contains("0000000000aa"), "{words}");
});

db_test!(a_start_takes_no_group_from_its_members, |db: TestDb| async move {
    let t = TestEngine::with_policy(&db, SHOP).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let bob = sign_up(&t.engine, "bob@example.com").await.account.account;
    join(&t.engine, &ann, "payers").await;
    let before = (state(&t.engine).await, counters(&t.engine).await);
    let words = refusal(&db, Policy::built_in()).await;
    assert!(words.contains("\"customers\" (2 members)") && words.contains("\"payers\" (1 member)"), "{words}");
    assert!(words.contains("put that back") && words.contains("vestibule policy apply"), "{words}");
    assert!(!words.contains("sellers"), "nobody is in it: {words}");
    assert_eq!((state(&t.engine).await, counters(&t.engine).await), before, "nothing is changed");
    start(&db, shop("", "")).await.expect("put back, it starts");
    for (account, slug) in [(&ann, "payers"), (&ann, "customers"), (&bob, "customers")] {
        let id = group(&t.engine, slug).await.expect("a group").id;
        t.engine.remove_member(&host(), id, account.id).await.expect("taken out");
    }
    let node = start(&db, Policy::built_in()).await.expect("without members it may go");
    let slugs: BTreeSet<String> = state(&node).await.1.into_keys().collect();
    assert_eq!(slugs, ["administrators", "helpers", "members"].map(str::to_owned).into());
});

db_test!(a_group_that_is_not_system_managed_is_made_once_and_then_left_alone, |db: TestDb| async move {
    let t = TestEngine::with_policy(&db, SHOP).await;
    let helpers = group(&t.engine, "helpers").await.expect("a group");
    let edit = GroupEdit { name: Some("Friends".into()), scope: Some(Scope::All), ..GroupEdit::default() };
    let edited = t.engine.edit_group(&host(), helpers.id, edit).await.expect("edited");
    start(&db, shop("", "")).await.expect("it starts");
    assert_eq!(group(&t.engine, "helpers").await.expect("a group"), edited);
    t.engine.delete_group(&host(), helpers.id).await.expect("deleted");
    start(&db, shop("", "")).await.expect("it starts");
    let made = group(&t.engine, "helpers").await.expect("made again");
    assert_eq!((made.name.as_str(), made.id == helpers.id), ("Helpers", false));
    let words = refusal(&db, shop(", system_managed = false", "")).await;
    assert!(words.contains("\"helpers\""), "it does not become the policy's: {words}");
});

db_test!(an_added_permission_whose_name_the_file_has_becomes_the_files, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let entry =
        |action: &str, resource: &str| Entry { action: action.into(), resource: resource.into(), ..Entry::default() };
    let pay = t.engine.add_permission(&by(&root), entry("pay", "invoices")).await.expect("added");
    let fly = t.engine.add_permission(&by(&root), entry("fly", "wares")).await.expect("added");
    assert!(may(&t.engine, &root, "pay:invoices").await);
    let node = start(&db, shop("", "")).await.expect("it starts");
    assert!(!may(&t.engine, &root, "pay:invoices").await, "it is explicit now");
    let known = node.list_permissions().await.expect("the catalogue");
    let found = known.iter().find(|known| known.id == pay.id).expect("the same row");
    assert!(found.system_managed && found.entry.explicit);
    let refused = node.delete_permission(&by(&root), pay.id).await;
    assert!(matches!(&refused, Err(Error::Forbidden(why)) if why.code == Code::SystemManaged), "{refused:?}");
    assert!(may(&node, &root, "fly:wares").await, "what else was added stays");
    node.delete_permission(&by(&root), fly.id).await.expect("removed");
});
