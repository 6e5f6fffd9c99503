//! Signing in with a second factor: asked for after the right password alone, counted like a password, spent once.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{AccountId, Factor, PendingSignIn, SignIn, SignInForm, SignedIn, Vestibule};

use crate::authenticators::{App, Careful, STEP, begin, begun, enable, logged, session, status};
use crate::people::{OTHER, PASSWORD, account, by, change_password, nobody, sign_up, signs_in};

const ANN: &str = "ann@example.com";
const RACERS: usize = 30;

db_test!(a_code_is_asked_for_after_the_right_password_alone, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    t.clock.advance(STEP);
    let code = ann.app.code(t.engine.now());
    for code in [None, Some(code.clone()), Some(ann.recovery_codes[0].clone()), Some("".into())] {
        assert!(matches!(sign_in(&t.engine, ANN, OTHER, code).await, SignIn::Refused), "as without a factor");
    }
    for blank in [None, Some(""), Some(" \n")] {
        let answer = sign_in(&t.engine, ANN, PASSWORD, blank.map(Into::into)).await;
        assert!(matches!(answer, SignIn::MfaRequired(_)), "{blank:?}");
    }
    let after = account(&t.engine, ann.id()).await;
    assert_eq!(after.failed_attempts, 4, "a right password without a code takes back its own attempt alone");
    let signed_in = done(sign_in(&t.engine, ANN, PASSWORD, Some(code)).await);
    assert_eq!(signed_in.session.second_factor, Some(Factor::Totp));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 0);
    assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 10);
});

db_test!(a_fifth_right_password_without_a_code_lifts_the_lock_that_it_set, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    for _ in 0..4 {
        sign_in(&t.engine, ANN, OTHER, None).await;
    }
    assert!(matches!(sign_in(&t.engine, ANN, PASSWORD, None).await, SignIn::MfaRequired(_)));
    let after = account(&t.engine, ann.id()).await;
    assert_eq!((after.failed_attempts, after.locked_until), (4, None));
    assert_eq!(logged(&t.engine, ann.id(), "account.locked").await, (1, 0));
    assert_eq!(logged(&t.engine, ann.id(), "account.unlocked").await, (1, 0));
});

db_test!(five_wrong_codes_lock_and_the_right_one_opens_nothing_then, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    t.clock.advance(STEP);
    let wrong = [ann.app.wrong_code(t.engine.now()), "ABCD-ABCD-ABCD-ABCD".into(), "moss".into()];
    for attempt in 0..5 {
        let answer = sign_in(&t.engine, ANN, PASSWORD, Some(wrong[attempt % 3].clone())).await;
        assert!(matches!(answer, SignIn::WrongMfaCode), "attempt {attempt}");
    }
    let right = ann.app.code(t.engine.now());
    assert!(matches!(sign_in(&t.engine, ANN, PASSWORD, Some(right)).await, SignIn::Refused));
    assert!(matches!(sign_in(&t.engine, ANN, PASSWORD, None).await, SignIn::Refused));
    let after = account(&t.engine, ann.id()).await;
    assert_eq!(after.failed_attempts, 5);
    assert_eq!(after.locked_until, Some(t.engine.now().plus(Duration::from_secs(15 * 60))));
    assert_eq!(logged(&t.engine, ann.id(), "session.created").await.1, 7);
});

db_test!(fifty_wrong_codes_at_once_are_looked_at_five_times, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..5 {
        let email = format!("ann{round}@example.com");
        let ann = Careful::sign_up(&t, &email).await;
        let wrong = ann.app.wrong_code(t.engine.now());
        let looked_at = race(50, |_| {
            let (engine, email, wrong) = (t.engine.clone(), email.clone(), wrong.clone());
            async move { matches!(sign_in(&engine, &email, PASSWORD, Some(wrong)).await, SignIn::WrongMfaCode) }
        })
        .await;
        assert_eq!(count(&looked_at), 5, "round {round}");
        assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 5);
    }
});

db_test!(a_session_remembers_the_recovery_code_it_was_opened_with, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    let code = || Some(ann.recovery_codes[7].clone());
    let signed_in = done(sign_in(&t.engine, ANN, PASSWORD, code()).await);
    assert_eq!(signed_in.session.second_factor, Some(Factor::RecoveryCode));
    assert!(matches!(sign_in(&t.engine, ANN, PASSWORD, code()).await, SignIn::WrongMfaCode));
    assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 9);
});

