//! Locking: counted before it is verified, exactly, however many guess at once.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{AuditFilter, ChangePassword, PageRequest, PasswordChange, Reauthenticate, Reproof};

use crate::people::{OTHER, PASSWORD, account, administrator, by, live, sign_up, signs_in};

const FIFTEEN_MINUTES: Duration = Duration::from_secs(15 * 60);

db_test!(fifty_wrong_passwords_at_once_count_to_five_and_lock, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = sign_up(&t.engine, &email).await.account.account;
        let opened = race(50, |_| {
            let (engine, email) = (t.engine.clone(), email.clone());
            async move { signs_in(&engine, &email, OTHER).await.is_some() }
        })
        .await;
        assert!(opened.iter().all(|opened| !opened));
        let after = account(&t.engine, ann.id).await;
        assert_eq!(after.failed_attempts, 5, "round {round}");
        assert_eq!(after.locked_until, Some(t.engine.now().plus(FIFTEEN_MINUTES)));
        assert!(signs_in(&t.engine, &email, PASSWORD).await.is_none(), "locked, even for the right password");
    }
});

db_test!(a_right_password_before_the_fifth_wrong_one_still_gets_in, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    for wrong_before in 0..5 {
        for _ in 0..wrong_before {
            assert!(signs_in(&t.engine, "ann@example.com", OTHER).await.is_none());
        }
        assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_some(), "after {wrong_before}");
        assert_eq!(account(&t.engine, ann.id).await.failed_attempts, 0);
    }
});

db_test!(a_right_password_among_four_wrong_ones_at_once_gets_in, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        sign_up(&t.engine, &email).await;
        let opened = race(5, |i| {
            let (engine, email) = (t.engine.clone(), email.clone());
            async move { signs_in(&engine, &email, if i == round % 5 { PASSWORD } else { OTHER }).await.is_some() }
        })
        .await;
        assert_eq!(opened.iter().position(|opened| *opened), Some(round % 5), "round {round}: {opened:?}");
    }
});

db_test!(a_fifth_attempt_that_is_right_lifts_the_lock_that_it_set_and_says_so, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, "ann@example.com").await;
    for _ in 0..4 {
        signs_in(&t.engine, "ann@example.com", OTHER).await;
    }
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_some());
    for action in ["account.locked", "account.unlocked"] {
        let filter = AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
        let rows = t.engine.list_audit(&filter, PageRequest::first()).await.expect("the log").items;
        assert_eq!(rows.len(), 1, "{action}");
    }
});

db_test!(a_lock_is_neither_extended_nor_counted_and_starts_anew_when_it_ran_out, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    for _ in 0..5 {
        signs_in(&t.engine, "ann@example.com", OTHER).await;
    }
    let until = account(&t.engine, ann.id).await.locked_until.expect("locked");
    t.clock.advance(FIFTEEN_MINUTES - Duration::from_micros(1));
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_none(), "one microsecond early");
    let still = account(&t.engine, ann.id).await;
    assert_eq!((still.failed_attempts, still.locked_until), (5, Some(until)));
    t.clock.advance(Duration::from_micros(1));
    assert!(signs_in(&t.engine, "ann@example.com", OTHER).await.is_none());
    let anew = account(&t.engine, ann.id).await;
    assert_eq!((anew.failed_attempts, anew.locked_until), (1, None));
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_some());
});

db_test!(an_administrator_unlocks, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    for _ in 0..5 {
        signs_in(&t.engine, "ann@example.com", OTHER).await;
    }
    t.engine.unlock_account(&by(&root), ann.id).await.expect("unlocked");
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_some());
});

