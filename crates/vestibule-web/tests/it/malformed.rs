//! What no honest client sends: always a 4xx with a code, never a 5xx.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;
use testkit::{PASSWORD, TestApp, db_test};

const JSON: &str = "application/json";

db_test!(a_problem_has_its_shape, |db| async move {
    let app = TestApp::new(&db).await;
    let answer = app.post("/api/v1/sign-up").json(json!({"email": "ann", "password": PASSWORD})).await;
    let mut body = answer.json();
    assert_eq!(body["request_id"].take(), answer.header("x-request-id"));
    let message = "Write an e-mail address such as ann@example.com.";
    let expected = json!({
        "type": "urn:vestibule:problem:email_invalid", "title": "Unprocessable Entity", "status": 422,
        "code": "email_invalid", "detail": message, "request_id": null,
        "errors": [{"field": "email", "code": "email_invalid", "message": message}],
    });
    assert_eq!(body, expected);
});

db_test!(json_that_is_none_is_told_where_without_its_values, |db| async move {
    let app = TestApp::new(&db).await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let deep_in_ignored = format!(r#"{{"identifier":"a","password":"b","x":{deep}}}"#);
    let bodies: [&[u8]; 17] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"true",
        b"\"secret-value\"",
        b"{}",
        br#"{"identifier":"a"}"#,
        br#"{"identifier":"a","password":"secret-value","password":"c"}"#,
        br#"{"identifier":1,"password":"secret-value"}"#,
        br#"{"identifier":null,"password":"secret-value"}"#,
        br#"{"identifier":["a"],"password":"secret-value"}"#,
        br#"{"identifier":"a","password":{"$gt":"secret-value"}}"#,
        br#"{"identifier":"a","password":"b"} trailing"#,
        b"{\"identifier\":\"\xff\xfe\",\"password\":\"b\"}",
        br#"{"identifier":"\ud800","password":"b"}"#,
        deep.as_bytes(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = app.post("/api/v1/sign-in").body(JSON, body.to_vec()).await;
        assert_eq!(answer.problem(), (400, "malformed_json".into()), "{shown}");
        assert!(!answer.text.contains("secret-value"), "{}", answer.text);
    }
    let answer = app.post("/api/v1/sign-in").body(JSON, deep_in_ignored).await;
    assert_eq!(answer.problem(), (401, "invalid_credentials".into()), "what is ignored may be as deep as it likes");
    let missing = app.post("/api/v1/sign-in").body(JSON, r#"{"identifier":"a"}"#).await.json();
    assert!(missing["detail"].as_str().is_some_and(|detail| detail.contains("missing field `password`")), "{missing}");
});

db_test!(strange_text_in_good_json_is_refused_not_stumbled_over, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for text in
        ["\u{0}", "a\u{0}b@example.com", "\u{202e}", "\u{feff}", "'; DROP TABLE accounts; --", "\u{10ffff}", "%00"]
    {
        let answer = app.post("/api/v1/sign-in").json(json!({"identifier": text, "password": text})).await;
        assert_eq!(answer.problem(), (401, "invalid_credentials".into()), "{text:?}");
        let answer = app.post("/api/v1/sign-up").json(json!({"email": text, "password": text, "name": text})).await;
        assert_eq!(answer.status, 422, "{text:?}");
        let edit = app.patch("/api/v1/me").bearer(&root.token).json(json!({"username": text}));
        assert_eq!(edit.await.problem(), (422, "username_invalid".into()), "{text:?}");
    }
    let long = "x".repeat(60_000);
    let answer = app.post("/api/v1/sign-in").json(json!({"identifier": long, "password": "x"})).await;
    assert_eq!(answer.problem(), (401, "invalid_credentials".into()));
    let answer = app.post("/api/v1/sign-in").json(json!({"identifier": "root", "password": long})).await;
    assert_eq!(answer.problem(), (401, "invalid_credentials".into()));
    let body = json!({"email": "ann@example.com", "password": long});
    assert_eq!(app.post("/api/v1/sign-up").json(body).await.problem(), (422, "password_too_long".into()));
});

db_test!(a_body_of_another_type_or_too_large_is_refused, |db| async move {
    let app = TestApp::new(&db).await;
    let good = json!({"identifier": "a", "password": "b"}).to_string();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", "", "multipart/form-data"]
    {
        let answer = app.post("/api/v1/sign-in").body(content_type, good.clone()).await;
        assert_eq!(answer.problem(), (415, "unsupported_media_type".into()), "{content_type}");
    }
    let untyped = app.call(Method::POST, "/api/v1/sign-in").await;
    assert_eq!(untyped.problem(), (415, "unsupported_media_type".into()));
    for content_type in ["application/json; charset=utf-8", "APPLICATION/JSON"] {
        assert_eq!(app.post("/api/v1/sign-in").body(content_type, good.clone()).await.status, 401, "{content_type}");
    }
    let large = vec![b' '; 10 * 1024 * 1024];
    for call in [app.post("/api/v1/sign-in"), app.post("/api/v1/sign-up"), app.post("/api/v1/setup")] {
        assert_eq!(call.body(JSON, large.clone()).await.problem(), (413, "payload_too_large".into()));
    }
    let declared = app.post("/api/v1/sign-out").body(JSON, Body::empty()).header("content-length", "65537").await;
    assert_eq!(declared.problem(), (413, "payload_too_large".into()));
    let just = format!("{good}{}", " ".repeat(64 * 1024 - good.len()));
    assert_eq!(app.post("/api/v1/sign-in").body(JSON, just).await.status, 401);
});

/// Every route that takes JSON about mail and second factors, and whether it takes a session.
const ROUTES: [(&str, bool); 16] = [
    ("/api/v1/password/forgot", false),
    ("/api/v1/password/reset", false),
    ("/api/v1/password/set", true),
    ("/api/v1/email/verify/request", false),
    ("/api/v1/email/verify", false),
    ("/api/v1/email/change", true),
    ("/api/v1/email/change/confirm", false),
    ("/api/v1/magic-link", false),
    ("/api/v1/magic-link/redeem", false),
    ("/api/v1/email-code", false),
    ("/api/v1/email-code/redeem", false),
    ("/api/v1/session/reauthenticate", true),
    ("/api/v1/me/mfa/setup", true),
    ("/api/v1/me/mfa/enable", true),
    ("/api/v1/me/mfa/disable", true),
    ("/api/v1/me/mfa/recovery-codes", true),
];

/// Every field that one of those routes takes.
const FIELDS: [&str; 8] =
    ["email", "new_email", "token", "code", "mfa_code", "password", "new_password", "current_password"];

db_test!(no_route_of_mail_and_second_factors_stumbles, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    for (path, takes_session) in ROUTES {
        let call = || if takes_session { app.post(path).bearer(&ann.token) } else { app.post(path) };
        let bodies: [&[u8]; 7] = [b"", b"{", b"null", b"[1]", b"true", b"\"secret-value\"", b"{\"token\":"];
        for body in bodies {
            let answer = call().body(JSON, body.to_vec()).await;
            assert_eq!(answer.problem(), (400, "malformed_json".into()), "{path} {body:?}");
        }
        for value in [json!(1), json!(["secret-value"]), json!({"$gt": "secret-value"}), json!(true)] {
            let body: serde_json::Map<_, _> = FIELDS.iter().map(|field| ((*field).to_owned(), value.clone())).collect();
            let answer = call().json(body.into()).await;
            assert_eq!(answer.problem(), (400, "malformed_json".into()), "{path} {value}");
            assert!(!answer.text.contains("secret-value"), "{path}: {}", answer.text);
        }
        for text in
            ["", "\u{0}", "x\u{0}y", "\u{202e}", "'; DROP TABLE accounts; --", "vst_mgl_", "%00", &"x".repeat(6000)]
        {
            let body: serde_json::Map<_, _> = FIELDS.iter().map(|field| ((*field).to_owned(), json!(text))).collect();
            let answer = call().json(body.into()).await;
            assert!(answer.status.is_client_error(), "{path} {text:?}: {} {}", answer.status, answer.text);
            assert!(!answer.problem().1.is_empty());
        }
        let large = call().body(JSON, vec![b' '; 70_000]).await;
        assert_eq!(large.problem(), (413, "payload_too_large".into()), "{path}");
        for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
            let answer = call().body(content_type, "{}").await;
            assert_eq!(answer.problem(), (415, "unsupported_media_type".into()), "{path} {content_type}");
        }
    }
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 200, "nothing happened");
    for query in ["", "?token=%00", "?token=a&token=b"] {
        let answer = app.get(&format!("/api/v1/password/reset/status{query}")).await;
        assert_eq!(answer.problem(), (400, "bad_request".into()), "{query}");
    }
});

