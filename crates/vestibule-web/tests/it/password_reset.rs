//! `POST /api/v1/password/forgot`, `/api/v1/password/reset`, `POST /api/v1/password/set`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Call, PASSWORD, SignedIn, TestApp, TestEngine, db_test};
use vestibule::{MEMBERS, MailKind};

use crate::careful::Careful;
use crate::letters;

const ANN: &str = "ann@example.com";
const ASK: &str = "/api/v1/password/forgot";
const NEW: &str = "lantern gravel orbit 77";
const NEXT: &str = "velvet spoon arcade 79";

fn reset(app: &TestApp, token: &str, new: &str) -> Call {
    app.post("/api/v1/password/reset").json(json!({"token": token, "new_password": new}))
}

async fn status(app: &TestApp, token: &str) -> Value {
    let answer = app.get(&format!("/api/v1/password/reset/status?token={token}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn signs_in(app: &TestApp, password: &str) -> u16 {
    let body = json!({"identifier": ANN, "password": password});
    app.post("/api/v1/sign-in").json(body).await.status.as_u16()
}

/// Signs up and proves the address in the same session.
async fn verified(app: &TestApp) -> SignedIn {
    let ann = app.sign_up(ANN).await;
    let token = letters::token(app, ANN, MailKind::VerifyEmail).await;
    let verified = app.post("/api/v1/email/verify").bearer(&ann.token).json(json!({"token": token})).await;
    assert_eq!(verified.status, 204, "{}", verified.text);
    ann
}

db_test!(a_forgotten_password_is_replaced_by_a_link, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let token = letters::link(&app, ASK, ANN).await;
    assert_eq!(status(&app, &token).await, json!({"state": "valid", "flow": "reset"}));
    assert_eq!(status(&app, &token).await, json!({"state": "valid", "flow": "reset"}), "looking does not use it");
    let answer = reset(&app, &token, NEW).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(answer.session_cookie(), None, "it signs nobody in");
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 401, "every session ended");
    assert_eq!((signs_in(&app, PASSWORD).await, signs_in(&app, NEW).await), (401, 200));
    assert_eq!(reset(&app, &token, NEXT).await.problem(), (410, "token_invalid".into()));
    assert_eq!(status(&app, &token).await, json!({"state": "used", "flow": "reset"}));
    assert!(letters::kinds(&app, ANN).await.contains(&MailKind::PasswordChanged));
});

db_test!(what_a_link_can_do_is_told_and_a_used_one_is_like_none, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    let token = letters::link(&app, ASK, ANN).await;
    let unknown = json!({"state": "used", "flow": "reset"});
    let mistyped = format!("{}x", &token[..token.len() - 1]);
    for none in ["", "x", "%20", "vst_rst_", mistyped.as_str()] {
        assert_eq!(status(&app, none).await, unknown, "{none:?}");
    }
    assert_eq!(app.get("/api/v1/password/reset/status").await.problem(), (400, "bad_request".into()));
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(status(&app, &token).await, json!({"state": "expired", "flow": "reset"}));
    assert_eq!(reset(&app, &token, NEW).await.problem(), (410, "token_expired".into()));
});

db_test!(a_password_that_cannot_be_chosen_does_not_burn_the_link, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    let token = letters::link(&app, ASK, ANN).await;
    for (new, code) in [
        ("short", "password_too_short"),
        ("password1234", "password_too_common"),
        ("ann@example.com", "password_contains_identifier"),
        (PASSWORD, "password_reused"),
    ] {
        let refused = reset(&app, &token, new).await;
        assert_eq!(refused.problem(), (422, code.into()));
        assert_eq!(refused.json()["errors"][0]["field"], "new_password");
    }
    assert_eq!(status(&app, &token).await["state"], "valid");
    assert_eq!(signs_in(&app, PASSWORD).await, 200, "nothing changed");
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
});

