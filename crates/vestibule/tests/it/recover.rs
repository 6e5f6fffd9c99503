//! Recovering an account: reset links and invitations.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    AccountState, Code, Error, MEMBERS, MailKind, MailRequest, NewUser, RedeemToken, ResetFlow, ResetStatus,
    TokenState, Vestibule,
};

use crate::people::{
    OTHER, PASSWORD, account, administrator, by, count_mailed, live, mailed, nobody, sign_up, signs_in,
};

const MINUTE: Duration = Duration::from_secs(60);

async fn forget(engine: &Vestibule, email: &str) -> String {
    engine.ask_by_mail(&nobody(), email, MailRequest::PasswordReset).await.expect("asked");
    mailed(engine, email, MailKind::PasswordReset).await
}

async fn reset(engine: &Vestibule, token: &str, new: &str) -> Result<RedeemToken, Error> {
    engine.reset_password(&nobody(), token, new.into(), None).await
}

async fn status(engine: &Vestibule, token: &str) -> (TokenState, ResetFlow) {
    let ResetStatus { state, flow } = engine.reset_status(token).await.expect("an answer");
    (state, flow)
}

/// An invited account, and the secret of the link that was shown for it.
async fn invite(engine: &Vestibule, email: &str) -> (vestibule::Account, String) {
    let user = NewUser { email: Some(email.into()), group_ids: vec![MEMBERS], ..NewUser::default() };
    let created = engine.create_user(&vestibule::Caller::host("root"), user).await.expect("made");
    let url = created.invitation.and_then(|invitation| invitation.url).expect("a link is shown without SMTP");
    let (_, token) = url.split_once("/invitation?token=").expect("a link to our page");
    (created.view.account, token.to_owned())
}

db_test!(a_reset_has_one_winner_and_ends_every_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = sign_up(&t.engine, &email).await;
        let token = forget(&t.engine, &email).await;
        let outcomes = race(30, |i| {
            let (engine, token) = (t.engine.clone(), token.clone());
            async move { reset(&engine, &token, &format!("harbour-moss-{i}-Kettle")).await.expect("an answer") }
        })
        .await;
        let winner = outcomes.iter().position(|outcome| *outcome == RedeemToken::Done).expect("one wins");
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == RedeemToken::Used).count(), 29, "round {round}");
        assert!(live(&t.engine, &ann).await.is_none());
        assert!(signs_in(&t.engine, &email, &format!("harbour-moss-{winner}-Kettle")).await.is_some());
        assert_eq!(status(&t.engine, &token).await, (TokenState::Used, ResetFlow::Reset));
        assert_eq!(count_mailed(&t.engine, &email, MailKind::PasswordChanged).await, 1);
    }
});

db_test!(a_password_that_cannot_be_chosen_does_not_burn_the_link, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, "ann@example.com").await;
    let token = forget(&t.engine, "ann@example.com").await;
    for (weak, code) in [("short", Code::PasswordTooShort), (PASSWORD, Code::PasswordReused)] {
        let Err(Error::Invalid(errors)) = reset(&t.engine, &token, weak).await else { panic!("{weak} is refused") };
        assert_eq!((errors.0[0].field, errors.0[0].code), ("new_password", code));
        assert_eq!(status(&t.engine, &token).await, (TokenState::Valid, ResetFlow::Reset));
    }
    assert_eq!(reset(&t.engine, &token, OTHER).await.expect("an answer"), RedeemToken::Done);
});

db_test!(a_link_dies_after_its_hour_and_says_so, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, "ann@example.com").await;
    let token = forget(&t.engine, "ann@example.com").await;
    t.clock.advance(60 * MINUTE - Duration::from_micros(1));
    assert_eq!(status(&t.engine, &token).await.0, TokenState::Valid);
    t.clock.advance(Duration::from_micros(1));
    assert_eq!(status(&t.engine, &token).await, (TokenState::Expired, ResetFlow::Reset));
    assert_eq!(reset(&t.engine, &token, OTHER).await.expect("an answer"), RedeemToken::Expired);
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_some());
});

