//! OpenID providers that lie: nothing that they say opens or makes an account, and the log says in what they lied.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use testkit::{Answer, FakeOpenId, Lie, TestApp, TestDb, TestEngine, db_test};
use url::Url;
use vestibule::{AuditFilter, AuditOutcome, PageRequest};

const APP: &str = "https://app.example.com/back";
const START: &str = "/api/v1/oauth/corp/start?redirect_uri=https%3A%2F%2Fapp.example.com%2Fback";

/// An instance with a provider.
struct Corp {
    app: TestApp,
    provider: FakeOpenId,
}

/// Somebody on their way: what they come back with, and their browser's cookie.
struct Journey {
    query: String,
    cookie: String,
}

impl Corp {
    async fn new(db: &TestDb) -> Corp {
        let provider = FakeOpenId::start().await;
        let engine = TestEngine::with(db, |config| {
            config.oauth.oidc = vec![provider.config()];
            config.oauth.redirect_uris = vec![APP.to_owned()];
        })
        .await;
        Corp { app: TestApp::on(engine, |_| {}), provider }
    }

    async fn leave(&self) -> Journey {
        let started = self.app.get(START).await;
        assert_eq!(started.status, StatusCode::SEE_OTHER, "{}", started.text);
        let cookie = started.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        Journey { query: self.provider.agree(&location(&started), "ann", self.app.engine.now()), cookie }
    }

    async fn arrive(&self, journey: &Journey) -> Answer {
        let path = format!("/api/v1/oauth/corp/callback?{}", journey.query);
        self.app.get(&path).header("cookie", &journey.cookie).await
    }

    /// Signs in: what the application is told.
    async fn round_trip(&self) -> HashMap<String, String> {
        told(&self.arrive(&self.leave().await).await)
    }

    /// Signs in as ann, and says whether her account is new.
    async fn signs_in(&self) -> bool {
        let told = self.round_trip().await;
        assert!(told.contains_key("auth_code"), "{told:?}");
        let body = json!({"auth_code": told["auth_code"], "redirect_uri": APP});
        let exchanged = self.app.post("/api/v1/oauth/exchange").json(body).await;
        assert_eq!(exchanged.json()["account"]["email"], "ann@example.com", "{}", exchanged.text);
        told["new_user"] == "true"
    }

    /// Nothing has come of a journey, and the log says why: the reason.
    async fn refused(&self, told: &HashMap<String, String>) -> String {
        assert_eq!((told.get("error").map(String::as_str), told.len()), (Some("provider_failed"), 1), "{told:?}");
        let filter = AuditFilter {
            action: Some("identity.proven".to_owned()),
            outcome: Some(AuditOutcome::Refused),
            ..AuditFilter::default()
        };
        let rows = self.app.engine.list_audit(&filter, PageRequest::first()).await.expect("the log").items;
        assert_eq!(rows[0].created_at, self.app.engine.now(), "it was written now");
        assert_eq!(rows[0].details.0["provider"], "corp");
        rows[0].details.0["reason"].as_str().expect("a reason").to_owned()
    }

    async fn count_accounts(&self) -> i64 {
        self.app.engine.count_accounts().await.expect("a count").total
    }

    fn wait(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
    }
}

fn location(answer: &Answer) -> Url {
    answer.header("location").parse().unwrap_or_else(|_| panic!("it leads nowhere: {}", answer.text))
}

fn told(answer: &Answer) -> HashMap<String, String> {
    assert!(answer.header("location").starts_with(APP), "{}", answer.text);
    location(answer).query_pairs().into_owned().collect()
}

fn claims(change: Value) -> Lie {
    Lie::Claims(change)
}

