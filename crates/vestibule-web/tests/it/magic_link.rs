//! `POST /api/v1/magic-link`, `POST /api/v1/magic-link/redeem`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Call, PASSWORD, SignedIn, TestApp, db_test, race};
use vestibule::MailKind;

use crate::careful::Careful;
use crate::letters;

const ASK: &str = "/api/v1/magic-link";

fn redeem(app: &TestApp, body: Value) -> Call {
    app.post("/api/v1/magic-link/redeem").json(body)
}

db_test!(a_link_signs_in_once_and_proves_the_address, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let token = letters::link(&app, ASK, "ANN@example.com").await;
    let answer = redeem(&app, json!({"token": token, "password": PASSWORD})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let ann = SignedIn::of(&answer);
    assert_eq!(answer.session_cookie(), Some(ann.token.as_str()));
    assert!(answer.json()["account"]["email_verified_at"].is_string());
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.json()["session"]["method"], "magic_link");
    assert_eq!(redeem(&app, json!({"token": token})).await.problem(), (410, "token_invalid".into()));
    app.sign_in("ann@example.com").await;
});

db_test!(a_link_is_dead_after_a_quarter_of_an_hour_and_by_the_use_of_another, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let first = letters::link(&app, ASK, "ann@example.com").await;
    let second = letters::link(&app, ASK, "ann@example.com").await;
    app.clock.advance(Duration::from_secs(15 * 60) - Duration::from_micros(1));
    let mistyped = format!("{}x", &second[..second.len() - 1]);
    assert_eq!(redeem(&app, json!({"token": mistyped})).await.problem(), (410, "token_invalid".into()));
    assert_eq!(redeem(&app, json!({"token": second})).await.status, 200, "to the last microsecond");
    assert_eq!(redeem(&app, json!({"token": first})).await.problem(), (410, "token_invalid".into()));
    let third = letters::link(&app, ASK, "ann@example.com").await;
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(redeem(&app, json!({"token": third})).await.problem(), (410, "token_expired".into()));
});

db_test!(the_cookie_of_the_asking_browser_is_set_for_every_address, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let mut values = std::collections::BTreeSet::new();
    for email in ["ann@example.com", "nobody@example.com"] {
        let answer = letters::ask(&app, ASK, email).await;
        let cookie = answer.header("set-cookie");
        let (value, attributes) = cookie.split_once(';').expect("attributes");
        let value = value.strip_prefix("vestibule-browser=").expect("its name");
        assert!(value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()), "{cookie}");
        assert_eq!(attributes, " Path=/; HttpOnly; SameSite=Lax; Max-Age=900");
        values.insert(value.to_owned());
    }
    assert_eq!(values.len(), 2, "drawn anew each time");
    let behind_tls = TestApp::at(&db, "https://id.example.com").await;
    let answer = letters::ask(&behind_tls, ASK, "ann@example.com").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-vestibule-browser=") && cookie.contains("; Secure"), "{cookie}");
});

db_test!(a_second_factor_is_asked_for_and_nothing_is_consumed_until_it_is_given, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    let verify = letters::token(&app, "ann@example.com", MailKind::VerifyEmail).await;
    let verified = app.post("/api/v1/email/verify").bearer(&ann.token).json(json!({"token": verify})).await;
    assert_eq!(verified.status, 204, "{}", verified.text);
    let token = letters::link(&app, ASK, "ann@example.com").await;
    for _ in 0..10 {
        let missing = redeem(&app, json!({"token": token})).await;
        assert_eq!(missing.problem(), (401, "mfa_required".into()));
        assert_eq!(missing.session_cookie(), None);
    }
    let wrong = redeem(&app, json!({"token": token, "mfa_code": careful.wrong(&app)})).await;
    assert_eq!(wrong.problem(), (401, "invalid_mfa_code".into()));
    let mailed = letters::code(&app, "ann@example.com").await;
    let mailed = redeem(&app, json!({"token": token, "mfa_code": mailed})).await;
    assert_eq!(mailed.problem(), (401, "invalid_mfa_code".into()), "a mailed code is no second factor");
    let right = redeem(&app, json!({"token": token, "mfa_code": careful.next(&app)})).await;
    assert_eq!(right.status, 200, "{}", right.text);
    let sessions = app.get("/api/v1/me/sessions").bearer(&SignedIn::of(&right).token).await.json();
    assert_eq!(sessions["items"][0]["second_factor"], "totp");
});

