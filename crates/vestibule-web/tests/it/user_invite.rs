//! `POST /api/v1/admin/users` without a password, and `/api/v1/admin/users/{id}/resend-invite`, `/revoke-invite`,
//! `/reset-link`, `/reset-mfa`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, Call, PASSWORD, SignedIn, SmtpSink, TestApp, TestEngine, db_test, sink_test};
use vestibule::{ADMINISTRATORS, MEMBERS, MailKind, SmtpConfig};

use crate::careful::Careful;
use crate::letters;

const ANN: &str = "ann@example.com";
const NEW: &str = "lantern gravel orbit 77";

async fn invite(app: &TestApp, by: &SignedIn) -> Answer {
    let body = json!({"email": ANN, "name": "Ann Lee", "group_ids": [MEMBERS.to_string()]});
    let made = app.post("/api/v1/admin/users").bearer(&by.token).json(body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made
}

fn act(app: &TestApp, by: &SignedIn, id: &str, what: &str) -> Call {
    app.post(&format!("/api/v1/admin/users/{id}/{what}")).bearer(&by.token)
}

fn choose(app: &TestApp, token: &str, password: &str) -> Call {
    app.post("/api/v1/password/reset").json(json!({"token": token, "new_password": password}))
}

fn id_of(body: &Value) -> String {
    body["id"].as_str().expect("an id").to_owned()
}

fn shown(body: &Value) -> String {
    letters::token_in(body["invite_url"].as_str().expect("a link"))
}

db_test!(without_a_mail_server_the_invitation_is_shown_once, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let made = invite(&app, &root).await.json();
    let id = id_of(&made);
    assert_eq!((&made["state"], &made["email"], &made["name"]), (&json!("invited"), &json!(ANN), &json!("Ann Lee")));
    assert_eq!((&made["invite_email_sent"], &made["invite_email_error"]), (&json!(false), &json!(null)));
    let url = made["invite_url"].as_str().expect("a link");
    assert!(url.starts_with("http://localhost:8080/invitation?token=vst_inv_"), "{url}");
    let again = app.get(&format!("/api/v1/admin/users/{id}")).bearer(&root.token).await;
    assert!(!again.text.contains("invite_url") && !again.text.contains("vst_inv_"), "{}", again.text);

    let token = shown(&made);
    let status = app.get(&format!("/api/v1/password/reset/status?token={token}")).await.json();
    assert_eq!(status, json!({"state": "valid", "flow": "invite"}));
    let sign_in = |password: &str| app.post("/api/v1/sign-in").json(json!({"identifier": ANN, "password": password}));
    assert_eq!(sign_in(PASSWORD).await.problem(), (401, "invalid_credentials".into()));
    assert_eq!(choose(&app, &token, "short").await.problem(), (422, "password_too_short".into()));
    assert_eq!(choose(&app, &token, NEW).await.status, 204);
    assert_eq!(choose(&app, &token, PASSWORD).await.problem(), (410, "token_invalid".into()));
    let ann = sign_in(NEW).await.json();
    assert_eq!(ann["account"]["state"], "active");
    assert_eq!(ann["account"]["email_verified_at"], json!(null), "a link that was shown proves no address");
});

db_test!(an_account_with_a_password_is_welcomed_and_not_invited, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let body = json!({"email": ANN, "password": PASSWORD, "group_ids": [MEMBERS.to_string()]});
    let made = app.post("/api/v1/admin/users").bearer(&root.token).json(body).await.json();
    assert!(made.get("invite_url").is_none() && made.get("invite_email_sent").is_none(), "{made}");
    assert_eq!(letters::kinds(&app, ANN).await, [MailKind::Welcome]);
    let id = id_of(&made);
    for what in ["resend-invite", "revoke-invite"] {
        assert_eq!(act(&app, &root, &id, what).await.problem(), (409, "not_invited".into()), "{what}");
    }
});

