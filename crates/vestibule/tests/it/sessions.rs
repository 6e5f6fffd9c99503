//! Sessions: how long they live, how they end, and that they can be ended by nobody else.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{Caller, Code, Error, PageRequest, Reauthenticate, Reproof};

use crate::people::{PASSWORD, account, by, live, sign_up, signs_in};

const HOUR: Duration = Duration::from_secs(3600);

db_test!(an_unused_session_lives_a_day_and_not_a_microsecond_more, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    t.clock.advance(24 * HOUR);
    assert!(live(&t.engine, &ann).await.is_none(), "dead at the very instant");
    let again = signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    t.clock.advance(24 * HOUR - Duration::from_micros(1));
    assert!(live(&t.engine, &again).await.is_some());
});

db_test!(use_slides_the_expiry_but_never_past_thirty_days, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    for hours in 1..=(30 * 24 / 20) {
        t.clock.advance(20 * HOUR);
        t.engine.flush_touches().await.expect("written");
        let session = live(&t.engine, &ann).await;
        assert_eq!(session.is_some(), 20 * hours < 30 * 24, "after {} hours", 20 * hours);
        t.engine.flush_touches().await.expect("written");
    }
});

db_test!(a_touch_never_revives_a_session_that_ended, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let ann = sign_up(&t.engine, &format!("ann{round}@example.com")).await;
        t.clock.advance(Duration::from_secs(120));
        live(&t.engine, &ann).await.expect("touched");
        let id = ann.account.account.id;
        race(2, |i| {
            let engine = t.engine.clone();
            async move {
                match i {
                    0 => engine.flush_touches().await.expect("written"),
                    _ => drop(engine.end_all_sessions(&Caller::host("root"), id).await.expect("ended")),
                }
            }
        })
        .await;
        assert!(live(&t.engine, &ann).await.is_none());
        let left = t.engine.list_sessions(id, PageRequest::first()).await.expect("a list");
        assert!(left.items.is_empty(), "round {round}");
    }
});

db_test!(sessions_are_listed_newest_first_in_pages, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    for _ in 0..6 {
        t.clock.advance(Duration::from_secs(1));
        signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    }
    let mut seen = Vec::new();
    let mut page = PageRequest { limit: 3, cursor: None };
    loop {
        let sessions = t.engine.list_sessions(ann.id, page).await.expect("a list");
        seen.extend(sessions.items);
        let Some(next) = sessions.next_cursor else { break };
        page = PageRequest::parse(Some("3"), Some(&next)).expect("our own cursor");
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|a, b| a.created_at > b.created_at));
});

db_test!(nobody_ends_anothers_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let bob = sign_up(&t.engine, "bob@example.com").await;
    let (bob_id, anns) = (bob.account.account.id, ann.session.id);
    let refused = t.engine.end_session(&by(&bob.account.account), bob_id, anns).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    assert!(live(&t.engine, &ann).await.is_some());
});

db_test!(ending_the_others_leaves_this_one, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let here = sign_up(&t.engine, "ann@example.com").await;
    let there = signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    let session = live(&t.engine, &here).await.expect("signed in");
    let ended = t.engine.end_other_sessions(&by(&here.account.account), &session).await.expect("ended");
    assert_eq!(ended, 1);
    assert!(live(&t.engine, &here).await.is_some());
    assert!(live(&t.engine, &there).await.is_none());
});

db_test!(a_proof_counts_for_fifteen_minutes_and_renews_the_token, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let session = live(&t.engine, &ann).await.expect("signed in");
    assert!(session.is_recently_proven(t.engine.now()));
    t.clock.advance(Duration::from_secs(15 * 60));
    let caller = by(&ann.account.account);
    let refused = t.engine.close_account(&caller, &session).await;
    assert!(matches!(refused, Err(Error::Denied(Code::ReauthenticationRequired))), "{refused:?}");
    let proven =
        t.engine.reauthenticate(&caller, &session, Reproof::Password(PASSWORD.into())).await.expect("an answer");
    let Reauthenticate::Done(fresh) = proven else { panic!("the password is right") };
    assert!(live(&t.engine, &ann).await.is_none(), "the old token is dead");
    let session = live(&t.engine, &fresh).await.expect("the new one lives");
    assert_eq!((session.session_id, session.created_at), (ann.session.id, ann.session.created_at));
    t.engine.close_account(&caller, &session).await.expect("closed");
    assert!(live(&t.engine, &fresh).await.is_none());
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_none());
});

db_test!(one_of_two_racing_proofs_rotates_and_the_session_lives_under_one_token, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let ann = sign_up(&t.engine, &format!("ann{round}@example.com")).await;
        let session = live(&t.engine, &ann).await.expect("signed in");
        let outcomes = race(4, |_| {
            let (engine, session, caller) = (t.engine.clone(), session.clone(), by(&ann.account.account));
            async move { engine.reauthenticate(&caller, &session, Reproof::Password(PASSWORD.into())).await }
        })
        .await;
        let done = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Reauthenticate::Done(_)))).count();
        let late = |o: &&Result<_, Error>| matches!(o, Err(Error::Denied(Code::Unauthenticated)));
        assert_eq!((done, outcomes.iter().filter(late).count()), (1, 3), "round {round}: {outcomes:?}");
        assert!(live(&t.engine, &ann).await.is_none());
        let after = account(&t.engine, ann.account.account.id).await;
        assert_eq!(after.failed_attempts, 0, "a right password that came too late is not a wrong one");
    }
});

db_test!(the_sweeper_reclaims_what_expired_and_nothing_else, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let old = sign_up(&t.engine, "ann@example.com").await;
    t.clock.advance(49 * HOUR);
    let new = signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    t.engine.sweep().await.expect("swept");
    let mut connection = t.engine.db().read().await.expect("a connection");
    let (left,): (i64,) = connection.one("SELECT COUNT(*) FROM sessions", &[]).await.expect("a count");
    assert_eq!(left, 1);
    assert!(live(&t.engine, &old).await.is_none());
    assert!(live(&t.engine, &new).await.is_some());
    assert!(account(&t.engine, new.account.account.id).await.last_login_at.is_some());
});