db_test!(one_reset_link_a_minute_and_the_earlier_one_stays_good, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, "ann@example.com").await;
    let first = forget(&t.engine, "ann@example.com").await;
    t.clock.advance(MINUTE - Duration::from_micros(1));
    assert_eq!(forget(&t.engine, "ann@example.com").await, first, "no second mail");
    assert_eq!(status(&t.engine, &first).await.0, TokenState::Valid);
    t.clock.advance(Duration::from_micros(1));
    let second = forget(&t.engine, "ann@example.com").await;
    assert_ne!(second, first);
    assert_eq!(status(&t.engine, &first).await.0, TokenState::Used, "a new one replaces it");
    assert_eq!(reset(&t.engine, &second, OTHER).await.expect("an answer"), RedeemToken::Done);
    let mails = count_mailed(&t.engine, "ann@example.com", MailKind::PasswordReset).await;
    t.engine.ask_by_mail(&nobody(), "ann@example.com", MailRequest::PasswordReset).await.expect("asked");
    let after = count_mailed(&t.engine, "ann@example.com", MailKind::PasswordReset).await;
    assert_eq!(after, mails, "a used one counts for the minute as well");
});

db_test!(racing_requests_leave_one_live_link, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        sign_up(&t.engine, &email).await;
        race(10, |_| {
            let (engine, email) = (t.engine.clone(), email.clone());
            async move { engine.ask_by_mail(&nobody(), &email, MailRequest::PasswordReset).await.expect("asked") }
        })
        .await;
        assert_eq!(count_mailed(&t.engine, &email, MailKind::PasswordReset).await, 1, "round {round}");
    }
});

db_test!(a_reset_clears_the_lock_and_enables_nobody, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let token = forget(&t.engine, "ann@example.com").await;
    for _ in 0..6 {
        signs_in(&t.engine, "ann@example.com", OTHER).await;
    }
    assert!(account(&t.engine, ann.id).await.locked_until.is_some());
    assert_eq!(reset(&t.engine, &token, OTHER).await.expect("an answer"), RedeemToken::Done);
    assert!(signs_in(&t.engine, "ann@example.com", OTHER).await.is_some());

    let root = administrator(&t.engine, "root").await.account;
    t.clock.advance(2 * MINUTE);
    let token = forget(&t.engine, "ann@example.com").await;
    t.engine.disable_account(&by(&root), ann.id).await.expect("disabled");
    assert_eq!(reset(&t.engine, &token, PASSWORD).await.expect("an answer"), RedeemToken::Used);
    t.clock.advance(2 * MINUTE);
    let before = count_mailed(&t.engine, "ann@example.com", MailKind::PasswordReset).await;
    t.engine.ask_by_mail(&nobody(), "ann@example.com", MailRequest::PasswordReset).await.expect("asked");
    assert_eq!(count_mailed(&t.engine, "ann@example.com", MailKind::PasswordReset).await, before);
    assert_eq!(account(&t.engine, ann.id).await.state, AccountState::Disabled);
    t.engine.enable_account(&by(&root), ann.id).await.expect("enabled");
    assert_eq!(reset(&t.engine, &token, PASSWORD).await.expect("an answer"), RedeemToken::Used, "it stays dead");
});

db_test!(a_change_of_the_password_voids_what_could_reset_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let token = forget(&t.engine, "ann@example.com").await;
    crate::people::change_password(&t.engine, &ann, OTHER).await;
    assert_eq!(reset(&t.engine, &token, "willow-Anchor-9-fig").await.expect("an answer"), RedeemToken::Used);
});

db_test!(an_invitation_opens_the_account_once_and_proves_no_address_when_it_was_shown, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let (ann, token) = invite(&t.engine, &format!("ann{round}@example.com")).await;
        assert_eq!(ann.state, AccountState::Invited);
        assert_eq!(status(&t.engine, &token).await, (TokenState::Valid, ResetFlow::Invite));
        let outcomes = race(30, |i| {
            let (engine, token) = (t.engine.clone(), token.clone());
            async move { reset(&engine, &token, &format!("harbour-moss-{i}-Kettle")).await.expect("an answer") }
        })
        .await;
        let winner = outcomes.iter().position(|outcome| *outcome == RedeemToken::Done).expect("one wins");
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == RedeemToken::Used).count(), 29);
        let after = account(&t.engine, ann.id).await;
        assert_eq!((after.state, after.email_verified_at), (AccountState::Active, None));
        let password = format!("harbour-moss-{winner}-Kettle");
        assert!(signs_in(&t.engine, &format!("ann{round}@example.com"), &password).await.is_some());
    }
});

