//! `/api/v1/forward-auth`: who passes, what the application is told of them, and where everybody else is sent.

use serde_json::json;
use testkit::{Answer, Call, PASSWORD, SignedIn, TestApp, db_test};
use vestibule::{Caller, NewApiKey, Secret, SecretKind};
use vestibule_web::WebConfig;

use crate::letters;
use crate::powers;

const PATH: &str = "/api/v1/forward-auth";
const PROXY: &str = "10.0.0.1";
const HEADERS: [&str; 4] = ["remote-user", "remote-email", "remote-name", "remote-groups"];

/// A configuration that trusts the proxy and may lead back to one application.
fn guarding(config: &mut WebConfig) {
    config.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    config.forward_auth.redirect = true;
    config.forward_auth.return_origins =
        ["https://app.example.com", "http://localhost:3000"].map(|origin| origin.parse().expect("an origin")).to_vec();
}

#[track_caller]
fn told(answer: &Answer) -> [String; 4] {
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""), "{:?}", answer.headers);
    HEADERS.map(|name| {
        let mut values = answer.headers.get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("{name} is always there")).to_str().expect("visible ASCII");
        assert!(values.next().is_none(), "{name} is there once");
        value.to_owned()
    })
}

#[track_caller]
fn place(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.text);
    assert!(HEADERS.iter().all(|name| !answer.headers.contains_key(*name)));
    answer.header("location").to_owned()
}

fn asked_by_nginx(app: &TestApp, url: &str) -> Call {
    app.get(PATH).peer(PROXY).header("x-original-url", url)
}

fn asked_by_caddy(app: &TestApp, [proto, host, uri]: [&str; 3]) -> Call {
    let call = app.get(PATH).peer(PROXY).header("x-forwarded-proto", proto);
    call.header("x-forwarded-host", host).header("x-forwarded-uri", uri)
}

/// Somebody who has signed up, once they have proven their address.
async fn verified(app: &TestApp, email: &str) -> SignedIn {
    let token = letters::link(app, "/api/v1/email/verify/request", email).await;
    let session = app.sign_in(email).await;
    let proven = app.post("/api/v1/email/verify").bearer(&session.token).json(json!({"token": token})).await;
    assert!(proven.status.is_success(), "{}", proven.text);
    app.sign_in(email).await
}

async fn rename(app: &TestApp, who: &SignedIn, name: &str) -> Answer {
    app.patch("/api/v1/me").bearer(&who.token).json(json!({"name": name})).await
}

db_test!(the_application_is_told_who_it_is, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let told_of = async |who: &SignedIn| told(&app.get(PATH).cookie(&who.token).await);
    let id = ann.account_id.to_string();
    assert_eq!(told_of(&ann).await, [id.as_str(), "", "", "members"], "an address that nobody proved is nobody's");
    let ann = verified(&app, "ann@example.com").await;
    assert_eq!(told_of(&ann).await, ["ann@example.com", "ann@example.com", "", "members"]);
    assert_eq!(rename(&app, &ann, "Ann").await.status, 200);
    assert_eq!(told_of(&ann).await, ["ann@example.com", "ann@example.com", "Ann", "members"]);
    let root = app.administrator("root").await;
    assert_eq!(told_of(&root).await, ["root", "", "", "administrators"]);
    let auditors = powers::group(&app, "auditors", &["view:audit"], vestibule::Scope::default()).await;
    let ann = powers::join(&app, auditors, "ann@example.com").await;
    assert_eq!(told_of(&ann).await[3], "auditors,members");
    assert_eq!(app.get(PATH).cookie(&ann.token).await.header("cache-control"), "no-store");
});

db_test!(what_is_not_visible_ascii_is_percent_encoded, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("a%6En@example.com").await;
    let ann = verified(&app, "a%6En@example.com").await;
    let rows = [
        ("Ann Lee", "Ann%20Lee"),
        ("李 🌱", "%E6%9D%8E%20%F0%9F%8C%B1"),
        ("Zoë", "Zo%C3%AB"),
        ("100%", "100%25"),
        ("%0D%0ARemote-User:root", "%250D%250ARemote-User:root"),
        ("a,b;c\"d\\e=<f>", "a,b;c\"d\\e=<f>"),
        ("a\u{a0}b\u{200b}c", "a%C2%A0b%E2%80%8Bc"),
    ];
    for (name, encoded) in rows {
        let renamed = rename(&app, &ann, name).await;
        assert_eq!(renamed.status, 200, "{name}: {}", renamed.text);
        let told = told(&app.get(PATH).bearer(&ann.token).await);
        assert_eq!(told[2], encoded);
        assert_eq!(told[..2], ["a%256En@example.com", "a%256En@example.com"]);
    }
    for name in ["a\r\nRemote-User: root", "a\nb", "a\rb", "a\0b", "a\u{7f}b", "a\u{85}b", "a\u{2028}b"] {
        assert_eq!(rename(&app, &ann, name).await.problem(), (422, "name_invalid".into()), "{name:?}");
    }
    assert_eq!(told(&app.get(PATH).bearer(&ann.token).await)[2], "a%C2%A0b%E2%80%8Bc");
});

