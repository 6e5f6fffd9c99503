//! The first proof of an address: whoever signed up first with somebody's address gains nothing by it, and an honest
//! owner who proves it late loses nothing.

use secrecy::SecretString;
use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    Caller, ChangeEmail, ConfirmEmailChange, Digest, MailKind, MailRequest, Presenter, RedeemEmailCode,
    RedeemMagicLink, RedeemToken, SignIn, SignInForm, SignedIn, VerifyEmail, Vestibule,
};

use crate::authenticators::{App, Careful, STEP};
use crate::people::{OTHER, PASSWORD, account, by, live, mailed, nobody, sign_up, signs_in, try_sign_in};

const ANN: &str = "ann@example.com";
const ANNS: &str = "willow-Anchor-9-fig";

/// A stranger who signed up with ann's address, with two sessions, a second factor and its recovery codes.
struct Stranger {
    sessions: [SignedIn; 2],
    app: App,
    recovery_codes: Vec<SecretString>,
}

async fn stranger(t: &TestEngine) -> Stranger {
    let Careful { signed_in, app, recovery_codes } = Careful::sign_up(t, ANN).await;
    t.clock.advance(STEP * 2);
    let form =
        SignInForm { identifier: ANN.into(), password: PASSWORD.into(), mfa_code: Some(app.code(t.engine.now())) };
    let Ok(SignIn::Done(second)) = t.engine.sign_in(&nobody(), form).await else { panic!("both factors are right") };
    t.clock.advance(STEP * 2);
    Stranger { sessions: [signed_in, *second], app, recovery_codes }
}

/// Nothing of the stranger's opens the account.
async fn is_shut_out(t: &TestEngine, stranger: &Stranger) {
    for session in &stranger.sessions {
        assert!(live(&t.engine, session).await.is_none(), "their sessions have ended");
    }
    for mfa_code in [Some(stranger.app.code(t.engine.now())), Some(stranger.recovery_codes[0].clone()), None] {
        let form = SignInForm { identifier: ANN.into(), password: PASSWORD.into(), mfa_code };
        let outcome = t.engine.sign_in(&nobody(), form).await.expect("an answer");
        assert!(matches!(outcome, SignIn::Refused), "{outcome:?}");
    }
}

async fn ask(engine: &Vestibule, what: MailRequest, kind: MailKind) -> String {
    engine.ask_by_mail(&nobody(), ANN, what).await.expect("asked");
    mailed(engine, ANN, kind).await
}

fn browser() -> MailRequest {
    MailRequest::MagicLink { browser: Digest::of(b"ann's browser") }
}

db_test!(verifying_shuts_out_whoever_signed_up_with_the_address, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let stranger = stranger(&t).await;
    let token = ask(&t.engine, MailRequest::EmailVerify, MailKind::VerifyEmail).await;
    let verified = t.engine.verify_email(&nobody(), &token, Presenter::default()).await.expect("an answer");
    let VerifyEmail::Done(Some(ann)) = verified else { panic!("the link signs in: {verified:?}") };
    assert!(live(&t.engine, &ann).await.is_some());
    assert!(!ann.account.mfa_enabled && ann.account.account.email_verified_at.is_some());
    is_shut_out(&t, &stranger).await;
});

db_test!(resetting_shuts_out_whoever_signed_up_with_the_address, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let stranger = stranger(&t).await;
    let token = ask(&t.engine, MailRequest::PasswordReset, MailKind::PasswordReset).await;
    let reset = t.engine.reset_password(&nobody(), &token, ANNS.into(), None).await;
    assert_eq!(reset.expect("an answer"), RedeemToken::Done);
    is_shut_out(&t, &stranger).await;
    assert!(signs_in(&t.engine, ANN, ANNS).await.is_some(), "no second factor is asked");
});

db_test!(signing_in_by_link_shuts_out_whoever_signed_up_with_the_address, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let stranger = stranger(&t).await;
    let token = ask(&t.engine, browser(), MailKind::MagicLink).await;
    let redeemed = t.engine.redeem_magic_link(&nobody(), &token, Presenter::default()).await.expect("an answer");
    let RedeemMagicLink::Done(ann) = redeemed else { panic!("no second factor is asked: {redeemed:?}") };
    assert!(live(&t.engine, &ann).await.is_some());
    is_shut_out(&t, &stranger).await;
});

db_test!(signing_in_by_code_shuts_out_whoever_signed_up_with_the_address, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let stranger = stranger(&t).await;
    let code = ask(&t.engine, MailRequest::EmailCode, MailKind::EmailCode).await;
    let redeemed = t.engine.redeem_email_code(&nobody(), ANN, &code.into(), Presenter::default()).await;
    let Ok(RedeemEmailCode::Done(ann)) = redeemed else { panic!("no second factor is asked: {redeemed:?}") };
    assert!(live(&t.engine, &ann).await.is_some());
    is_shut_out(&t, &stranger).await;
});