db_test!(there_is_one_link_a_minute_and_the_earlier_one_stays_good, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    let count =
        async || letters::kinds(&app, ANN).await.iter().filter(|kind| **kind == MailKind::PasswordReset).count();
    let first = letters::link(&app, ASK, ANN).await;
    for _ in 0..3 {
        letters::ask(&app, ASK, ANN).await;
        app.clock.advance(Duration::from_secs(19));
    }
    assert_eq!(count().await, 1);
    assert_eq!(status(&app, &first).await["state"], "valid");
    app.clock.advance(Duration::from_secs(3));
    let second = letters::link(&app, ASK, ANN).await;
    assert_eq!(count().await, 2);
    assert_eq!(reset(&app, &first, NEW).await.problem(), (410, "token_invalid".into()), "the newer one replaced it");
    assert_eq!(reset(&app, &second, NEW).await.status, 204);
});

db_test!(a_locked_owner_resets_and_the_lock_is_open, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    for _ in 0..5 {
        assert_eq!(signs_in(&app, "quite another thing 7").await, 401);
    }
    assert_eq!(signs_in(&app, PASSWORD).await, 401, "locked");
    let token = letters::link(&app, ASK, ANN).await;
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    assert_eq!(signs_in(&app, NEW).await, 200);
});

db_test!(a_reset_touches_no_second_factor_of_a_proven_account, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = verified(&app).await;
    let careful = Careful::enrol(&app, &ann).await;
    let token = letters::link(&app, ASK, ANN).await;
    assert_eq!(reset(&app, &token, NEW).browser(&ann).await.status, 204);
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 401, "not even the one that asked stays");
    let body = json!({"identifier": ANN, "password": NEW});
    assert_eq!(app.post("/api/v1/sign-in").json(body).await.problem(), (401, "mfa_required".into()));
    let body = json!({"identifier": ANN, "password": NEW, "mfa_code": careful.next(&app)});
    assert_eq!(app.post("/api/v1/sign-in").json(body).await.status, 200);
});

db_test!(a_reset_voids_every_other_way_in_that_was_mailed, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = verified(&app).await;
    let body = json!({"new_email": "ann@example.org", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/email/change").bearer(&ann.token).json(body).await.status, 202);
    let change = letters::token(&app, "ann@example.org", MailKind::EmailChange).await;
    let magic = letters::link(&app, "/api/v1/magic-link", ANN).await;
    let code = letters::code(&app, ANN).await;
    let token = letters::link(&app, ASK, ANN).await;
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    let magic = app.post("/api/v1/magic-link/redeem").json(json!({"token": magic})).await;
    assert_eq!(magic.problem(), (410, "token_invalid".into()));
    let code = app.post("/api/v1/email-code/redeem").json(json!({"email": ANN, "code": code})).await;
    assert_eq!(code.problem(), (401, "code_invalid".into()));
    let change = app.post("/api/v1/email/change/confirm").json(json!({"token": change})).await;
    assert_eq!(change.problem(), (410, "token_invalid".into()), "whoever was in the account takes no address along");
});

db_test!(a_reset_does_not_enable_a_disabled_account, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up(ANN).await;
    let path = format!("/api/v1/admin/users/{}", ann.account_id);
    let token = letters::link(&app, ASK, ANN).await;
    assert_eq!(app.post(&format!("{path}/disable")).bearer(&root.token).await.status, 204);
    assert_eq!(reset(&app, &token, NEW).await.problem(), (410, "token_invalid".into()));
    let before = letters::kinds(&app, ANN).await;
    app.clock.advance(Duration::from_secs(61));
    letters::ask(&app, ASK, ANN).await;
    assert_eq!(letters::kinds(&app, ANN).await, before, "and no mail goes out");
    let link = app.post(&format!("{path}/reset-link")).bearer(&root.token).await;
    assert_eq!(link.problem(), (409, "account_disabled".into()));
    assert_eq!(app.get(&path).bearer(&root.token).await.json()["state"], "disabled");
    assert_eq!(signs_in(&app, PASSWORD).await, 401);
    assert_eq!(app.post(&format!("{path}/enable")).bearer(&root.token).await.status, 204);
    assert_eq!((signs_in(&app, NEW).await, signs_in(&app, PASSWORD).await), (401, 200));
});

