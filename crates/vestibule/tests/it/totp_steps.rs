//! Steps of time: one either side counts, none is accepted twice, and guesses cost attempts however many come at once.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    BeginEnrolment, Caller, DisableForm, DisableSecondFactor, EnableSecondFactor, EnrolmentForm, Error,
    RenewRecoveryCodes,
};

use crate::authenticators::{
    App, Careful, STEP, begin, begun, disable, enable, enabled, logged, renew, renewed, session, status,
};
use crate::people::{OTHER, PASSWORD, account, by, sign_up, signs_in};

const GUESSERS: usize = 50;

db_test!(a_step_is_accepted_once_and_none_before_it_after, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    let (now, who) = (t.engine.now(), &ann.signed_in);
    let is_right = async |code: SecretString| match renew(&t.engine, who, &code).await {
        RenewRecoveryCodes::Done { .. } => true,
        RenewRecoveryCodes::WrongCode => false,
        RenewRecoveryCodes::NotEnabled | RenewRecoveryCodes::CodeRequired => panic!("it is on, and a code was given"),
    };
    assert!(!is_right(ann.app.code(now)).await, "it was spent by enabling");
    assert!(!is_right(ann.app.code(now.minus(STEP))).await, "and with it all before");
    assert!(is_right(ann.app.code(now.plus(STEP))).await);
    t.clock.advance(STEP);
    assert!(!is_right(ann.app.code(t.engine.now())).await, "spent ahead of its time");
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 3);
});

db_test!(one_step_either_side_counts_and_no_more, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    t.clock.advance(STEP * 10);
    let now = t.engine.now();
    for (steps, code) in [(2, now.minus(STEP * 2)), (2, now.plus(STEP * 2))] {
        let answer = renew(&t.engine, &ann.signed_in, &ann.app.code(code)).await;
        assert!(matches!(answer, RenewRecoveryCodes::WrongCode), "{steps} steps away");
    }
    for code in [now.minus(STEP), now, now.plus(STEP)] {
        renewed(renew(&t.engine, &ann.signed_in, &ann.app.code(code)).await);
    }
});

db_test!(a_code_may_be_typed_in_groups, |db: TestDb| async move {
    use secrecy::ExposeSecret as _;
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    t.clock.advance(STEP);
    let code = ann.app.code(t.engine.now());
    let (first, last) = code.expose_secret().split_at(3);
    renewed(renew(&t.engine, &ann.signed_in, &format!(" {first} {last}").into()).await);
});

db_test!(nobody_elses_code_is_right, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (ann, bob) = (Careful::sign_up(&t, "ann@example.com").await, Careful::sign_up(&t, "bob@example.com").await);
    t.clock.advance(STEP);
    let bobs = bob.app.code(t.engine.now());
    assert!(matches!(renew(&t.engine, &ann.signed_in, &bobs).await, RenewRecoveryCodes::WrongCode));
});

db_test!(thirty_callers_with_the_same_code_have_one_winner, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let ann = Arc::new(Careful::sign_up(&t, &format!("ann{round}@example.com")).await);
        t.clock.advance(STEP);
        let code = ann.app.code(t.engine.now());
        let renewed = race(30, |_| {
            let (engine, ann, code) = (t.engine.clone(), ann.clone(), code.clone());
            async move { matches!(renew(&engine, &ann.signed_in, &code).await, RenewRecoveryCodes::Done { .. }) }
        })
        .await;
        assert_eq!(renewed.iter().filter(|renewed| **renewed).count(), 1, "round {round}");
    }
});

db_test!(of_thirty_first_codes_at_once_one_enables, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let ann = Arc::new(sign_up(&t.engine, &format!("ann{round}@example.com")).await);
        let code = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri).code(t.engine.now());
        let answers = race(30, |_| {
            let (engine, ann, code) = (t.engine.clone(), ann.clone(), code.clone());
            async move { enable(&engine, &ann, &code).await }
        })
        .await;
        let done = answers.iter().filter(|answer| matches!(answer, EnableSecondFactor::Done { .. })).count();
        let late = answers.iter().filter(|answer| matches!(answer, EnableSecondFactor::NoEnrolment)).count();
        assert_eq!((done, late), (1, 29), "round {round}");
        assert_eq!(status(&t.engine, ann.account.account.id).await.recovery_codes_remaining, 10);
    }
});

db_test!(fifty_wrong_first_codes_at_once_count_to_five_and_lock, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Arc::new(sign_up(&t.engine, "ann@example.com").await);
    let id = ann.account.account.id;
    let app = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri);
    let wrong = app.wrong_code(t.engine.now());
    let answers = race(GUESSERS, |_| {
        let (engine, ann, wrong) = (t.engine.clone(), ann.clone(), wrong.clone());
        async move { enable(&engine, &ann, &wrong).await }
    })
    .await;
    assert!(answers.iter().all(|answer| matches!(answer, EnableSecondFactor::WrongCode)));
    is_locked(&t, id).await;
    assert_eq!(logged(&t.engine, id, "second_factor.enabled").await, (0, GUESSERS));
    let right = app.code(t.engine.now());
    assert!(matches!(enable(&t.engine, &ann, &right).await, EnableSecondFactor::WrongCode), "locked");
    t.engine.unlock_account(&Caller::host("root"), id).await.expect("unlocked");
    enabled(enable(&t.engine, &ann, &right).await);
});

