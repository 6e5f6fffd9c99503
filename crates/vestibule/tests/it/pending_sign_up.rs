//! Signing up where an address must be proven first: one answer, one mail, the same work.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    ADMINISTRATORS, Caller, Code, Error, MEMBERS, MailKind, NewUser, Presenter, SignIn, SignUp, SignUpForm, SignUpMode,
    UserEdit, VerifyEmail, Vestibule,
};

use crate::people::{
    OTHER, PASSWORD, account, administrator, count_mailed, live, mailed, nobody, try_sign_in, try_sign_up,
};

const ANN: &str = "ann@example.com";

async fn engine(db: &TestDb) -> TestEngine {
    TestEngine::with(db, |config| config.require_verified_email = true).await
}

async fn sign_up(engine: &Vestibule, email: &str, password: &str) {
    engine.clock().advance(Duration::from_millis(1)); // so that the newest mail is the last one
    let ended = try_sign_up(engine, email, password).await.expect("an answer");
    assert!(matches!(ended, SignUp::MailSent), "{ended:?}");
}

fn with_password(password: &str) -> Presenter {
    Presenter { password: Some(password.into()), ..Presenter::default() }
}

db_test!(whoever_signs_up_proves_the_address_and_is_in, |db: TestDb| async move {
    let t = engine(&db).await;
    sign_up(&t.engine, ANN, PASSWORD).await;
    let early = try_sign_in(&t.engine, ANN, PASSWORD).await.expect("an answer");
    assert!(matches!(early, SignIn::EmailNotVerified), "{early:?}");
    let wrong = try_sign_in(&t.engine, ANN, OTHER).await.expect("an answer");
    assert!(matches!(wrong, SignIn::Refused), "only after the right password: {wrong:?}");
    let token = mailed(&t.engine, ANN, MailKind::VerifyEmail).await;
    let verified = t.engine.verify_email(&nobody(), &token, with_password(PASSWORD)).await.expect("an answer");
    let VerifyEmail::Done(Some(ann)) = verified else { panic!("the link signs in: {verified:?}") };
    assert!(live(&t.engine, &ann).await.is_some());
    assert!(matches!(try_sign_in(&t.engine, ANN, PASSWORD).await, Ok(SignIn::Done(_))), "the password is kept");
});

db_test!(a_right_password_of_an_unproven_account_takes_back_only_its_own_attempt, |db: TestDb| async move {
    let t = engine(&db).await;
    sign_up(&t.engine, ANN, PASSWORD).await;
    let id = t.engine.find_account(ANN).await.expect("an answer").expect("there").account.id;
    try_sign_in(&t.engine, ANN, OTHER).await.expect("an answer");
    for _ in 0..6 {
        let ended = try_sign_in(&t.engine, ANN, PASSWORD).await.expect("an answer");
        assert!(matches!(ended, SignIn::EmailNotVerified), "{ended:?}");
    }
    assert_eq!(account(&t.engine, id).await.failed_attempts, 1);
});

db_test!(signing_up_again_before_any_proof_replaces_password_and_link, |db: TestDb| async move {
    let t = engine(&db).await;
    sign_up(&t.engine, ANN, PASSWORD).await;
    let first = mailed(&t.engine, ANN, MailKind::VerifyEmail).await;
    sign_up(&t.engine, ANN, OTHER).await;
    let second = mailed(&t.engine, ANN, MailKind::VerifyEmail).await;
    let stale = t.engine.verify_email(&nobody(), &first, with_password(PASSWORD)).await.expect("an answer");
    assert!(matches!(stale, VerifyEmail::Used), "{stale:?}");
    let wrong = t.engine.verify_email(&nobody(), &second, with_password(PASSWORD)).await.expect("an answer");
    assert!(matches!(wrong, VerifyEmail::WrongPassword), "{wrong:?}");
    let right = t.engine.verify_email(&nobody(), &second, with_password(OTHER)).await.expect("an answer");
    assert!(matches!(right, VerifyEmail::Done(Some(_))), "{right:?}");
});

db_test!(a_taken_address_gets_one_answer_one_mail_and_the_same_hashes, |db: TestDb| async move {
    let t = engine(&db).await;
    sign_up(&t.engine, ANN, PASSWORD).await;
    let token = mailed(&t.engine, ANN, MailKind::VerifyEmail).await;
    t.engine.verify_email(&nobody(), &token, with_password(PASSWORD)).await.expect("proven");
    let cost = async |email: &str| {
        let (hashes, mails) = (t.engine.password_hashes(), t.engine.kept_mail(1000).await.expect("mail").len());
        sign_up(&t.engine, email, OTHER).await;
        let mails = t.engine.kept_mail(1000).await.expect("mail").len() - mails;
        (t.engine.password_hashes() - hashes, mails)
    };
    assert_eq!(cost(ANN).await, cost("bob@example.com").await);
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::AddressInUse).await, 1);
    assert!(matches!(try_sign_in(&t.engine, ANN, PASSWORD).await, Ok(SignIn::Done(_))), "nothing was replaced");
});