db_test!(an_earlier_link_of_the_strangers_is_void_too, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let stranger = stranger(&t).await;
    let session = live(&t.engine, &stranger.sessions[1]).await.expect("signed in");
    let them = by(&stranger.sessions[1].account.account);
    let change = t.engine.change_email(&them, &session, "evil@example.net", Some(PASSWORD.into())).await;
    assert_eq!(change.expect("an answer"), ChangeEmail::MailSent);
    let theirs = mailed(&t.engine, "evil@example.net", MailKind::EmailChange).await;
    let token = ask(&t.engine, MailRequest::EmailVerify, MailKind::VerifyEmail).await;
    t.engine.verify_email(&nobody(), &token, Presenter::default()).await.expect("an answer");
    let confirmed = t.engine.confirm_email_change(&nobody(), &theirs, Presenter::default()).await;
    assert_eq!(confirmed.expect("an answer"), ConfirmEmailChange::Used);
});

db_test!(an_owner_who_is_signed_in_keeps_everything, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let mine = stranger(&t).await; // who is no stranger here
    let token = ask(&t.engine, MailRequest::EmailVerify, MailKind::VerifyEmail).await;
    let presenter = Presenter { session: live(&t.engine, &mine.sessions[0]).await, ..Presenter::default() };
    let verified = t.engine.verify_email(&nobody(), &token, presenter).await.expect("an answer");
    assert!(matches!(verified, VerifyEmail::Done(None)), "they are signed in already: {verified:?}");
    assert!(live(&t.engine, &mine.sessions[1]).await.is_some());
    let outcome = try_sign_in(&t.engine, ANN, PASSWORD).await.expect("an answer");
    assert!(matches!(outcome, SignIn::MfaRequired(_)), "password and second factor are as they were: {outcome:?}");
});

db_test!(an_owner_who_gives_password_and_second_factor_keeps_everything, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let mine = stranger(&t).await;
    let id = mine.sessions[0].account.account.id;
    let token = ask(&t.engine, MailRequest::EmailVerify, MailKind::VerifyEmail).await;
    let with = |password: &str, mfa_code: Option<SecretString>| Presenter {
        session: None,
        password: Some(password.into()),
        mfa_code,
    };
    let verify = async |presenter| t.engine.verify_email(&nobody(), &token, presenter).await.expect("an answer");
    assert!(matches!(verify(with(OTHER, None)).await, VerifyEmail::WrongPassword));
    assert_eq!(account(&t.engine, id).await.failed_attempts, 1, "counted");
    assert!(matches!(verify(with(PASSWORD, None)).await, VerifyEmail::MfaRequired));
    assert_eq!(account(&t.engine, id).await.failed_attempts, 1, "taken back");
    assert!(matches!(verify(with(PASSWORD, Some("000000".into()))).await, VerifyEmail::WrongMfaCode));
    assert_eq!(account(&t.engine, id).await.failed_attempts, 2, "counted once");
    let right = verify(with(PASSWORD, Some(mine.recovery_codes[3].clone()))).await;
    let VerifyEmail::Done(Some(signed_in)) = right else { panic!("all of it is right: {right:?}") };
    assert!(signed_in.account.mfa_enabled);
    for session in &mine.sessions {
        assert!(live(&t.engine, session).await.is_some(), "other sessions stay");
    }
});

db_test!(a_session_of_somebody_else_proves_nothing, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let stranger = stranger(&t).await;
    let bob = sign_up(&t.engine, "bob@example.com").await;
    let token = ask(&t.engine, MailRequest::EmailVerify, MailKind::VerifyEmail).await;
    let presenter = Presenter { session: live(&t.engine, &bob).await, ..Presenter::default() };
    let verified = t.engine.verify_email(&nobody(), &token, presenter).await.expect("an answer");
    assert!(matches!(verified, VerifyEmail::Done(Some(_))));
    is_shut_out(&t, &stranger).await;
});

db_test!(a_session_that_ended_meanwhile_proves_nothing, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let stranger = stranger(&t).await;
    let session = live(&t.engine, &stranger.sessions[1]).await;
    let token = ask(&t.engine, MailRequest::EmailVerify, MailKind::VerifyEmail).await;
    t.engine.end_all_sessions(&Caller::host("root"), stranger.sessions[0].account.account.id).await.expect("ended");
    let presenter = Presenter { session, ..Presenter::default() };
    t.engine.verify_email(&nobody(), &token, presenter).await.expect("an answer");
    is_shut_out(&t, &stranger).await;
});
