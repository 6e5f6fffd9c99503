//! Requests that another site makes a browser send.

use axum::http::Method;
use serde_json::json;
use testkit::{Call, PASSWORD, SignedIn, TestApp, db_test};

const OURS: &str = "http://localhost:8080";

/// What browsers may say about where a request comes from, and whether it is from here.
const SOURCES: [(Option<&str>, Option<&str>, bool); 16] = [
    (None, None, true),
    (None, Some(OURS), true),
    (Some("same-origin"), None, true),
    (Some("same-origin"), Some(OURS), true),
    (Some("none"), None, true),
    (Some("none"), Some(OURS), true),
    (Some("cross-site"), None, false),
    (Some("same-site"), None, false),
    (Some("cross-site"), Some(OURS), false),
    (Some("bogus"), Some(OURS), false),
    (Some(""), None, false),
    (Some("same-origin"), Some("https://evil.example"), false),
    (None, Some("https://evil.example"), false),
    (None, Some("null"), false),
    (None, Some("http://localhost"), false),
    (None, Some("https://localhost:8080"), false),
];

fn from(call: Call, site: Option<&str>, origin: Option<&str>) -> Call {
    let call = match site {
        Some(site) => call.header("sec-fetch-site", site),
        None => call,
    };
    match origin {
        Some(origin) => call.header("origin", origin),
        None => call,
    }
}

async fn tries(app: &TestApp, who: &SignedIn) {
    for source in SOURCES {
        let (site, origin, is_ours) = source;
        let send = |call: Call| from(call, site, origin);
        let edit = || app.patch("/api/v1/me").json(json!({"name": "Ann"}));
        let refused = |is_ours: bool, code: &str| if is_ours { code.to_owned() } else { "origin_refused".to_owned() };

        let with_token = send(edit().browser(who)).await;
        assert_eq!(with_token.status, if is_ours { 200 } else { 403 }, "{source:?} {}", with_token.text);
        let without = send(edit().cookie(&who.token)).await;
        assert_eq!(without.problem(), (403, refused(is_ours, "csrf_token_invalid")), "{source:?}");
        let wrong = send(edit().cookie(&who.token).header("x-csrf-token", &"0".repeat(64))).await;
        assert_eq!(wrong.problem(), (403, refused(is_ours, "csrf_token_invalid")), "{source:?}");
        let bearer = send(edit().bearer(&who.token)).await;
        assert_eq!(bearer.status, 200, "a bearer needs no proof: {source:?}");
        let both = send(edit().bearer(&who.token).cookie(&who.token)).await;
        assert_eq!(both.status, 200, "{source:?}");
        let reading = send(app.get("/api/v1/me").cookie(&who.token)).await;
        assert_eq!(reading.status, 200, "{source:?}");

        let sign_in = app.post("/api/v1/sign-in").json(json!({"identifier": "ann@example.com", "password": PASSWORD}));
        let signed_in = send(sign_in).await;
        assert_eq!(signed_in.status, if is_ours { 200 } else { 403 }, "nobody signed in: {source:?}");
        let nowhere = send(app.post("/api/v1/nowhere")).await.problem();
        assert_eq!(nowhere, if is_ours { (404, "not_found".into()) } else { (403, "origin_refused".into()) });
    }
}

db_test!(every_source_is_judged_alike_signed_in_or_not, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    tries(&app, &ann).await;
});

db_test!(the_host_header_decides_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let edit = || app.patch("/api/v1/me").browser(&ann).json(json!({"name": "Ann"})).header("host", "evil.example");
    assert_eq!(edit().header("origin", "http://evil.example").await.problem(), (403, "origin_refused".into()));
    assert_eq!(edit().header("origin", OURS).await.status, 200);
});

db_test!(one_foreign_header_among_two_is_enough, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let edit = || app.patch("/api/v1/me").browser(&ann).json(json!({"name": "Ann"}));
    let origins = edit().header("origin", OURS).header("origin", "https://evil.example").await;
    assert_eq!(origins.problem(), (403, "origin_refused".into()));
    let sites = edit().header("sec-fetch-site", "same-origin").header("sec-fetch-site", "cross-site").await;
    assert_eq!(sites.problem(), (403, "origin_refused".into()));
});

db_test!(every_unsafe_method_needs_the_token, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    for (method, path) in [
        (Method::POST, "/api/v1/sign-out"),
        (Method::DELETE, "/api/v1/me/sessions"),
        (Method::DELETE, "/api/v1/me"),
        (Method::PATCH, "/api/v1/me"),
        (Method::POST, "/api/v1/password/change"),
        (Method::POST, "/api/v1/session/reauthenticate"),
    ] {
        let answer = app.call(method.clone(), path).cookie(&ann.token).json(json!({})).await;
        assert_eq!(answer.problem(), (403, "csrf_token_invalid".into()), "{method} {path}");
    }
    assert_eq!(app.get("/api/v1/session").cookie(&ann.token).await.status, 200, "nothing happened");
});

db_test!(a_token_belongs_to_one_session, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let again = app.sign_in("ann@example.com").await;
    for other in [&bob, &again] {
        let call = app.post("/api/v1/sign-out").cookie(&ann.token).header("x-csrf-token", &other.csrf_token);
        assert_eq!(call.await.problem(), (403, "csrf_token_invalid".into()));
    }
    assert_eq!(app.post("/api/v1/sign-out").browser(&ann).await.status, 204);
});

db_test!(a_form_carries_the_token_as_its_field, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let post = |fields: &[(&str, &str)]| app.post("/api/v1/sign-out").cookie(&ann.token).form(fields);
    for fields in [&[][..], &[("csrf_token", "")], &[("csrf_token", "x"), ("csrf_token", &ann.csrf_token)]] {
        assert_eq!(post(fields).await.problem(), (403, "csrf_token_invalid".into()), "{fields:?}");
    }
    let in_query = format!("/api/v1/sign-out?csrf_token={}", ann.csrf_token);
    let answer = app.post(&in_query).cookie(&ann.token).form(&[("a", "b")]).await;
    assert_eq!(answer.problem(), (403, "csrf_token_invalid".into()));
    let as_text = app.post("/api/v1/sign-out").cookie(&ann.token);
    let as_text = as_text.body("text/plain", format!("csrf_token={}", ann.csrf_token)).await;
    assert_eq!(as_text.problem(), (403, "csrf_token_invalid".into()));
    let large = [("a", "x".repeat(70_000)), ("csrf_token", ann.csrf_token.clone())];
    let large = post(&large.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    assert_eq!(large.problem(), (413, "payload_too_large".into()));
    let foreign = post(&[("csrf_token", &ann.csrf_token)]).header("origin", "https://evil.example").await;
    assert_eq!(foreign.problem(), (403, "origin_refused".into()));
    assert_eq!(post(&[("a", "b"), ("csrf_token", &ann.csrf_token)]).await.status, 204);
});
