//! What is written to the log: the route's template and never what a client put into path, query, header or body.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use serde_json::json;
use testkit::{PASSWORD, TestApp, db_test};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

struct Lines(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

/// Everything that any test of this binary logs, once this is asked for.
pub static LOG: std::sync::LazyLock<Arc<Mutex<String>>> = std::sync::LazyLock::new(|| {
    let text = Arc::new(Mutex::new(String::new()));
    subscriber::set_global_default(Lines(text.clone())).expect("nobody else listens");
    text
});

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = self.0.lock().expect("no listener panics");
        event.record(&mut Line(&mut text));
        text.push('\n');
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(&mut self.0.lock().expect("no listener panics")));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().expect("no listener panics")));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").expect("a string takes any text");
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        write!(self.0, "{field}={value}u64 ").expect("a string takes any text");
    }
}

db_test!(no_secret_and_no_raw_address_is_logged, |db| async move {
    let log = LOG.clone();
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let path = "/api/v1/me/sessions/raw-path-9175?cursor=raw-query-9175";
    let call = app.delete(path).bearer(&ann.token).header("x-anything", "raw-header-9175");
    let answer = call.peer("192.0.2.75").header("x-forwarded-for", "203.0.113.75").await;
    let id = answer.header("x-request-id");
    app.post("/api/v1/sign-in").json(json!({"identifier": "raw-body-9175", "password": PASSWORD})).await;
    app.get("/nowhere-raw-path-9175").await;
    assert_eq!(app.get("/api/v1/me").header("x-api-key", "raw-key-9175").await.status, 401);
    app.post("/api/v1/sign-in").body("application/json", r#"{"password": "raw-json-9175", "#).await;

    let link = crate::letters::link(&app, "/api/v1/password/forgot", "ann@example.com").await;
    let status = app.get(&format!("/api/v1/password/reset/status?token={link}")).await;
    assert_eq!(status.json()["state"], "valid");
    let code = crate::letters::code(&app, "ann@example.com").await;
    let body = json!({"email": "ann@example.com", "code": code, "mfa_code": "raw-mfa-9175"});
    assert_eq!(app.post("/api/v1/email-code/redeem").json(body).await.status, 200);

    let text = log.lock().expect("no listener panics").clone();
    let is_it = |line: &&str| line.contains(id) && line.contains("ip=192.0.2.75 ");
    let line = text.lines().find(is_it).expect("the request is in the log");
    for part in ["method=DELETE", "route=\"/api/v1/me/sessions/{id}\"", "status=404"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(line.split(' ').any(|part| part.starts_with("ms=") && part.ends_with("u64")), "{line}");
    assert!(!text.contains("203.0.113.75"), "nobody trusts the peer that forwarded it");
    for secret in ["-9175", &ann.token, &ann.csrf_token, &link, &format!("={code} "), PASSWORD] {
        assert!(!text.contains(secret), "{secret} was logged");
    }
});
