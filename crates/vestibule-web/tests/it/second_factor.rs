//! `/api/v1/me/mfa`, and `mfa_code` at `POST /api/v1/sign-in`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, Call, PASSWORD, SignedIn, TestApp, db_test, race};
use vestibule::MailKind;

use crate::careful::{Careful, recovery_codes, scan, shown};
use crate::letters;

const PATH: &str = "/api/v1/me/mfa";
const WRONG: &str = "quite another thing 7";

fn act(app: &TestApp, who: &SignedIn, what: &str, body: Value) -> Call {
    app.post(&format!("{PATH}/{what}")).bearer(&who.token).json(body)
}

async fn sign_in(app: &TestApp, code: Option<&str>) -> Answer {
    let body = json!({"identifier": "ann@example.com", "password": PASSWORD, "mfa_code": code});
    app.post("/api/v1/sign-in").json(body).await
}

async fn status(app: &TestApp, who: &SignedIn) -> Value {
    let answer = app.get(PATH).bearer(&who.token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

db_test!(a_second_factor_is_set_up_asked_for_and_disabled, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let elsewhere = app.sign_in("ann@example.com").await;
    let off = json!({"enabled": false, "enabled_at": null, "recovery_codes_remaining": 0, "pending_until": null});
    assert_eq!(status(&app, &ann).await, off);

    let begun = act(&app, &ann, "setup", json!({"password": PASSWORD})).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let body = begun.json();
    assert_eq!(body["expires_at"], "2026-01-01T00:05:00Z");
    assert!(body["qr_svg"].as_str().is_some_and(|svg| svg.contains("<svg") && !svg.contains("<script")));
    let uri = body["otpauth_uri"].as_str().expect("a URI");
    assert!(uri.starts_with("otpauth://totp/localhost:ann"), "{uri}");
    assert!(uri.contains(body["secret"].as_str().expect("a secret")), "{uri}");
    assert_eq!(begun.header("cache-control"), "no-store");
    assert_eq!(status(&app, &ann).await["pending_until"], "2026-01-01T00:05:00Z");
    assert_eq!(sign_in(&app, None).await.status, 200, "nothing changed yet");

    let enabled = act(&app, &ann, "enable", json!({"code": shown(&app, &scan(uri))})).await;
    assert_eq!(enabled.status, 200, "{}", enabled.text);
    let codes = recovery_codes(&enabled.json());
    assert_eq!(codes.len(), 10);
    let on = status(&app, &ann).await;
    assert_eq!((&on["enabled"], &on["recovery_codes_remaining"]), (&json!(true), &json!(10)));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.json()["mfa_enabled"], true);
    assert_eq!(app.get("/api/v1/me").bearer(&elsewhere.token).await.status, 401, "other sessions ended");
    assert!(letters::kinds(&app, "ann@example.com").await.contains(&MailKind::SecondFactorEnabled));

    let missing = sign_in(&app, None).await;
    assert_eq!(missing.problem(), (401, "mfa_required".into()));
    assert_eq!(missing.session_cookie(), None);
    assert_eq!(sign_in(&app, Some(" ")).await.problem(), (401, "mfa_required".into()), "a blank code is none");
    assert_eq!(sign_in(&app, Some("12345")).await.problem(), (401, "invalid_mfa_code".into()));
    assert_eq!(sign_in(&app, Some(&codes[0])).await.status, 200);
    assert_eq!(sign_in(&app, Some(&codes[0])).await.problem(), (401, "invalid_mfa_code".into()), "each works once");
    assert_eq!(status(&app, &ann).await["recovery_codes_remaining"], 9);

    let disabled = act(&app, &ann, "disable", json!({"password": PASSWORD, "code": codes[1]})).await;
    assert_eq!((disabled.status.as_u16(), disabled.text.as_str()), (204, ""));
    assert_eq!(status(&app, &ann).await, off);
    assert_eq!(sign_in(&app, None).await.status, 200);
    assert_eq!(act(&app, &ann, "disable", json!({"password": PASSWORD})).await.status, 204, "off already");
});

db_test!(a_session_says_which_second_factor_opened_it, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    let by_app = SignedIn::of(&sign_in(&app, Some(&careful.next(&app))).await);
    app.clock.advance(Duration::from_secs(1));
    let by_code = SignedIn::of(&sign_in(&app, Some(&careful.recovery_codes[0])).await);
    for (who, factor) in [(&ann, json!(null)), (&by_app, json!("totp")), (&by_code, json!("recovery_code"))] {
        let body = app.get("/api/v1/session").bearer(&who.token).await.json();
        assert_eq!((&body["session"]["method"], &body["session"]["second_factor"]), (&json!("password"), &factor));
    }
    let sessions = app.get("/api/v1/me/sessions").bearer(&by_app.token).await.json();
    let factors: Vec<_> =
        sessions["items"].as_array().expect("items").iter().map(|one| &one["second_factor"]).collect();
    assert_eq!(factors, [&json!("recovery_code"), &json!("totp"), &json!(null)]);
    assert!(sessions["items"].as_array().expect("items").iter().all(|one| one["method"] == "password"));
});

