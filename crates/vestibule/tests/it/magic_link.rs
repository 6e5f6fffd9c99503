//! Signing in by a link: one winner, its own kind alone, the second factor where one is on.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    Digest, MailKind, MailRequest, Presenter, RedeemMagicLink, RedeemToken, TokenKind, TokenState, VerifyEmail,
    Vestibule,
};

use crate::authenticators::{Careful, STEP};
use crate::people::{OTHER, account, count_mailed, live, mailed, nobody, sign_up, signs_in};

const ANN: &str = "ann@example.com";

async fn ask(engine: &Vestibule, email: &str) -> String {
    engine.clock().advance(Duration::from_millis(1)); // so that the newest mail is the last one
    let browser = Digest::of(b"ann's browser");
    engine.ask_by_mail(&nobody(), email, MailRequest::MagicLink { browser }).await.expect("asked");
    mailed(engine, email, MailKind::MagicLink).await
}

async fn redeem(engine: &Vestibule, token: &str, mfa_code: Option<secrecy::SecretString>) -> RedeemMagicLink {
    let presenter = Presenter { mfa_code, ..Presenter::default() };
    engine.redeem_magic_link(&nobody(), token, presenter).await.expect("an answer")
}

/// Somebody whose address is proven, with a second factor.
async fn careful(t: &TestEngine) -> Careful {
    sign_up(&t.engine, ANN).await;
    let RedeemMagicLink::Done(ann) = redeem(&t.engine, &ask(&t.engine, ANN).await, None).await else { panic!() };
    // The first proof took the password: it is set anew.
    let session = live(&t.engine, &ann).await.expect("signed in");
    let caller = crate::people::by(&ann.account.account);
    t.engine.set_first_password(&caller, &session, crate::people::PASSWORD.into()).await.expect("set");
    let careful = Careful::enrol(t, *ann).await;
    t.clock.advance(STEP * 2);
    careful
}

db_test!(a_link_has_one_winner, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        sign_up(&t.engine, &email).await;
        let token = ask(&t.engine, &email).await;
        let outcomes = race(30, |_| {
            let (engine, token) = (t.engine.clone(), token.clone());
            async move { redeem(&engine, &token, None).await }
        })
        .await;
        let count = |wanted: fn(&RedeemMagicLink) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
        assert_eq!(count(|outcome| matches!(outcome, RedeemMagicLink::Done(_))), 1, "round {round}");
        assert_eq!(count(|outcome| matches!(outcome, RedeemMagicLink::Used)), 29, "round {round}");
    }
});

db_test!(a_link_lives_fifteen_minutes_whoever_asks_for_others_and_using_it_ends_them, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    let (first, second) = (ask(&t.engine, ANN).await, ask(&t.engine, ANN).await);
    assert!(matches!(redeem(&t.engine, &first, None).await, RedeemMagicLink::Done(_)));
    assert!(matches!(redeem(&t.engine, &second, None).await, RedeemMagicLink::Used));
    let third = ask(&t.engine, ANN).await;
    t.clock.advance(Duration::from_secs(15 * 60));
    assert!(matches!(redeem(&t.engine, &third, None).await, RedeemMagicLink::Expired));
});

db_test!(looking_at_a_link_burns_nothing_and_knows_its_browser, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    let token = ask(&t.engine, ANN).await;
    for (browser, is_own) in [(Some(&b"ann's browser"[..]), true), (Some(b"another"), false), (None, false)] {
        let browser = browser.map(Digest::of);
        let seen = t.engine.inspect_link(TokenKind::MagicLink, &token, browser).await.expect("an answer");
        let about = seen.about.expect("it is live");
        assert_eq!((about.is_own_browser, about.account.as_str()), (is_own, ANN));
    }
    let other = t.engine.inspect_link(TokenKind::PasswordReset, &token, None).await.expect("an answer");
    assert_eq!((other.state, other.about), (TokenState::Used, None), "of another kind it is nothing");
    assert!(matches!(redeem(&t.engine, &token, None).await, RedeemMagicLink::Done(_)));
    let seen = t.engine.inspect_link(TokenKind::MagicLink, &token, None).await.expect("an answer");
    assert_eq!((seen.state, seen.about), (TokenState::Used, None));
});

