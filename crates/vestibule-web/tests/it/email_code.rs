//! `POST /api/v1/email-code`, `POST /api/v1/email-code/redeem`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, Call, PASSWORD, SignedIn, TestApp, db_test, race};
use vestibule::{AccountId, MailKind};

use crate::careful::Careful;
use crate::letters;

const ANN: &str = "ann@example.com";

fn redeem(app: &TestApp, body: Value) -> Call {
    app.post("/api/v1/email-code/redeem").json(body)
}

async fn verified(app: &TestApp) -> SignedIn {
    let ann = app.sign_up(ANN).await;
    let token = letters::token(app, ANN, MailKind::VerifyEmail).await;
    let verified = app.post("/api/v1/email/verify").bearer(&ann.token).json(json!({"token": token})).await;
    assert_eq!(verified.status, 204, "{}", verified.text);
    ann
}

async fn failed_attempts(app: &TestApp, id: AccountId) -> i64 {
    app.engine.account(id).await.expect("the account is there").account.failed_attempts
}

db_test!(a_code_signs_in_once, |db| async move {
    let app = TestApp::new(&db).await;
    verified(&app).await;
    let code = letters::code(&app, ANN).await;
    let typed = format!(" {}-{} ", &code[..3], &code[3..]);
    let answer = redeem(&app, json!({"email": "Ann@Example.com", "code": typed})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let ann = SignedIn::of(&answer);
    assert_eq!(answer.session_cookie(), Some(ann.token.as_str()));
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.json()["session"]["method"], "email_code");
    assert_eq!(redeem(&app, json!({"email": ANN, "code": code})).await.problem(), (401, "code_invalid".into()));
});

db_test!(a_code_is_dead_after_ten_minutes_or_when_there_is_a_newer_one, |db| async move {
    let app = TestApp::new(&db).await;
    verified(&app).await;
    let first = letters::code(&app, ANN).await;
    let second = letters::code(&app, ANN).await;
    assert_ne!(first, second, "drawn anew");
    assert_eq!(redeem(&app, json!({"email": ANN, "code": first})).await.problem(), (401, "code_invalid".into()));
    app.clock.advance(Duration::from_secs(600) - Duration::from_micros(1));
    assert_eq!(redeem(&app, json!({"email": ANN, "code": second})).await.status, 200, "to the last microsecond");
    let third = letters::code(&app, ANN).await;
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(redeem(&app, json!({"email": ANN, "code": third})).await.problem(), (401, "code_invalid".into()));
});

db_test!(a_code_is_of_one_address_alone, |db| async move {
    let app = TestApp::new(&db).await;
    verified(&app).await;
    app.sign_up("bob@example.com").await;
    let code = letters::code(&app, ANN).await;
    letters::code(&app, "bob@example.com").await;
    let other = redeem(&app, json!({"email": "bob@example.com", "code": code})).await;
    assert_eq!(other.problem(), (401, "code_invalid".into()));
    assert_eq!(redeem(&app, json!({"email": ANN, "code": code})).await.status, 200);
});

db_test!(fifty_guesses_at_once_are_five, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = verified(&app).await;
    let code = letters::code(&app, ANN).await;
    let wrong = letters::another(&code);
    let answers = race(50, |_| redeem(&app, json!({"email": ANN, "code": wrong})).into_future()).await;
    assert!(answers.iter().all(|answer| answer.problem() == (401, "code_invalid".into())));
    assert_eq!(failed_attempts(&app, ann.account_id).await, 5);
    assert_eq!(redeem(&app, json!({"email": ANN, "code": code})).await.problem(), (401, "code_invalid".into()));
    let locked = json!({"identifier": ANN, "password": PASSWORD});
    assert_eq!(app.post("/api/v1/sign-in").json(locked).await.status, 401, "they locked the account as well");
});

db_test!(fresh_codes_give_no_fresh_guesses, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = verified(&app).await;
    for round in 0..12 {
        let code = letters::code(&app, ANN).await;
        let wrong = letters::another(&code);
        let before = failed_attempts(&app, ann.account_id).await;
        let answers = race(50, |_| redeem(&app, json!({"email": ANN, "code": wrong})).into_future()).await;
        assert!(answers.iter().all(|answer| answer.status == 401));
        assert_eq!(failed_attempts(&app, ann.account_id).await, 5, "{round}: after {before}");
        assert_eq!(redeem(&app, json!({"email": ANN, "code": code})).await.status, 401, "{round}: none is looked at");
    }
    app.clock.advance(Duration::from_secs(15 * 60));
    let code = letters::code(&app, ANN).await;
    assert_eq!(redeem(&app, json!({"email": ANN, "code": code})).await.status, 200, "the lock ran out");
});

db_test!(one_guess_at_each_of_many_codes_is_five_guesses, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = verified(&app).await;
    for round in 1..=5 {
        let code = letters::code(&app, ANN).await;
        assert_eq!(redeem(&app, json!({"email": ANN, "code": letters::another(&code)})).await.status, 401);
        assert_eq!(failed_attempts(&app, ann.account_id).await, round);
    }
    let code = letters::code(&app, ANN).await;
    assert_eq!(redeem(&app, json!({"email": ANN, "code": code})).await.status, 401, "the sixth is not looked at");
    assert_eq!(failed_attempts(&app, ann.account_id).await, 5);
});

