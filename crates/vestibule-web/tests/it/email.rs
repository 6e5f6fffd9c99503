//! `/api/v1/email`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Call, PASSWORD, SignedIn, TestApp, TestEngine, db_test, race};
use vestibule::MailKind;

use crate::careful::Careful;
use crate::letters;

const ANN: &str = "ann@example.com";
const NEW: &str = "ann@example.org";
const VERIFY: &str = "/api/v1/email/verify";
const ASK: &str = "/api/v1/email/verify/request";

fn verify(app: &TestApp, token: &str) -> Call {
    app.post(VERIFY).json(json!({ "token": token }))
}

fn change(app: &TestApp, who: &SignedIn, body: Value) -> Call {
    app.post("/api/v1/email/change").bearer(&who.token).json(body)
}

fn confirm(app: &TestApp, body: Value) -> Call {
    app.post("/api/v1/email/change/confirm").json(body)
}

async fn asked(app: &TestApp, who: &SignedIn, to: &str) -> String {
    app.clock.advance(Duration::from_micros(1));
    let answer = change(app, who, json!({"new_email": to, "password": PASSWORD})).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    letters::token(app, to, MailKind::EmailChange).await
}

async fn me(app: &TestApp, who: &SignedIn) -> Value {
    let answer = app.get("/api/v1/me").bearer(&who.token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

db_test!(an_address_is_proven_in_the_session_that_made_the_account, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    assert_eq!(me(&app, &ann).await["email_verified_at"], json!(null));
    let token = letters::token(&app, ANN, MailKind::VerifyEmail).await;
    let answer = verify(&app, &token).browser(&ann).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(answer.session_cookie(), None, "they are signed in already");
    assert_eq!(me(&app, &ann).await["email_verified_at"], "2026-01-01T00:00:00Z");
    assert_eq!(verify(&app, &token).await.problem(), (410, "token_invalid".into()));
    let before = letters::kinds(&app, ANN).await;
    letters::ask(&app, ASK, ANN).await;
    assert_eq!(letters::kinds(&app, ANN).await, before, "what is proven needs no proof");
});

db_test!(the_first_proof_signs_in_by_cookie_and_no_later_one_does, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let first = letters::token(&app, ANN, MailKind::VerifyEmail).await;
    let answer = app.post(VERIFY).json(json!({"token": first, "password": PASSWORD})).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    let cookie = answer.session_cookie().expect("a session");
    assert_eq!(app.get("/api/v1/session").cookie(cookie).await.json()["session"]["method"], "password");
    let root = app.administrator("root").await;
    let edit = app.patch(&format!("/api/v1/admin/users/{}", ann.account_id)).bearer(&root.token);
    assert_eq!(edit.json(json!({ "email": NEW })).await.status, 200, "which takes the proof away");
    let second = letters::link(&app, ASK, NEW).await;
    let answer = verify(&app, &second).await;
    assert_eq!((answer.status.as_u16(), answer.session_cookie()), (204, None));
    let account = app.get(&format!("/api/v1/admin/users/{}", ann.account_id)).bearer(&root.token).await.json();
    assert!(account["email_verified_at"].is_string());
    let body = json!({"identifier": NEW, "password": PASSWORD});
    assert_eq!(app.post("/api/v1/sign-in").json(body).await.status, 200, "the password stays");
});

db_test!(a_link_that_proves_lives_a_day_and_only_the_newest_does, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    let first = letters::token(&app, ANN, MailKind::VerifyEmail).await;
    let second = letters::link(&app, ASK, ANN).await;
    assert_eq!(verify(&app, &first).await.problem(), (410, "token_invalid".into()));
    app.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(verify(&app, &second).await.problem(), (410, "token_expired".into()));
    let third = letters::link(&app, ASK, ANN).await;
    assert_eq!(verify(&app, &third).await.status, 204);
});

db_test!(a_link_of_a_disabled_account_proves_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up(ANN).await;
    let token = letters::token(&app, ANN, MailKind::VerifyEmail).await;
    let path = format!("/api/v1/admin/users/{}", ann.account_id);
    assert_eq!(app.post(&format!("{path}/disable")).bearer(&root.token).await.status, 204);
    assert_eq!(verify(&app, &token).await.problem(), (410, "token_invalid".into()));
    letters::ask(&app, ASK, ANN).await;
    assert_eq!(letters::kinds(&app, ANN).await, [MailKind::VerifyEmail], "there is no new one");
    let account = app.get(&path).bearer(&root.token).await.json();
    assert_eq!((&account["email_verified_at"], &account["state"]), (&json!(null), &json!("disabled")));
});

