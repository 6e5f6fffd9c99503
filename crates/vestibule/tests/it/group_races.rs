//! Power raced: of any acts that would together give more than either may, one is refused; an edit is there whole or
//! not at all; and from the moment that power was taken away nobody acts by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    ADMINISTRATORS, AccountId, AuditFilter, AuditOutcome, BreakGlass, Clock, Code, Entry, Error, GroupEdit, GroupId,
    MEMBERS, Need, NewGroup, PageRequest, Permission, Scope, SignedIn, Vestibule,
};

use crate::holders::{ALL, cloud_costs, group, holder, host, member, permission, permissions, scope};
use crate::people::{PASSWORD, administrator, by, live, sign_up, signs_in};

const ROUNDS: usize = 25;
const ANN: &str = "ann@example.com";

fn is_forbidden<T>(outcome: &Result<T, Error>, code: Code, permission: &str) -> bool {
    matches!(outcome, Err(Error::Forbidden(why)) if why.code == code && why.permission == permission)
}

fn nodes(here: &TestEngine, there: &TestEngine) -> [Vestibule; 2] {
    [here.engine.clone(), there.engine.clone()]
}

db_test!(two_administrators_taking_each_other_out_of_the_group_leave_one, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let nodes = nodes(&t, &t.second_node().await);
    for round in 0..ROUNDS {
        let admins = [
            administrator(&t.engine, &format!("ann-{round}")).await.account,
            administrator(&t.engine, &format!("bob-{round}")).await.account,
        ];
        let outcomes = race(2, |i| {
            // By the host the guard alone decides; whoever is out already may take nobody out.
            let caller = if round % 2 == 0 { host() } else { by(&admins[i]) };
            let (engine, target) = (nodes[i].clone(), admins[1 - i].id);
            async move { engine.remove_member(&caller, ADMINISTRATORS, target).await }
        })
        .await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let held = outcomes.iter().filter(|outcome| {
            matches!(outcome, Err(Error::Conflict(Code::LastAdmin)))
                || (round % 2 == 1 && is_forbidden(outcome, Code::PermissionRequired, "update:users"))
        });
        assert_eq!((done, held.count()), (1, 1), "round {round}: {outcomes:?}");
        assert_eq!(t.engine.count_accounts().await.expect("a count").administrators, 1, "round {round}");
        let mut tx = t.engine.db().write().await.expect("a transaction");
        tx.exec("DELETE FROM accounts", &[]).await.expect("for the next round");
        tx.commit().await.expect("committed");
    }
});

db_test!(joining_a_group_that_is_being_given_more_is_measured_by_one_or_the_other, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let nodes = nodes(&t, &t.second_node().await);
    // The one may put people in the group as it is; the other may make it more, but not for who reaches everything.
    let adder = holder(&t.engine, "adder", &["update:users", "view:plans"], ALL).await;
    let editor = holder(&t.engine, "editor", &["update:groups", "view:plans", "delete:accounts"], "a").await;
    let wide = group(&t.engine, "wide", &[], ALL).await;
    for round in 0..ROUNDS {
        let joined = group(&t.engine, &format!("joined-{round}"), &["view:plans"], "").await;
        let id = member(&t.engine, &format!("victim-{round}"), &[wide]).await.id;
        let (adder, editor) = (by(&adder), by(&editor));
        let outcomes = race(2, |i| {
            let (engine, adder, editor) = (nodes[(i + round) % 2].clone(), adder.clone(), editor.clone());
            async move {
                match i {
                    0 => engine.add_member(&adder, joined, id, BreakGlass::No).await.map(drop),
                    _ => {
                        let more = Some(permissions(&["view:plans", "delete:accounts"]));
                        let edit = GroupEdit { permissions: more, ..GroupEdit::default() };
                        engine.edit_group(&editor, joined, edit).await.map(drop)
                    }
                }
            }
        })
        .await;
        match (&outcomes[0], &outcomes[1]) {
            (Ok(()), edited) => assert!(is_forbidden(edited, Code::Ceiling, "scope"), "round {round}: {outcomes:?}"),
            (added, Ok(())) => {
                assert!(is_forbidden(added, Code::Ceiling, "delete:accounts"), "round {round}: {outcomes:?}");
            }
            (Err(_), Err(_)) => panic!("round {round}: the first of the two should have passed: {outcomes:?}"),
        }
        let held = t.engine.effective_permissions(id).await.expect("it is there").permissions;
        assert!(held.iter().all(|held| held.permission == permission("view:plans")), "round {round}: {held:?}");
    }
});

