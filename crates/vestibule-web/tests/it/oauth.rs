//! Signing in to an application by a login elsewhere, as browsers and the application's server do it.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::json;
use testkit::{Answer, FakeGithub, GithubUser, TestApp, TestDb, TestEngine, db_test};
use url::Url;
use vestibule::{AuditFilter, AuditOutcome, PageRequest, Random, Secret, SecretKind};
use vestibule_web::Limits;

const APP: &str = "https://app.example.com/back";

/// An instance with a GitHub.
struct Instance {
    app: TestApp,
    github: FakeGithub,
}

impl Instance {
    async fn new(db: &TestDb) -> Instance {
        Instance::with(db, |_| {}).await
    }

    async fn with(db: &TestDb, change: impl FnOnce(&mut vestibule::Config)) -> Instance {
        let github = FakeGithub::start().await;
        let engine = TestEngine::with(db, |config| {
            config.oauth.github = Some(github.config());
            config.oauth.redirect_uris = vec![APP.to_owned(), "https://app.example.com/?tenant=1".to_owned()];
            change(config);
        })
        .await;
        Instance { app: TestApp::on(engine, |_| {}), github }
    }

    async fn start(&self, query: &str) -> Answer {
        self.app.get(&format!("/api/v1/oauth/github/start?{query}")).await
    }

    /// Starts, agrees and comes back with the cookie that was given.
    async fn round_trip(&self, query: &str, user: &GithubUser) -> Answer {
        let started = self.start(query).await;
        assert_eq!(started.status, StatusCode::SEE_OTHER, "{}", started.text);
        let (state, code) = self.github.agree(&location(&started), user);
        self.come_back(&cookie(&started), &state, &code).await
    }

    async fn come_back(&self, cookie: &str, state: &str, code: &str) -> Answer {
        let path = format!("/api/v1/oauth/github/callback?state={state}&code={code}");
        self.app.get(&path).header("cookie", cookie).await
    }

    async fn exchange(&self, code: &str) -> Answer {
        self.app.post("/api/v1/oauth/exchange").json(json!({"auth_code": code, "redirect_uri": APP})).await
    }
}

fn ann() -> GithubUser {
    GithubUser::new(583_231, "ann", "ann@example.com")
}

fn location(answer: &Answer) -> Url {
    answer.header("location").parse().expect("it leads somewhere")
}

fn query(answer: &Answer) -> HashMap<String, String> {
    location(answer).query_pairs().into_owned().collect()
}

/// The cookie that stands for the browser, as it is sent back.
fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("vestibule-oauth="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"), "{cookie}");
    cookie.split(';').next().expect("a pair").to_owned()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

db_test!(an_application_gets_a_code_and_its_server_a_session, |db: TestDb| async move {
    let i = Instance::new(&db).await;
    let state = "a state/with?special&things=é";
    let asked = format!("redirect_uri={}&state={}", encoded(APP), encoded(state));
    let back = i.round_trip(&asked, &ann()).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.text);
    assert!(back.header("location").starts_with(&format!("{APP}?auth_code=vst_oac_")), "{}", back.header("location"));
    assert!(!back.header("location").contains("vst_ses_"), "no session is ever in an address");
    assert_eq!(back.session_cookie(), None);
    let given = query(&back);
    assert_eq!((given["new_user"].as_str(), given["state"].as_str(), given.len()), ("true", state, 3));

    let exchanged = i.exchange(&given["auth_code"]).await;
    assert_eq!(exchanged.status, StatusCode::OK, "{}", exchanged.text);
    let body = exchanged.json();
    assert_eq!((&body["new_user"], &body["account"]["email"]), (&json!(true), &json!("ann@example.com")));
    assert_eq!(body["token"], body["session_token"]);
    let token = body["session_token"].as_str().expect("a token");
    let session = i.app.get("/api/v1/session").bearer(token).await.json();
    assert_eq!(session["session"]["method"], "oauth");
    assert_eq!(i.exchange(&given["auth_code"]).await.problem(), (401, "auth_code_invalid".to_owned()), "once");
    assert_eq!(i.app.post("/api/v1/oauth/logout").bearer(token).await.status, StatusCode::NO_CONTENT);
    assert_eq!(i.app.get("/api/v1/session").bearer(token).await.status, StatusCode::UNAUTHORIZED);

    let again = query(&i.round_trip(&format!("redirect_uri={}", encoded(APP)), &ann()).await);
    assert_eq!((again["new_user"].as_str(), again.contains_key("state")), ("false", false));
});

