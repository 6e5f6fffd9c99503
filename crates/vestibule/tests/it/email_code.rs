//! Signing in by a code: every guess counted, on the code and on the account.

use std::time::Duration;

use secrecy::SecretString;
use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    AuditFilter, MailKind, MailRequest, PageRequest, Presenter, Reauthenticate, RedeemEmailCode, Reproof, Vestibule,
};

use crate::authenticators::{Careful, STEP};
use crate::people::{PASSWORD, account, by, live, mailed, nobody, sign_up, signs_in};

const ANN: &str = "ann@example.com";

async fn ask(engine: &Vestibule, email: &str) -> String {
    engine.clock().advance(Duration::from_millis(1)); // so that the newest mail is the last one
    engine.ask_by_mail(&nobody(), email, MailRequest::EmailCode).await.expect("asked");
    mailed(engine, email, MailKind::EmailCode).await
}

async fn redeem(engine: &Vestibule, email: &str, code: &str, mfa_code: Option<SecretString>) -> RedeemEmailCode {
    let presenter = Presenter { mfa_code, ..Presenter::default() };
    engine.redeem_email_code(&nobody(), email, &code.into(), presenter).await.expect("an answer")
}

/// Six digits that are not these.
fn other_than(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

db_test!(a_code_signs_in_once_however_it_is_typed, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    let code = ask(&t.engine, ANN).await;
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let RedeemEmailCode::Done(signed_in) = redeem(&t.engine, "ANN@example.com", &spaced, None).await else {
        panic!("the code is right");
    };
    assert!(live(&t.engine, &signed_in).await.is_some());
    assert!(matches!(redeem(&t.engine, ANN, &code, None).await, RedeemEmailCode::Refused));
});

db_test!(a_code_has_one_winner, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        sign_up(&t.engine, &email).await;
        let code = ask(&t.engine, &email).await;
        let outcomes = race(5, |_| {
            let (engine, email, code) = (t.engine.clone(), email.clone(), code.clone());
            async move { matches!(redeem(&engine, &email, &code, None).await, RedeemEmailCode::Done(_)) }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|won| **won).count(), 1, "round {round}");
    }
});

db_test!(fifty_guesses_at_once_are_five_over_however_many_fresh_codes, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = sign_up(&t.engine, &email).await.account.account;
        for fresh in 0..3 {
            let wrong = other_than(&ask(&t.engine, &email).await);
            let outcomes = race(50, |_| {
                let (engine, email, wrong) = (t.engine.clone(), email.clone(), wrong.clone());
                async move { redeem(&engine, &email, &wrong, None).await }
            })
            .await;
            assert!(outcomes.iter().all(|outcome| matches!(outcome, RedeemEmailCode::Refused)));
            assert_eq!(account(&t.engine, ann.id).await.failed_attempts, 5, "round {round}, code {fresh}");
        }
        let right = ask(&t.engine, &email).await;
        assert!(matches!(redeem(&t.engine, &email, &right, None).await, RedeemEmailCode::Refused), "it is locked");
    }
});

db_test!(a_code_tolerates_four_wrong_guesses_and_dies_by_the_fifth, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await.account.account;
    for wrong_guesses in [4, 5] {
        let code = ask(&t.engine, ANN).await;
        for _ in 0..wrong_guesses {
            redeem(&t.engine, ANN, &other_than(&code), None).await;
        }
        t.engine.unlock_account(&vestibule::Caller::host("root"), ann.id).await.expect("unlocked");
        let ended = redeem(&t.engine, ANN, &code, None).await;
        assert_eq!(matches!(ended, RedeemEmailCode::Done(_)), wrong_guesses == 4, "after {wrong_guesses}");
    }
});

db_test!(a_code_lives_ten_minutes_and_the_next_one_replaces_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    let first = ask(&t.engine, ANN).await;
    let second = ask(&t.engine, ANN).await;
    if first != second {
        assert!(matches!(redeem(&t.engine, ANN, &first, None).await, RedeemEmailCode::Refused));
    }
    t.clock.advance(Duration::from_secs(600));
    assert!(matches!(redeem(&t.engine, ANN, &second, None).await, RedeemEmailCode::Refused));
});

