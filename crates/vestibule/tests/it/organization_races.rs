//! Organizations raced: whatever their admins do to each other at once, an active person administers each afterwards,
//! and whatever the instance does meanwhile, an organization is an orphan if and only if nobody does. Nobody waits for
//! ever, and nothing is refused for want of a lock.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{Caller, Code, Error, OrganizationId, OrganizationRole, SignedIn, Vestibule};

use crate::holders::host;
use crate::organizations::{id, is_active_person, is_conflict, log, make, members, orphaned, person, put};
use crate::people::{live, sign_up};
use crate::programs::{acting, by_session};

const ROUNDS: usize = 25;

/// What one admin does, to the other or to themselves.
#[derive(Clone, Copy, Debug)]
enum Act {
    Remove,
    Demote,
    StepDown,
    Leave,
}

const ACTS: [Act; 4] = [Act::Remove, Act::Demote, Act::StepDown, Act::Leave];

impl Act {
    async fn by(self, engine: &Vestibule, org: OrganizationId, me: &Caller, other: &Caller) -> Result<(), Error> {
        match self {
            Act::Remove => engine.remove_member_of(me, org, id(other)).await,
            Act::Demote => engine.change_role(me, org, id(other), OrganizationRole::Member).await.map(drop),
            Act::StepDown => engine.change_role(me, org, id(me), OrganizationRole::Member).await.map(drop),
            Act::Leave => engine.leave_organization(me, org).await,
        }
    }
}

/// Whether a refusal is one of those that the other's act explains.
fn is_explained(outcome: &Result<(), Error>) -> bool {
    match outcome {
        Ok(()) | Err(Error::NotFound) => true,
        Err(Error::Conflict(code)) => *code == Code::LastAdmin,
        Err(Error::Forbidden(why)) => why.code == Code::OrganizationAdminRequired,
        Err(_) => false,
    }
}

async fn count_admins(engine: &Vestibule, org: OrganizationId) -> usize {
    let is_admin = |role| role == OrganizationRole::Admin;
    members(engine, org).await.iter().filter(|one| is_admin(one.role) && is_active_person(one)).count()
}

/// Two engines on one database, and two people who act by sessions.
async fn two_people(t: &TestEngine) -> [Caller; 2] {
    [person(&t.engine, "ann").await, person(&t.engine, "bob").await]
}

db_test!(two_admins_at_once_never_leave_an_organization_without_one, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let nodes = [t.engine.clone(), t.second_node().await.engine.clone()];
    let people = two_people(&t).await;
    let mut refused = 0;
    for round in 0..200 {
        let org = make(&t.engine, &people[0], "Raced").await;
        put(&t.engine, org, id(&people[1]), OrganizationRole::Admin).await;
        let acts = [ACTS[round % 4], ACTS[round / 4 % 4]];
        let outcomes = race(2, |i| {
            let (engine, people) = (nodes[i].clone(), people.clone());
            async move { acts[i].by(&engine, org, &people[i], &people[1 - i]).await }
        })
        .await;
        assert!(outcomes.iter().all(is_explained), "round {round}, {acts:?}: {outcomes:?}");
        assert!(outcomes.iter().any(Result::is_ok), "round {round}, {acts:?}: {outcomes:?}");
        assert_eq!(count_admins(&t.engine, org).await, 1, "round {round}, {acts:?}: {outcomes:?}");
        assert!(orphaned(&t.engine).await.is_empty(), "round {round}");
        refused += outcomes.iter().filter(|outcome| is_conflict(outcome, Code::LastAdmin)).count();
        t.engine.delete_any_organization(&host(), org).await.expect("for the next round");
    }
    assert!(refused > 0, "the guard held now and then");
});

db_test!(of_many_admins_who_all_go_at_once_one_remains, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let nodes = [t.engine.clone(), t.second_node().await.engine.clone()];
    let mut people = Vec::new();
    for n in 0..6 {
        people.push(person(&t.engine, &format!("user{n}")).await);
    }
    for round in 0..ROUNDS {
        let org = make(&t.engine, &people[0], "Raced").await;
        for one in &people[1..] {
            put(&t.engine, org, id(one), OrganizationRole::Admin).await;
        }
        let outcomes = race(people.len(), |i| {
            let (engine, people) = (nodes[i % 2].clone(), people.clone());
            let (act, other) = (ACTS[(i + round) % 4], (i + 1 + round % 5) % people.len());
            async move { act.by(&engine, org, &people[i], &people[other]).await }
        })
        .await;
        assert!(outcomes.iter().all(is_explained), "round {round}: {outcomes:?}");
        assert!(count_admins(&t.engine, org).await >= 1, "round {round}: {outcomes:?}");
        t.engine.delete_any_organization(&host(), org).await.expect("for the next round");
    }
});

async fn close(engine: &Vestibule, who: &SignedIn) -> Result<(), Error> {
    let session = live(engine, who).await.expect("signed in");
    engine.close_account(&acting(&session), &session).await
}

