//! A plan says what applying then does: who gains and loses what is compared with what everybody may before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    Account, AccountId, Code, Effect, EffectivePermissions, Error, Permission, Policy, PolicyPlan, Vestibule,
};

use super::{cloud_costs, counters, groups, join, later, shop, start};
use crate::holders::host;
use crate::people::{administrator, sign_up};

/// Everybody of a test, and what they may do at this moment.
async fn views(engine: &Vestibule, people: &[Account]) -> BTreeMap<AccountId, EffectivePermissions> {
    let mut views = BTreeMap::new();
    for person in people {
        views.insert(person.id, engine.effective_permissions(person.id).await.expect("the database answers"));
    }
    views
}

/// What one may that the other may not: each permission with its limits, that no single one of the other's covers.
fn beyond(one: &EffectivePermissions, other: &EffectivePermissions) -> BTreeSet<Permission> {
    let is_covered = |wanted: &Permission| {
        let covers = |held: &Permission| held.is_named_as(wanted) && held.constraints().covers(wanted.constraints());
        other.permissions.iter().any(|held| covers(&held.permission))
    };
    one.permissions.iter().map(|held| held.permission.clone()).filter(|wanted| !is_covered(wanted)).collect()
}

fn assert_effects(
    effects: &[Effect],
    before: &BTreeMap<AccountId, EffectivePermissions>,
    after: &BTreeMap<AccountId, EffectivePermissions>,
) {
    for (id, before) in before {
        let after = &after[id];
        let (gains, loses) = (beyond(after, before), beyond(before, after));
        let told: Vec<&Effect> = effects.iter().filter(|effect| effect.account_id == *id).collect();
        if gains.is_empty() && loses.is_empty() && before.scope == after.scope {
            assert!(told.is_empty(), "{told:?}");
            continue;
        }
        let [effect] = told.as_slice() else { panic!("{id}: {told:?}, but gains {gains:?} and loses {loses:?}") };
        assert_eq!(effect.gains.iter().cloned().collect::<BTreeSet<_>>(), gains, "{}", effect.label);
        assert_eq!(effect.loses.iter().cloned().collect::<BTreeSet<_>>(), loses, "{}", effect.label);
        assert_eq!((&effect.scope_before, &effect.scope_after), (&before.scope, &after.scope));
        assert!(!effect.label.is_empty());
    }
    assert!(effects.iter().all(|effect| before.contains_key(&effect.account_id)));
}

db_test!(a_plan_says_what_applying_then_does, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let host = host();
    let mut people = vec![administrator(&t.engine, "root").await.account];
    for n in 0..9 {
        people.push(sign_up(&t.engine, &format!("person{n}@example.com")).await.account.account);
    }
    let policies = [Policy::built_in(), shop("", ""), later(), cloud_costs()];
    let walk = [1, 2, 3, 1, 0, 2, 0, 3, 2, 1, 3, 0];
    for (step, next) in walk.into_iter().enumerate() {
        t.clock.advance(Duration::from_secs(1));
        scatter(&t.engine, &people[1..], step).await;
        let (policy, before) = (&policies[next], views(&t.engine, &people).await);
        let counted = counters(&t.engine).await;
        let plan = t.engine.plan_policy(policy).await.expect("a plan");
        assert_eq!(counters(&t.engine).await, counted, "a plan reads only");
        assert_eq!(views(&t.engine, &people).await, before);
        assert!(!plan.is_empty());
        assert_eq!(t.engine.apply_policy(&host, policy).await.expect("applied"), plan, "step {step}");
        assert_effects(&plan.accounts, &before, &views(&t.engine, &people).await);
        let (version, audit, feed) = counted;
        assert_eq!(counters(&t.engine).await, (version + 1, audit + 1, feed + 1));
        assert_eq!(t.engine.plan_policy(policy).await.expect("a plan"), PolicyPlan::default());
        assert!(t.engine.apply_policy(&host, policy).await.expect("applied").is_empty(), "twice is once");
        assert_eq!(counters(&t.engine).await, (version + 1, audit + 1, feed + 1));
        start(&db, policy.clone()).await.expect("it starts with what was applied");
        assert_eq!(counters(&t.engine).await, (version + 1, audit + 1, feed + 1));
    }
});

/// Puts people in groups and gives them permissions, otherwise at each step, so that many hold many things.
async fn scatter(engine: &Vestibule, people: &[Account], step: usize) {
    let (groups, known) = (groups(engine).await, engine.list_permissions().await.expect("the catalogue"));
    for (n, person) in people.iter().enumerate() {
        let group = &groups[(step * 5 + n * 3) % groups.len()];
        if group.slug != "administrators" {
            join(engine, person, &group.slug).await;
        }
        let entry = &known[(step * 11 + n * 17) % known.len()].entry;
        if n % 3 == 0 && !entry.explicit {
            let permission = entry.slug().parse().expect("a permission");
            match engine.grant_permission(&host(), person.id, permission).await {
                Ok(()) | Err(Error::Conflict(Code::GrantExists)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}