db_test!(no_route_of_permissions_stumbles_over_strange_text, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await.account_id;
    let group = crate::powers::group(&app, "plain", &[], vestibule::Scope::default()).await;
    let group = format!("/api/v1/admin/groups/{group}");
    let mut stumbles = Vec::new();
    for text in
        ["\u{0}", "a\u{0}b", "\u{202e}", "\u{feff}", "'; DROP TABLE groups; --", "\u{10ffff}", "%00", &"x".repeat(6000)]
    {
        let limited = json!({"action": "view", "resource": "users", "constraints": {"regions": [text], text: [text]}});
        let named = json!({"action": text, "resource": text});
        let mut asked = named.clone();
        let rest = [
            ("principal", json!("root")),
            ("owner", json!(text)),
            ("scope", json!([text])),
            ("context", json!({text: text})),
        ];
        asked.as_object_mut().expect("an object").extend(rest.map(|(name, value)| (name.to_owned(), value)));
        let thing = json!({"type": text, "id": text});
        let question = json!({"subject": {"type": "user", "id": text}, "action": {"name": text}, "resource": thing});
        for (path, body) in [
            ("/api/v1/admin/groups", json!({"name": text, "slug": text, "description": text})),
            ("/api/v1/admin/groups", json!({"name": "A", "permissions": [named], "scope": [text]})),
            ("/api/v1/admin/groups", json!({"name": "A", "scope": [text]})),
            ("/api/v1/admin/groups", json!({"name": "A", "permissions": [limited]})),
            (&format!("{group}/preview"), json!({"description": text, "permissions": [limited], "scope": [text]})),
            (&format!("{group}/members"), json!({"account_id": text})),
            ("/api/v1/admin/permissions", json!({"action": text, "resource": text, "label": text, "any": text})),
            ("/api/v1/admin/permissions", json!({"action": "a", "resource": "b", "label": text})),
            (&format!("/api/v1/admin/users/{ann}/grants"), limited.clone()),
            (&format!("/api/v1/admin/users/{ann}/grants"), named.clone()),
            ("/api/v1/admin/explain", json!({"principal": text, "action": text, "resource": text})),
            ("/api/v1/admin/explain", asked),
            ("/access/v1/evaluation", question),
            ("/access/v1/evaluations", json!({"evaluations": [{text: text}, text]})),
        ] {
            let answer = app.post(path).bearer(&root.token).json(body.clone()).await;
            stumbles.extend(answer.status.is_server_error().then(|| format!("{path} {body}")));
        }
        let edited =
            app.patch(&group).bearer(&root.token).json(json!({"permissions": [limited], "scope": [text]})).await;
        stumbles.extend(edited.status.is_server_error().then(|| format!("{group} {text:?}")));
        assert_eq!(app.get(&group).bearer(&root.token).await.status, 200, "{text:?}");
    }
    assert_eq!(stumbles, [] as [String; 0]);
    let held = app.get(&format!("/api/v1/admin/users/{ann}/permissions")).bearer(&root.token).await;
    assert_eq!(held.status, 200, "what was taken can be read: {}", held.text);
});