db_test!(wrong_current_passwords_count_on_the_same_counter, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let signed_in = sign_up(&t.engine, "ann@example.com").await;
    let (ann, session) = (&signed_in.account.account, live(&t.engine, &signed_in).await.expect("signed in"));
    for _ in 0..3 {
        let wrong = t.engine.reauthenticate(&by(ann), &session, Reproof::Password(OTHER.into())).await;
        assert!(matches!(wrong, Ok(Reauthenticate::WrongPassword)));
    }
    for _ in 0..2 {
        let change =
            PasswordChange { current: OTHER.into(), new: "willow-Anchor-9-fig".into(), revoke_api_keys: false };
        let wrong = t.engine.change_password(&by(ann), &session, change).await;
        assert!(matches!(wrong, Ok(ChangePassword::WrongCurrent)));
    }
    let after = account(&t.engine, ann.id).await;
    assert_eq!(after.failed_attempts, 5);
    assert!(after.locked_until.is_some());
    let right = t.engine.reauthenticate(&by(ann), &session, Reproof::Password(PASSWORD.into())).await;
    assert!(matches!(right, Ok(Reauthenticate::WrongPassword)), "locked for the right one as well");
});

db_test!(a_right_current_password_takes_back_only_its_own_attempt, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let signed_in = sign_up(&t.engine, "ann@example.com").await;
    let ann = signed_in.account.account.clone();
    for wrong in 1..=4 {
        signs_in(&t.engine, "ann@example.com", OTHER).await;
        assert_eq!(account(&t.engine, ann.id).await.failed_attempts, wrong);
    }
    let session = live(&t.engine, &signed_in).await.expect("signed in");
    let right = t.engine.reauthenticate(&by(&ann), &session, Reproof::Password(PASSWORD.into())).await;
    assert!(matches!(right, Ok(Reauthenticate::Done(_))), "the fifth is still looked at");
    let after = account(&t.engine, ann.id).await;
    assert_eq!((after.failed_attempts, after.locked_until), (4, None));
    let unlocked = AuditFilter { action: Some("account.unlocked".into()), ..AuditFilter::default() };
    let rows = t.engine.list_audit(&unlocked, PageRequest::first()).await.expect("the log").items;
    assert_eq!(rows.len(), 1, "the lock that the fifth set is lifted, and that is written down");
});

db_test!(a_lock_and_every_refusal_are_in_the_audit_log, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    for _ in 0..7 {
        signs_in(&t.engine, "ann@example.com", OTHER).await;
    }
    let about_ann = AuditFilter { target: Some(ann.id.0), ..AuditFilter::default() };
    let page = PageRequest { limit: 100, cursor: None };
    let rows = t.engine.list_audit(&about_ann, page).await.expect("the log").items;
    let count = |action: &str, outcome: &str| {
        rows.iter().filter(|row| row.action == action && row.outcome.as_str() == outcome).count()
    };
    assert_eq!((count("account.locked", "done"), count("session.created", "refused")), (1, 7));
});

db_test!(hanging_up_neither_hides_a_wrong_password_nor_keeps_a_right_one_counted, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.password.argon2_memory_kib = 1024).await;
    let (ann, bob) = (sign_up(&t.engine, "ann@example.com").await, sign_up(&t.engine, "bob@example.com").await);
    let (ann, bob) = (ann.account.account.id, bob.account.account.id);
    for _ in 0..4 {
        for (email, password) in [("ann@example.com", OTHER), ("bob@example.com", PASSWORD)] {
            let attempt = signs_in(&t.engine, email, password);
            tokio::select! {
                biased;
                _ = attempt => panic!("a hash takes longer than a turn of the scheduler"),
                () = tokio::task::yield_now() => {} // hung up
            }
        }
    }
    // The attempts go on by themselves.
    let refused = AuditFilter { target: Some(ann.0), action: Some("session.created".into()), ..AuditFilter::default() };
    let refusals = async || {
        let rows = t.engine.list_audit(&refused, PageRequest::first()).await.expect("the log").items;
        rows.iter().filter(|row| row.outcome.as_str() == "refused").count()
    };
    let mine = AuditFilter { target: Some(bob.0), action: Some("session.created".into()), ..AuditFilter::default() };
    let signed_in = async || t.engine.list_audit(&mine, PageRequest::first()).await.expect("the log").items.len();
    for _ in 0..500 {
        if refusals().await == 4 && signed_in().await == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((refusals().await, signed_in().await), (4, 5));
    assert_eq!(account(&t.engine, ann).await.failed_attempts, 4);
    assert_eq!(account(&t.engine, bob).await.failed_attempts, 0);
});
