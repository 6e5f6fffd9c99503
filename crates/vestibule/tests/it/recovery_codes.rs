//! Recovery codes: each works once, wherever a code is asked for but where they would multiply.

use std::collections::HashSet;

use secrecy::{ExposeSecret as _, SecretString};
use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{BeginEnrolment, DisableSecondFactor, RenewRecoveryCodes};

use crate::authenticators::{Careful, STEP, begin, begun, disable, logged, renew, renewed, status};
use crate::people::{PASSWORD, account};

db_test!(there_are_ten_and_no_two_alike, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    let distinct: HashSet<&str> = ann.recovery_codes.iter().map(|code| code.expose_secret()).collect();
    assert_eq!(distinct.len(), 10);
    assert!(distinct.iter().all(|code| code.len() == 19));
});

db_test!(each_works_once_however_it_is_typed, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    let typed: [fn(&str) -> String; 4] = [
        str::to_owned,
        str::to_lowercase,
        |code| code.replace('-', ""),
        |code| format!("  {}\n", code.replace('-', " ").replace('0', "o")),
    ];
    for (i, (code, typed)) in ann.recovery_codes.iter().zip(typed).enumerate() {
        let code = || Some(SecretString::from(typed(code.expose_secret())));
        begun(begin(&t.engine, &ann.signed_in, PASSWORD, code()).await);
        assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 9 - i as i64);
        let again = begin(&t.engine, &ann.signed_in, PASSWORD, code()).await;
        assert!(matches!(again, Ok(BeginEnrolment::WrongCode)));
    }
});

db_test!(nobody_elses_works, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (ann, bob) = (Careful::sign_up(&t, "ann@example.com").await, Careful::sign_up(&t, "bob@example.com").await);
    let bobs = Some(bob.recovery_codes[0].clone());
    assert!(matches!(begin(&t.engine, &ann.signed_in, PASSWORD, bobs).await, Ok(BeginEnrolment::WrongCode)));
    assert_eq!(status(&t.engine, bob.id()).await.recovery_codes_remaining, 10);
});

db_test!(one_of_them_disables_the_factor, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    let off = disable(&t.engine, &ann.signed_in, PASSWORD, Some(ann.recovery_codes[9].clone())).await;
    assert!(matches!(off, DisableSecondFactor::Done));
    assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 0);
});

db_test!(renewing_takes_the_authenticator_and_voids_the_old_ones, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    let found = renew(&t.engine, &ann.signed_in, &ann.recovery_codes[0]).await;
    assert!(matches!(found, RenewRecoveryCodes::WrongCode), "a code that somebody found does not make ten of itself");
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 1);
    assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 10, "nor is it spent");
    begun(begin(&t.engine, &ann.signed_in, PASSWORD, Some(ann.recovery_codes[0].clone())).await);

    t.clock.advance(STEP);
    let new = renewed(renew(&t.engine, &ann.signed_in, &ann.app.code(t.engine.now())).await);
    assert_eq!((new.len(), status(&t.engine, ann.id()).await.recovery_codes_remaining), (10, 10));
    assert_eq!(logged(&t.engine, ann.id(), "recovery_codes.renewed").await, (1, 1));
    let old = begin(&t.engine, &ann.signed_in, PASSWORD, Some(ann.recovery_codes[1].clone())).await;
    assert!(matches!(old, Ok(BeginEnrolment::WrongCode)));
    begun(begin(&t.engine, &ann.signed_in, PASSWORD, Some(new[0].clone())).await);
});

db_test!(thirty_callers_with_the_same_one_have_one_winner, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let ann = std::sync::Arc::new(Careful::sign_up(&t, &format!("ann{round}@example.com")).await);
        let begun = race(30, |_| {
            let (engine, ann) = (t.engine.clone(), ann.clone());
            async move {
                let code = Some(ann.recovery_codes[0].clone());
                matches!(begin(&engine, &ann.signed_in, PASSWORD, code).await, Ok(BeginEnrolment::Begun(_)))
            }
        })
        .await;
        assert_eq!(begun.iter().filter(|begun| **begun).count(), 1, "round {round}");
        assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 9);
    }
});