/// The nth of the edits that race: each names its own permission, limit and scope.
fn nth_edit(n: usize) -> GroupEdit {
    GroupEdit {
        name: Some(format!("Name {n}")),
        permissions: Some(vec![
            permission(&format!(r#"view:plans {{"max_amount": {n}}}"#)),
            permission("view:history"),
        ]),
        scope: Some(scope(&format!("s{n} t{n}"))),
        ..GroupEdit::default()
    }
}

/// Which edit wrote a limit and a scope; none: they are not of one edit.
fn written_by(limited: Option<&Permission>, reached: &Scope) -> Option<usize> {
    (0..30).find(|n| {
        let edit = nth_edit(*n);
        edit.scope.as_ref() == Some(reached) && edit.permissions.as_ref().map(|all| &all[0]) == limited
    })
}

/// Reads what a member may do again and again, and says whether it was of one edit each time.
async fn sees_whole_edits(engine: Vestibule, id: AccountId) -> bool {
    for _ in 0..40 {
        let power = engine.effective_permissions(id).await.expect("the database answers");
        let limited = power.permissions.iter().find(|held| held.permission.resource() == "plans");
        if written_by(limited.map(|held| &held.permission), &power.scope).is_none() {
            return false;
        }
    }
    true
}

db_test!(thirty_edits_at_once_leave_what_one_of_them_wrote_whole, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let nodes = nodes(&t, &t.second_node().await);
    let root = by(&administrator(&t.engine, "root").await.account);
    for round in 0..ROUNDS {
        let id = group(&t.engine, &format!("raced-{round}"), &[], "").await;
        t.engine.edit_group(&root, id, nth_edit(0)).await.expect("edited");
        let reader = member(&t.engine, &format!("reader-{round}"), &[id]).await.id;
        let outcomes = race(34, |i| {
            let (engine, root) = (nodes[i % 2].clone(), root.clone());
            async move {
                match i {
                    0..30 => engine.edit_group(&root, id, nth_edit(i)).await.is_ok(),
                    _ => sees_whole_edits(engine, reader).await,
                }
            }
        })
        .await;
        assert!(outcomes.iter().all(|is_fine| *is_fine), "round {round}: {outcomes:?}");
        let left = t.engine.group(id).await.expect("it is there");
        let n = written_by(left.permissions.first(), &left.scope).expect("one edit wrote both");
        assert_eq!((left.name, left.permissions.len()), (format!("Name {n}"), 2), "round {round}");
        for node in &nodes {
            assert!(sees_whole_edits(node.clone(), reader).await, "round {round}");
        }
    }
});

db_test!(nothing_is_granted_after_the_granter_lost_the_power_to, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let nodes = nodes(&t, &t.second_node().await);
    let (mut granted, mut refused) = (0, 0);
    for round in 0..2 * ROUNDS {
        let key = group(&t.engine, &format!("key-{round}"), &["update:users", "view:plans"], ALL).await;
        let granter = member(&t.engine, &format!("granter-{round}"), &[key]).await;
        let target = member(&t.engine, &format!("target-{round}"), &[MEMBERS]).await.id;
        let (id, caller) = (granter.id, by(&granter));
        let outcomes = race(3, |i| {
            let (engine, caller) = (nodes[(i + round) % 2].clone(), caller.clone());
            async move {
                if i > 0 {
                    let wanted = [r#"view:plans {"max_amount": 1}"#, r#"view:plans {"max_amount": 2}"#][i - 1];
                    return engine.grant_permission(&caller, target, permission(wanted)).await.map(|()| Vec::new());
                }
                if round % 3 != 0 {
                    tokio::time::sleep(Duration::from_millis((round % 5) as u64)).await; // so that either may be first
                }
                engine.remove_member(&host(), key, id).await.expect("the host can");
                engine.list_grants(target).await // what is there from the moment of the answer
            }
        })
        .await;
        let at_the_answer = outcomes[0].as_ref().expect("a list").len();
        let left = t.engine.list_grants(target).await.expect("a list").len();
        assert_eq!(left, at_the_answer, "round {round}: something was granted afterwards");
        let done = outcomes[1..].iter().filter(|outcome| outcome.is_ok()).count();
        let held =
            outcomes[1..].iter().filter(|outcome| is_forbidden(outcome, Code::PermissionRequired, "update:users"));
        assert_eq!((done, done + held.count()), (left, 2), "round {round}: {outcomes:?}");
        granted += done;
        refused += 2 - done;
    }
    assert!(granted > 0 && refused > 0, "either came first now and then: {granted} granted, {refused} refused");
});

db_test!(of_thirty_who_give_the_same_one_does, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let nodes = nodes(&t, &t.second_node().await);
    let root = by(&administrator(&t.engine, "root").await.account);
    let joined = group(&t.engine, "joined", &["view:history"], "a").await;
    for round in 0..ROUNDS {
        let target = member(&t.engine, &format!("target-{round}"), &[MEMBERS]).await.id;
        let outcomes = race(30, |i| {
            let (engine, root) = (nodes[i % 2].clone(), root.clone());
            let new = NewGroup { slug: Some(format!("new-{round}")), name: "New".into(), ..NewGroup::default() };
            async move {
                match i % 3 {
                    0 => engine.grant_permission(&root, target, permission("view:plans")).await,
                    1 => engine.add_member(&root, joined, target, BreakGlass::No).await.map(drop),
                    _ => engine.create_group(&root, new).await.map(drop),
                }
            }
        })
        .await;
        for (i, outcome) in outcomes.iter().enumerate() {
            let is_right = match (i % 3, outcome) {
                (_, Ok(())) => true,
                (0, Err(Error::Conflict(code))) => *code == Code::GrantExists,
                (2, Err(Error::Conflict(code))) => *code == Code::SlugInUse,
                (_, Err(_)) => false,
            };
            assert!(is_right, "round {round}, {i}: {outcome:?}");
        }
        let done = |kind: usize| outcomes.iter().enumerate().filter(|(i, o)| i % 3 == kind && o.is_ok()).count();
        assert_eq!((done(0), done(1), done(2)), (1, 10, 1), "round {round}: joining twice is no harm");
        let rows = AuditFilter { target: Some(target.0), outcome: Some(AuditOutcome::Done), ..AuditFilter::default() };
        let rows = t.engine.list_audit(&rows, PageRequest { limit: 100, cursor: None }).await.expect("the log").items;
        let added = rows.iter().filter(|row| row.actor_label == "root" && row.action == "group_member.added");
        assert_eq!(added.count(), 1, "round {round}: but only one is written down");
        assert_eq!(t.engine.list_grants(target).await.expect("a list"), [permission("view:plans")]);
    }
});