db_test!(an_id_token_that_is_not_for_us_here_and_now_opens_nothing, |db: TestDb| async move {
    let c = Corp::new(&db).await;
    let (issuer, now) = (c.provider.issuer().to_owned(), c.app.engine.now().0 / 1_000_000);
    let lies = [
        (claims(json!({"iss": "https://login.example.com"})), "id_token_issuer"),
        (claims(json!({"iss": format!("{issuer}/")})), "id_token_issuer"),
        (claims(json!({"aud": "another-client"})), "id_token_audience"),
        (claims(json!({"aud": ["vestibule-test", "another-client"]})), "id_token_audience"),
        (claims(json!({"azp": "another-client"})), "id_token_audience"),
        (claims(json!({"nonce": "of-another-journey"})), "id_token_nonce"),
        (claims(json!({"nonce": null})), "id_token_nonce"),
        (claims(json!({"exp": now - 61})), "id_token_time"),
        (claims(json!({"iat": now + 3600})), "id_token_time"),
        (claims(json!({"exp": null})), "id_token_malformed"),
        (claims(json!({"sub": ""})), "id_token_subject"),
        (Lie::Unsigned("none"), "id_token_algorithm"),
        (Lie::Unsigned("EdDSA"), "id_token_signature"),
        (Lie::SharedSecret, "id_token_algorithm"),
        (Lie::PublicKeyAsSecret, "id_token_algorithm"),
        (Lie::BorrowedName, "id_token_signature"),
        (Lie::UnpublishedKey, "id_token_key_unknown"),
        (Lie::UserInfo(json!({"sub": "bob"})), "userinfo_of_another"),
        (Lie::UserInfo(json!({"sub": null})), "provider_answer_invalid"),
    ];
    for (lie, reason) in lies {
        c.wait(1); // so that the newest entry is the last one
        c.provider.lie(lie.clone());
        assert_eq!(c.refused(&c.round_trip().await).await, reason, "{lie:?}");
        assert_eq!(c.count_accounts().await, 0, "{lie:?}");
    }
    c.provider.lie(Lie::Nothing);
    assert!(c.signs_in().await, "it was nobody's fault but the provider's");
    assert!(!c.signs_in().await);
    c.wait(1);
    c.provider.lie(claims(json!({"nonce": "of-another-journey"})));
    assert_eq!(c.refused(&c.round_trip().await).await, "id_token_nonce", "whoever has an account is no exception");
    assert_eq!(c.count_accounts().await, 1);
});

db_test!(an_answer_that_says_it_is_anothers_or_nobodys_opens_nothing, |db: TestDb| async move {
    let c = Corp::new(&db).await;
    for change in ["iss=https%3A%2F%2Fevil.example", "x=y"] {
        c.wait(1);
        let mut journey = c.leave().await;
        let (rest, _) = journey.query.split_once("iss=").expect("it says who answers");
        journey.query = format!("{rest}{change}");
        assert_eq!(c.refused(&told(&c.arrive(&journey).await)).await, "issuer_mismatch", "{change}");
    }
    assert_eq!(c.count_accounts().await, 0);
});

db_test!(a_provider_that_publishes_another_issuer_is_not_asked, |db: TestDb| async move {
    let c = Corp::new(&db).await;
    let other = |provider: &FakeOpenId| Lie::Discovery(json!({"issuer": format!("{}/", provider.issuer())}));
    for lie in [
        other(&c.provider),
        Lie::Discovery(json!({"issuer": "https://evil.example"})),
        Lie::Discovery(json!({"issuer": null})),
        Lie::Discovery(json!({"token_endpoint": "http://evil.example/token"})),
        Lie::Discovery(json!({"jwks_uri": "file:///etc/passwd"})),
        Lie::Discovery(json!({"authorization_endpoint": "javascript:alert(1)"})),
    ] {
        c.provider.lie(lie.clone());
        assert_eq!(c.app.get(START).await.problem(), (503, "provider_unavailable".to_owned()), "{lie:?}");
        c.wait(10); // it is asked that seldom
    }
    c.provider.lie(Lie::Nothing);
    let early = c.leave().await;
    assert_eq!(told(&c.arrive(&early).await)["new_user"], "true");
    c.wait(3590); // what it publishes is kept for an hour
    let late = c.leave().await;
    c.wait(10);
    c.provider.lie(other(&c.provider));
    assert_eq!(c.refused(&told(&c.arrive(&late).await)).await, "issuer_mismatch", "nor in the midst of a journey");
    assert_eq!(c.count_accounts().await, 1);
});

db_test!(a_new_key_is_found_and_an_unknown_or_retired_one_is_refused, |db: TestDb| async move {
    let c = Corp::new(&db).await;
    assert!(c.signs_in().await);
    c.provider.rotate();
    c.wait(9);
    let told = c.round_trip().await;
    assert_eq!(c.refused(&told).await, "id_token_key_unknown", "its keys are read once in ten seconds");
    assert_eq!(c.provider.asked_for_keys(), 1);
    c.wait(1);
    assert!(!c.signs_in().await);
    assert_eq!(c.provider.asked_for_keys(), 2);
    for lie in [Lie::UnpublishedKey, Lie::RetiredKey] {
        c.provider.lie(lie.clone());
        for seconds in [1, 1, 10] {
            c.wait(seconds);
            assert_eq!(c.refused(&c.round_trip().await).await, "id_token_key_unknown", "{lie:?}");
        }
    }
    assert_eq!(c.provider.asked_for_keys(), 4, "whatever tokens say");
    c.provider.lie(Lie::Nothing);
    assert!(!c.signs_in().await);
    assert_eq!((c.provider.asked_for_keys(), c.count_accounts().await), (4, 1));
});
