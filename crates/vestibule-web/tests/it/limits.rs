//! Rate limits, as clients meet them.

use std::time::Duration;

use serde_json::json;
use testkit::{Call, PASSWORD, TestApp, db_test};
use vestibule::Caller;
use vestibule_web::{Limit, Limits};

fn limit(text: &str) -> Option<Limit> {
    Some(text.parse().expect("a limit"))
}

fn sign_in(app: &TestApp, identifier: &str, peer: &str) -> Call {
    let body = json!({"identifier": identifier, "password": "quite another thing 7"});
    app.post("/api/v1/sign-in").peer(peer).json(body)
}

db_test!(sign_ins_are_counted_by_address_and_the_wait_is_told, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_in = limit("3/60")).await;
    for n in 0..3 {
        assert_eq!(sign_in(&app, &format!("user{n}"), "192.0.2.1").await.status, 401);
    }
    let refused = sign_in(&app, "user9", "192.0.2.1").await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()));
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(sign_in(&app, "user9", "::ffff:192.0.2.1").await.status, 429, "the same address, written in IPv6");
    assert_eq!(sign_in(&app, "user9", "192.0.2.2").await.status, 401);
    app.clock.advance(Duration::from_secs(20));
    assert_eq!(sign_in(&app, "user9", "192.0.2.1").await.status, 401);
    assert_eq!(sign_in(&app, "user9", "192.0.2.1").await.status, 429);
});

db_test!(an_identifier_is_counted_known_or_unknown_from_anywhere, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_in_identifier = limit("2/60")).await;
    app.sign_up("ann@example.com").await;
    for identifier in ["ann@example.com", "nobody@example.com"] {
        assert_eq!(sign_in(&app, identifier, "192.0.2.1").await.status, 401);
        assert_eq!(sign_in(&app, &identifier.to_uppercase(), "192.0.2.2").await.status, 401);
        assert_eq!(sign_in(&app, &format!(" {identifier}"), "192.0.2.3").await.status, 429);
    }
    let right = json!({"identifier": "ann@example.com", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/sign-in").json(right).await.status, 429);
});

db_test!(there_is_a_ceiling_for_everybody, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_in_global = limit("2/60")).await;
    for n in 0..3 {
        let expected = if n < 2 { 401 } else { 429 };
        assert_eq!(sign_in(&app, &format!("user{n}"), &format!("192.0.2.{n}")).await.status, expected);
    }
});

db_test!(sign_ups_are_counted_too, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_up = limit("2/60")).await;
    for n in 0..3 {
        let body = json!({"email": format!("user{n}@example.com"), "password": PASSWORD});
        let expected = if n < 2 { 201 } else { 429 };
        assert_eq!(app.post("/api/v1/sign-up").peer("2001:db8::1").json(body).await.status, expected);
    }
    let neighbour = json!({"email": "user9@example.com", "password": PASSWORD});
    let answer = app.post("/api/v1/sign-up").peer("2001:db8:0:0:9::9").json(neighbour.clone()).await;
    assert_eq!(answer.status, 429, "the same network");
    assert_eq!(app.post("/api/v1/sign-up").peer("2001:db8:0:1::1").json(neighbour).await.status, 201);
});

db_test!(only_wrong_setup_tokens_are_charged_and_then_even_the_right_one_waits, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = limit("2/60")).await;
    let token = app.engine.issue_setup_token(&Caller::system()).await.expect("a token").expect("no administrator yet");
    let send = |token: &str, password: &str| {
        let body = json!({"setup_token": token, "username": "root", "password": password});
        app.post("/api/v1/setup").json(body)
    };
    for _ in 0..5 {
        assert_eq!(send(token.expose(), "short").await.status, 422, "a known token is no guess");
    }
    assert_eq!(send("vst_set_x", PASSWORD).await.status, 403);
    assert_eq!(send("vst_set_x", PASSWORD).await.status, 403);
    assert_eq!(send(token.expose(), PASSWORD).await.problem(), (429, "too_many_requests".into()));
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(send(token.expose(), PASSWORD).await.status, 201);
});

db_test!(wrong_setup_tokens_are_counted_from_everywhere_together, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = limit("1/60")).await;
    let token = app.engine.issue_setup_token(&Caller::system()).await.expect("a token").expect("no administrator yet");
    let send = |token: &str, n: u8| {
        let body = json!({"setup_token": token, "username": "root", "password": PASSWORD});
        app.post("/api/v1/setup").peer(&format!("192.0.2.{n}")).json(body)
    };
    for n in 0..10 {
        assert_eq!(send("vst_set_x", n).await.status, 403, "{n}");
    }
    let refused = send(token.expose(), 99).await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()), "an address that never guessed waits too");
    assert_eq!(refused.header("retry-after"), "6");
    app.clock.advance(Duration::from_secs(6));
    assert_eq!(send(token.expose(), 99).await.status, 201);
});

db_test!(dangerous_acts_are_counted_by_account, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = limit("2/60")).await;
    let ann = app.sign_up("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let prove = |token: &str| {
        app.post("/api/v1/session/reauthenticate").bearer(token).json(json!({"password": "quite another thing 7"}))
    };
    let change = app.post("/api/v1/password/change").bearer(&ann.token);
    let change = change.json(json!({"current_password": "quite another thing 7", "new_password": PASSWORD}));
    assert_eq!(prove(&ann.token).await.status, 401);
    assert_eq!(change.await.status, 401);
    assert_eq!(prove(&ann.token).await.status, 429);
    assert_eq!(prove(&bob.token).await.status, 401);
});

db_test!(off_is_off, |db| async move {
    let app = TestApp::with(&db, |config| config.limits = Limits::off()).await;
    for _ in 0..120 {
        assert_eq!(sign_in(&app, "nobody", "192.0.2.1").await.status, 401);
    }
});
