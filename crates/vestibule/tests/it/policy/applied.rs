//! What applying a policy does, whom it touches, and when other nodes see it.

use std::collections::BTreeSet;
use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    ActorKind, AuditOutcome, Caller, Clock, Code, Error, MEMBERS, Permission, Policy, PolicyPlan, Question,
    RemovedGroup, Vestibule, decide,
};

use super::{SHOP, applications, cloud_costs, console_group, group, join, later, may, refusal, shop, state};
use crate::holders::host;
use crate::people::{administrator, by, live, nobody, sign_up};

db_test!(only_the_host_applies_a_policy, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let before = state(&t.engine).await;
    let by_root = t.engine.apply_policy(&by(&root), &shop("", "")).await;
    assert!(matches!(&by_root, Err(Error::Forbidden(why)) if why.code == Code::SystemManaged), "{by_root:?}");
    let by_nobody = t.engine.apply_policy(&nobody(), &shop("", "")).await;
    assert!(matches!(by_nobody, Err(Error::Denied(Code::Unauthenticated))), "{by_nobody:?}");
    let refused = applications(&t.engine).await.into_iter().filter(|row| row.outcome == AuditOutcome::Refused);
    let kinds: BTreeSet<&str> = refused.map(|row| row.actor_kind.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["account", "anonymous"]), "both are written down");
    assert_eq!(state(&t.engine).await, before);
    t.engine.apply_policy(&Caller::system(), &shop("", "")).await.expect("the instance itself may");
});

db_test!(applying_removes_groups_and_writes_down_who_was_in_them, |db: TestDb| async move {
    let t = TestEngine::with_policy(&db, SHOP).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let bob = sign_up(&t.engine, "bob@example.com").await.account.account;
    join(&t.engine, &ann, "payers").await;
    t.clock.advance(Duration::from_secs(1));
    let plan = t.engine.apply_policy(&host(), &Policy::built_in()).await.expect("applied");
    let removed = |slug: &str, member_count| RemovedGroup { slug: slug.to_owned(), member_count };
    assert_eq!(plan.groups_removed, [removed("customers", 2), removed("payers", 1), removed("sellers", 0)]);
    assert_eq!(plan.permissions_removed, ["pay:invoices", "sell:wares", "view:wares"]);
    assert_eq!(plan.default_group.as_deref(), Some("members"));
    let labels: Vec<&str> = plan.accounts.iter().map(|effect| effect.label.as_str()).collect();
    assert_eq!(labels, ["ann@example.com", "bob@example.com"]);
    assert!(plan.accounts.iter().all(|effect| effect.gains.is_empty() && !effect.loses.is_empty()));
    assert!(!may(&t.engine, &ann, "pay:invoices").await && !may(&t.engine, &bob, "view:wares").await);
    let rows = applications(&t.engine).await;
    let row = rows.last().expect("a row");
    assert_eq!((row.actor_kind, row.actor_label.as_str()), (ActorKind::Host, "root"));
    let members = &row.details.0["members_removed"];
    assert_eq!(members["payers"], serde_json::json!([{ "id": ann.id, "label": "ann@example.com" }]));
    let in_customers: BTreeSet<&str> =
        members["customers"].as_array().expect("a list").iter().filter_map(|member| member["label"].as_str()).collect();
    assert_eq!(in_customers, BTreeSet::from(["ann@example.com", "bob@example.com"]));
    assert_eq!(
        (members["sellers"].as_array().map(Vec::len), &row.details.0["accounts"]),
        (Some(0), &serde_json::json!(2))
    );
});

db_test!(what_a_later_file_makes_explicit_is_kept_by_the_policys_groups_alone, |db: TestDb| async move {
    let t = TestEngine::with_policy(&db, SHOP).await;
    let mut people = Vec::new();
    for name in ["customer", "group", "direct", "wildcard"] {
        people.push(sign_up(&t.engine, &format!("{name}@example.com")).await.account.account);
    }
    console_group(&t.engine, "ours", &["view:wares", "sell:wares"]).await;
    console_group(&t.engine, "all", &["view:*", "sell:*"]).await;
    join(&t.engine, &people[1], "ours").await;
    t.engine.grant_permission(&host(), people[2].id, "sell:wares".parse().expect("one")).await.expect("granted");
    join(&t.engine, &people[3], "all").await;
    join(&t.engine, &people[0], "sellers").await;
    for person in &people {
        assert!(may(&t.engine, person, "sell:wares").await, "{}", person.label());
    }
    let explicit = shop(
        "resource = \"wares\" },\n  { action = \"pay\"",
        "resource = \"wares\", explicit = true },\n  { action = \"pay\"",
    );
    let plan = t.engine.apply_policy(&host(), &explicit).await.expect("applied");
    let losers: BTreeSet<&str> = plan.accounts.iter().map(|effect| effect.label.as_str()).collect();
    assert_eq!(losers, BTreeSet::from(["group@example.com", "direct@example.com", "wildcard@example.com"]));
    let sell: Permission = "sell:wares".parse().expect("one");
    assert!(plan.accounts.iter().all(|effect| effect.loses == [sell.clone()] && effect.gains.is_empty()));
    for (n, person) in people.iter().enumerate() {
        assert_eq!(may(&t.engine, person, "sell:wares").await, n == 0, "{}", person.label());
        assert!(may(&t.engine, person, "view:wares").await, "{}", person.label());
    }
    t.engine.apply_policy(&host(), &shop("", "")).await.expect("applied");
    for person in &people {
        assert!(may(&t.engine, person, "sell:wares").await, "what they hold was theirs all along: {}", person.label());
    }
});