db_test!(wrong_second_factors_end_a_link_when_the_account_is_locked, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    let verify = letters::token(&app, "ann@example.com", MailKind::VerifyEmail).await;
    let verified = app.post("/api/v1/email/verify").bearer(&ann.token).json(json!({"token": verify})).await;
    assert_eq!(verified.status, 204);
    let token = letters::link(&app, ASK, "ann@example.com").await;
    let wrong = careful.wrong(&app);
    let answers = race(50, |_| redeem(&app, json!({"token": token, "mfa_code": wrong})).into_future()).await;
    assert!(answers.iter().all(|answer| [401, 410].contains(&answer.status.as_u16())));
    let account = app.engine.account(ann.account_id).await.expect("the account is there").account;
    assert_eq!(account.failed_attempts, 5);
    let dead = redeem(&app, json!({"token": token, "mfa_code": careful.next(&app)})).await;
    assert_eq!(dead.problem(), (410, "token_invalid".into()), "it was worth five guesses and one");
    app.clock.advance(Duration::from_secs(61)); // as a locked account gets one a minute
    let next = letters::link(&app, ASK, "ann@example.com").await;
    let wrong = redeem(&app, json!({"token": next, "mfa_code": careful.wrong(&app)})).await;
    assert_eq!(wrong.problem(), (401, "invalid_mfa_code".into()), "while locked each link is worth one");
    let dead = redeem(&app, json!({"token": next, "mfa_code": careful.next(&app)})).await;
    assert_eq!(dead.problem(), (410, "token_invalid".into()));
    app.clock.advance(Duration::from_secs(61));
    let last = letters::link(&app, ASK, "ann@example.com").await;
    assert_eq!(redeem(&app, json!({"token": last, "mfa_code": careful.next(&app)})).await.status, 200);
});

db_test!(a_locked_owner_gets_in_by_a_link_which_opens_the_lock, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let verify = letters::token(&app, "ann@example.com", MailKind::VerifyEmail).await;
    let verified = app.post("/api/v1/email/verify").bearer(&ann.token).json(json!({"token": verify})).await;
    assert_eq!(verified.status, 204);
    for _ in 0..5 {
        let wrong = json!({"identifier": "ann@example.com", "password": "quite another thing 7"});
        assert_eq!(app.post("/api/v1/sign-in").json(wrong).await.status, 401);
    }
    let right = json!({"identifier": "ann@example.com", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/sign-in").json(right).await.status, 401, "locked");
    let token = letters::link(&app, ASK, "ann@example.com").await;
    assert_eq!(redeem(&app, json!({"token": token})).await.status, 200);
    app.sign_in("ann@example.com").await;
});

db_test!(a_link_of_a_disabled_account_is_dead_and_there_is_no_new_one, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let token = letters::link(&app, ASK, "ann@example.com").await;
    let disable = format!("/api/v1/admin/users/{}/disable", ann.account_id);
    assert_eq!(app.post(&disable).bearer(&root.token).await.status, 204);
    let dead = redeem(&app, json!({"token": token, "password": PASSWORD})).await;
    assert_eq!(dead.problem(), (410, "token_invalid".into()));
    let before = letters::kinds(&app, "ann@example.com").await;
    letters::ask(&app, ASK, "ann@example.com").await;
    assert_eq!(letters::kinds(&app, "ann@example.com").await, before);
    let enable = format!("/api/v1/admin/users/{}/enable", ann.account_id);
    assert_eq!(app.post(&enable).bearer(&root.token).await.status, 204);
    assert_eq!(redeem(&app, json!({"token": token})).await.problem(), (410, "token_invalid".into()));
});

db_test!(the_link_of_one_account_in_the_browser_of_another_signs_in_its_own, |db| async move {
    let app = TestApp::new(&db).await;
    let bob = app.sign_up("bob@example.com").await;
    app.sign_up("ann@example.com").await;
    let token = letters::link(&app, ASK, "ann@example.com").await;
    let forged = app.post("/api/v1/magic-link/redeem").cookie(&bob.token).json(json!({"token": token})).await;
    assert_eq!(forged.problem(), (403, "csrf_token_invalid".into()), "no other site signs bob's browser in as ann");
    let answer = app.post("/api/v1/magic-link/redeem").browser(&bob).json(json!({"token": token})).await;
    assert_eq!(answer.json()["account"]["email"], "ann@example.com");
    assert_eq!(app.get("/api/v1/me").bearer(&bob.token).await.json()["email"], "bob@example.com");
    let stale = json!({"identifier": "ann@example.com", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/sign-in").json(stale).await.status, 401, "bob's session proved nothing about ann's");
});