db_test!(a_query_of_the_redirect_uri_is_kept, |db: TestDb| async move {
    let i = Instance::new(&db).await;
    let uri = "https://app.example.com/?tenant=1";
    let given = query(&i.round_trip(&format!("redirect_uri={}", encoded(uri)), &ann()).await);
    assert_eq!((given["tenant"].as_str(), given.contains_key("auth_code")), ("1", true));
    assert_eq!(i.exchange(&given["auth_code"]).await.problem().0, 401, "it was given to another address");
});

db_test!(a_redirect_uri_is_compared_letter_by_letter, |db: TestDb| async move {
    let i = Instance::new(&db).await;
    for strange in [
        "",
        "https://app.example.com/back/",
        "https://app.example.com/Back",
        "https://APP.example.com/back",
        "HTTPS://app.example.com/back",
        "http://app.example.com/back",
        "https://app.example.com:443/back",
        "https://app.example.com:8443/back",
        "https://app.example.com/back?",
        "https://app.example.com/back?x=1",
        "https://app.example.com/back#x",
        "https://app.example.com/./back",
        "https://app.example.com/%62ack",
        "https://app.example.com/back/../../evil",
        "https://app.example.com.evil.example/back",
        "https://app.example.com@evil.example/back",
        "https://evil.example/https://app.example.com/back",
        "//app.example.com/back",
        "/back",
        "\\\\app.example.com\\back",
        "https:\\\\app.example.com\\back",
        " https://app.example.com/back",
        "https://app.example.com/back ",
        "https://app.example.com/back\r\nX: y",
        "javascript:alert(1)",
        "null",
    ] {
        let answer = i.start(&format!("redirect_uri={}", encoded(strange))).await;
        assert_eq!(answer.problem(), (400, "redirect_uri_not_allowed".to_owned()), "{strange:?}");
        assert_eq!(answer.header("location"), "");
    }
    assert_eq!(i.start("").await.problem(), (400, "redirect_uri_not_allowed".to_owned()));
    let twice = format!("redirect_uri={}&redirect_uri={}", encoded(APP), encoded("https://evil.example"));
    assert_eq!(i.start(&twice).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(i.start(&format!("redirect_uri={}", encoded(APP))).await.status, StatusCode::SEE_OTHER);
});

db_test!(what_cannot_be_started_says_why, |db: TestDb| async move {
    let i = Instance::new(&db).await;
    let uri = encoded(APP);
    assert_eq!(i.app.get("/api/v1/oauth/gitlab/start").await.problem(), (404, "not_found".to_owned()));
    assert_eq!(i.app.get("/api/v1/oauth/gitlab/callback").await.problem(), (404, "not_found".to_owned()));
    for wrong in [
        format!("state={}", "x".repeat(513)),
        "code_challenge=short".to_owned(),
        format!("code_challenge={}&code_challenge_method=plain", "x".repeat(43)),
    ] {
        assert_eq!(i.start(&format!("redirect_uri={uri}&{wrong}")).await.problem(), (422, "field_invalid".to_owned()));
    }
    assert_eq!(i.start(&format!("redirect_uri={uri}&state={}", "x".repeat(512))).await.status, StatusCode::SEE_OTHER);
    let bare = TestApp::new(&TestDb::sqlite()).await;
    for path in ["start?redirect_uri=x", "callback?state=x&code=y"] {
        let answer = bare.get(&format!("/api/v1/oauth/github/{path}")).await;
        assert_eq!(answer.problem(), (503, "oauth_not_configured".to_owned()));
    }
});

db_test!(an_answer_counts_in_the_browser_that_began, |db: TestDb| async move {
    let i = Instance::new(&db).await;
    let started = i.start(&format!("redirect_uri={}", encoded(APP))).await;
    let (state, code) = i.github.agree(&location(&started), &ann());
    let other = cookie(&i.start(&format!("redirect_uri={}", encoded(APP))).await);
    let own = cookie(&started);
    for strange in ["", &other, "vestibule-oauth=", &format!("{own}0"), &format!("{own}; {own}")] {
        let answer = i.come_back(strange, &state, &code).await;
        assert_eq!(answer.problem(), (400, "oauth_state_invalid".to_owned()), "{strange:?}");
    }
    let page = i.app.get(&format!("/api/v1/oauth/github/callback?state={state}&code={code}"));
    let page = page.header("accept", "text/html,application/xhtml+xml").await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::BAD_REQUEST, "text/html; charset=utf-8"));
    assert_eq!(i.come_back(&own, &state, &code).await.status, StatusCode::SEE_OTHER, "nobody ended it");
    // A second journey of the same browser ends the first no more than the other way round.
    let path = format!("/api/v1/oauth/github/start?redirect_uri={}", encoded(APP));
    let first = i.app.get(&path).header("cookie", &own).await;
    let second = i.app.get(&path).header("cookie", &own).await;
    assert_eq!((cookie(&first), cookie(&second)), (own.clone(), own.clone()));
    for journey in [&second, &first] {
        let (state, code) = i.github.agree(&location(journey), &ann());
        assert_eq!(i.come_back(&own, &state, &code).await.status, StatusCode::SEE_OTHER);
    }
});