db_test!(what_a_client_says_of_itself_is_not_echoed, |db| async move {
    let app = TestApp::with(&db, guarding).await;
    app.sign_up("ann@example.com").await;
    let ann = verified(&app, "ann@example.com").await;
    let spoofing = || HEADERS.iter().fold(app.get(PATH).peer(PROXY), |call, name| call.header(name, "root"));
    assert_eq!(told(&spoofing().cookie(&ann.token).await), ["ann@example.com", "ann@example.com", "", "members"]);
    place(&spoofing().await);
});

db_test!(programs_pass_by_their_credentials, |db| async move {
    let app = TestApp::with(&db, guarding).await;
    app.sign_up("ann@example.com").await;
    let ann = verified(&app, "ann@example.com").await;
    let host = Caller::host("root");
    let secret = Secret::parse(SecretKind::Session, &ann.token).expect("a session's token");
    let session = app.engine.session(&secret).await.expect("an answer").expect("a session");
    let tokens = app.engine.issue_tokens(&host, &session).await.expect("tokens");
    let access = secrecy::ExposeSecret::expose_secret(&tokens.access_token).to_owned();
    let new = NewApiKey { name: "laptop".into(), ..NewApiKey::default() };
    let key = app.engine.create_api_key(&host, ann.account_id, new).await.expect("a key");
    for bearer in [ann.token.as_str(), &access, key.token.expose()] {
        assert_eq!(told(&app.get(PATH).bearer(bearer).await)[0], "ann@example.com");
    }
    assert_eq!(told(&app.get(PATH).header("x-api-key", key.token.expose()).await)[0], "ann@example.com");
    app.engine.revoke_api_key(&host, ann.account_id, key.key.id).await.expect("revoked");
    let revoked = app.get(PATH).bearer(key.token.expose()).await;
    assert_eq!(revoked.problem(), (401, "key_revoked".into()), "a program is not sent to a page");
    assert!(revoked.header("location").is_empty() && revoked.header("www-authenticate") == "Bearer");
    for stranger in [app.get(PATH).bearer("x"), app.get(PATH).header("x-api-key", "x")] {
        let stranger = stranger.cookie(&ann.token).await;
        assert_eq!((stranger.problem(), stranger.header("location")), ((401, "unauthenticated".into()), ""));
    }
    let elsewhere = app.get(PATH).header("authorization", "Basic eDp5").cookie(&ann.token).await;
    assert_eq!(told(&elsewhere)[0], "ann@example.com");
});

db_test!(a_limited_key_passes_only_where_a_permission_is_asked_for, |db| async move {
    let app = TestApp::with(&db, guarding).await;
    let ann = powers::holder(&app, "ann", &["view:audit", "view:users"]).await;
    let make = async |permissions: &[&str]| {
        let permissions = permissions.iter().map(|text| text.parse().expect("a permission")).collect();
        let new = NewApiKey { name: "limited".into(), permissions: Some(permissions), ..NewApiKey::default() };
        let made = app.engine.create_api_key(&Caller::host("root"), ann.account_id, new).await.expect("a key");
        made.token.expose().to_owned()
    };
    let (id, some, none) = (ann.account_id.to_string(), make(&["view:audit"]).await, make(&[]).await);
    for key in [&some, &none] {
        let refused = app.get(PATH).bearer(key).await;
        assert_eq!(refused.problem(), (403, "permission_required".into()), "it is not its whole owner");
        assert!(refused.json()["detail"].as_str().expect("a detail").contains("?permission="), "{}", refused.text);
        assert!(HEADERS.iter().all(|name| !refused.headers.contains_key(*name)));
    }
    let ask = async |key: &str, what: &str| app.get(&format!("{PATH}?permission={what}")).bearer(key).await;
    assert_eq!(told(&ask(&some, "view:audit").await), [&id, "", "", ""], "and is in none of its owner's groups");
    for (key, what) in [(&some, "view:users"), (&some, "delete:users"), (&none, "view:audit")] {
        assert_eq!(ask(key, what).await.problem(), (403, "permission_required".into()), "{what}");
    }
});