db_test!(thirty_sign_ins_with_the_same_code_give_one_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = Careful::sign_up(&t, &email).await;
        t.clock.advance(STEP);
        let code = ann.app.code(t.engine.now());
        assert_eq!(sessions_by(&t, &email, &code).await, 1, "round {round}");
        assert_eq!(sessions(&t.engine, ann.id()).await, 2, "and the one that enrolled");
    }
});

db_test!(thirty_sign_ins_with_the_same_recovery_code_give_one_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = Careful::sign_up(&t, &email).await;
        assert_eq!(sessions_by(&t, &email, &ann.recovery_codes[0]).await, 1, "round {round}");
        assert_eq!(sessions(&t.engine, ann.id()).await, 2, "and the one that enrolled");
        assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 9);
    }
});

db_test!(a_code_spent_on_one_node_is_spent_on_every_other, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let node = t.second_node().await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = Careful::sign_up(&t, &email).await;
        t.clock.advance(STEP);
        let code = ann.app.code(t.engine.now());
        let opened = race(4, |i| {
            let engine = if i % 2 == 0 { t.engine.clone() } else { node.engine.clone() };
            let (email, code) = (email.clone(), code.clone());
            async move { matches!(sign_in(&engine, &email, PASSWORD, Some(code)).await, SignIn::Done(_)) }
        })
        .await;
        assert_eq!(count(&opened), 1, "round {round}");
    }
});

db_test!(the_second_step_takes_the_place_of_the_password, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    t.clock.advance(STEP);
    let now = t.engine.now();
    let pending = pending(&t.engine, ANN).await;
    let blank = step(&t.engine, &pending, " ".into()).await;
    assert!(matches!(blank, SignIn::MfaRequired(_)));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 0);
    let wrong = step(&t.engine, &pending, ann.app.wrong_code(now)).await;
    assert!(matches!(wrong, SignIn::WrongMfaCode));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 1);
    let signed_in = done(step(&t.engine, &pending, ann.app.code(now)).await);
    assert_eq!((signed_in.session.second_factor, signed_in.account.account.id), (Some(Factor::Totp), ann.id()));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 0);
    let again = step(&t.engine, &pending, ann.app.code(now)).await;
    assert!(matches!(again, SignIn::WrongMfaCode), "the note stays, the code is spent");
});

db_test!(a_second_step_dies_of_age_a_new_password_and_tampering, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    let early = pending(&t.engine, ANN).await;
    t.clock.advance(PendingSignIn::LIFE);
    let code = |t: &TestEngine| ann.app.code(t.engine.now());
    assert!(matches!(step(&t.engine, &early, code(&t)).await, SignIn::Refused), "too old");

    let fresh = pending(&t.engine, ANN).await;
    let text = fresh.expose();
    let last = if text.ends_with('0') { '1' } else { '0' };
    let changed = format!("{}{last}", &text[..text.len() - 1]);
    for other in ["", "0", "moss", "0102", &text[..text.len() - 2], changed.as_str(), "äöü"] {
        let answer = step(&t.engine, &PendingSignIn::parse(other), code(&t)).await;
        assert!(matches!(answer, SignIn::Refused), "{other}");
    }
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 0, "nothing is counted on a guess of nobody's");

    change_password(&t.engine, &ann.signed_in, OTHER).await;
    assert!(matches!(step(&t.engine, &fresh, code(&t)).await, SignIn::Refused), "the password was changed");
    let fresh = match sign_in(&t.engine, ANN, OTHER, None).await {
        SignIn::MfaRequired(pending) => pending,
        other @ (SignIn::Done(_) | SignIn::WrongMfaCode | SignIn::EmailNotVerified | SignIn::Refused) => {
            panic!("a code is needed: {other:?}")
        }
    };
    done(step(&t.engine, &fresh, code(&t)).await);
});