db_test!(an_account_that_somebody_else_made_is_never_begun_anew, |db: TestDb| async move {
    let t = engine(&db).await;
    let user = NewUser {
        email: Some(ANN.into()),
        password: Some(PASSWORD.into()),
        group_ids: vec![MEMBERS],
        ..NewUser::default()
    };
    t.engine.create_user(&Caller::host("root"), user).await.expect("made");
    sign_up(&t.engine, ANN, OTHER).await;
    let ended = try_sign_in(&t.engine, ANN, PASSWORD).await.expect("an answer");
    assert!(matches!(ended, SignIn::EmailNotVerified), "its password is as it was: {ended:?}");
});

db_test!(an_account_that_somebody_else_saw_to_is_never_begun_anew, |db: TestDb| async move {
    let t = engine(&db).await;
    sign_up(&t.engine, ANN, PASSWORD).await;
    let id = t.engine.find_account(ANN).await.expect("an answer").expect("there").account.id;
    let promotion = UserEdit { group_ids: Some(vec![ADMINISTRATORS, MEMBERS]), ..UserEdit::default() };
    t.engine.edit_user(&Caller::host("root"), id, promotion).await.expect("promoted");
    sign_up(&t.engine, ANN, OTHER).await;
    let stranger = try_sign_in(&t.engine, ANN, OTHER).await.expect("an answer");
    assert!(matches!(stranger, SignIn::Refused), "{stranger:?}");
    let own = try_sign_in(&t.engine, ANN, PASSWORD).await.expect("an answer");
    assert!(matches!(own, SignIn::EmailNotVerified), "whoever signed up proves the address all the same: {own:?}");

    sign_up(&t.engine, "bob@example.com", PASSWORD).await;
    let bob = t.engine.find_account("bob@example.com").await.expect("an answer").expect("there").account.id;
    t.engine.set_password(&Caller::host("root"), bob, "willow-Anchor-9-fig".into()).await.expect("set");
    sign_up(&t.engine, "bob@example.com", OTHER).await;
    let kept = try_sign_in(&t.engine, "bob@example.com", "willow-Anchor-9-fig").await.expect("an answer");
    assert!(matches!(kept, SignIn::EmailNotVerified), "{kept:?}");
});

db_test!(racing_sign_ups_make_one_account_and_answer_alike, |db: TestDb| async move {
    let t = engine(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let outcomes = race(6, |i| {
            let (engine, email) = (t.engine.clone(), email.clone());
            async move { try_sign_up(&engine, &email, &format!("harbour-moss-{i}-Kettle")).await.expect("an answer") }
        })
        .await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, SignUp::MailSent)), "{outcomes:?}");
        assert_eq!(t.engine.count_accounts().await.expect("a count").total, round + 1);
    }
});

db_test!(without_a_password_the_account_lives_on_links, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let form = || SignUpForm { email: ANN.into(), password: None, name: None, invitation_code: None };
    let ended = t.engine.sign_up(&nobody(), form()).await.expect("an answer");
    assert!(matches!(ended, SignUp::MailSent), "{ended:?}");
    let token = mailed(&t.engine, ANN, MailKind::VerifyEmail).await;
    let verified = t.engine.verify_email(&nobody(), &token, Presenter::default()).await.expect("an answer");
    let VerifyEmail::Done(Some(ann)) = verified else { panic!("the link signs in: {verified:?}") };
    assert!(!t.engine.has_password(ann.account.account.id).await.expect("an answer"));
    let session = live(&t.engine, &ann).await.expect("signed in");
    let caller = crate::people::by(&ann.account.account);
    t.engine.set_first_password(&caller, &session, PASSWORD.into()).await.expect("set");
    let again = t.engine.set_first_password(&caller, &session, OTHER.into()).await;
    assert!(matches!(again, Err(Error::Conflict(Code::PasswordSet))), "{again:?}");
    assert!(matches!(try_sign_in(&t.engine, ANN, PASSWORD).await, Ok(SignIn::Done(_))));
});

db_test!(where_no_mail_is_read_a_password_is_needed, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.public_url = "https://id.example.com".parse().expect("a URL")).await;
    let form = SignUpForm { email: ANN.into(), password: None, name: None, invitation_code: None };
    let Err(Error::Invalid(errors)) = t.engine.sign_up(&nobody(), form).await else { panic!("it is needed") };
    assert_eq!((errors.0[0].field, errors.0[0].code), ("password", Code::PasswordRequired));
});

db_test!(by_invitation_means_nobody_else, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.sign_up = SignUpMode::Invite).await;
    let ended = try_sign_up(&t.engine, ANN, PASSWORD).await.expect("an answer");
    assert!(matches!(ended, SignUp::InvitationRequired), "{ended:?}");
});

db_test!(an_administrator_gets_in_unproven, |db: TestDb| async move {
    let t = engine(&db).await;
    administrator(&t.engine, "root").await;
    let admin =
        vestibule::NewAdministrator { email: Some(ANN.into()), username: None, name: None, password: PASSWORD.into() };
    t.engine.create_administrator(&Caller::host("root"), admin).await.expect("made");
    assert!(matches!(try_sign_in(&t.engine, ANN, PASSWORD).await, Ok(SignIn::Done(_))));
});