/// How power is taken from somebody who has it by one group and nothing else.
#[derive(Clone, Copy, Debug)]
enum Taken {
    GroupEdited,
    GroupDeleted,
    MemberRemoved,
}

const VIEW_REPORTS: Need = Need::new("view", "reports");

async fn take(engine: &Vestibule, how: Taken, group: GroupId, id: AccountId) {
    let taken = match how {
        Taken::GroupEdited => {
            let edit = GroupEdit { permissions: Some(Vec::new()), ..GroupEdit::default() };
            engine.edit_group(&host(), group, edit).await.map(drop)
        }
        Taken::GroupDeleted => engine.delete_group(&host(), group).await,
        Taken::MemberRemoved => engine.remove_member(&host(), group, id).await,
    };
    taken.expect("the host can");
}

async fn may(engine: &Vestibule, signed_in: &SignedIn) -> bool {
    live(engine, signed_in).await.expect("losing power ends no session").may(VIEW_REPORTS)
}

/// Checks again and again until some time after the power was taken; never may they, once it was.
async fn is_denied_from_then_on(engine: &Vestibule, signed_in: &SignedIn, is_taken: &AtomicBool) -> bool {
    let mut after = 0;
    while after < 20 {
        let was_taken = is_taken.load(Ordering::SeqCst);
        let may = may(engine, signed_in).await;
        if was_taken && may {
            return false;
        }
        after += usize::from(was_taken);
        tokio::task::yield_now().await;
    }
    true
}

db_test!(a_check_after_power_was_taken_denies_here_at_once_and_there_within_a_second, |db: TestDb| async move {
    let here = TestEngine::system_clock(&db).await;
    let there = here.second_node().await;
    let entry = Entry { action: "view".into(), resource: "reports".into(), ..Entry::default() };
    here.engine.add_permission(&host(), entry).await.expect("added");
    let mut ann = Arc::new(sign_up(&here.engine, ANN).await);
    let id = ann.account.account.id;
    for round in 0..ROUNDS {
        let how = [Taken::GroupEdited, Taken::GroupDeleted, Taken::MemberRemoved][round % 3];
        let lowered = group(&here.engine, &format!("lowered-{round}"), &["view:reports"], ALL).await;
        here.engine.add_member(&host(), lowered, id, BreakGlass::No).await.expect("the host can");
        ann = Arc::new(signs_in(&here.engine, ANN, PASSWORD).await.expect("gaining power ended the session"));
        assert!(may(&here.engine, &ann).await && may(&there.engine, &ann).await, "round {round}: cached on both");
        let is_taken = Arc::new(AtomicBool::new(false));
        let outcomes = race(5, |i| {
            let (engine, ann, is_taken) = (here.engine.clone(), ann.clone(), is_taken.clone());
            async move {
                if i > 0 {
                    return is_denied_from_then_on(&engine, &ann, &is_taken).await;
                }
                take(&engine, how, lowered, id).await;
                is_taken.store(true, Ordering::SeqCst);
                true
            }
        })
        .await;
        let clock = Clock::system();
        while may(&there.engine, &ann).await {
            assert!(clock.monotonic() < Duration::from_secs(1), "round {round}, {how:?}: within a second");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(outcomes.iter().all(|is_fine| *is_fine), "round {round}, {how:?}: {outcomes:?}");
    }
    assert!(live(&here.engine, &ann).await.is_some());
});
