//! Signing up: who may, with what, and one winner for each address.

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{AccountState, Code, Error, MEMBERS, SignUp, SignUpForm, SignUpMode, needs};

use crate::people::{PASSWORD, live, nobody, sign_up, signs_in, try_sign_up};

db_test!(whoever_signs_up_is_signed_in_and_a_member, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "Ann@Example.com").await;
    let view = &ann.account;
    assert_eq!(view.account.email.as_deref(), Some("Ann@example.com"));
    assert_eq!((view.account.state, view.account.email_verified_at), (AccountState::Active, None));
    assert_eq!(view.account.last_login_at, Some(t.engine.now()));
    assert_eq!(view.groups.iter().map(|group| group.id).collect::<Vec<_>>(), [MEMBERS]);
    let session = live(&t.engine, &ann).await.expect("signed in");
    assert!(!session.may(needs::VIEW_USERS));
    assert!(signs_in(&t.engine, "ANN@EXAMPLE.COM", PASSWORD).await.is_some());
});

db_test!(one_address_in_any_case_makes_one_account, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let spellings = [format!("ann{round}@example.com"), format!("ANN{round}@Example.COM")];
        let outcomes = race(6, |i| {
            let (engine, email) = (t.engine.clone(), spellings[i % 2].clone());
            async move { try_sign_up(&engine, &email, PASSWORD).await.expect("an answer") }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, SignUp::Done(_))).count(), 1);
        assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, SignUp::EmailInUse)).count(), 5);
    }
});

db_test!(every_field_that_cannot_be_used_is_named_at_once, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let form = SignUpForm {
        email: "ann".into(),
        password: Some("short".into()),
        name: Some("a\u{7}b".into()),
        invitation_code: None,
    };
    let Err(Error::Invalid(errors)) = t.engine.sign_up(&nobody(), form).await else { panic!("it cannot be used") };
    let found: Vec<_> = errors.0.iter().map(|error| (error.field, error.code)).collect();
    let expected = [("email", Code::EmailInvalid), ("name", Code::NameInvalid), ("password", Code::PasswordTooShort)];
    assert_eq!(found, expected);
    assert_eq!(t.engine.count_accounts().await.expect("a count").total, 0);
});

db_test!(closed_means_closed_and_costs_no_hash, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.sign_up = SignUpMode::Closed).await;
    let before = t.engine.password_hashes();
    let outcome = try_sign_up(&t.engine, "ann@example.com", PASSWORD).await;
    assert!(matches!(outcome, Ok(SignUp::Closed)), "{outcome:?}");
    assert_eq!(t.engine.password_hashes(), before);
});

db_test!(only_allowed_domains_sign_up_when_some_are_named, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.email_domains = vec!["Example.com".into()]).await;
    for email in ["ann@evil.example", "ann@sub.example.com", "ann@example.com.evil.org"] {
        assert!(matches!(try_sign_up(&t.engine, email, PASSWORD).await, Ok(SignUp::DomainNotAllowed)), "{email}");
    }
    sign_up(&t.engine, "ann@EXAMPLE.com").await;
});

db_test!(a_taken_address_costs_the_same_hash_as_a_free_one, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let before = t.engine.password_hashes();
    sign_up(&t.engine, "ann@example.com").await;
    let free = t.engine.password_hashes() - before;
    let outcome = try_sign_up(&t.engine, "ann@example.com", PASSWORD).await;
    assert!(matches!(outcome, Ok(SignUp::EmailInUse)));
    assert_eq!(t.engine.password_hashes() - before, 2 * free);
});
