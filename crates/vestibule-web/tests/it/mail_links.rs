//! The links in mail: made of the public URL alone, whatever a request claims about where it was sent.

use serde_json::{Value, json};
use testkit::{Answer, Call, PASSWORD, SignedIn, TestApp, db_test, link_in};
use vestibule::MEMBERS;

const EVIL: &str = "evil.example";
const URL: &str = "http://localhost:8080/auth";

/// A request that claims, in every way known, to have been sent to somebody else's host.
fn forged(call: Call) -> Call {
    let call = call.header("host", EVIL).header("x-forwarded-host", EVIL).header("x-forwarded-server", EVIL);
    let call = call.header("x-forwarded-proto", "gopher").header("x-forwarded-prefix", "/evil.example");
    let call = call.header("x-host", EVIL).header("x-original-url", "https://evil.example/");
    let call = call.header("forwarded", "host=evil.example;proto=gopher").header("referer", "https://evil.example/");
    call.header("x-http-host-override", EVIL)
}

async fn send(app: &TestApp, who: Option<&SignedIn>, path: &str, body: Value) -> Answer {
    let call = app.post(path).json(body);
    let call = match who {
        Some(who) => call.bearer(&who.token),
        None => call,
    };
    let answer = forged(call).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
    answer
}

db_test!(no_header_of_a_request_gets_into_a_link, |db| async move {
    let app = TestApp::at(&db, URL).await;
    let ann = SignedIn::of(
        &send(&app, None, "/api/v1/sign-up", json!({"email": "ann@example.com", "password": PASSWORD})).await,
    );
    let root = app.administrator("root").await;
    for path in ["password/forgot", "email/verify/request", "magic-link", "email-code"] {
        send(&app, None, &format!("/api/v1/{path}"), json!({"email": "ann@example.com"})).await;
    }
    let change = json!({"new_email": "ann@example.org", "password": PASSWORD});
    send(&app, Some(&ann), "/api/v1/email/change", change).await;
    let set_up = send(&app, Some(&ann), "/api/v1/me/mfa/setup", json!({"password": PASSWORD})).await;
    assert!(!set_up.text.contains(EVIL), "{}", set_up.text);
    let invite = json!({"email": "bob@example.com", "group_ids": [MEMBERS.to_string()]});
    let invited = send(&app, Some(&root), "/api/v1/admin/users", invite).await.json();
    let path = format!("/api/v1/admin/users/{}", invited["id"].as_str().expect("an id"));
    let resent = send(&app, Some(&root), &format!("{path}/resend-invite"), json!({})).await.json();
    let shown = send(&app, Some(&root), &format!("{path}/reset-link"), json!({})).await.json();
    for url in [&invited["invite_url"], &resent["invite_url"], &shown["url"]] {
        assert!(url.as_str().is_some_and(|url| url.starts_with(&format!("{URL}/invitation?token=vst_inv_"))), "{url}");
    }
    send(&app, None, "/api/v1/password/forgot", json!({"email": "bob@example.com"})).await;

    let mail = app.engine.kept_mail(100).await.expect("the outbox opens");
    assert!(mail.len() >= 8, "{}", mail.len());
    for mail in &mail {
        let kind = mail.row.kind;
        assert!(link_in(mail).starts_with(&format!("{URL}/")), "{kind}: {}", link_in(mail));
        for part in [&mail.row.subject, &mail.text, &mail.html] {
            assert!(!part.contains("evil") && !part.contains("gopher"), "{kind}: {part}");
        }
        let links = mail.html.matches("href=\"").count();
        assert_eq!(mail.html.matches(&format!("href=\"{URL}/")).count(), links, "{kind}: {}", mail.html);
    }
});

db_test!(a_request_that_says_nothing_of_its_origin_gets_the_same_links, |db| async move {
    let app = TestApp::at(&db, URL).await;
    app.sign_up("ann@example.com").await;
    let ours = app.post("/api/v1/magic-link").json(json!({"email": "ann@example.com"}));
    assert_eq!(ours.header("origin", "http://localhost:8080").await.status, 202);
    let silent = app.post("/api/v1/magic-link").json(json!({"email": "ann@example.com"})).await;
    assert_eq!(silent.status, 202);
    let foreign = app.post("/api/v1/magic-link").json(json!({"email": "ann@example.com"}));
    assert_eq!(foreign.header("origin", "http://evil.example").await.problem(), (403, "origin_refused".into()));
    let mail = app.engine.kept_mail(100).await.expect("the outbox opens");
    let links: Vec<String> =
        mail.iter().filter(|mail| mail.row.kind == vestibule::MailKind::MagicLink).map(link_in).collect();
    assert_eq!(links.len(), 2);
    assert!(links.iter().all(|link| link.starts_with(&format!("{URL}/magic-link?token=vst_mgl_"))), "{links:?}");
});