db_test!(an_invitation_is_sent_again_and_called_back, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let made = invite(&app, &root).await.json();
    let (id, first) = (id_of(&made), shown(&made));
    let resent = act(&app, &root, &id, "resend-invite").await;
    assert_eq!(resent.status, 200, "{}", resent.text);
    let second = shown(&resent.json());
    assert_eq!(choose(&app, &first, NEW).await.problem(), (410, "token_invalid".into()));
    let revoked = act(&app, &root, &id, "revoke-invite").await;
    assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
    assert_eq!(choose(&app, &second, NEW).await.problem(), (410, "token_invalid".into()));
    assert_eq!(act(&app, &root, &id, "revoke-invite").await.status, 204);
    let third = shown(&act(&app, &root, &id, "resend-invite").await.json());
    app.clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(choose(&app, &third, NEW).await.problem(), (410, "token_expired".into()));
    let root = app.sign_in("root").await;
    let fourth = shown(&act(&app, &root, &id, "resend-invite").await.json());
    assert_eq!(choose(&app, &fourth, NEW).await.status, 204);
    assert_eq!(act(&app, &root, &id, "resend-invite").await.problem(), (409, "not_invited".into()));
});

db_test!(the_invitation_of_a_disabled_or_deleted_account_is_dead, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let made = invite(&app, &root).await.json();
    let (id, token) = (id_of(&made), shown(&made));
    let disabled = act(&app, &root, &id, "disable").await;
    assert_eq!(disabled.status, 204, "{}", disabled.text);
    assert_eq!(choose(&app, &token, NEW).await.problem(), (410, "token_invalid".into()));
    assert_eq!(act(&app, &root, &id, "resend-invite").await.problem(), (409, "not_invited".into()));
    let deleted = app.delete(&format!("/api/v1/admin/users/{id}")).bearer(&root.token).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(choose(&app, &token, NEW).await.problem(), (410, "token_invalid".into()));
});

db_test!(a_mail_that_fails_does_not_fail_the_creation, |db| async move {
    let nobody_listens = "smtp://127.0.0.1:1".into();
    let url = "http://localhost:8080".parse().expect("a URL");
    let smtp = SmtpConfig::parse(&nobody_listens, None, None, &url).expect("a fine URL");
    let app = TestApp::on(TestEngine::quiet(&db, |config| config.mail.smtp = Some(smtp)).await, |_| {});
    let root = app.administrator("root").await;
    let made = invite(&app, &root).await.json();
    assert_eq!((&made["state"], &made["invite_email_sent"]), (&json!("invited"), &json!(false)));
    assert!(made["invite_email_error"].as_str().is_some_and(|why| !why.is_empty()), "{made}");
    assert_eq!(made["invite_url"], json!(null), "where mail works the link goes to its owner alone");
    let mail = app.get("/api/v1/admin/mail").bearer(&root.token).await;
    assert_eq!(mail.json()["items"][0]["kind"], "account_invite");
    assert_eq!(mail.json()["items"][0]["state"], "queued", "it is tried again");
    assert!(!mail.text.contains("vst_inv_"), "{}", mail.text);
    let link = act(&app, &root, &id_of(&made), "reset-link").await;
    assert_eq!(link.problem(), (409, "mail_configured".into()));
});

sink_test!(an_invitation_is_mailed_and_says_so, |db| async move {
    let mut sink = SmtpSink::start().await;
    let smtp = sink.config();
    let app = TestApp::on(TestEngine::quiet(&db, |config| config.mail.smtp = Some(smtp)).await, |_| {});
    let root = app.administrator("root").await;
    let made = invite(&app, &root).await.json();
    assert_eq!(made["invite_email_sent"], true, "{made}");
    assert_eq!((&made["invite_email_error"], &made["invite_url"]), (&json!(null), &json!(null)));
    assert_eq!(sink.mails().await.len(), 1);
    let resent = act(&app, &root, &id_of(&made), "resend-invite").await.json();
    let sent = json!({"invite_email_sent": true, "invite_email_error": null, "invite_url": null});
    assert_eq!(resent, sent);
    assert_eq!(sink.mails().await.len(), 2);
});

