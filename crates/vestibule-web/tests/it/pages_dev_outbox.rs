//! `/dev/outbox`, as the developer sees it, and as everybody else does not.

use std::time::Duration;

use testkit::{Answer, Call, SmtpSink, TestApp, TestEngine, db_test, sink_test};
use vestibule::{Caller, MailRequest};

use crate::{letters, pages_markup};

const PATH: &str = "/dev/outbox";
const ANN: &str = "ann@example.com";

/// As a browser on this machine asks.
fn here(app: &TestApp) -> Call {
    app.get(PATH).peer("127.0.0.1").header("host", "localhost:8080")
}

/// An instance with mail in its outbox.
async fn instance(app: TestApp) -> TestApp {
    app.sign_up(ANN).await;
    app
}

/// An answer without what differs from request to request: its id.
fn without_id(answer: &Answer) -> (u16, String, Vec<String>) {
    let id = answer.header("x-request-id");
    let headers = answer.headers.iter().filter(|(name, _)| name.as_str() != "x-request-id");
    let headers = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    (answer.status.as_u16(), answer.text.replace(id, ""), headers)
}

/// Fails unless the answer is that of an unknown page.
async fn assert_unknown(app: &TestApp, answer: &Answer, why: &str) {
    let unknown = app.get("/dev/nothing").peer("127.0.0.1").header("host", "localhost:8080").await;
    assert_eq!(without_id(answer), without_id(&unknown), "{why}");
    assert!(answer.status == 404 && !answer.text.contains(ANN), "{why}: {}", answer.text);
}

db_test!(the_developer_reads_links_and_codes_newest_first, |db| async move {
    let app = instance(TestApp::new(&db).await).await;
    app.clock.advance(Duration::from_secs(1));
    let asked = app.engine.ask_by_mail(&Caller::anonymous(), ANN, MailRequest::EmailCode).await;
    asked.expect("it is asked for");
    let page = here(&app).await;
    assert_eq!(page.status, 200, "{}", page.text);
    pages_markup::check(&page.text, "", false);
    let link = letters::token(&app, ANN, vestibule::MailKind::VerifyEmail).await;
    let shown = format!("<a href=\"/verify-email?token={link}\">http://localhost:8080/verify-email?token={link}</a>");
    assert!(page.text.contains(&shown), "{}", page.text);
    let mail = letters::newest(&app, ANN, vestibule::MailKind::EmailCode).await;
    let code = mail.text.split_whitespace().find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
    assert!(page.text.contains(code.expect("a code")), "{}", page.text);
    let newest = page.text.find("Your code to sign in").expect("the newest");
    assert!(newest < page.text.find("Confirm your e-mail address").expect("the one before"), "{}", page.text);
    assert!(page.text.contains("2026-01-01 00:00 UTC") && page.text.contains(ANN), "{}", page.text);
    assert_eq!(page.header("cache-control"), "no-store");
    for host in ["localhost", "127.0.0.1:8080", "[::1]:8080", "LocalHost:8080"] {
        assert_eq!(app.get(PATH).peer("::1").header("host", host).await.status, 200, "{host}");
    }
    assert_eq!(app.get(PATH).peer("::ffff:127.0.0.1").header("host", "localhost").await.status, 200);
});

db_test!(an_empty_outbox_says_so, |db| async move {
    let page = here(&TestApp::new(&db).await).await;
    pages_markup::check(&page.text, "", false);
    assert!(page.text.contains("Nothing was mailed yet."), "{}", page.text);
});

db_test!(below_a_prefix_its_links_stay_below_it, |db| async move {
    let engine =
        TestEngine::with(&db, |config| config.public_url = "http://localhost:8080/auth".parse().unwrap()).await;
    let app = instance(TestApp::on(engine, |_| {})).await;
    let page = here(&app).await;
    pages_markup::check(&page.text, "/auth", false);
    assert!(page.text.contains("<a href=\"/auth/verify-email?token=vst_vfy_"), "{}", page.text);
});

