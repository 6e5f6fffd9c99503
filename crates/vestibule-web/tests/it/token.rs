//! `/api/v1/token`, `/.well-known/jwks.json`

use serde_json::json;
use testkit::{Call, PASSWORD, SignedIn, TestApp, TestEngine, db_test};
use vestibule::{AccessTokenVerifier, JwkSet};

use crate::careful::Careful;
use crate::programs::{Key, Tokens, refresh, service_key};

const PATH: &str = "/api/v1/token";

fn for_session(call: Call) -> Call {
    call.json(json!({"grant_type": "session"}))
}

fn for_password(app: &TestApp, identifier: &str, password: &str) -> Call {
    app.post(PATH).json(json!({"grant_type": "password", "identifier": identifier, "password": password}))
}

async fn sessions(app: &TestApp, who: &SignedIn) -> usize {
    let body = app.get("/api/v1/me/sessions").bearer(&who.token).await.json();
    body["items"].as_array().expect("items").len()
}

db_test!(a_session_gives_tokens_and_stays, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    for call in [app.post(PATH).bearer(&ann.token), app.post(PATH).browser(&ann)] {
        let given = for_session(call).await;
        assert_eq!((given.status.as_u16(), given.header("cache-control")), (200, "no-store"), "{}", given.text);
        let body = given.json();
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(body["account"], app.get("/api/v1/me").bearer(&ann.token).await.json());
        assert!(given.session_cookie().is_none(), "it is for a program");
        let tokens = Tokens::of(&given);
        assert!(tokens.refresh.starts_with("vst_rft_"), "{}", tokens.refresh);
        let me = app.get("/api/v1/me").bearer(&tokens.access).await;
        assert_eq!((me.status.as_u16(), &me.json()["email"]), (200, &json!("ann@example.com")));
    }
    let without = for_session(app.post(PATH).cookie(&ann.token)).await;
    assert_eq!(without.problem(), (403, "csrf_token_invalid".into()));
    assert_eq!(for_session(app.post(PATH)).await.problem(), (401, "unauthenticated".into()));
    assert_eq!(sessions(&app, &ann).await, 1);
});

db_test!(only_a_session_stands_for_a_session, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let tokens = Tokens::by_session(&app, &ann).await;
    let key = Key::make(&app, &ann, None).await.token;
    let service = service_key(&app, &["introspect", "evaluate"]).await;
    for bearer in [&tokens.access, &tokens.refresh, &key, &service] {
        let refused = for_session(app.post(PATH).bearer(bearer)).await;
        assert_eq!(refused.problem(), (401, "unauthenticated".into()), "{bearer}");
    }
});

db_test!(a_password_gives_tokens_and_no_session, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let tokens = Tokens::of(&for_password(&app, "ANN@example.com", PASSWORD).await);
    assert!(tokens.is_live(&app).await);
    assert_eq!(sessions(&app, &ann).await, 1);
    let strange = for_password(&app, "ann@example.com", PASSWORD).bearer("nonsense").cookie("nonsense");
    assert_eq!(strange.await.status, 200, "what comes besides does not count");
    let wrong = for_password(&app, "ann@example.com", "quite another thing 7").await;
    let unknown = for_password(&app, "nobody@example.com", "quite another thing 7").await;
    assert_eq!(wrong.problem(), (401, "invalid_credentials".into()));
    let mut bodies = [wrong.json(), unknown.json()];
    bodies.iter_mut().for_each(|body| body["request_id"] = json!(null));
    assert_eq!(bodies[0], bodies[1]);
});

db_test!(what_is_missing_is_told, |db| async move {
    let app = TestApp::new(&db).await;
    let rows = [
        (json!({"grant_type": "password", "password": PASSWORD}), (422, "identifier_required")),
        (json!({"grant_type": "password", "identifier": "ann"}), (422, "password_required")),
        (json!({"grant_type": "client_credentials"}), (400, "malformed_json")),
        (json!({"identifier": "ann", "password": PASSWORD}), (400, "malformed_json")),
    ];
    for (body, (status, code)) in rows {
        let refused = app.post(PATH).json(body.clone()).await;
        assert_eq!(refused.problem(), (status, code.to_owned()), "{body}");
    }
});

db_test!(a_second_factor_is_asked_for_and_counts, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let careful = Careful::enrol(&app, &ann).await;
    assert_eq!(for_password(&app, "ann@example.com", PASSWORD).await.problem(), (401, "mfa_required".into()));
    let with = |code: String| {
        let body = json!({"grant_type": "password", "identifier": "ann@example.com", "password": PASSWORD});
        let mut body = body.as_object().expect("an object").clone();
        body.insert("mfa_code".into(), json!(code));
        app.post(PATH).json(body.into())
    };
    assert_eq!(with(careful.wrong(&app)).await.problem(), (401, "invalid_mfa_code".into()));
    let code = careful.next(&app);
    let tokens = Tokens::of(&with(code.clone()).await);
    assert!(tokens.is_live(&app).await);
    assert_eq!(with(code).await.problem(), (401, "invalid_mfa_code".into()), "a code counts once");
});