db_test!(fifty_wrong_codes_at_once_for_new_recovery_codes_count_to_five_and_lock, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Arc::new(Careful::sign_up(&t, "ann@example.com").await);
    t.clock.advance(STEP);
    let wrong = ann.app.wrong_code(t.engine.now());
    let answers = race(GUESSERS, |_| {
        let (engine, ann, wrong) = (t.engine.clone(), ann.clone(), wrong.clone());
        async move { renew(&engine, &ann.signed_in, &wrong).await }
    })
    .await;
    assert!(answers.iter().all(|answer| matches!(answer, RenewRecoveryCodes::WrongCode)));
    is_locked(&t, ann.id()).await;
    let right = ann.app.code(t.engine.now());
    assert!(matches!(renew(&t.engine, &ann.signed_in, &right).await, RenewRecoveryCodes::WrongCode), "locked");
    t.engine.unlock_account(&Caller::host("root"), ann.id()).await.expect("unlocked");
    renewed(renew(&t.engine, &ann.signed_in, &right).await); // refused unseen, so not spent
});

db_test!(of_fifty_wrong_codes_at_once_beside_the_right_password_five_are_looked_at, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..5 {
        let ann = Arc::new(Careful::sign_up(&t, &format!("ann{round}@example.com")).await);
        let wrong = ann.app.wrong_code(t.engine.now());
        let looked_at = race(GUESSERS, |i| {
            let (engine, ann, wrong) = (t.engine.clone(), ann.clone(), wrong.clone());
            async move {
                if i % 2 == 0 {
                    let answer = disable(&engine, &ann.signed_in, PASSWORD, Some(wrong)).await;
                    matches!(answer, DisableSecondFactor::WrongCode)
                } else {
                    let answer = begin(&engine, &ann.signed_in, PASSWORD, Some(wrong)).await;
                    matches!(answer, Ok(BeginEnrolment::WrongCode))
                }
            }
        })
        .await;
        assert_eq!(looked_at.iter().filter(|looked_at| **looked_at).count(), 5, "round {round}");
        is_locked(&t, ann.id()).await;
        assert!(status(&t.engine, ann.id()).await.enabled_at.is_some());
    }
});

db_test!(a_right_code_among_four_wrong_ones_at_once_is_right, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let ann = Arc::new(Careful::sign_up(&t, &format!("ann{round}@example.com")).await);
        t.clock.advance(STEP);
        let (right, wrong) = (ann.app.code(t.engine.now()), ann.app.wrong_code(t.engine.now()));
        let renewed = race(5, |i| {
            let (engine, ann) = (t.engine.clone(), ann.clone());
            let code = if i == round % 5 { right.clone() } else { wrong.clone() };
            async move { matches!(renew(&engine, &ann.signed_in, &code).await, RenewRecoveryCodes::Done { .. }) }
        })
        .await;
        assert_eq!(renewed.iter().position(|renewed| *renewed), Some(round % 5), "round {round}");
        let after = account(&t.engine, ann.id()).await;
        assert_eq!((after.failed_attempts, after.locked_until), (4, None), "it takes back its own attempt");
    }
});

db_test!(wrong_codes_and_wrong_passwords_count_on_one_counter, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    let wrong = ann.app.wrong_code(t.engine.now());
    for _ in 0..2 {
        assert!(signs_in(&t.engine, "ann@example.com", OTHER).await.is_none());
    }
    renew(&t.engine, &ann.signed_in, &wrong).await;
    disable(&t.engine, &ann.signed_in, PASSWORD, Some(wrong.clone())).await;
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 4);
    disable(&t.engine, &ann.signed_in, OTHER, None).await;
    is_locked(&t, ann.id()).await;
});

db_test!(without_a_password_having_signed_in_lately_stands_in_and_codes_still_count, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Arc::new(Careful::sign_up(&t, "ann@example.com").await);
    let mut tx = t.engine.db().write().await.expect("a transaction");
    tx.exec("DELETE FROM passwords WHERE account_id = $1", &[&ann.id()]).await.expect("no password any more");
    tx.commit().await.expect("committed");
    let wrong = ann.app.wrong_code(t.engine.now());
    let answers = race(GUESSERS, |_| {
        let (engine, ann, wrong) = (t.engine.clone(), ann.clone(), wrong.clone());
        async move {
            let session = session(&engine, &ann.signed_in).await;
            let form = DisableForm { password: None, code: Some(wrong) };
            engine.disable_second_factor(&by(ann.account()), &session, form).await
        }
    })
    .await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(DisableSecondFactor::WrongCode))));
    is_locked(&t, ann.id()).await;

    t.clock.advance(Duration::from_secs(15 * 60) - STEP);
    t.engine.unlock_account(&Caller::host("root"), ann.id()).await.expect("unlocked");
    let session = session(&t.engine, &ann.signed_in).await;
    let form = || EnrolmentForm { password: None, code: Some(ann.app.code(t.engine.now())) };
    begun(t.engine.begin_enrolment(&by(ann.account()), &session, form()).await);
    t.clock.advance(STEP);
    let late = t.engine.begin_enrolment(&by(ann.account()), &session, form()).await;
    assert!(matches!(late, Err(Error::Denied(vestibule::Code::ReauthenticationRequired))));
});

async fn is_locked(t: &TestEngine, id: vestibule::AccountId) {
    let account = account(&t.engine, id).await;
    assert_eq!(account.failed_attempts, 5);
    assert_eq!(account.locked_until, Some(t.engine.now().plus(Duration::from_secs(15 * 60))));
}