db_test!(where_addresses_must_be_proven_nobody_signs_in_before, |db| async move {
    let engine = TestEngine::with(&db, |config| config.require_verified_email = true).await;
    let app = TestApp::on(engine, |_| {});
    let body = json!({"email": ANN, "password": PASSWORD});
    let answer = app.post("/api/v1/sign-up").json(body).await;
    assert_eq!((answer.status.as_u16(), answer.session_cookie()), (202, None));
    let sign_in = |password: &str| app.post("/api/v1/sign-in").json(json!({"identifier": ANN, "password": password}));
    for _ in 0..10 {
        assert_eq!(sign_in(PASSWORD).await.problem(), (403, "email_not_verified".into()), "nothing is counted");
    }
    assert_eq!(sign_in("quite another thing 7").await.problem(), (401, "invalid_credentials".into()));
    let token = letters::token(&app, ANN, MailKind::VerifyEmail).await;
    let verified = app.post(VERIFY).json(json!({"token": token, "password": PASSWORD})).await;
    assert!(verified.session_cookie().is_some(), "{}", verified.text);
    assert_eq!(sign_in(PASSWORD).await.status, 200);
});

db_test!(an_address_is_changed_by_a_link_to_the_new_one, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let elsewhere = app.sign_in(ANN).await;
    let token = asked(&app, &ann, " Ann@Example.ORG ".trim()).await;
    assert_eq!(me(&app, &ann).await["email"], ANN, "nothing changed yet");
    assert!(letters::kinds(&app, ANN).await.contains(&MailKind::EmailChangeAsked), "the old one is told");
    let answer = confirm(&app, json!({"token": token})).browser(&ann).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let account = me(&app, &ann).await;
    assert_eq!(account["email"], "Ann@example.org");
    assert!(account["email_verified_at"].is_string());
    assert!(letters::kinds(&app, ANN).await.contains(&MailKind::EmailChanged));
    assert_eq!(me(&app, &elsewhere).await["email"], "Ann@example.org");
    assert_eq!(confirm(&app, json!({"token": token})).await.problem(), (410, "token_invalid".into()));
    app.sign_in(NEW).await;
    let old = json!({"identifier": ANN, "password": PASSWORD});
    assert_eq!(app.post("/api/v1/sign-in").json(old).await.status, 401);
    app.sign_up(ANN).await;
});

db_test!(changing_the_address_takes_the_password_and_a_recent_proof, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    for (body, status, code) in [
        (json!({ "new_email": NEW }), 422, "password_required"),
        (json!({"new_email": NEW, "password": "quite another thing 7"}), 401, "current_password_incorrect"),
        (json!({"new_email": "ann", "password": PASSWORD}), 422, "email_invalid"),
        (json!({ "password": PASSWORD }), 400, "malformed_json"),
    ] {
        assert_eq!(change(&app, &ann, body.clone()).await.problem(), (status, code.into()), "{body}");
    }
    assert_eq!(letters::kinds(&app, NEW).await, []);
    app.clock.advance(Duration::from_secs(15 * 60));
    let stale = change(&app, &ann, json!({"new_email": NEW, "password": PASSWORD})).await;
    assert_eq!(stale.problem(), (403, "reauthentication_required".into()));
});

db_test!(where_no_mail_is_sent_no_change_can_be_asked_for, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    let ann = app.sign_up(ANN).await;
    let off = change(&app, &ann, json!({"new_email": NEW, "password": PASSWORD})).await;
    assert_eq!(off.problem(), (409, "mail_off".into()));
});

db_test!(a_change_lives_a_day_and_only_the_newest_does, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let first = asked(&app, &ann, NEW).await;
    let second = asked(&app, &ann, "ann@example.net").await;
    assert_eq!(confirm(&app, json!({"token": first})).bearer(&ann.token).await.status, 410);
    app.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(confirm(&app, json!({"token": second})).await.problem(), (410, "token_expired".into()));
});