db_test!(closing_ones_account_races_with_the_other_admin_who_leaves, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let nodes = [t.engine.clone(), t.second_node().await.engine.clone()];
    let bob = person(&t.engine, "bob").await;
    for round in 0..2 * ROUNDS {
        let signed_in = std::sync::Arc::new(sign_up(&t.engine, &format!("ann{round}@example.com")).await);
        let ann = by_session(&t.engine, &signed_in).await;
        let org = make(&t.engine, &ann, "Raced").await;
        put(&t.engine, org, id(&bob), OrganizationRole::Admin).await;
        let outcomes = race(2, |i| {
            let (engine, signed_in, bob) = (nodes[(i + round) % 2].clone(), signed_in.clone(), bob.clone());
            async move {
                match i {
                    0 => close(&engine, &signed_in).await,
                    _ => {
                        tokio::time::sleep(Duration::from_millis((round % 5) as u64)).await; // so that either may be first
                        engine.leave_organization(&bob, org).await
                    }
                }
            }
        })
        .await;
        assert!(outcomes.iter().all(is_explained), "round {round}: {outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "round {round}: {outcomes:?}");
        assert_eq!(count_admins(&t.engine, org).await, 1, "round {round}");
        t.engine.delete_any_organization(&host(), org).await.expect("for the next round");
    }
});

db_test!(an_organization_is_an_orphan_if_and_only_if_nobody_active_administers_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let nodes = [t.engine.clone(), t.second_node().await.engine.clone()];
    let bob = person(&t.engine, "bob").await;
    let mut seen = [0, 0];
    for round in 0..2 * ROUNDS {
        let ann = person(&t.engine, &format!("ann{round}")).await;
        let org = make(&t.engine, &ann, "Raced").await;
        put(&t.engine, org, id(&bob), OrganizationRole::Admin).await;
        let outcomes = race(3, |i| {
            let (engine, ann, bob) = (nodes[(i + round) % 2].clone(), ann.clone(), bob.clone());
            async move {
                match (i, round % 2) {
                    (0, 0) => engine.disable_account(&host(), id(&ann)).await.map(drop),
                    (0, _) => engine.delete_account(&host(), id(&ann)).await,
                    (1, _) => engine.leave_organization(&bob, org).await,
                    (_, 0) => engine.change_role(&bob, org, id(&ann), OrganizationRole::Member).await.map(drop),
                    (_, _) => engine.remove_member_of(&bob, org, id(&ann)).await,
                }
            }
        })
        .await;
        assert!(outcomes[0].is_ok() && outcomes.iter().all(is_explained), "round {round}: {outcomes:?}");
        let (admins, orphans) = (count_admins(&t.engine, org).await, orphaned(&t.engine).await.len());
        assert_eq!(orphans, usize::from(admins == 0), "round {round}: {outcomes:?}");
        let written = log(&t.engine, org).await.iter().filter(|row| row.action == "organization.orphaned").count();
        assert_eq!(written, orphans, "round {round}");
        seen[orphans] += 1;
        t.engine.delete_any_organization(&host(), org).await.expect("for the next round");
    }
    assert!(seen[0] > 0, "it kept an admin now and then: {seen:?}");
});

db_test!(an_orphan_is_given_one_admin_by_whoever_is_first, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let nodes = [t.engine.clone(), t.second_node().await.engine.clone()];
    let people = two_people(&t).await;
    for round in 0..ROUNDS {
        let gone = person(&t.engine, &format!("gone{round}")).await;
        let org = make(&t.engine, &gone, "Orphan").await;
        t.engine.delete_account(&host(), id(&gone)).await.expect("always");
        let outcomes = race(6, |i| {
            let (engine, account) = (nodes[i % 2].clone(), id(&people[i % 2]));
            async move { engine.name_admin(&host(), org, account).await }
        })
        .await;
        let lost = outcomes.iter().filter(|outcome| is_conflict(outcome, Code::OrganizationNotOrphaned)).count();
        assert_eq!(lost, 5, "round {round}: {outcomes:?}");
        assert_eq!((count_admins(&t.engine, org).await, orphaned(&t.engine).await.len()), (1, 0), "round {round}");
        t.engine.delete_any_organization(&host(), org).await.expect("for the next round");
    }
});

db_test!(deleting_whoever_made_others_waits_for_nobody_who_waits_for_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let nodes = [t.engine.clone(), t.second_node().await.engine.clone()];
    for round in 0..ROUNDS {
        let ann = person(&t.engine, &format!("ann{round}")).await;
        let bob = person(&t.engine, &format!("bob{round}")).await;
        let carl = person(&t.engine, &format!("carl{round}")).await;
        made_by(&t.engine, &bob, &ann).await;
        made_by(&t.engine, &carl, &ann).await;
        let org = make(&t.engine, &ann, "Raced").await;
        put(&t.engine, org, id(&bob), OrganizationRole::Admin).await;
        put(&t.engine, org, id(&carl), OrganizationRole::Admin).await;
        let outcomes = race(4, |i| {
            let (engine, ann, bob, carl) = (nodes[i % 2].clone(), ann.clone(), bob.clone(), carl.clone());
            async move {
                match i {
                    0 => engine.delete_account(&host(), id(&ann)).await,
                    1 => engine.change_role(&bob, org, id(&carl), OrganizationRole::Member).await.map(drop),
                    2 => engine.remove_member_of(&carl, org, id(&bob)).await,
                    _ => engine.delete_organization(&bob, org, "Raced").await,
                }
            }
        })
        .await;
        assert!(outcomes[0].is_ok() && outcomes.iter().all(is_explained), "round {round}: {outcomes:?}");
    }
});

/// Notes who made an account.
async fn made_by(engine: &Vestibule, made: &Caller, maker: &Caller) {
    let mut tx = engine.db().write().await.expect("a transaction");
    tx.exec("UPDATE accounts SET created_by = $2 WHERE id = $1", &[&id(made), &id(maker)]).await.expect("noted");
    tx.commit().await.expect("committed");
}