db_test!(fifty_second_steps_at_once_look_at_five_codes, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    let (pending, wrong) = (pending(&t.engine, ANN).await, ann.app.wrong_code(t.engine.now()));
    let looked_at = race(50, |_| {
        let (engine, pending, wrong) = (t.engine.clone(), pending.clone(), wrong.clone());
        async move { matches!(step(&engine, &pending, wrong).await, SignIn::WrongMfaCode) }
    })
    .await;
    assert_eq!(count(&looked_at), 5);
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 5);
    let right = step(&t.engine, &pending, ann.app.code(t.engine.now().plus(STEP))).await;
    assert!(matches!(right, SignIn::Refused), "locked");
});

db_test!(thirty_second_steps_with_the_same_code_give_one_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = Careful::sign_up(&t, &email).await;
        t.clock.advance(STEP);
        let (pending, code) = (pending(&t.engine, &email).await, ann.app.code(t.engine.now()));
        let opened = race(RACERS, |_| {
            let (engine, pending, code) = (t.engine.clone(), pending.clone(), code.clone());
            async move { matches!(step(&engine, &pending, code).await, SignIn::Done(_)) }
        })
        .await;
        assert_eq!(count(&opened), 1, "round {round}");
        assert_eq!(sessions(&t.engine, ann.id()).await, 2, "and the one that enrolled");
    }
});

db_test!(a_factor_enabled_meanwhile_is_asked_for, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = Arc::new(sign_up(&t.engine, &email).await);
        let code = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri).code(t.engine.now());
        race(6, |i| {
            let (engine, email, ann, code) = (t.engine.clone(), email.clone(), ann.clone(), code.clone());
            async move {
                match i {
                    0 => drop(enable(&engine, &ann, &code).await),
                    _ => drop(sign_in(&engine, &email, PASSWORD, None).await),
                }
            }
        })
        .await;
        let id = ann.account.account.id;
        assert!(status(&t.engine, id).await.enabled_at.is_some());
        assert_eq!(sessions(&t.engine, id).await, 1, "whoever signed in without a code before it was ended by it");
    }
});

db_test!(without_a_factor_a_code_is_not_looked_at, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let signed_in = done(sign_in(&t.engine, ANN, PASSWORD, Some("moss".into())).await);
    assert_eq!(signed_in.session.second_factor, None);
    t.engine.end_other_sessions(&by(&ann.account.account), &*session(&t.engine, &ann).await).await.expect("ended");
    assert!(signs_in(&t.engine, ANN, PASSWORD).await.is_some());
});

async fn sign_in(engine: &Vestibule, email: &str, password: &str, mfa_code: Option<SecretString>) -> SignIn {
    let form = SignInForm { identifier: email.to_owned(), password: password.into(), mfa_code };
    engine.sign_in(&nobody(), form).await.expect("sign-in answers")
}

async fn pending(engine: &Vestibule, email: &str) -> PendingSignIn {
    match sign_in(engine, email, PASSWORD, None).await {
        SignIn::MfaRequired(pending) => pending,
        other @ (SignIn::Done(_) | SignIn::WrongMfaCode | SignIn::EmailNotVerified | SignIn::Refused) => {
            panic!("a code is needed: {other:?}")
        }
    }
}

async fn step(engine: &Vestibule, pending: &PendingSignIn, code: SecretString) -> SignIn {
    engine.complete_sign_in_step(&nobody(), pending, code).await.expect("it answers")
}

fn done(ended: SignIn) -> SignedIn {
    match ended {
        SignIn::Done(signed_in) => *signed_in,
        other @ (SignIn::MfaRequired(_) | SignIn::WrongMfaCode | SignIn::EmailNotVerified | SignIn::Refused) => {
            panic!("not signed in: {other:?}")
        }
    }
}

/// How many of thirty sign-ins at once with this code opened a session.
async fn sessions_by(t: &TestEngine, email: &str, code: &SecretString) -> usize {
    let opened = race(RACERS, |_| {
        let (engine, email, code) = (t.engine.clone(), email.to_owned(), code.clone());
        async move { matches!(sign_in(&engine, &email, PASSWORD, Some(code)).await, SignIn::Done(_)) }
    })
    .await;
    count(&opened)
}

async fn sessions(engine: &Vestibule, id: AccountId) -> usize {
    engine.list_sessions(id, vestibule::PageRequest::first()).await.expect("sessions").items.len()
}

fn count(of: &[bool]) -> usize {
    of.iter().filter(|is_so| **is_so).count()
}