db_test!(only_the_right_password_is_told_of_a_second_factor, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    for code in [None, Some(careful.next(&app)), Some(careful.wrong(&app))] {
        let body = json!({"identifier": "ann@example.com", "password": WRONG, "mfa_code": code});
        let answer = app.post("/api/v1/sign-in").json(body).await;
        assert_eq!(answer.problem(), (401, "invalid_credentials".into()), "{code:?}");
    }
});

db_test!(a_step_is_accepted_once_at_sign_in, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    let code = careful.next(&app);
    assert_eq!(sign_in(&app, Some(&code)).await.status, 200);
    assert_eq!(sign_in(&app, Some(&code)).await.problem(), (401, "invalid_mfa_code".into()));
    let spaced = careful.next(&app);
    let spaced = format!(" {} {}", &spaced[..3], &spaced[3..]);
    assert_eq!(sign_in(&app, Some(&spaced)).await.status, 200, "spaces do not count");
});

db_test!(wrong_second_factors_lock_the_account_like_wrong_passwords, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    for _ in 0..20 {
        assert_eq!(sign_in(&app, None).await.problem(), (401, "mfa_required".into()), "asking costs nothing");
    }
    for _ in 0..5 {
        assert_eq!(sign_in(&app, Some(&careful.wrong(&app))).await.problem(), (401, "invalid_mfa_code".into()));
    }
    let locked = sign_in(&app, Some(&careful.next(&app))).await;
    assert_eq!(locked.problem(), (401, "invalid_credentials".into()), "locked: as if the password were wrong");
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(sign_in(&app, Some(&careful.next(&app))).await.status, 200);
});

db_test!(fifty_wrong_second_factors_at_once_are_five, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    let wrong = careful.wrong(&app);
    let answers = race(50, |n| {
        let code = if n % 2 == 0 { json!(wrong) } else { json!(null) }; // whoever gives none takes back nothing but that
        let body = json!({"identifier": "ann@example.com", "password": PASSWORD, "mfa_code": code});
        app.post("/api/v1/sign-in").json(body).into_future()
    })
    .await;
    let count = |code: &str| answers.iter().filter(|answer| answer.problem().1 == code).count();
    let (wrong, asked, refused) = (count("invalid_mfa_code"), count("mfa_required"), count("invalid_credentials"));
    assert_eq!(wrong + asked + refused, 50);
    assert!(wrong <= 5, "{wrong} were looked at");
    let account = app.engine.account(ann.account_id).await.expect("the account is there").account;
    assert_eq!(account.failed_attempts, i64::try_from(wrong).expect("few"));
});

db_test!(what_is_missing_or_wrong_is_told_by_its_code, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let cases = [
        ("setup", json!({}), 422, "password_required"),
        ("setup", json!({"password": WRONG}), 401, "current_password_incorrect"),
        ("enable", json!({"code": "123456"}), 422, "no_enrollment_in_progress"),
        ("recovery-codes", json!({"code": "123456"}), 422, "mfa_not_enabled"),
        ("disable", json!({}), 422, "password_required"),
        ("disable", json!({"password": WRONG}), 401, "current_password_incorrect"),
    ];
    for (what, body, status, code) in cases {
        assert_eq!(act(&app, &ann, what, body.clone()).await.problem(), (status, code.into()), "{what} {body}");
    }
    let begun = act(&app, &ann, "setup", json!({"password": PASSWORD})).await.json();
    for body in [json!({}), json!({"code": ""}), json!({"code": null})] {
        let answer = act(&app, &ann, "enable", body.clone()).await;
        assert_eq!(answer.problem(), (422, "mfa_code_required".into()), "{body}");
    }
    let wrong = act(&app, &ann, "enable", json!({"code": "12345"})).await;
    assert_eq!(wrong.problem(), (422, "invalid_mfa_code".into()));
    app.clock.advance(Duration::from_secs(5 * 60));
    let late = json!({"code": shown(&app, &scan(begun["otpauth_uri"].as_str().expect("a URI")))});
    assert_eq!(act(&app, &ann, "enable", late.clone()).await.problem(), (422, "enrollment_expired".into()));
    assert_eq!(act(&app, &ann, "enable", late).await.problem(), (422, "no_enrollment_in_progress".into()));

    app.clock.advance(Duration::from_secs(15 * 60)); // past the lock, if there is one
    let ann = app.sign_in("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    let cases = [
        ("setup", json!({"password": PASSWORD}), 422, "mfa_code_required"),
        ("setup", json!({"password": PASSWORD, "code": careful.wrong(&app)}), 422, "invalid_mfa_code"),
        ("disable", json!({"password": PASSWORD}), 422, "mfa_code_required"),
        ("disable", json!({"password": PASSWORD, "code": careful.wrong(&app)}), 422, "invalid_mfa_code"),
        ("recovery-codes", json!({}), 422, "mfa_code_required"),
        ("recovery-codes", json!({"code": careful.recovery_codes[0]}), 422, "invalid_mfa_code"),
    ];
    for (what, body, status, code) in cases {
        assert_eq!(act(&app, &ann, what, body.clone()).await.problem(), (status, code.into()), "{what} {body}");
    }
    assert_eq!(status(&app, &ann).await["recovery_codes_remaining"], 10, "no recovery code was spent");
});

