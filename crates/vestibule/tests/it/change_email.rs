//! Changing one's own address.

use std::sync::Arc;
use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{ChangeEmail, Code, ConfirmEmailChange, Error, LiveSession, MailKind, Presenter, SignedIn, Vestibule};

use crate::authenticators::{Careful, STEP};
use crate::people::{
    OTHER, PASSWORD, account, administrator, by, count_mailed, live, mailed, nobody, sign_up, signs_in,
};

const ANN: &str = "ann@example.com";
const NEW: &str = "ann@example.net";

async fn ask(engine: &Vestibule, who: &SignedIn, new: &str, password: &str) -> Result<ChangeEmail, Error> {
    engine.clock().advance(Duration::from_millis(1)); // so that the newest mail is the last one
    let session = live(engine, who).await.expect("signed in");
    engine.change_email(&by(&who.account.account), &session, new, Some(password.into())).await
}

async fn confirm(engine: &Vestibule, token: &str, session: Option<Arc<LiveSession>>) -> ConfirmEmailChange {
    let presenter = Presenter { session, ..Presenter::default() };
    engine.confirm_email_change(&nobody(), token, presenter).await.expect("an answer")
}

db_test!(the_new_address_is_confirmed_and_the_old_one_told, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    assert_eq!(ask(&t.engine, &ann, NEW, OTHER).await.expect("an answer"), ChangeEmail::WrongPassword);
    assert_eq!(account(&t.engine, id).await.failed_attempts, 1, "counted");
    assert_eq!(ask(&t.engine, &ann, NEW, PASSWORD).await.expect("an answer"), ChangeEmail::MailSent);
    assert_eq!(account(&t.engine, id).await.email.as_deref(), Some(ANN), "nothing has changed yet");
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::EmailChangeAsked).await, 1);
    let token = mailed(&t.engine, NEW, MailKind::EmailChange).await;
    let session = live(&t.engine, &ann).await;
    assert_eq!(confirm(&t.engine, &token, session).await, ConfirmEmailChange::Done);
    let after = account(&t.engine, id).await;
    assert_eq!((after.email.as_deref(), after.email_verified_at.is_some()), (Some(NEW), true));
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::EmailChanged).await, 1);
    assert_eq!(live(&t.engine, &ann).await.expect("still signed in").label, NEW);
    assert!(signs_in(&t.engine, NEW, PASSWORD).await.is_some() && signs_in(&t.engine, ANN, PASSWORD).await.is_none());
});

db_test!(a_change_has_one_winner, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let new = format!("new{round}@example.net");
        let ann = sign_up(&t.engine, &format!("ann{round}@example.com")).await;
        ask(&t.engine, &ann, &new, PASSWORD).await.expect("asked");
        let token = mailed(&t.engine, &new, MailKind::EmailChange).await;
        let session = live(&t.engine, &ann).await;
        let outcomes = race(30, |_| {
            let (engine, token, session) = (t.engine.clone(), token.clone(), session.clone());
            async move { confirm(&engine, &token, session).await }
        })
        .await;
        let done = outcomes.iter().filter(|outcome| **outcome == ConfirmEmailChange::Done).count();
        assert_eq!(done, 1, "round {round}: {outcomes:?}");
        assert_eq!(count_mailed(&t.engine, &format!("ann{round}@example.com"), MailKind::EmailChanged).await, 1);
    }
});

db_test!(two_who_want_one_address_do_not_both_get_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let new = format!("new{round}@example.net");
        let mut tokens = Vec::new();
        for name in ["ann", "bob"] {
            let who = sign_up(&t.engine, &format!("{name}{round}@example.com")).await;
            ask(&t.engine, &who, &new, PASSWORD).await.expect("asked");
            let session = live(&t.engine, &who).await;
            tokens.push((mailed(&t.engine, &new, MailKind::EmailChange).await, session));
        }
        let mut outcomes = race(2, |i| {
            let (engine, (token, session)) = (t.engine.clone(), tokens[i].clone());
            async move { confirm(&engine, &token, session).await }
        })
        .await;
        outcomes.sort_by_key(|outcome| *outcome != ConfirmEmailChange::Done);
        assert_eq!(outcomes, [ConfirmEmailChange::Done, ConfirmEmailChange::EmailInUse], "round {round}");
    }
});

db_test!(the_next_change_and_a_changed_account_void_the_link, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    ask(&t.engine, &ann, NEW, PASSWORD).await.expect("asked");
    let first = mailed(&t.engine, NEW, MailKind::EmailChange).await;
    ask(&t.engine, &ann, "ann@example.org", PASSWORD).await.expect("asked");
    assert_eq!(confirm(&t.engine, &first, live(&t.engine, &ann).await).await, ConfirmEmailChange::Used);
    let second = mailed(&t.engine, "ann@example.org", MailKind::EmailChange).await;
    let host = vestibule::Caller::host("root");
    t.engine.disable_account(&host, ann.account.account.id).await.expect("disabled");
    t.engine.enable_account(&host, ann.account.account.id).await.expect("enabled");
    assert_eq!(confirm(&t.engine, &second, None).await, ConfirmEmailChange::Used);
});