db_test!(a_link_of_one_kind_is_nothing_in_the_place_of_another, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    let magic = ask(&t.engine, ANN).await;
    let disguised = magic.replace("_mgl_", "_rst_");
    for token in [magic.as_str(), disguised.as_str()] {
        let reset = t.engine.reset_password(&nobody(), token, OTHER.into(), None).await;
        assert_eq!(reset.expect("an answer"), RedeemToken::Used);
    }
    let verified = t.engine.verify_email(&nobody(), &magic, Presenter::default()).await.expect("an answer");
    assert!(matches!(verified, VerifyEmail::Used));
    let verify = mailed(&t.engine, ANN, MailKind::VerifyEmail).await;
    assert!(matches!(redeem(&t.engine, &verify, None).await, RedeemMagicLink::Used));
    assert!(matches!(redeem(&t.engine, &magic, None).await, RedeemMagicLink::Done(_)));
});

db_test!(the_second_factor_is_asked_and_nothing_is_consumed_until_it_is_given, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = careful(&t).await;
    let token = ask(&t.engine, ANN).await;
    for code in [None, Some(" ".into())] {
        assert!(matches!(redeem(&t.engine, &token, code).await, RedeemMagicLink::MfaRequired));
    }
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 0);
    let wrong = ann.app.wrong_code(t.engine.now());
    assert!(matches!(redeem(&t.engine, &token, Some(wrong)).await, RedeemMagicLink::WrongMfaCode));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 1);
    let right = ann.app.code(t.engine.now());
    let RedeemMagicLink::Done(signed_in) = redeem(&t.engine, &token, Some(right)).await else { panic!("it is right") };
    assert_eq!(signed_in.session.second_factor, Some(vestibule::Factor::Totp));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 0);
});

db_test!(a_locked_owner_gets_in_by_link_and_a_wrong_code_then_ends_the_link, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = careful(&t).await;
    for _ in 0..5 {
        signs_in(&t.engine, ANN, OTHER).await;
    }
    assert!(account(&t.engine, ann.id()).await.locked_until.is_some());
    let token = ask(&t.engine, ANN).await;
    let wrong = ann.app.wrong_code(t.engine.now());
    assert!(matches!(redeem(&t.engine, &token, Some(wrong)).await, RedeemMagicLink::WrongMfaCode));
    let right = ann.app.code(t.engine.now());
    assert!(matches!(redeem(&t.engine, &token, Some(right.clone())).await, RedeemMagicLink::Used));
    let mails = count_mailed(&t.engine, ANN, MailKind::MagicLink).await;
    assert_eq!(ask(&t.engine, ANN).await, token, "a locked account gets one link a minute");
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::MagicLink).await, mails);
    t.clock.advance(Duration::from_secs(61));
    let (token, right) = (ask(&t.engine, ANN).await, ann.app.code(t.engine.now()));
    assert!(matches!(redeem(&t.engine, &token, Some(right)).await, RedeemMagicLink::Done(_)));
    assert_eq!(account(&t.engine, ann.id()).await.locked_until, None);
});

db_test!(fifty_wrong_second_factors_by_links_give_five_attempts, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = careful(&t).await;
    let token = ask(&t.engine, ANN).await;
    let wrong = ann.app.wrong_code(t.engine.now());
    let outcomes = race(50, |_| {
        let (engine, token, wrong) = (t.engine.clone(), token.clone(), wrong.clone());
        async move { redeem(&engine, &token, Some(wrong)).await }
    })
    .await;
    assert!(!outcomes.iter().any(|outcome| matches!(outcome, RedeemMagicLink::Done(_))));
    let after = account(&t.engine, ann.id()).await;
    assert_eq!(after.failed_attempts, 5);
    // The sixth was of a locked account, and ended the link.
    let right = ann.app.code(t.engine.now());
    assert!(matches!(redeem(&t.engine, &token, Some(right)).await, RedeemMagicLink::Used));
});