db_test!(forgetting_on_an_invited_account_sends_the_invitation_again, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let body = json!({"email": ANN, "group_ids": [MEMBERS.to_string()]});
    let made = app.post("/api/v1/admin/users").bearer(&root.token).json(body).await;
    let shown = letters::token_in(made.json()["invite_url"].as_str().expect("a link"));
    letters::ask(&app, ASK, ANN).await;
    assert_eq!(letters::kinds(&app, ANN).await, [MailKind::AccountInvite]);
    let mailed = letters::token(&app, ANN, MailKind::AccountInvite).await;
    assert_eq!(status(&app, &shown).await["state"], "used", "the newer one replaced it");
    assert_eq!(status(&app, &mailed).await, json!({"state": "valid", "flow": "invite"}));
    assert_eq!(signs_in(&app, NEW).await, 401, "an invited account cannot sign in");
    assert_eq!(reset(&app, &mailed, NEW).await.status, 204);
    assert_eq!(signs_in(&app, NEW).await, 200);
    let account = app.get(made_path(&made.json()).as_str()).bearer(&root.token).await.json();
    assert_eq!(account["state"], "active");
    assert!(account["email_verified_at"].is_string(), "the mailed one proves the address");
});

fn made_path(body: &Value) -> String {
    format!("/api/v1/admin/users/{}", body["id"].as_str().expect("an id"))
}

db_test!(an_account_without_a_password_sets_its_first_one, |db| async move {
    let engine = TestEngine::with(&db, |config| config.require_verified_email = true).await;
    let app = TestApp::on(engine, |_| {});
    assert_eq!(app.post("/api/v1/sign-up").json(json!({"email": ANN})).await.status, 202);
    let token = letters::token(&app, ANN, MailKind::VerifyEmail).await;
    let verified = app.post("/api/v1/email/verify").json(json!({"token": token})).await;
    let cookie = verified.session_cookie().expect("the link signs in").to_owned();
    let csrf_token = app.get("/api/v1/session").cookie(&cookie).await.json()["csrf_token"].clone();
    let csrf_token = csrf_token.as_str().expect("a token").to_owned();
    let set = |new: &str| {
        let call = app.post("/api/v1/password/set").cookie(&cookie).header("x-csrf-token", &csrf_token);
        call.json(json!({"new_password": new}))
    };
    assert_eq!(set("short").await.problem(), (422, "password_too_short".into()));
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(set(NEW).await.problem(), (403, "reauthentication_required".into()));
    let code = letters::code(&app, ANN).await;
    let prove = app.post("/api/v1/session/reauthenticate").cookie(&cookie).header("x-csrf-token", &csrf_token);
    let proven = prove.json(json!({"code": code})).await;
    assert_eq!(proven.status, 200, "a mailed code proves who has nothing else: {}", proven.text);
    let ann = SignedIn::of(&proven);
    let set = |new: &str| app.post("/api/v1/password/set").browser(&ann).json(json!({"new_password": new}));
    assert_eq!(set(NEW).await.status, 204);
    assert_eq!(set(NEXT).await.problem(), (409, "password_set".into()));
    assert_eq!(signs_in(&app, NEW).await, 200);
    assert_eq!(app.get("/api/v1/session").cookie(&ann.token).await.status, 200, "the session stays");
});

db_test!(a_mailed_code_does_not_stand_in_for_a_password_that_is_set, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let code = letters::code(&app, ANN).await;
    let prove = app.post("/api/v1/session/reauthenticate").bearer(&ann.token).json(json!({"code": code})).await;
    assert_eq!(prove.problem(), (401, "code_invalid".into()));
    let set = app.post("/api/v1/password/set").bearer(&ann.token).json(json!({"new_password": NEW})).await;
    assert_eq!(set.problem(), (409, "password_set".into()));
});
