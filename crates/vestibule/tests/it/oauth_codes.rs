//! Exchanging what a proven login is worth: once, by whom it was given to, with everything that is asked.

use std::time::Duration;

use testkit::{TestDb, db_test, race};
use vestibule::{AuthMethod, OAuthDone, OAuthExchange, RedeemOAuthCode, SignIn};

use crate::authenticators::{Careful, STEP};
use crate::logins::{APP, Logins, ann, browser, exchange, exchange_of, proven, to_app};
use crate::people::{OTHER, account, by, change_password, live, nobody};

/// A verifier and its challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

db_test!(a_code_has_one_winner, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    for round in 0..25 {
        let code = l.prove(&ann()).await.expect("proven").code;
        let outcomes = race(50, |_| {
            let (engine, code) = (l.engine().clone(), code.clone());
            async move { exchange(&engine, exchange_of(code.expose())).await }
        })
        .await;
        let won = outcomes.iter().filter(|one| matches!(one, RedeemOAuthCode::Done { .. })).count();
        let lost = outcomes.iter().filter(|one| matches!(one, RedeemOAuthCode::Refused)).count();
        assert_eq!((won, lost), (1, 49), "round {round}");
    }
});

db_test!(a_code_opens_a_session_for_whom_it_was_given_to_within_a_minute, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let login = l.prove(&ann()).await.expect("proven");
    let elsewhere: [fn(&mut OAuthExchange); 3] = [
        |exchange| exchange.redirect_uri = format!("{APP}/"),
        |exchange| exchange.redirect_uri = format!("{APP}?tenant=1"),
        |exchange| exchange.redirect_uri = String::new(),
    ];
    let made_up: [fn(&mut OAuthExchange); 3] = [
        |exchange| exchange.auth_code = exchange.auth_code.replace("vst_oac_", "vst_ses_"),
        |exchange| exchange.auth_code = format!("{}x", exchange.auth_code),
        |exchange| exchange.auth_code = String::new(),
    ];
    let changed = async |change: fn(&mut OAuthExchange)| {
        let mut exchange_of = exchange_of(login.code.expose());
        change(&mut exchange_of);
        exchange(l.engine(), exchange_of).await
    };
    for change in elsewhere {
        assert!(matches!(changed(change).await, RedeemOAuthCode::Refused));
    }
    for change in made_up {
        assert!(matches!(changed(change).await, RedeemOAuthCode::Unknown));
    }
    let RedeemOAuthCode::Done { signed_in, new_user: true } = l.exchange(login.code.expose()).await else { panic!() };
    assert_eq!(signed_in.session.method, AuthMethod::OAuth);
    assert!(live(l.engine(), &signed_in).await.is_some());
    assert!(matches!(l.exchange(login.code.expose()).await, RedeemOAuthCode::Refused), "once");
    let late = l.prove(&ann()).await.expect("proven");
    assert!(!late.new_user);
    l.t.clock.advance(Duration::from_secs(60));
    assert!(matches!(l.exchange(late.code.expose()).await, RedeemOAuthCode::Refused));
});

db_test!(a_code_with_a_challenge_takes_its_verifier, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let answer = l.leave(&browser("a browser"), to_app(Some(CHALLENGE)), &ann()).await;
    let code = proven(l.arrive(answer).await).expect("proven").code;
    let with = |verifier: Option<&str>| OAuthExchange {
        code_verifier: verifier.map(Into::into),
        ..exchange_of(code.expose())
    };
    for wrong in [None, Some(""), Some(CHALLENGE), Some(&VERIFIER[1..])] {
        assert!(matches!(exchange(l.engine(), with(wrong)).await, RedeemOAuthCode::Refused), "{wrong:?}");
    }
    assert!(matches!(exchange(l.engine(), with(Some(VERIFIER))).await, RedeemOAuthCode::Done { .. }));
    let unbound = l.prove(&ann()).await.expect("proven").code;
    let with = |verifier: Option<&str>| OAuthExchange {
        code_verifier: verifier.map(Into::into),
        ..exchange_of(unbound.expose())
    };
    let injected = exchange(l.engine(), with(Some(VERIFIER))).await;
    assert!(matches!(injected, RedeemOAuthCode::Refused), "a verifier of what had no challenge proves nothing");
    assert!(matches!(exchange(l.engine(), with(None)).await, RedeemOAuthCode::Done { .. }));
    for challenge in ["", "short", &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+")] {
        let started = l.engine().start_oauth("github", browser("b").browser, to_app(Some(challenge))).await;
        assert!(matches!(started, Err(vestibule::Error::Invalid(_))), "{challenge:?}");
    }
});