db_test!(a_permission_is_asked_for, |db| async move {
    let app = TestApp::with(&db, guarding).await;
    let ann = powers::holder(&app, "ann", &["view:audit"]).await;
    let ask = async |query: &str| app.get(&format!("{PATH}{query}")).cookie(&ann.token).await;
    assert_eq!(ask("?permission=view:audit").await.status, 204);
    assert_eq!(ask("?permission=view%3Aaudit").await.status, 204);
    for lacks in ["delete:users", "fly:planes", "view:audits", "VIEW:audit"] {
        let refused = ask(&format!("?permission={lacks}")).await;
        assert_eq!(refused.problem(), (403, "permission_required".into()), "{lacks}");
        assert_eq!(refused.json()["permission"], lacks);
        assert!(HEADERS.iter().all(|name| !refused.headers.contains_key(*name)));
    }
    for bad in ["", "view", ":", "view:", ":audit", "view:audit:x", "view:au%0Adit"] {
        let refused = ask(&format!("?permission={bad}")).await;
        assert_eq!(refused.problem(), (422, "field_invalid".into()), "{bad}");
    }
    let twice = ask("?permission=view:audit&permission=delete:users").await;
    assert_eq!(twice.problem(), (400, "bad_request".into()));
    place(&app.get(&format!("{PATH}?permission=view:audit")).await);
    for misspelt in ["?permissions=delete:users", "?Permission=delete:users", "?permission=view:audit&x=y", "?x"] {
        assert_eq!(ask(misspelt).await.problem(), (400, "bad_request".into()), "{misspelt}");
    }
});

db_test!(whoever_lost_their_standing_does_not_pass_the_next_time, |db| async move {
    let app = TestApp::new(&db).await;
    let (ann, bob) = (app.sign_up("ann@example.com").await, app.sign_up("bob@example.com").await);
    for who in [&ann, &bob] {
        assert_eq!(app.get(PATH).cookie(&who.token).await.status, 204);
    }
    app.engine.disable_account(&Caller::host("root"), ann.account_id).await.expect("disabled");
    assert_eq!(app.get(PATH).cookie(&ann.token).await.problem(), (401, "unauthenticated".into()));
    assert_eq!(app.post("/api/v1/sign-out").bearer(&bob.token).await.status, 204);
    assert_eq!(app.get(PATH).cookie(&bob.token).await.problem(), (401, "unauthenticated".into()));
});

db_test!(without_redirects_a_refusal_says_where_to_sign_in, |db| async move {
    let refusing = |config: &mut WebConfig| {
        guarding(config);
        config.forward_auth.redirect = false;
    };
    let app = TestApp::with(&db, refusing).await;
    let refused = asked_by_nginx(&app, "https://app.example.com/a?b=c&d=e").await;
    assert_eq!(refused.problem(), (401, "unauthenticated".into()));
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let sign_in = "http://localhost:8080/sign-in?return_to=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3Dc%26d%3De";
    assert_eq!(refused.header("location"), sign_in);
    let ann = app.sign_up("ann@example.com").await;
    let planted = format!("a=b; vestibule={}; vestibule=y", ann.token);
    let two = asked_by_nginx(&app, "https://app.example.com/a?b=c&d=e").header("cookie", &planted).await;
    assert_eq!((two.status.as_u16(), two.header("location")), (401, sign_in), "between two nobody chooses");
});

db_test!(only_a_trusted_proxy_says_where_to_come_back_to, |db| async move {
    let app = TestApp::with(&db, guarding).await;
    let back = "http://localhost:8080/sign-in?return_to=https%3A%2F%2Fapp.example.com%2Fa";
    let parts = ["https", "app.example.com", "/a"];
    for call in [asked_by_nginx(&app, "https://app.example.com/a"), asked_by_caddy(&app, parts)] {
        assert_eq!(place(&call.await), back);
    }
    assert_eq!(place(&asked_by_nginx(&app, "https://app.example.com/a").peer("::ffff:10.0.0.1").await), back);
    for stranger in ["192.0.2.1", "::1", "11.0.0.1"] {
        for call in [asked_by_nginx(&app, "https://app.example.com/a"), asked_by_caddy(&app, parts)] {
            assert_eq!(place(&call.peer(stranger).await), "http://localhost:8080/sign-in", "{stranger}");
        }
    }
    let no_peer = app.get(PATH).header("x-original-url", "https://app.example.com/a").await;
    assert_eq!(place(&no_peer), "http://localhost:8080/sign-in");
});

/// Addresses that are not to be returned to, whoever says them.
const EVIL: [&str; 31] = [
    "https://evil.example",
    "//evil.example",
    "//app.example.com",
    "\\\\evil.example",
    "/\\evil.example",
    "https:\\\\app.example.com\\a",
    "https:\\\\evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:evil.example",
    "https:app.example.com/a",
    "https:///app.example.com/a",
    "https://app.example.com@evil.example/",
    "https://app.example.com:443@evil.example/",
    "https://ann@app.example.com/",
    "https://ann:x@app.example.com/",
    "https://app.example.com\\@evil.example",
    "https://app.example.com.evil.example/",
    "https://app.example.community/",
    "https://evil-app.example.com/",
    "https://evil.app.example.com/",
    "https://example.com/",
    "https://app.example.com:8443/",
    "http://app.example.com/",
    "http://localhost:3001/",
    "https://localhost:3000/",
    "https://evil.example#app.example.com",
    "https://evil.example?https://app.example.com",
    "javascript:alert(1)//https://app.example.com",
    "data:text/html,https://app.example.com",
    "ws://app.example.com/",
];