db_test!(nobody_elsewhere_sees_the_outbox, |db| async move {
    let app = instance(TestApp::new(&db).await).await;
    for peer in ["192.0.2.7", "10.0.0.1", "169.254.1.1", "::ffff:192.0.2.7", "fe80::1", "2001:db8::1", "0.0.0.0", "::"]
    {
        let answer = app.get(PATH).peer(peer).header("host", "localhost:8080").await;
        assert_unknown(&app, &answer, peer).await;
    }
    let unknown_peer = app.get(PATH).header("host", "localhost:8080").await;
    assert_unknown(&app, &unknown_peer, "embedded without the peer's address").await;
});

db_test!(a_name_that_was_made_to_lead_here_does_not_open_the_outbox, |db| async move {
    let app = instance(TestApp::new(&db).await).await;
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "evil.localhost:8080",
        "localhost.:8080",
        "127.0.0.1.nip.io:8080",
        "192.168.1.5:8080",
        "0.0.0.0:8080",
        "user@localhost:8080",
        "localhost:8080,evil.example",
        "",
    ] {
        let answer = app.get(PATH).peer("127.0.0.1").header("host", host).await;
        assert_unknown(&app, &answer, host).await;
    }
    assert_unknown(&app, &app.get(PATH).peer("127.0.0.1").await, "no name at all").await;
    let two = here(&app).header("host", "localhost:8080").await;
    assert_unknown(&app, &two, "two names").await;
    let absolute = app.get("http://evil.example/dev/outbox").peer("127.0.0.1").header("host", "localhost:8080").await;
    assert_unknown(&app, &absolute, "another name in the request's first line").await;
    let absolute = app.get("http://localhost:8080/dev/outbox").peer("127.0.0.1").header("host", "localhost:8080").await;
    assert_eq!(absolute.status, 200);
});

db_test!(what_a_proxy_brings_does_not_open_the_outbox, |db| async move {
    let app = TestApp::with(&db, |config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let app = instance(app).await;
    for (name, value) in [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", ""),
        ("X-Forwarded-Host", "id.example.com"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("via", "1.1 proxy"),
        ("cf-connecting-ip", "192.0.2.7"),
    ] {
        let answer = here(&app).header(name, value).await;
        assert_unknown(&app, &answer, name).await;
    }
    let old = here(&app).version(axum::http::Version::HTTP_10).await;
    assert_unknown(&app, &old, "HTTP/1.0").await;
});

db_test!(on_an_instance_that_others_reach_there_is_no_outbox, |db| async move {
    instance(TestApp::new(&db).await).await;
    for public_url in ["https://id.example.com", "https://10.0.0.1", "https://localhost.example.com"] {
        let app = TestApp::at(&db, public_url).await;
        for host in ["localhost:8080", "127.0.0.1", public_url.trim_start_matches("https://")] {
            let answer = app.get(PATH).peer("127.0.0.1").header("host", host).await;
            assert_unknown(&app, &answer, public_url).await;
        }
    }
});

db_test!(the_outbox_answers_to_looking_alone, |db| async move {
    let app = instance(TestApp::new(&db).await).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let call = app.call(method.parse().unwrap(), PATH).peer("127.0.0.1").header("host", "localhost:8080");
        let answer = call.await;
        assert_eq!(answer.status, 404, "{method}");
        assert!(!answer.text.contains(ANN), "{method}: {}", answer.text);
    }
    let below = app.get("/dev/outbox/").peer("127.0.0.1").header("host", "localhost:8080").await;
    assert_eq!(below.status, 404);
});

sink_test!(with_smtp_there_is_no_outbox, |db| async move {
    let before = instance(TestApp::new(&db).await).await;
    assert!(here(&before).await.text.contains(ANN), "kept while there was none");
    let sink = SmtpSink::start().await;
    let smtp = sink.config();
    let engine = TestEngine::with(&db, |config| config.mail.smtp = Some(smtp)).await;
    let app = TestApp::on(engine, |_| {});
    let answer = here(&app).await;
    assert_unknown(&app, &answer, "SMTP is set").await;
});