db_test!(cloud_costs_is_laid_over_the_built_in_policy_and_taken_away_again, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let (host, cloud_costs) = (host(), cloud_costs());
    let before = state(&t.engine).await;
    let plan = t.engine.apply_policy(&host, &cloud_costs).await.expect("applied");
    assert_eq!((plan.groups_added.len(), plan.groups_removed.len(), plan.permissions_removed.len()), (7, 0, 0));
    assert_eq!(plan.groups_changed.iter().map(|change| change.other.clone()).collect::<Vec<_>>(), [["description"]]);
    let [gained] = plan.accounts.as_slice() else { panic!("{:?}", plan.accounts) };
    assert_eq!((gained.account_id, gained.loses.len()), (root.id, 0));
    assert!(gained.gains.iter().all(|permission| permission.to_string() != "execute:purchases"));
    join(&t.engine, &ann, "purchaser").await;
    assert!(may(&t.engine, &ann, "execute:purchases").await && !may(&t.engine, &root, "execute:purchases").await);
    assert!(may(&t.engine, &root, "cancel:purchases").await);
    assert!(refusal(&db, Policy::built_in()).await.contains("\"purchaser\" (1 member)"));
    let plan = t.engine.apply_policy(&host, &Policy::built_in()).await.expect("applied");
    let labels: BTreeSet<&str> = plan.accounts.iter().map(|effect| effect.label.as_str()).collect();
    assert_eq!(labels, BTreeSet::from(["ann@example.com", "root"]));
    assert_eq!(state(&t.engine).await, before);
    assert!(!may(&t.engine, &ann, "execute:purchases").await && !may(&t.engine, &root, "cancel:purchases").await);
});

db_test!(whoever_signs_up_joins_the_default_group_of_the_day, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let host = host();
    let slugs = async |email: &str| -> Vec<String> {
        sign_up(&t.engine, email).await.account.groups.iter().map(|group| group.slug.clone()).collect()
    };
    assert_eq!(slugs("ann@example.com").await, ["members"]);
    t.engine.apply_policy(&host, &shop("", "")).await.expect("applied");
    assert_eq!(slugs("bob@example.com").await, ["customers"]);
    let plan = t
        .engine
        .apply_policy(&host, &shop("\"customers\"\npermissions", "\"members\"\npermissions"))
        .await
        .expect("applied");
    assert_eq!(plan, PolicyPlan { default_group: Some("members".to_owned()), ..PolicyPlan::default() });
    assert_eq!(slugs("cat@example.com").await, ["members"]);
    assert_eq!(group(&t.engine, "members").await.expect("a group").id, MEMBERS);
});

db_test!(an_applied_policy_counts_at_the_next_check_here_and_within_a_second_there, |db: TestDb| async move {
    let here = TestEngine::system_clock(&db).await;
    let there = here.second_node().await;
    let ann = sign_up(&here.engine, "ann@example.com").await;
    let host = host();
    let members = "[[groups]]\nslug = \"members\"\nname = \"Members\"\npermissions = [\"view:users\"]";
    let (some, none) = (Policy::parse(members).expect("a policy"), Policy::built_in());
    let sees = async |node: &Vestibule| {
        let session = live(node, &ann).await.expect("a live session");
        decide(&session.view, &Question::new("view", "users"))
    };
    for (policy, expected) in [(&some, true), (&none, false), (&some, true), (&none, false)] {
        assert_eq!((sees(&here.engine).await, sees(&there.engine).await), (!expected, !expected));
        here.engine.apply_policy(&host, policy).await.expect("applied");
        assert_eq!(sees(&here.engine).await, expected, "at the next check");
        let clock = Clock::system();
        while sees(&there.engine).await != expected {
            assert!(clock.monotonic() < Duration::from_secs(1), "within a second");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
});

db_test!(policies_applied_at_once_leave_one_of_them_whole, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let policies = [shop("", ""), later()];
    for round in 0..25 {
        let answers = race(4, |i| {
            let (engine, policy) = (t.engine.clone(), policies[i % 2].clone());
            async move { engine.apply_policy(&host(), &policy).await }
        })
        .await;
        assert!(answers.iter().all(Result::is_ok), "round {round}: {answers:?}");
        let mut whole = 0;
        for policy in &policies {
            whole += usize::from(t.engine.plan_policy(policy).await.expect("a plan").is_empty());
        }
        assert_eq!(whole, 1, "round {round}");
    }
});