db_test!(guesses_at_codes_and_at_passwords_are_counted_together, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = verified(&app).await;
    let code = letters::code(&app, ANN).await;
    for _ in 0..3 {
        assert_eq!(redeem(&app, json!({"email": ANN, "code": letters::another(&code)})).await.status, 401);
    }
    for _ in 0..2 {
        let wrong = json!({"identifier": ANN, "password": "quite another thing 7"});
        assert_eq!(app.post("/api/v1/sign-in").json(wrong).await.status, 401);
    }
    assert_eq!(failed_attempts(&app, ann.account_id).await, 5);
    assert_eq!(redeem(&app, json!({"email": ANN, "code": code})).await.status, 401);
});

db_test!(the_password_that_comes_with_a_code_is_no_attempt_of_its_own_when_it_is_right, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    for _ in 0..4 {
        let wrong = json!({"identifier": ANN, "password": "quite another thing 7"});
        assert_eq!(app.post("/api/v1/sign-in").json(wrong).await.status, 401);
    }
    let code = letters::code(&app, ANN).await;
    let both = json!({"email": ANN, "code": code, "password": PASSWORD});
    let answer = redeem(&app, both).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(failed_attempts(&app, ann.account_id).await, 0);
    app.sign_in(ANN).await;
});

db_test!(why_a_code_was_refused_is_not_said, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    verified(&app).await;
    app.sign_up("without@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let disabled = letters::code(&app, "bob@example.com").await;
    let disable = format!("/api/v1/admin/users/{}/disable", bob.account_id);
    assert_eq!(app.post(&disable).bearer(&root.token).await.status, 204);
    app.sign_up("locked@example.com").await;
    for _ in 0..5 {
        let wrong = json!({"identifier": "locked@example.com", "password": "quite another thing 7"});
        assert_eq!(app.post("/api/v1/sign-in").json(wrong).await.status, 401);
    }
    let locked = letters::code(&app, "locked@example.com").await;
    let wrong = letters::another(&letters::code(&app, ANN).await);
    for password in [None, Some("quite another thing 7")] {
        let mut bodies = Vec::new();
        for (email, code) in [
            (ANN, wrong.as_str()),
            ("nobody@example.com", "123456"),
            ("without@example.com", "123456"),
            ("bob@example.com", &disabled),
            ("locked@example.com", &locked),
            (ANN, ""),
        ] {
            let before = app.engine.password_hashes();
            let body = json!({"email": email, "code": code, "password": password});
            let answer = redeem(&app, body).await;
            let hashes = app.engine.password_hashes() - before;
            assert_eq!(hashes, u64::from(password.is_some()), "{email}");
            assert_eq!(answer.problem(), (401, "code_invalid".into()), "{email}");
            bodies.push(without_id(&answer));
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    }
});

fn without_id(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["request_id"].take();
    body
}

db_test!(a_second_factor_is_asked_for_and_nothing_is_consumed_until_it_is_given, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = verified(&app).await;
    let careful = Careful::enrol(&app, &ann).await;
    let code = letters::code(&app, ANN).await;
    for _ in 0..10 {
        let missing = redeem(&app, json!({"email": ANN, "code": code})).await;
        assert_eq!(missing.problem(), (401, "mfa_required".into()));
        assert_eq!(missing.session_cookie(), None);
    }
    let itself = redeem(&app, json!({"email": ANN, "code": code, "mfa_code": code})).await;
    assert_eq!(itself.problem(), (401, "invalid_mfa_code".into()), "a mailed code is no second factor");
    let wrong = redeem(&app, json!({"email": ANN, "code": letters::another(&code), "mfa_code": "123456"})).await;
    assert_eq!(wrong.problem(), (401, "code_invalid".into()), "only the right code is told more");
    let right = redeem(&app, json!({"email": ANN, "code": code, "mfa_code": careful.next(&app)})).await;
    assert_eq!(right.status, 200, "{}", right.text);
    let sessions = app.get("/api/v1/me/sessions").bearer(&SignedIn::of(&right).token).await.json();
    assert_eq!(sessions["items"][0]["second_factor"], "totp");
});

db_test!(a_mailed_code_is_nowhere_a_second_factor, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = verified(&app).await;
    Careful::enrol(&app, &ann).await;
    let code = letters::code(&app, ANN).await;
    let sign_in = json!({"identifier": ANN, "password": PASSWORD, "mfa_code": code});
    assert_eq!(app.post("/api/v1/sign-in").json(sign_in).await.problem(), (401, "invalid_mfa_code".into()));
    for what in ["setup", "disable", "recovery-codes"] {
        let body = json!({"password": PASSWORD, "code": code});
        let answer = app.post(&format!("/api/v1/me/mfa/{what}")).bearer(&ann.token).json(body).await;
        assert_eq!(answer.problem(), (422, "invalid_mfa_code".into()), "{what}");
    }
});
