//! What every answer carries.

use testkit::{TestApp, db_test};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

db_test!(every_answer_carries_the_security_headers_and_a_request_id_of_ours, |db| async move {
    let app = TestApp::new(&db).await;
    let mut ids = std::collections::BTreeSet::new();
    for path in ["/healthz", "/api/v1/session", "/api/v1/setup", "/nowhere", "/docs", "/openapi.json"] {
        let answer = app.get(path).header("x-request-id", "mine").await;
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, POLICY, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        ids.insert(answer.header("x-request-id").to_owned());
    }
    assert_eq!(ids.len(), 6);
});

db_test!(with_tls_browsers_are_told_to_keep_to_it, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    assert_eq!(app.get("/healthz").await.header("strict-transport-security"), "max-age=31536000");
});

db_test!(secrets_are_never_compressed, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let answer = app.get("/api/v1/session").bearer(&ann.token).header("accept-encoding", "gzip").await;
    assert_eq!((answer.header("content-encoding"), answer.status.as_u16()), ("", 200));
});

db_test!(a_problem_names_the_request_it_belongs_to, |db| async move {
    let app = TestApp::new(&db).await;
    let answer = app.get("/api/v1/me").await;
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
});
