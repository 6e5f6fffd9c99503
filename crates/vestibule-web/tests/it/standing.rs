//! Requests whose sender lost the right to ask between the head and the end of the body.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use testkit::{Answer, Call, PASSWORD, SignedIn, TestApp, db_test};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vestibule::{Caller, MEMBERS, MailKind, UserEdit};

/// A request of which all but the end has arrived: whoever sent it was found to be allowed to.
struct Begun {
    end: oneshot::Sender<()>,
    answer: JoinHandle<Answer>,
}

impl Begun {
    async fn send(call: Call, body: Value) -> Begun {
        let (reached, was_reached) = oneshot::channel();
        let (end, may_end) = oneshot::channel::<()>();
        let rest = async move {
            reached.send(()).expect("the test waits for it");
            may_end.await.expect("the test ends it");
            None
        };
        let body = Full::<Bytes>::from(body.to_string()).with_trailers(rest);
        let answer = tokio::spawn(call.body("application/json", Body::new(body)).into_future());
        was_reached.await.expect("the body is read");
        Begun { end, answer }
    }

    async fn end(self) -> Answer {
        self.end.send(()).expect("the body is waited for");
        self.answer.await.expect("it is answered")
    }
}

async fn begin(app: &TestApp, who: &SignedIn) -> Begun {
    let call = app.post("/api/v1/admin/admins").bearer(&who.token);
    Begun::send(call, json!({"username": "eve", "password": PASSWORD})).await
}

async fn is_made(app: &TestApp, username: &str) -> bool {
    app.engine.find_account(username).await.expect("the engine answers").is_some()
}

db_test!(an_administrator_disabled_while_sending_makes_nobody, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.administrator("second").await;
    let begun = begin(&app, &root).await;
    app.engine.disable_account(&Caller::system(), root.account_id).await.expect("another one stays");
    let answer = begun.end().await;
    assert_eq!(answer.problem(), (401, "unauthenticated".into()));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert!(!is_made(&app, "eve").await);
});

db_test!(an_administrator_dismissed_while_sending_makes_nobody, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.administrator("second").await;
    let begun = begin(&app, &root).await;
    let dismissal = UserEdit { group_ids: Some(vec![MEMBERS]), ..UserEdit::default() };
    app.engine.edit_user(&Caller::system(), root.account_id, dismissal).await.expect("another one stays");
    let (status, code) = begun.end().await.problem();
    assert!([(401, "unauthenticated"), (403, "permission_required")].contains(&(status, &code)), "{status} {code}");
    assert!(!is_made(&app, "eve").await);
});

db_test!(a_session_ended_while_sending_edits_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let begun = Begun::send(app.patch("/api/v1/me").bearer(&ann.token), json!({"username": "ann"})).await;
    assert_eq!(app.post("/api/v1/sign-out").bearer(&ann.token).await.status, 204);
    assert_eq!(begun.end().await.problem(), (401, "unauthenticated".into()));
    assert!(!is_made(&app, "ann").await);
});

db_test!(a_session_ended_while_sending_changes_no_way_in, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    for (path, body) in [
        ("/api/v1/email/change", json!({"new_email": "ann@example.org", "password": PASSWORD})),
        ("/api/v1/me/mfa/setup", json!({"password": PASSWORD})),
        ("/api/v1/me/mfa/enable", json!({"code": "123456"})),
        ("/api/v1/me/mfa/disable", json!({"password": PASSWORD})),
        ("/api/v1/me/mfa/recovery-codes", json!({"code": "123456"})),
        ("/api/v1/password/set", json!({"new_password": "lantern gravel orbit 77"})),
        ("/api/v1/session/reauthenticate", json!({"password": PASSWORD})),
    ] {
        let ann = app.sign_in("ann@example.com").await;
        let begun = Begun::send(app.post(path).bearer(&ann.token), body).await;
        assert_eq!(app.post("/api/v1/sign-out").bearer(&ann.token).await.status, 204);
        assert_eq!(begun.end().await.problem(), (401, "unauthenticated".into()), "{path}");
    }
    assert_eq!(crate::letters::kinds(&app, "ann@example.org").await, []);
    app.sign_in("ann@example.com").await;
});

db_test!(a_session_ended_while_sending_a_link_does_not_stand_for_the_account, |db| async move {
    let app = TestApp::new(&db).await;
    for (path, ask, kind) in [
        ("/api/v1/email/verify", "/api/v1/email/verify/request", MailKind::VerifyEmail),
        ("/api/v1/magic-link/redeem", "/api/v1/magic-link", MailKind::MagicLink),
        ("/api/v1/password/reset", "/api/v1/password/forgot", MailKind::PasswordReset),
    ] {
        let email = format!("{kind}@example.com");
        let stranger = app.sign_up(&email).await;
        let still = app.sign_in(&email).await;
        crate::letters::ask(&app, ask, &email).await;
        let token = crate::letters::token(&app, &email, kind).await;
        let body = json!({"token": token, "new_password": "lantern gravel orbit 77"});
        let begun = Begun::send(app.post(path).bearer(&stranger.token), body).await;
        assert_eq!(app.post("/api/v1/sign-out").bearer(&stranger.token).await.status, 204);
        let answer = begun.end().await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        assert_eq!(app.get("/api/v1/session").bearer(&still.token).await.status, 401, "{path}");
        let old = json!({"identifier": email, "password": PASSWORD});
        assert_eq!(app.post("/api/v1/sign-in").json(old).await.status, 401, "{path}");
    }
});

db_test!(an_administrator_dismissed_while_sending_sees_no_link, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.administrator("second").await;
    let ann = app.sign_up("ann@example.com").await;
    let path = format!("/api/v1/admin/users/{}/reset-link", ann.account_id);
    assert_eq!(app.post(&path).bearer(&root.token).await.status, 200);
    let body = json!({"email": "eve@example.com", "group_ids": [MEMBERS.to_string()]});
    let begun = Begun::send(app.post("/api/v1/admin/users").bearer(&root.token), body).await;
    app.engine.disable_account(&Caller::system(), root.account_id).await.expect("another one stays");
    let answer = begun.end().await;
    assert_eq!(answer.problem(), (401, "unauthenticated".into()));
    assert!(!is_made(&app, "eve@example.com").await);
});

db_test!(whoever_keeps_the_right_is_answered_however_late_the_end, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let begun = begin(&app, &root).await;
    app.administrator("second").await;
    assert_eq!(begun.end().await.status, 201);
    assert!(is_made(&app, "eve").await);
});