db_test!(whether_the_new_address_is_taken_is_said_to_its_owner_alone, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    app.sign_up("bob@example.com").await;
    let mut answers = Vec::new();
    for to in ["bob@example.com", "nobody@example.com", ANN] {
        let answer = change(&app, &ann, json!({"new_email": to, "password": PASSWORD})).await;
        answers.push((answer.status, answer.text.clone()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let token = asked(&app, &ann, "bob@example.com").await;
    for _ in 0..2 {
        let taken = confirm(&app, json!({"token": token})).bearer(&ann.token).await;
        assert_eq!(taken.problem(), (409, "email_in_use".into()), "and the link stays good");
    }
    assert_eq!(me(&app, &ann).await["email"], ANN);
});

db_test!(a_change_is_of_the_account_that_asked_for_it_whoever_is_signed_in_here, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let bob = app.sign_up("bob@example.com").await;
    let verify_link = letters::token(&app, ANN, MailKind::VerifyEmail).await;
    assert_eq!(verify(&app, &verify_link).bearer(&ann.token).await.status, 204);
    let token = asked(&app, &ann, NEW).await;
    assert_eq!(confirm(&app, json!({"token": token})).browser(&bob).await.status, 204);
    assert_eq!(me(&app, &ann).await["email"], NEW);
    assert_eq!(me(&app, &bob).await["email"], "bob@example.com");
});

db_test!(of_many_who_change_to_one_address_at_once_one_gets_it, |db| async move {
    let app = TestApp::new(&db).await;
    for round in 0..5 {
        let new = format!("shared{round}@example.com");
        let mut confirmations = Vec::new();
        for n in 0..12 {
            let who = app.sign_up(&format!("user{round}-{n}@example.com")).await;
            confirmations.push((asked(&app, &who, &new).await, who.token));
        }
        let answers = race(12, |n| {
            let (token, who) = &confirmations[n];
            confirm(&app, json!({ "token": token })).bearer(who).into_future()
        })
        .await;
        let done = answers.iter().filter(|answer| answer.status == 204).count();
        let taken = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((done, taken), (1, 11));
    }
});

db_test!(a_change_ends_with_the_account_it_was_asked_for, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up(ANN).await;
    let token = asked(&app, &ann, NEW).await;
    let path = format!("/api/v1/admin/users/{}", ann.account_id);
    assert_eq!(app.post(&format!("{path}/disable")).bearer(&root.token).await.status, 204);
    assert_eq!(confirm(&app, json!({"token": token})).await.problem(), (410, "token_invalid".into()));
    assert_eq!(app.post(&format!("{path}/enable")).bearer(&root.token).await.status, 204);
    assert_eq!(confirm(&app, json!({"token": token})).await.problem(), (410, "token_invalid".into()));
    assert_eq!(app.get(&path).bearer(&root.token).await.json()["email"], ANN);
});

db_test!(an_address_that_an_administrator_changes_is_to_be_proven_and_both_are_told, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up(ANN).await;
    let token = letters::token(&app, ANN, MailKind::VerifyEmail).await;
    assert_eq!(verify(&app, &token).bearer(&ann.token).await.status, 204);
    let reset = letters::link(&app, "/api/v1/password/forgot", ANN).await;
    let magic = letters::link(&app, "/api/v1/magic-link", ANN).await;
    app.clock.advance(Duration::from_micros(1));
    let path = format!("/api/v1/admin/users/{}", ann.account_id);
    let edited = app.patch(&path).bearer(&root.token).json(json!({ "email": NEW })).await;
    assert_eq!((edited.status.as_u16(), &edited.json()["email_verified_at"]), (200, &json!(null)));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401, "its sessions ended");
    assert_eq!(letters::kinds(&app, ANN).await[0], MailKind::EmailChanged);
    assert!(!letters::kinds(&app, NEW).await.is_empty(), "the new one is told as well");
    let body = json!({"token": reset, "new_password": "lantern gravel orbit 77"});
    let reset = app.post("/api/v1/password/reset").json(body).await;
    assert_eq!(reset.problem(), (410, "token_invalid".into()), "what went to the old address is void");
    let magic = app.post("/api/v1/magic-link/redeem").json(json!({"token": magic})).await;
    assert_eq!(magic.problem(), (410, "token_invalid".into()));
});

db_test!(a_change_is_confirmed_without_a_second_factor_by_whoever_is_signed_in, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let careful = Careful::enrol(&app, &ann).await;
    let token = asked(&app, &ann, NEW).await;
    let by_password = json!({"token": token, "password": PASSWORD});
    assert_eq!(confirm(&app, by_password).await.problem(), (401, "mfa_required".into()));
    let by_wrong = json!({"token": token, "password": PASSWORD, "mfa_code": careful.wrong(&app)});
    assert_eq!(confirm(&app, by_wrong).await.problem(), (401, "invalid_mfa_code".into()));
    assert_eq!(confirm(&app, json!({"token": token})).bearer(&ann.token).await.status, 204);
    let account = me(&app, &ann).await;
    assert_eq!((&account["email"], &account["mfa_enabled"]), (&json!(NEW), &json!(true)));
});