/// Somebody with a password, a second factor and a login.
async fn careful(l: &Logins) -> Careful {
    let signed_in = l.signs_in(&ann()).await;
    let session = live(l.engine(), &signed_in).await.expect("signed in");
    let caller = by(&signed_in.account.account);
    l.engine().set_first_password(&caller, &session, crate::people::PASSWORD.into()).await.expect("set");
    let careful = Careful::enrol(&l.t, signed_in).await;
    l.t.clock.advance(STEP * 2);
    careful
}

db_test!(a_second_factor_is_asked_for_and_nothing_is_consumed_until_it_comes, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = careful(&l).await;
    let code = l.prove(&ann()).await.expect("proven").code;
    let with = |mfa_code| OAuthExchange { mfa_code, ..exchange_of(code.expose()) };
    for _ in 0..3 {
        assert!(matches!(l.exchange(code.expose()).await, RedeemOAuthCode::MfaRequired));
    }
    assert_eq!(account(l.engine(), ann_here.id()).await.failed_attempts, 0);
    let wrong = ann_here.app.wrong_code(l.engine().now());
    assert!(matches!(exchange(l.engine(), with(Some(wrong))).await, RedeemOAuthCode::WrongMfaCode));
    assert_eq!(account(l.engine(), ann_here.id()).await.failed_attempts, 1);
    let right = ann_here.app.code(l.engine().now());
    let RedeemOAuthCode::Done { signed_in, .. } = exchange(l.engine(), with(Some(right))).await else { panic!() };
    assert_eq!(signed_in.session.account_id, ann_here.id());
    assert!(signed_in.session.second_factor.is_some());
    assert_eq!(account(l.engine(), ann_here.id()).await.failed_attempts, 0);
});

db_test!(guesses_at_a_second_factor_lock_the_account_however_many_codes_there_are, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = careful(&l).await;
    for _ in 0..5 {
        let code = l.prove(&ann()).await.expect("proven").code;
        let mfa_code = Some(ann_here.app.wrong_code(l.engine().now()));
        let guess = OAuthExchange { mfa_code, ..exchange_of(code.expose()) };
        assert!(matches!(exchange(l.engine(), guess).await, RedeemOAuthCode::WrongMfaCode));
    }
    let code = l.prove(&ann()).await.expect("proven").code;
    let right = OAuthExchange { mfa_code: Some(ann_here.app.code(l.engine().now())), ..exchange_of(code.expose()) };
    assert!(matches!(exchange(l.engine(), right).await, RedeemOAuthCode::WrongMfaCode), "refused unseen");
    l.t.clock.advance(Duration::from_secs(15 * 60));
    let code = l.prove(&ann()).await.expect("proven").code;
    let right = OAuthExchange { mfa_code: Some(ann_here.app.code(l.engine().now())), ..exchange_of(code.expose()) };
    assert!(matches!(exchange(l.engine(), right).await, RedeemOAuthCode::Done { .. }));
});

db_test!(our_own_pages_ask_for_the_second_factor_in_a_second_step, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = careful(&l).await;
    let Ok(OAuthDone::MfaRequired(pending)) = l.sign_in(&ann()).await else { panic!() };
    let step = async |code| l.engine().complete_sign_in_step(&nobody(), &pending, code).await.expect("an answer");
    assert!(matches!(step("".into()).await, SignIn::MfaRequired(_)));
    assert!(matches!(step(ann_here.app.wrong_code(l.engine().now())).await, SignIn::WrongMfaCode));
    assert!(matches!(l.exchange(pending.expose()).await, RedeemOAuthCode::Refused), "it is no application's");
    let SignIn::Done(signed_in) = step(ann_here.app.code(l.engine().now())).await else { panic!() };
    assert_eq!((signed_in.session.account_id, signed_in.session.method), (ann_here.id(), AuthMethod::OAuth));
    l.t.clock.advance(STEP);
    assert!(matches!(step(ann_here.app.code(l.engine().now())).await, SignIn::Refused), "once");
    let Ok(OAuthDone::MfaRequired(pending)) = l.sign_in(&ann()).await else { panic!() };
    l.t.clock.advance(Duration::from_secs(300));
    let code = ann_here.app.code(l.engine().now());
    let late = l.engine().complete_sign_in_step(&nobody(), &pending, code).await.expect("an answer");
    assert!(matches!(late, SignIn::Refused));
});

db_test!(a_new_password_ends_what_was_proven_before_it, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let signed_in = l.signs_in(&ann()).await;
    let session = live(l.engine(), &signed_in).await.expect("signed in");
    let caller = by(&signed_in.account.account);
    l.engine().set_first_password(&caller, &session, crate::people::PASSWORD.into()).await.expect("set");
    let code = l.prove(&ann()).await.expect("proven").code;
    change_password(l.engine(), &signed_in, OTHER).await;
    assert!(matches!(l.exchange(code.expose()).await, RedeemOAuthCode::Refused));
});
