//! `POST /api/v1/sign-up`

use serde_json::json;
use testkit::{PASSWORD, TestApp, TestEngine, db_test, race};
use vestibule::{MailKind, SignUpMode};

use crate::letters;

db_test!(signing_up_makes_an_account_and_signs_it_in, |db| async move {
    let app = TestApp::new(&db).await;
    let body = json!({"email": " Ann@Example.com", "password": PASSWORD, "name": "Ann Lee", "favourite": "ignored"});
    let answer = app.post("/api/v1/sign-up").json(body).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    assert_eq!(answer.session_cookie(), body["token"].as_str());
    let account = &body["account"];
    assert_eq!(account["email"], "Ann@example.com");
    assert_eq!((&account["kind"], &account["state"]), (&json!("human"), &json!("active")));
    assert_eq!((&account["mfa_enabled"], &account["username"]), (&json!(false), &json!(null)));
    assert_eq!(account["groups"][0]["id"], vestibule::MEMBERS.to_string());
    let token = body["token"].as_str().expect("a token");
    assert_eq!(app.get("/api/v1/session").bearer(token).await.json()["account"], *account);
});

db_test!(an_address_has_one_account, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let body = json!({"email": "ANN@example.COM", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/sign-up").json(body).await.problem(), (409, "email_in_use".into()));
});

db_test!(of_many_who_sign_up_with_one_address_at_once_one_gets_it, |db| async move {
    let app = TestApp::new(&db).await;
    for round in 0..5 {
        let body = json!({"email": format!("ann{round}@example.com"), "password": PASSWORD});
        let answers = race(12, |_| app.post("/api/v1/sign-up").json(body.clone()).into_future()).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        let taken = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((made, taken), (1, 11));
    }
});

db_test!(what_cannot_be_used_is_told_field_by_field, |db| async move {
    let app = TestApp::new(&db).await;
    let answer = app.post("/api/v1/sign-up").json(json!({"email": "ann", "password": "short", "name": "\u{0}"})).await;
    assert_eq!(answer.problem(), (422, "validation_failed".into()));
    let body = answer.json();
    let errors: Vec<_> = body["errors"].as_array().expect("errors").iter().map(|e| (&e["field"], &e["code"])).collect();
    assert!(errors.contains(&(&json!("email"), &json!("email_invalid"))), "{errors:?}");
    assert!(errors.contains(&(&json!("password"), &json!("password_too_short"))), "{errors:?}");
    assert!(errors.contains(&(&json!("name"), &json!("name_invalid"))), "{errors:?}");

    let one = app.post("/api/v1/sign-up").json(json!({"email": "ann@example.com", "password": "short"})).await;
    assert_eq!(one.problem(), (422, "password_too_short".into()));
    assert_eq!(one.json()["errors"][0]["field"], "password");
});

db_test!(a_closed_instance_and_a_foreign_domain_say_so, |db| async move {
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let closed = TestEngine::with(&db, |config| config.sign_up = SignUpMode::Closed).await;
    let app = TestApp::on(closed, |_| {});
    assert_eq!(app.post("/api/v1/sign-up").json(body.clone()).await.problem(), (403, "sign_up_closed".into()));
    let invite = TestEngine::with(&db, |config| config.sign_up = SignUpMode::Invite).await;
    let app = TestApp::on(invite, |_| {});
    assert_eq!(app.post("/api/v1/sign-up").json(body.clone()).await.problem(), (403, "invitation_required".into()));
    let domains = TestEngine::with(&db, |config| config.email_domains = vec!["example.org".into()]).await;
    let app = TestApp::on(domains, |_| {});
    assert_eq!(app.post("/api/v1/sign-up").json(body).await.problem(), (403, "email_domain_not_allowed".into()));
    app.sign_up("ann@example.org").await;
});

db_test!(an_account_without_a_password_begins_with_the_link_in_its_mail, |db| async move {
    let app = TestApp::new(&db).await;
    for body in [json!({"email": "ann@example.com"}), json!({"email": "bob@example.com", "password": null})] {
        let answer = app.post("/api/v1/sign-up").json(body).await;
        assert_eq!((answer.status.as_u16(), answer.session_cookie()), (202, None));
    }
    let taken = app.post("/api/v1/sign-up").json(json!({"email": "ann@example.com"})).await;
    assert_eq!(taken.problem(), (409, "email_in_use".into()), "where no proof is asked, taken is said");
    let token = letters::token(&app, "ann@example.com", MailKind::VerifyEmail).await;
    let verified = app.post("/api/v1/email/verify").json(json!({"token": token})).await;
    let cookie = verified.session_cookie().expect("the link signs in");
    let session = app.get("/api/v1/session").cookie(cookie).await.json();
    assert_eq!(
        (&session["session"]["method"], &session["account"]["email"]),
        (&json!("email_verify"), &json!("ann@example.com"))
    );
});

db_test!(without_mail_a_password_is_needed, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    let answer = app.post("/api/v1/sign-up").json(json!({"email": "ann@example.com"})).await;
    assert_eq!(answer.problem(), (422, "password_required".into()));
});

db_test!(signing_up_again_before_the_proof_replaces_password_and_link, |db| async move {
    let engine = TestEngine::with(&db, |config| config.require_verified_email = true).await;
    let app = TestApp::on(engine, |_| {});
    let sign_up =
        |password: &str| app.post("/api/v1/sign-up").json(json!({"email": "ann@example.com", "password": password}));
    let sign_in = |password: &str| {
        app.post("/api/v1/sign-in").json(json!({"identifier": "ann@example.com", "password": password}))
    };
    let again = "lantern gravel orbit 77";
    assert_eq!(sign_up(PASSWORD).await.status, 202);
    let first = letters::token(&app, "ann@example.com", MailKind::VerifyEmail).await;
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(sign_up(again).await.status, 202);
    let second = letters::token(&app, "ann@example.com", MailKind::VerifyEmail).await;
    assert_eq!(sign_in(PASSWORD).await.problem(), (401, "invalid_credentials".into()));
    assert_eq!(sign_in(again).await.problem(), (403, "email_not_verified".into()));
    let dead = app.post("/api/v1/email/verify").json(json!({"token": first})).await;
    assert_eq!(dead.problem(), (410, "token_invalid".into()));
    let verified = app.post("/api/v1/email/verify").json(json!({"token": second, "password": again})).await;
    assert!(verified.session_cookie().is_some(), "{}", verified.text);
    assert_eq!(sign_in(again).await.status, 200);

    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(sign_up(PASSWORD).await.status, 202, "a third time, when it is proven");
    assert_eq!(sign_in(PASSWORD).await.status, 401, "changes nothing");
    assert_eq!(sign_in(again).await.status, 200);
    assert_eq!(letters::kinds(&app, "ann@example.com").await[0], MailKind::AddressInUse);
});