db_test!(what_goes_wrong_there_is_told_to_the_application_in_a_word, |db: TestDb| async move {
    let i = Instance::with(&db, |config| config.email_domains = vec!["corp.example".to_owned()]).await;
    let asked = format!("redirect_uri={}&state=x", encoded(APP));
    let told = query(&i.round_trip(&asked, &ann()).await);
    assert_eq!((told["error"].as_str(), told["state"].as_str(), told.len()), ("sign_up_closed", "x", 2));
    for (error, word) in
        [("access_denied", "access_denied"), ("server_error", "provider_failed"), ("<x>", "provider_failed")]
    {
        let started = i.start(&asked).await;
        let (state, _) = i.github.agree(&location(&started), &ann());
        let path = format!("/api/v1/oauth/github/callback?state={state}&error={}&error_description=x", encoded(error));
        let told = query(&i.app.get(&path).header("cookie", &cookie(&started)).await);
        assert_eq!((told["error"].as_str(), told["state"].as_str(), told.len()), (word, "x", 2));
    }
});

db_test!(a_disabled_account_is_refused_where_its_owner_comes_back, |db: TestDb| async move {
    let i = Instance::new(&db).await;
    let asked = format!("redirect_uri={}", encoded(APP));
    let code = query(&i.round_trip(&asked, &ann()).await)["auth_code"].clone();
    let id = i.exchange(&code).await.json()["account"]["id"].as_str().expect("an id").parse().expect("an id");
    i.app.engine.disable_account(&vestibule::Caller::host("root"), id).await.expect("disabled");
    let refused = i.round_trip(&asked, &ann()).await;
    assert_eq!(refused.problem(), (403, "identity_disabled".to_owned()));
    assert_eq!(refused.header("location"), "");
});

db_test!(logins_are_listed_and_disconnected_by_their_owner, |db: TestDb| async move {
    let i = Instance::new(&db).await;
    let code = query(&i.round_trip(&format!("redirect_uri={}", encoded(APP)), &ann()).await)["auth_code"].clone();
    let ann_here = testkit::SignedIn::of(&i.exchange(&code).await);
    let bob = i.app.sign_up("bob@example.com").await;
    let list = i.app.get("/api/v1/me/identities").bearer(&ann_here.token).await.json();
    let identity = &list["items"][0];
    assert_eq!((&identity["provider"], &identity["username"]), (&json!("github"), &json!("ann")));
    assert_eq!((&identity["subject"], &identity["email"]), (&json!("583231"), &json!("ann@example.com")));
    let path = format!("/api/v1/me/identities/{}", identity["id"].as_str().expect("an id"));
    let random = "/api/v1/me/identities/00000000-0000-7000-8000-000000000000";
    let (foreign, unknown) =
        (i.app.delete(&path).bearer(&bob.token).await, i.app.delete(random).bearer(&bob.token).await);
    assert_eq!((foreign.problem(), foreign.problem()), (unknown.problem(), (404, "not_found".to_owned())));
    assert_eq!(i.app.delete(&path).cookie(&ann_here.token).await.problem(), (403, "csrf_token_invalid".to_owned()));
    assert_eq!(i.app.delete(&path).browser(&ann_here).await.problem(), (409, "last_way_in".to_owned()));
    let set = i.app.post("/api/v1/password/set").bearer(&ann_here.token);
    let set = set.json(json!({"new_password": testkit::PASSWORD})).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.text);
    assert_eq!(i.app.delete(&path).browser(&ann_here).await.status, StatusCode::NO_CONTENT);
    let list = i.app.get("/api/v1/me/identities").bearer(&ann_here.token).await.json();
    assert_eq!(list["items"], json!([]));
    i.app.clock.advance(std::time::Duration::from_secs(15 * 60));
    let late = i.app.delete(&path).bearer(&ann_here.token).await;
    assert_eq!(late.problem(), (403, "reauthentication_required".to_owned()));
});