db_test!(an_unknown_address_is_refused_alike_with_the_same_hashes, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    for password in [None, Some(PASSWORD), Some("wrong-harbour-Kettle")] {
        let mut costs = Vec::new();
        for email in [ANN, "nobody@example.com"] {
            let before = t.engine.password_hashes();
            let presenter = Presenter { password: password.map(Into::into), ..Presenter::default() };
            let ended = t.engine.redeem_email_code(&nobody(), email, &"000000".into(), presenter).await;
            assert!(matches!(ended, Ok(RedeemEmailCode::Refused)), "{email}: {ended:?}");
            costs.push(t.engine.password_hashes() - before);
        }
        assert_eq!(costs[0], costs[1]);
    }
    let refused = AuditFilter { action: Some("session.created".into()), ..AuditFilter::default() };
    let rows = t.engine.list_audit(&refused, PageRequest::first()).await.expect("the log").items;
    assert_eq!(rows.iter().filter(|row| row.outcome.as_str() == "refused").count(), 6);
});

db_test!(a_code_is_no_second_factor_and_one_is_asked_besides, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    let session = live(&t.engine, &ann.signed_in).await;
    t.clock.advance(Duration::from_millis(1)); // so that the newest mail is the last one
    t.engine.ask_by_mail(&nobody(), ANN, MailRequest::EmailVerify).await.expect("asked");
    let verify = mailed(&t.engine, ANN, MailKind::VerifyEmail).await;
    let presenter = Presenter { session, ..Presenter::default() };
    t.engine.verify_email(&nobody(), &verify, presenter).await.expect("proven, and everything stays");
    t.clock.advance(STEP * 2);

    let code = ask(&t.engine, ANN).await;
    assert!(matches!(redeem(&t.engine, ANN, &code, None).await, RedeemEmailCode::MfaRequired));
    assert!(matches!(redeem(&t.engine, ANN, &code, Some(code.clone().into())).await, RedeemEmailCode::WrongMfaCode));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 1, "the missing one was taken back");
    let by_password = vestibule::SignInForm {
        identifier: ANN.into(),
        password: PASSWORD.into(),
        mfa_code: Some(code.clone().into()),
    };
    let ended = t.engine.sign_in(&nobody(), by_password).await.expect("an answer");
    assert!(matches!(ended, vestibule::SignIn::WrongMfaCode), "{ended:?}");
    let right = ann.app.code(t.engine.now());
    assert!(matches!(redeem(&t.engine, ANN, &code, Some(right)).await, RedeemEmailCode::Done(_)));
});

db_test!(a_code_proves_again_only_whoever_has_no_password, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let again = async |signed_in: &vestibule::SignedIn, code: String| {
        let session = live(&t.engine, signed_in).await.expect("signed in");
        let caller = by(&signed_in.account.account);
        t.engine.reauthenticate(&caller, &session, Reproof::Code(code.into())).await.expect("an answer")
    };
    let code = ask(&t.engine, ANN).await;
    assert!(matches!(again(&ann, code.clone()).await, Reauthenticate::WrongCode), "there is a password");
    let RedeemEmailCode::Done(without) = redeem(&t.engine, ANN, &code, None).await else { panic!("it is still good") };
    assert!(signs_in(&t.engine, ANN, PASSWORD).await.is_none(), "the first proof took the password");
    let code = ask(&t.engine, ANN).await;
    assert!(matches!(again(&without, other_than(&code)).await, Reauthenticate::WrongCode));
    let Reauthenticate::Done(renewed) = again(&without, code.clone()).await else { panic!("the code is right") };
    assert!(live(&t.engine, &without).await.is_none(), "the token was renewed");
    assert!(matches!(again(&renewed, code).await, Reauthenticate::WrongCode), "it was spent");
});
