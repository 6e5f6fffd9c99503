//! `POST /api/v1/sign-in`, `POST /api/v1/sign-out`

use serde_json::json;
use testkit::{PASSWORD, TestApp, db_test};

db_test!(a_program_signs_up_in_and_out_by_bearer, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let ann = app.sign_in("ann@example.com").await;
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 200);
    assert_eq!(app.post("/api/v1/sign-out").bearer(&ann.token).await.status, 204);
    let answer = app.get("/api/v1/session").bearer(&ann.token).await;
    assert_eq!(answer.problem(), (401, "unauthenticated".into()));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
});

db_test!(a_browser_signs_in_and_out_by_cookie, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let body = json!({"identifier": "ANN@example.com", "password": PASSWORD});
    let answer = app.post("/api/v1/sign-in").json(body).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"), "{cookie}");
    let ann = testkit::SignedIn::of(&answer);
    assert_eq!(answer.session_cookie(), Some(ann.token.as_str()));
    assert_eq!(app.get("/api/v1/session").cookie(&ann.token).await.json()["csrf_token"], ann.csrf_token.as_str());
    let out = app.post("/api/v1/sign-out").browser(&ann).await;
    assert_eq!((out.status.as_u16(), out.session_cookie()), (204, Some("")));
    assert_eq!(app.get("/api/v1/session").cookie(&ann.token).await.status, 401);
});

db_test!(behind_tls_the_cookie_is_bound_to_the_host, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com/auth").await;
    let answer = app.post("/api/v1/sign-up").json(json!({"email": "ann@example.com", "password": PASSWORD})).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-vestibule=vst_ses_"), "{cookie}");
    assert!(cookie.contains("; Path=/;") && cookie.contains("; Secure;") && !cookie.contains("Domain"), "{cookie}");
    let token = testkit::SignedIn::of(&answer).token;
    let call = app.get("/api/v1/session").header("cookie", &format!("__Host-vestibule={token}"));
    assert_eq!(call.await.status, 200);
    assert_eq!(app.get("/api/v1/session").cookie(&token).await.status, 401, "the plain name is for localhost");
});

db_test!(a_stranger_cannot_tell_why_a_sign_in_was_refused, |db| async move {
    let app = TestApp::new(&db).await;
    let admin = app.administrator("root").await;
    app.sign_up("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let disable = format!("/api/v1/admin/users/{}/disable", bob.account_id);
    assert_eq!(app.post(&disable).bearer(&admin.token).await.status, 204);
    for _ in 0..6 {
        let wrong = json!({"identifier": "root", "password": "quite another thing 7"});
        assert_eq!(app.post("/api/v1/sign-in").json(wrong).await.status, 401);
    }
    let mut answers = Vec::new();
    for (identifier, password) in [
        ("ann@example.com", "quite another thing 7"),
        ("nobody@example.com", PASSWORD),
        ("no such name", PASSWORD),
        ("", ""),
        ("bob@example.com", PASSWORD),
        ("root", PASSWORD),
    ] {
        let answer = app.post("/api/v1/sign-in").json(json!({"identifier": identifier, "password": password})).await;
        assert_eq!(answer.problem(), (401, "invalid_credentials".into()), "{identifier}");
        assert!(answer.session_cookie().is_none());
        let mut body = answer.json();
        body["request_id"].take();
        answers.push(body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
});
