//! Invitations under many hands at once: uses are counted exactly, and nobody comes in by what has just ended.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use testkit::{TestDb, db_test, race};
use vestibule::{
    AcceptInvitation, Caller, InvitationEnd, InvitationId, NewInvitation, Obstacle, OrganizationRole, Vestibule,
};

use crate::organization_invitations::{Harbour, for_uses, is_done};
use crate::organizations::{EVERYTHING, id, members, person, put};

const ROUNDS: usize = 25;

async fn people(engine: &Vestibule, name: &str, count: usize) -> Vec<Caller> {
    let mut all = Vec::with_capacity(count);
    for n in 0..count {
        all.push(person(engine, &format!("{name}{n}")).await);
    }
    all
}

async fn all_at_once(h: &Harbour, who: &[Caller], code: &SecretString) -> Vec<AcceptInvitation> {
    race(who.len(), |n| {
        let (engine, who, code) = (h.t.engine.clone(), who[n].clone(), code.clone());
        async move { engine.accept_invitation(&who, &code).await.expect("an answer") }
    })
    .await
}

/// How often it was used, and how many are in who were not from the start.
async fn uses(h: &Harbour, invitation: InvitationId) -> (i64, usize) {
    let all = h.t.engine.list_invitations(&h.ann, h.org, EVERYTHING).await.expect("a list").items;
    let used = all.iter().find(|one| one.id == invitation).expect("listed").use_count;
    (used, members(&h.t.engine, h.org).await.len() - 1)
}

async fn redemptions(h: &Harbour, invitation: InvitationId) -> i64 {
    let sql = "SELECT COUNT(*) FROM invitation_redemptions WHERE invitation_id = $1";
    h.t.engine.db().read().await.expect("a connection").one::<(i64,)>(sql, &[&invitation]).await.expect("a row").0
}

db_test!(two_hundred_at_once_use_five_uses_five_times, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let who = people(&h.t.engine, "p", 200).await;
    let made = h.invite(for_uses(5)).await;
    let outcomes = all_at_once(&h, &who, &made.code).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_done(outcome)).count(), 5);
    let refused = AcceptInvitation::Refused(Obstacle::Ended);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == refused).count(), 195);
    assert_eq!(uses(&h, made.invitation.id).await, (5, 5));
    assert_eq!(redemptions(&h, made.invitation.id).await, 5);
});

db_test!(one_person_at_once_comes_in_once, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    for round in 0..ROUNDS {
        let made = h.invite(NewInvitation::default()).await;
        let one = person(&h.t.engine, &format!("p{round}")).await;
        let outcomes = all_at_once(&h, &vec![one; 8], &made.code).await;
        assert_eq!(outcomes.iter().filter(|outcome| is_done(outcome)).count(), 1, "{outcomes:?}");
        let others = AcceptInvitation::Refused(Obstacle::AlreadyMember);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == others).count(), 7, "{outcomes:?}");
        assert_eq!((uses(&h, made.invitation.id).await.0, redemptions(&h, made.invitation.id).await), (1, 1));
    }
});

db_test!(few_uses_among_several_are_exact_round_after_round, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let who = people(&h.t.engine, "p", 12).await;
    for round in 0..ROUNDS {
        let made = h.invite(for_uses(3)).await;
        let outcomes = all_at_once(&h, &who, &made.code).await;
        assert_eq!(outcomes.iter().filter(|outcome| is_done(outcome)).count(), 3, "{round}: {outcomes:?}");
        assert_eq!(uses(&h, made.invitation.id).await, (3, 3), "{round}");
        for (one, _) in who.iter().zip(&outcomes).filter(|(_, outcome)| is_done(outcome)) {
            h.t.engine.leave_organization(one, h.org).await.expect("left");
        }
    }
});