db_test!(nobody_is_led_astray, |db| async move {
    let app = TestApp::with(&db, guarding).await;
    let ann = app.sign_up("ann@example.com").await;
    let query = |url: &str| url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", url).finish();
    for evil in EVIL {
        assert_eq!(place(&asked_by_nginx(&app, evil).await), "http://localhost:8080/sign-in", "{evil}");
        let page = app.get(&format!("/sign-in?{}", query(evil))).cookie(&ann.token).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (303, "/account"), "{evil}");
    }
    for (good, is_sent) in [
        ("https://app.example.com", "https://app.example.com/"),
        ("https://app.example.com:443/a/../b?c=d#e", "https://app.example.com/b?c=d#e"),
        ("https://APP.example.com/ä", "https://app.example.com/%C3%A4"),
        ("http://localhost:3000/", "http://localhost:3000/"),
        ("http://localhost:8080/account/data", "http://localhost:8080/account/data"),
        ("/account/data", "/account/data"),
    ] {
        let page = app.get(&format!("/sign-in?{}", query(good))).cookie(&ann.token).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (303, is_sent), "{good}");
    }
    let long = format!("https://app.example.com/{}", "x".repeat(2048));
    assert_eq!(place(&asked_by_nginx(&app, &long).await), "http://localhost:8080/sign-in");
});

db_test!(parts_of_an_address_cannot_be_made_into_another, |db| async move {
    let app = TestApp::with(&db, guarding).await;
    for parts in [
        ["https", "evil.example", "/"],
        ["https", "app.example.com@evil.example", "/"],
        ["https", "evil.example/app.example.com", "/"],
        ["https", "evil.example#", "/"],
        ["https", "app.example.com", "@evil.example/"],
        ["https", "app.example.com", ".evil.example/"],
        ["https", "app.example.com", ""],
        ["https", "", "/app.example.com/"],
        ["https://evil.example?", "app.example.com", "/"],
        ["wss", "app.example.com", "/"],
        ["", "app.example.com", "/"],
    ] {
        assert_eq!(place(&asked_by_caddy(&app, parts).await), "http://localhost:8080/sign-in", "{parts:?}");
    }
    let twice = asked_by_caddy(&app, ["https", "app.example.com", "/"]).header("x-forwarded-host", "app.example.com");
    assert_eq!(place(&twice.await), "http://localhost:8080/sign-in");
    let twice = asked_by_nginx(&app, "https://app.example.com/").header("x-original-url", "https://app.example.com/");
    assert_eq!(place(&twice.await), "http://localhost:8080/sign-in");
});

db_test!(with_nothing_listed_only_our_own_origin_is_returned_to, |db| async move {
    let alone = |config: &mut WebConfig| {
        guarding(config);
        config.forward_auth.return_origins.clear();
    };
    let app = TestApp::with(&db, alone).await;
    for elsewhere in
        ["https://app.example.com/", "http://localhost:3000/", "http://localhost/", "https://localhost:8080/"]
    {
        assert_eq!(place(&asked_by_nginx(&app, elsewhere).await), "http://localhost:8080/sign-in", "{elsewhere}");
    }
    let ours = place(&asked_by_nginx(&app, "http://localhost:8080/app").await);
    assert_eq!(ours, "http://localhost:8080/sign-in?return_to=http%3A%2F%2Flocalhost%3A8080%2Fapp");
    assert!(app.get("/sign-in").await.header("content-security-policy").contains("form-action 'self';"));
});

db_test!(the_form_of_signing_in_may_lead_to_what_is_listed, |db| async move {
    let app = TestApp::with(&db, guarding).await;
    let policy = app.get("/sign-in").await.header("content-security-policy").to_owned();
    assert!(policy.contains("form-action 'self' https://app.example.com http://localhost:3000;"), "{policy}");
    app.sign_up("ann@example.com").await;
    let fields =
        [("identifier", "ann@example.com"), ("password", PASSWORD), ("return_to", "https://app.example.com/a?b=c")];
    let signed_in = app.post("/sign-in").header("origin", "http://localhost:8080").form(&fields).await;
    assert_eq!((signed_in.status.as_u16(), signed_in.header("location")), (303, "https://app.example.com/a?b=c"));
});
