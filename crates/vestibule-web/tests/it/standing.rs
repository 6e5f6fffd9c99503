//! Requests whose sender lost the right to ask between the head and the end of the body.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use testkit::{Answer, Call, PASSWORD, SignedIn, TestApp, db_test};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vestibule::{Caller, MEMBERS, UserEdit};

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
    assert!([(401, "unauthenticated"), (403, "administrator_required")].contains(&(status, &code)), "{status} {code}");
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

db_test!(whoever_keeps_the_right_is_answered_however_late_the_end, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let begun = begin(&app, &root).await;
    app.administrator("second").await;
    assert_eq!(begun.end().await.status, 201);
    assert!(is_made(&app, "eve").await);
});