db_test!(steps_of_a_sign_in_are_counted_by_address, |db: TestDb| async move {
    let github = FakeGithub::start().await;
    let engine = TestEngine::with(&db, |config| config.oauth.github = Some(github.config())).await;
    let app = TestApp::on(engine, |web| {
        web.limits = Limits { sign_in: "3/60".parse().ok(), ..Limits::off() };
    });
    let step = async |peer: &str, path: &str| app.get(&format!("/api/v1/oauth/github/{path}")).peer(peer).await.status;
    for path in ["start", "callback", "start"] {
        assert_eq!(step("203.0.113.1", path).await, StatusCode::BAD_REQUEST);
    }
    for path in ["start", "callback"] {
        assert_eq!(step("203.0.113.1", path).await, StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(app.get("/sign-in/with/github").peer("203.0.113.1").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(step("203.0.113.2", "start").await, StatusCode::BAD_REQUEST);
});

/// A code of the right form that was never given to anybody.
fn made_up() -> String {
    Secret::fresh(SecretKind::OAuthCode, &Random::system()).expose().to_owned()
}

db_test!(codes_that_are_made_up_stop_nobody_elses_sign_in, |db: TestDb| async move {
    let github = FakeGithub::start().await;
    let engine = TestEngine::with(&db, |config| {
        config.oauth.github = Some(github.config());
        config.oauth.redirect_uris = vec![APP.to_owned()];
    })
    .await;
    let i = Instance { app: TestApp::on(engine, |web| web.limits = Limits::default()), github };
    let good = query(&i.round_trip(&format!("redirect_uri={}", encoded(APP)), &ann()).await)["auth_code"].clone();
    let exchange = async |code: &str, redirect_uri: &str| {
        let body = json!({"auth_code": code, "redirect_uri": redirect_uri});
        i.app.post("/api/v1/oauth/exchange").peer("203.0.113.1").json(body).await
    };
    for n in 0..100 {
        let junk = match n % 3 {
            0 => made_up(),
            1 => format!("junk {n}"),
            _ => "root@example.com".to_owned(), // who would sign in with it
        };
        assert_eq!(exchange(&junk, APP).await.problem(), (401, "auth_code_invalid".to_owned()), "{n}");
    }
    let root = json!({"identifier": "root@example.com", "password": testkit::PASSWORD});
    let root = i.app.post("/api/v1/sign-in").json(root).peer("203.0.113.1").await;
    assert_eq!(root.problem(), (401, "invalid_credentials".to_owned()), "nobody's tries were used up");
    let refused = AuditFilter { outcome: Some(AuditOutcome::Refused), ..AuditFilter::default() };
    let refusals = async || i.app.engine.list_audit(&refused, PageRequest::first()).await.expect("the log").items;
    assert_eq!(refusals().await.len(), 1, "no other sign-in was refused");
    assert_eq!(exchange(&good, "https://app.example.com/").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refusals().await[0].details.0["reason"], "auth_code_invalid", "of one that was given out it is told");
    let exchanged = exchange(&good, APP).await;
    assert_eq!(exchanged.status, StatusCode::OK, "{}", exchanged.text);
    let other = query(&i.round_trip(&format!("redirect_uri={}", encoded(APP)), &ann()).await)["auth_code"].clone();
    for n in 0..21 {
        let expected = if n < 20 { StatusCode::UNAUTHORIZED } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(exchange(&format!(" {other} "), "https://app.example.com/").await.status, expected, "{n}");
    }
    assert_eq!(exchange(&other, APP).await.problem(), (429, "too_many_requests".to_owned()), "each has its own count");
    let third = query(&i.round_trip(&format!("redirect_uri={}", encoded(APP)), &ann()).await)["auth_code"].clone();
    assert_eq!(exchange(&third, APP).await.status, StatusCode::OK);
    let preview = i.app.get("/api/v1/invitations/aB3dE6gH").peer("203.0.113.1").await;
    assert_eq!(preview.status, StatusCode::NOT_FOUND, "nor is anything else of that address refused");
});