db_test!(whoever_forgot_what_they_never_had_is_invited_again, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (ann, shown) = invite(&t.engine, "ann@example.com").await;
    for request in [MailRequest::PasswordReset, MailRequest::EmailCode, MailRequest::EmailVerify] {
        t.clock.advance(Duration::from_millis(1));
        t.engine.ask_by_mail(&nobody(), "ann@example.com", request).await.expect("asked");
    }
    assert_eq!(count_mailed(&t.engine, "ann@example.com", MailKind::AccountInvite).await, 3);
    assert_eq!(count_mailed(&t.engine, "ann@example.com", MailKind::PasswordReset).await, 0);
    assert_eq!(status(&t.engine, &shown).await.0, TokenState::Used, "replaced");
    let token = mailed(&t.engine, "ann@example.com", MailKind::AccountInvite).await;
    assert_eq!(reset(&t.engine, &token, PASSWORD).await.expect("an answer"), RedeemToken::Done);
    let after = account(&t.engine, ann.id).await;
    assert!(after.email_verified_at.is_some(), "it was mailed there");
});

db_test!(an_invitation_is_sent_again_called_back_and_survives_being_disabled, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let (ann, first) = invite(&t.engine, "ann@example.com").await;
    let again = t.engine.resend_invite(&by(&root), ann.id).await.expect("sent").url.expect("shown");
    let second = again.split_once("?token=").expect("a link").1;
    assert_eq!(reset(&t.engine, &first, PASSWORD).await.expect("an answer"), RedeemToken::Used);
    t.engine.revoke_invite(&by(&root), ann.id).await.expect("called back");
    assert_eq!(reset(&t.engine, second, PASSWORD).await.expect("an answer"), RedeemToken::Used);
    for request in [MailRequest::PasswordReset, MailRequest::EmailCode, MailRequest::EmailVerify] {
        t.engine.ask_by_mail(&nobody(), "ann@example.com", request).await.expect("asked");
    }
    let mails = count_mailed(&t.engine, "ann@example.com", MailKind::AccountInvite).await;
    assert_eq!(mails, 0, "whoever was uninvited does not invite themselves again");
    t.engine.disable_account(&by(&root), ann.id).await.expect("disabled");
    t.engine.enable_account(&by(&root), ann.id).await.expect("enabled");
    assert_eq!(account(&t.engine, ann.id).await.state, AccountState::Invited);
    let third = t.engine.resend_invite(&by(&root), ann.id).await.expect("sent").url.expect("shown");
    let third = third.split_once("?token=").expect("a link").1;
    assert_eq!(reset(&t.engine, third, PASSWORD).await.expect("an answer"), RedeemToken::Done);
    for refused in [t.engine.resend_invite(&by(&root), ann.id).await.err(), {
        t.engine.revoke_invite(&by(&root), ann.id).await.err()
    }] {
        assert!(matches!(refused, Some(Error::Conflict(Code::NotInvited))), "{refused:?}");
    }
});

db_test!(a_reset_link_is_shown_once_and_never_for_oneself, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let url = t.engine.show_reset_link(&by(&root), ann.id).await.expect("shown");
    let token = url.strip_prefix("http://localhost:8080/reset-password?token=").expect("a link to our page");
    assert_eq!(reset(&t.engine, token, OTHER).await.expect("an answer"), RedeemToken::Done);
    assert_eq!(account(&t.engine, ann.id).await.email_verified_at, None, "it was not mailed");
    let own = t.engine.show_reset_link(&by(&root), root.id).await;
    assert!(matches!(own, Err(Error::Conflict(Code::OwnAccount))));
    let by_ann = t.engine.show_reset_link(&by(&ann), root.id).await;
    let Err(Error::Forbidden(why)) = by_ann else { panic!("ann may not: {by_ann:?}") };
    assert_eq!((why.code, why.permission.as_str()), (Code::PermissionRequired, "update:users"));
});

db_test!(where_no_mail_is_read_asking_voids_nothing, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| {
        config.public_url = "https://id.example.com".parse().expect("a URL");
    })
    .await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let url = t.engine.show_reset_link(&by(&root), ann.id).await.expect("shown");
    let token = url.strip_prefix("https://id.example.com/reset-password?token=").expect("a link to our page");
    t.clock.advance(2 * MINUTE);
    t.engine.ask_by_mail(&nobody(), "ann@example.com", MailRequest::PasswordReset).await.expect("asked");
    assert_eq!(reset(&t.engine, token, OTHER).await.expect("an answer"), RedeemToken::Done);
});