db_test!(renewing_voids_the_old_recovery_codes, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    let renewed = act(&app, &ann, "recovery-codes", json!({"code": careful.next(&app)})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    let codes = recovery_codes(&renewed.json());
    assert_eq!(codes.len(), 10);
    assert_eq!(sign_in(&app, Some(&careful.recovery_codes[0])).await.problem(), (401, "invalid_mfa_code".into()));
    assert_eq!(sign_in(&app, Some(&codes[0].to_lowercase().replace('-', " "))).await.status, 200);
    assert!(letters::kinds(&app, "ann@example.com").await.contains(&MailKind::RecoveryCodesRenewed));
});

db_test!(every_act_on_the_second_factor_needs_a_recent_proof, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    app.clock.advance(Duration::from_secs(15 * 60));
    for what in ["setup", "enable", "disable", "recovery-codes"] {
        let answer = act(&app, &ann, what, json!({"password": PASSWORD, "code": "123456"})).await;
        assert_eq!(answer.problem(), (403, "reauthentication_required".into()), "{what}");
        let nobody = app.post(&format!("{PATH}/{what}")).json(json!({})).await;
        assert_eq!(nobody.problem(), (401, "unauthenticated".into()), "{what}");
        let forged = app.post(&format!("{PATH}/{what}")).cookie(&ann.token).json(json!({})).await;
        assert_eq!(forged.problem(), (403, "csrf_token_invalid".into()), "{what}");
    }
    assert_eq!(app.get(PATH).bearer(&ann.token).await.status, 200, "looking needs none");
});

db_test!(acts_on_the_second_factor_count_as_dangerous, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = Some("4/60".parse().expect("a limit"))).await;
    let ann = app.sign_up("ann@example.com").await;
    for what in ["setup", "enable", "disable", "recovery-codes"] {
        assert_ne!(act(&app, &ann, what, json!({})).await.status, 429, "{what}");
    }
    for what in ["setup", "enable", "disable", "recovery-codes"] {
        assert_eq!(act(&app, &ann, what, json!({})).await.problem(), (429, "too_many_requests".into()), "{what}");
    }
});

db_test!(a_second_factor_proves_again_who_one_is, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    app.clock.advance(Duration::from_secs(15 * 60));
    let prove = |token: &str, body: Value| app.post("/api/v1/session/reauthenticate").bearer(token).json(body);
    assert_eq!(prove(&ann.token, json!({})).await.problem(), (422, "password_required".into()));
    let both = prove(&ann.token, json!({"password": PASSWORD, "code": "123456"})).await;
    assert_eq!(both.problem(), (422, "field_invalid".into()));
    let wrong = prove(&ann.token, json!({"code": careful.wrong(&app)})).await;
    assert_eq!(wrong.problem(), (401, "code_invalid".into()));
    let mailed = letters::code(&app, "ann@example.com").await;
    let mailed = prove(&ann.token, json!({"code": mailed})).await;
    assert_eq!(mailed.problem(), (401, "code_invalid".into()), "a mailed code is no second factor");
    let proven = prove(&ann.token, json!({"code": careful.next(&app)})).await;
    assert_eq!(proven.status, 200, "{}", proven.text);
    let renewed = SignedIn::of(&proven);
    assert_eq!(app.get(PATH).bearer(&ann.token).await.status, 401, "the old token ended");
    let code = careful.next(&app);
    assert_eq!(act(&app, &renewed, "recovery-codes", json!({"code": code})).await.status, 200);
});