db_test!(a_new_password_voids_a_change_that_a_thief_asked_for, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    ask(&t.engine, &ann, "thief@example.net", PASSWORD).await.expect("asked");
    let token = mailed(&t.engine, "thief@example.net", MailKind::EmailChange).await;
    crate::people::change_password(&t.engine, &ann, OTHER).await;
    assert_eq!(confirm(&t.engine, &token, None).await, ConfirmEmailChange::Used);
    assert_eq!(account(&t.engine, ann.account.account.id).await.email.as_deref(), Some(ANN));
});

db_test!(confirming_is_a_first_proof_too, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let stranger = sign_up(&t.engine, "stranger@example.com").await;
    ask(&t.engine, &stranger, ANN, PASSWORD).await.expect("asked");
    let token = mailed(&t.engine, ANN, MailKind::EmailChange).await;
    assert_eq!(confirm(&t.engine, &token, None).await, ConfirmEmailChange::Done);
    assert!(live(&t.engine, &stranger).await.is_none(), "whoever reads ann's mail has the account now");
    assert!(signs_in(&t.engine, ANN, PASSWORD).await.is_none());
});

db_test!(confirming_is_no_way_around_a_second_factor, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    t.clock.advance(STEP * 2);
    ask(&t.engine, &ann.signed_in, "thief@example.net", PASSWORD).await.expect("asked");
    let token = mailed(&t.engine, "thief@example.net", MailKind::EmailChange).await;
    assert_eq!(confirm(&t.engine, &token, None).await, ConfirmEmailChange::MfaRequired);
    let presenter = Presenter { mfa_code: Some(ann.app.wrong_code(t.engine.now())), ..Presenter::default() };
    let wrong = t.engine.confirm_email_change(&nobody(), &token, presenter).await.expect("an answer");
    assert_eq!(wrong, ConfirmEmailChange::WrongMfaCode);
    assert_eq!(account(&t.engine, ann.id()).await.email.as_deref(), Some(ANN));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 1);
    assert!(t.engine.account(ann.id()).await.expect("there").mfa_enabled);
});

db_test!(ending_every_session_ends_a_change_that_was_asked_for, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    ask(&t.engine, &ann, "thief@example.net", PASSWORD).await.expect("asked");
    let token = mailed(&t.engine, "thief@example.net", MailKind::EmailChange).await;
    t.engine.end_all_sessions(&vestibule::Caller::host("root"), ann.account.account.id).await.expect("ended");
    assert_eq!(confirm(&t.engine, &token, None).await, ConfirmEmailChange::Used);
});

db_test!(a_taken_address_leaves_the_link_and_the_counter_as_they_were, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    sign_up(&t.engine, NEW).await;
    ask(&t.engine, &ann, NEW, PASSWORD).await.expect("asked");
    let token = mailed(&t.engine, NEW, MailKind::EmailChange).await;
    for _ in 0..6 {
        let presenter = Presenter { password: Some(PASSWORD.into()), ..Presenter::default() };
        let taken = t.engine.confirm_email_change(&nobody(), &token, presenter).await.expect("an answer");
        assert_eq!(taken, ConfirmEmailChange::EmailInUse);
    }
    assert_eq!(account(&t.engine, ann.account.account.id).await.failed_attempts, 0);
});

db_test!(an_administrator_changes_no_address_of_their_own_unconfirmed, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let edit = vestibule::UserEdit { email: Some(NEW.into()), ..vestibule::UserEdit::default() };
    let own = t.engine.edit_user(&by(&root), root.id, edit).await;
    assert!(matches!(own, Err(Error::Conflict(Code::OwnAccount))), "{own:?}");
});

db_test!(without_a_password_a_recent_proof_stands_in, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    t.clock.advance(Duration::from_secs(1)); // so that this mail is the newest
    t.engine.ask_by_mail(&nobody(), ANN, vestibule::MailRequest::EmailVerify).await.expect("asked");
    let verify = mailed(&t.engine, ANN, MailKind::VerifyEmail).await;
    let verified = t.engine.verify_email(&nobody(), &verify, Presenter::default()).await;
    let Ok(vestibule::VerifyEmail::Done(Some(ann))) = verified else { panic!("the link signs in: {verified:?}") };
    let session = live(&t.engine, &ann).await.expect("signed in");
    let asked = t.engine.change_email(&by(&ann.account.account), &session, NEW, None).await;
    assert_eq!(asked.expect("an answer"), ChangeEmail::MailSent);
    t.clock.advance(Duration::from_secs(16 * 60));
    let stale = t.engine.change_email(&by(&ann.account.account), &session, NEW, None).await;
    assert!(matches!(stale, Err(Error::Denied(Code::ReauthenticationRequired))), "{stale:?}");
});

db_test!(an_administrators_change_tells_both_and_unproves, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let edit = vestibule::UserEdit { email: Some(NEW.into()), ..vestibule::UserEdit::default() };
    let host = vestibule::Caller::host("root");
    t.engine.edit_user(&host, ann.account.account.id, edit).await.expect("edited");
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::EmailChanged).await, 1);
    let token = mailed(&t.engine, NEW, MailKind::VerifyEmail).await;
    assert_eq!(account(&t.engine, ann.account.account.id).await.email_verified_at, None);
    assert!(live(&t.engine, &ann).await.is_none());
    let verified = t.engine.verify_email(&nobody(), &token, Presenter::default()).await.expect("an answer");
    assert!(matches!(verified, vestibule::VerifyEmail::Done(Some(_))), "{verified:?}");
});