db_test!(fields_that_grant_nothing_may_be_unknown_ones, |db| async move {
    let app = TestApp::new(&db).await;
    for path in ["/api/v1/password/forgot", "/api/v1/magic-link", "/api/v1/email-code", "/api/v1/email/verify/request"]
    {
        let body = json!({"email": "ann@example.com", "locale": "de", "redirect": "https://evil.example"});
        assert_eq!(app.post(path).json(body).await.status, 202, "{path}");
    }
});

db_test!(two_cookies_of_one_name_are_none, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    for (path, takes_session) in ROUTES.into_iter().filter(|(_, takes_session)| !takes_session) {
        let call = app.post(path).header("cookie", &format!("vestibule={}; vestibule=x", ann.token));
        let answer =
            call.json(json!({"email": "nobody@example.com", "token": "x", "code": "1", "new_password": "x"})).await;
        let is_asking = answer.status == 202;
        assert!(
            is_asking || answer.problem() == (400, "bad_request".into()),
            "{path} {takes_session}: {}",
            answer.text
        );
    }
});

db_test!(strange_paths_and_queries_are_refused, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for id in ["x", "1", "%00", "%ff%fe", "%", "%2", "%2e%2e%2fsession", "..", "00000000-0000-0000-0000-00000000000g"] {
        for prefix in ["/api/v1/me/sessions/", "/api/v1/admin/users/", "/api/v1/admin/admins/"] {
            let answer = app.delete(&format!("{prefix}{id}")).bearer(&root.token).await;
            assert_eq!(answer.problem(), (404, "not_found".into()), "{prefix}{id}");
        }
    }
    for (query, status) in [
        ("limit=0", 422),
        ("limit=-1", 422),
        ("limit=x", 422),
        ("limit=99999999999999999999", 422),
        ("limit=1000", 200),
        ("cursor=x", 422),
        ("cursor=%ff", 422),
        ("cursor=%00", 400),
        ("search=%00", 400),
        ("search=%ff", 200),
        ("search=%", 200),
        ("search=a&search=b", 400),
        ("state=%F0%9F%8C%B1", 422),
        ("group=x", 422),
        ("unknown=x", 200),
        ("&&==&", 200),
    ] {
        let answer = app.get(&format!("/api/v1/admin/users?{query}")).bearer(&root.token).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        assert!(status == 200 || !answer.problem().1.is_empty());
    }
    let longest = format!("cursor={}", "f".repeat(48));
    assert_eq!(app.get(&format!("/api/v1/admin/users?{longest}")).bearer(&root.token).await.status, 422);
});

db_test!(unknown_addresses_and_methods_are_problems_too, |db| async move {
    let app = TestApp::new(&db).await;
    for path in ["/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/session", "/api/v1/session/", "/api/v1//me"]
    {
        assert_eq!(app.get(path).await.problem(), (404, "not_found".into()), "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::TRACE, Method::OPTIONS] {
        let answer = app.call(method.clone(), "/api/v1/session").await;
        assert_eq!(answer.problem(), (405, "method_not_allowed".into()), "{method}");
        assert_eq!(answer.header("allow"), "GET,HEAD");
    }
    for path in
        ["//", "/%00", "/%ff", "/..%2f..%2fetc", "/assets/", "/assets/..%2fvestibule.css", "/assets/nothing.css"]
    {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
    assert_eq!(app.call(Method::HEAD, "/healthz").await.status, 200);
});