db_test!(a_reset_link_is_shown_where_no_mail_can_carry_it, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    let root = app.administrator("root").await;
    let ann = app.sign_up(ANN).await;
    let id = ann.account_id.to_string();
    let shown = act(&app, &root, &id, "reset-link").await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let body = shown.json();
    let url = body["url"].as_str().expect("a link");
    assert!(url.starts_with("https://id.example.com/reset-password?token=vst_rst_"), "{url}");
    let again = act(&app, &root, &id, "reset-link").await.json();
    let (first, second) = (letters::token_in(url), letters::token_in(again["url"].as_str().expect("a link")));
    assert_eq!(choose(&app, &first, NEW).await.problem(), (410, "token_invalid".into()));
    assert_eq!(choose(&app, &second, NEW).await.status, 204);
    let sign_in = app.post("/api/v1/sign-in").json(json!({"identifier": ANN, "password": NEW})).await;
    assert_eq!(sign_in.json()["account"]["email_verified_at"], json!(null), "it proves no address");
    let own = act(&app, &root, &root.account_id.to_string(), "reset-link").await;
    assert_eq!(own.problem(), (409, "own_account".into()));
});

db_test!(asking_for_a_reset_does_not_void_a_link_that_was_shown, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    let root = app.administrator("root").await;
    let ann = app.sign_up(ANN).await;
    let shown = act(&app, &root, &ann.account_id.to_string(), "reset-link").await.json();
    app.clock.advance(Duration::from_secs(120));
    letters::ask(&app, "/api/v1/password/forgot", ANN).await;
    let token = letters::token_in(shown["url"].as_str().expect("a link"));
    assert_eq!(choose(&app, &token, NEW).await.status, 204);
});

db_test!(a_lost_second_factor_is_reset_by_an_administrator, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let careful = Careful::enrol(&app, &ann).await;
    let root = app.administrator("root").await;
    let id = ann.account_id.to_string();
    let answer = act(&app, &root, &id, "reset-mfa").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    app.sign_in(ANN).await;
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.json()["mfa_enabled"], false);
    assert!(letters::kinds(&app, ANN).await.contains(&MailKind::SecondFactorReset));
    assert_eq!(act(&app, &root, &id, "reset-mfa").await.status, 204, "off already");
    let again = Careful::enrol(&app, &ann).await;
    let old = json!({"identifier": ANN, "password": PASSWORD, "mfa_code": careful.recovery_codes[0]});
    assert_eq!(app.post("/api/v1/sign-in").json(old).await.problem(), (401, "invalid_mfa_code".into()));
    let new = json!({"identifier": ANN, "password": PASSWORD, "mfa_code": again.recovery_codes[0]});
    assert_eq!(app.post("/api/v1/sign-in").json(new).await.status, 200);
    let own = act(&app, &root, &root.account_id.to_string(), "reset-mfa").await;
    assert_eq!(own.problem(), (409, "own_account".into()));
});

db_test!(what_could_take_an_account_over_needs_a_recent_proof, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let id = id_of(&invite(&app, &root).await.json());
    for what in ["resend-invite", "revoke-invite", "reset-link", "reset-mfa"] {
        let gone = act(&app, &root, "00000000-0000-7000-8000-000000000000", what).await;
        assert_eq!(gone.problem(), (404, "not_found".into()), "{what}");
    }
    app.clock.advance(Duration::from_secs(15 * 60));
    for what in ["resend-invite", "revoke-invite", "reset-link", "reset-mfa"] {
        assert_eq!(act(&app, &root, &id, what).await.problem(), (403, "reauthentication_required".into()), "{what}");
    }
});

db_test!(an_administrator_is_invited_like_anybody, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let body = json!({"email": ANN, "group_ids": [ADMINISTRATORS.to_string()]});
    let made = app.post("/api/v1/admin/users").bearer(&root.token).json(body).await.json();
    let last = app.post(&format!("/api/v1/admin/users/{}/disable", root.account_id)).bearer(&root.token).await;
    assert_eq!(last.status, 409, "an invited administrator is not yet one: {}", last.text);
    assert_eq!(choose(&app, &shown(&made), NEW).await.status, 204);
    let sign_in = app.post("/api/v1/sign-in").json(json!({"identifier": ANN, "password": NEW})).await;
    let ann = SignedIn::of(&sign_in);
    assert_eq!(app.get("/api/v1/admin/users").bearer(&ann.token).await.status, 200);
});