db_test!(after_calling_back_has_answered_nobody_comes_in, |db: TestDb| async move {
    let h = Arc::new(Harbour::new(&db).await);
    let who = people(&h.t.engine, "p", 6).await;
    for round in 0..ROUNDS {
        let made = h.invite(NewInvitation::default()).await;
        let invitation = made.invitation.id;
        let before = members(&h.t.engine, h.org).await.len();
        let outcomes = race(who.len() + 1, |n| {
            let (h, who, code) = (h.clone(), who.get(n).cloned(), made.code.clone());
            async move {
                match who {
                    Some(who) => is_done(&h.accept(&who, &code).await),
                    None => {
                        h.t.engine.revoke_invitation(&h.ann, h.org, invitation).await.expect("called back");
                        false
                    }
                }
            }
        })
        .await;
        let done = outcomes.iter().filter(|done| **done).count();
        assert_eq!(members(&h.t.engine, h.org).await.len() - before, done, "{round}");
        let used = uses(&h, invitation).await.0;
        assert_eq!(usize::try_from(used).expect("a count"), done, "{round}");
        for (one, done) in who.iter().zip(&outcomes) {
            match done {
                true => h.t.engine.leave_organization(one, h.org).await.expect("left"),
                false => assert_eq!(h.accept(one, &made.code).await, AcceptInvitation::Refused(Obstacle::Ended)),
            }
        }
    }
});

db_test!(an_invitation_that_ends_meanwhile_lets_in_who_was_in_time, |db: TestDb| async move {
    let h = Arc::new(Harbour::new(&db).await);
    let who = people(&h.t.engine, "p", 6).await;
    let second = Duration::from_secs(1);
    for round in 0..ROUNDS {
        let end = h.t.engine.now().plus(second);
        let made = h.invite(NewInvitation { end: InvitationEnd::At(end), ..NewInvitation::default() }).await;
        let outcomes = race(who.len() + 1, |n| {
            let (h, who, code) = (h.clone(), who.get(n).cloned(), made.code.clone());
            async move {
                match who {
                    Some(who) => Some(h.accept(&who, &code).await),
                    None => {
                        h.t.clock.advance(second);
                        None
                    }
                }
            }
        })
        .await;
        for (one, outcome) in who.iter().zip(outcomes.iter().flatten()) {
            match is_done(outcome) {
                true => h.t.engine.leave_organization(one, h.org).await.expect("left"),
                false => assert_eq!(*outcome, AcceptInvitation::Refused(Obstacle::Ended), "{round}"),
            }
        }
        let late = h.accept(&who[0], &made.code).await;
        assert_eq!(late, AcceptInvitation::Refused(Obstacle::Ended), "{round}");
    }
});

db_test!(when_its_maker_is_taken_out_an_invitation_ends_with_that, |db: TestDb| async move {
    let h = Arc::new(Harbour::new(&db).await);
    let who = people(&h.t.engine, "p", 5).await;
    let maker = person(&h.t.engine, "maker").await;
    for round in 0..ROUNDS {
        put(&h.t.engine, h.org, id(&maker), OrganizationRole::Admin).await;
        let made = h.t.engine.create_invitation(&maker, h.org, NewInvitation::default()).await.expect("an admin");
        let outcomes = race(who.len() + 1, |n| {
            let (h, who, code, maker) = (h.clone(), who.get(n).cloned(), made.code.clone(), id(&maker));
            async move {
                match who {
                    Some(who) => is_done(&h.accept(&who, &code).await),
                    None => {
                        match round % 2 {
                            0 => h.t.engine.remove_member_of(&h.ann, h.org, maker).await.expect("taken out"),
                            _ => {
                                let demoted = h.t.engine.change_role(&h.ann, h.org, maker, OrganizationRole::Member);
                                demoted.await.expect("demoted");
                            }
                        }
                        false
                    }
                }
            }
        })
        .await;
        for (one, done) in who.iter().zip(&outcomes) {
            match done {
                true => h.t.engine.leave_organization(one, h.org).await.expect("left"),
                false => assert_eq!(h.accept(one, &made.code).await, AcceptInvitation::Refused(Obstacle::Ended)),
            }
        }
        if round % 2 == 1 {
            h.t.engine.leave_organization(&maker, h.org).await.expect("left");
        }
    }
});