db_test!(an_address_must_be_proven_where_signing_in_asks_for_that, |db| async move {
    let engine = TestEngine::with(&db, |config| config.require_verified_email = true).await;
    let app = TestApp::on(engine, |_| {});
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    assert!(app.post("/api/v1/sign-up").json(body).await.status.is_success());
    let refused = for_password(&app, "ann@example.com", PASSWORD).await;
    assert_eq!(refused.problem(), (403, "email_not_verified".into()));
    let wrong = for_password(&app, "ann@example.com", "quite another thing 7").await;
    assert_eq!(wrong.problem(), (401, "invalid_credentials".into()));
});

db_test!(any_service_verifies_by_the_published_keys_alone, |db| async move {
    let app = TestApp::new(&db).await;
    let before = app.get("/.well-known/jwks.json").await;
    assert_eq!((before.status.as_u16(), before.header("cache-control")), (200, "public, max-age=60"));
    assert_eq!(before.json()["keys"].as_array().map(Vec::len), Some(1), "the first is made when it is asked for");
    let ann = app.sign_up("ann@example.com").await;
    let old = Tokens::by_session(&app, &ann).await;
    app.engine
        .rotate_keys(&vestibule::Caller::host("root"), vestibule::KeysBefore::Retired)
        .await
        .expect("the host may");
    let new = Tokens::of(&refresh(&app, &old.refresh).await);
    let published = app.get("/.well-known/jwks.json").await.json();
    let keys = published["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2, "{published}");
    for key in keys {
        assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA")));
        assert!(key["kid"].is_string() && key["d"].is_null(), "{key}");
    }
    let keys: JwkSet = serde_json::from_value(published.clone()).expect("a set of keys");
    let verifier = AccessTokenVerifier::new("http://localhost:8080", "http://localhost:8080", &keys);
    for token in [&old.access, &new.access] {
        let claims = verifier.verify(token, app.clock.now()).expect("a token of ours");
        assert_eq!((claims.sub, claims.amr.as_slice()), (ann.account_id, ["pwd".to_owned()].as_slice()));
        assert!(crate::programs::is_live(&app, token).await);
    }
});

fn limit(text: &str) -> Option<vestibule_web::Limit> {
    Some(text.parse().expect("a limit"))
}

db_test!(a_password_for_tokens_counts_as_a_sign_in, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_in_identifier = limit("2/60")).await;
    app.sign_up("ann@example.com").await;
    for identifier in ["ann@example.com", "nobody@example.com"] {
        for _ in 0..2 {
            let wrong = for_password(&app, identifier, "quite another thing 7").await;
            assert_eq!(wrong.problem(), (401, "invalid_credentials".into()));
        }
        let refused = for_password(&app, &format!(" {}", identifier.to_uppercase()), PASSWORD).await;
        assert_eq!(refused.problem(), (429, "too_many_requests".into()), "{identifier}");
        let body = json!({"identifier": identifier, "password": PASSWORD});
        assert_eq!(app.post("/api/v1/sign-in").json(body).await.status, 429, "they are counted together");
    }
});

db_test!(tokens_for_a_session_are_counted_by_account, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = limit("2/60")).await;
    let (ann, bob) = (app.sign_up("ann@example.com").await, app.sign_up("bob@example.com").await);
    for _ in 0..2 {
        assert_eq!(for_session(app.post(PATH).bearer(&ann.token)).await.status, 200);
    }
    assert_eq!(for_session(app.post(PATH).bearer(&ann.token)).await.problem(), (429, "too_many_requests".into()));
    assert_eq!(for_session(app.post(PATH).bearer(&bob.token)).await.status, 200);
});

db_test!(no_route_of_tokens_stumbles_over_strange_text, |db| async move {
    let app = TestApp::new(&db).await;
    let service = service_key(&app, &["introspect"]).await;
    let paths = [PATH, "/api/v1/token/refresh", "/api/v1/token/revoke", "/api/v1/tokens/report", "/api/v1/introspect"];
    let long = "x".repeat(60_000);
    let dots = ".".repeat(60_000);
    for text in
        ["", "\u{0}", "a\u{0}.b.c", "\u{202e}", "'; DROP TABLE accounts; --", "%00", ". .", "é.é.é", &long, &dots]
    {
        let body = json!({
            "grant_type": "password", "identifier": text, "password": text, "mfa_code": text, "refresh_token": text,
            "token": text,
        });
        for path in paths {
            let answer = app.post(path).bearer(&service).json(body.clone()).await;
            assert!(!answer.status.is_server_error(), "{path} {text:?}: {}", answer.text);
        }
        let shown: String = text.chars().take(40).collect();
        if let Ok(value) = axum::http::HeaderValue::from_str(&format!("Bearer {text}")) {
            let call = app.get("/api/v1/me").header("authorization", value.to_str().unwrap_or("Bearer x"));
            assert_eq!(call.await.problem(), (401, "unauthenticated".into()), "{shown:?}");
        }
    }
    for path in paths {
        for body in ["", "{", "null", "[1]", "true", r#"{"token": 1, "refresh_token": 1, "grant_type": 1}"#] {
            let answer = app.post(path).bearer(&service).body("application/json", body).await;
            assert_eq!(answer.problem(), (400, "malformed_json".into()), "{path} {body}");
        }
        let form = app.post(path).bearer(&service).form(&[("token", "x")]).await;
        assert_eq!(form.problem(), (415, "unsupported_media_type".into()), "{path}");
    }
});
