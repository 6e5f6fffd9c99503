//! Asking for mail on `/forgot-password`, `/magic-link`, `/email-code` and `/verify-email`, and `/check-your-mail`.

use std::time::Duration;

use axum::http::header::SET_COOKIE;
use testkit::{TestApp, TestEngine, db_test};
use vestibule::{Code, MailKind, SmtpConfig};

use crate::pages_letters as letters;
use crate::pages_visitor::{Seen, Visitor};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const OUTBOX: &str = "/dev/outbox";

/// The page that asks, where its form is sent, and the page after it.
const ASKS: [(&str, &str, &str); 4] = [
    ("/forgot-password", "/forgot-password", "/check-your-mail"),
    ("/magic-link", "/magic-link/request", "/check-your-mail"),
    ("/email-code", "/email-code/request", "/email-code"),
    ("/verify-email", "/verify-email/request", "/check-your-mail"),
];

/// The names and attributes of the cookies that an answer sets.
fn cookies(seen: &Seen) -> Vec<String> {
    let cookies = seen.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().expect("ASCII"));
    let without_value = |cookie: &str| {
        let (name, rest) = cookie.split_once('=').expect("a name");
        let (_, attributes) = rest.split_once(';').expect("attributes");
        format!("{name} {attributes}")
    };
    cookies.map(without_value).collect()
}

db_test!(every_request_for_mail_says_the_same_to_everybody, |db| async move {
    let engine = TestEngine::new(&db).await;
    Visitor::at(&engine).sign_up(ANN).await;
    let disabled = "cy@example.com";
    Visitor::at(&engine).sign_up(disabled).await;
    let id = crate::pages_visitor::id_of(&engine, disabled).await;
    engine.engine.disable_account(&vestibule::Caller::host("root"), id).await.unwrap();
    for (page, action, next) in ASKS {
        let mut told = Vec::new();
        for email in [ANN, BOB, disabled] {
            let mut visitor = Visitor::at(&engine);
            let asking = visitor.get(page).await;
            assert_eq!(asking.forms().len(), 1, "one thing to do: {}", asking.html);
            let seen = visitor.submit(&asking, action, &[("email", email)]).await;
            assert_eq!(seen.place(), next, "{page} {email}");
            let after = visitor.follow(&seen).await;
            assert_eq!(after.status, 200);
            after.assert_says(email);
            told.push((cookies(&seen), after.html.replace(email, "somebody")));
        }
        assert_eq!(told[0], told[1], "{page}");
        assert_eq!(told[0], told[2], "{page}");
    }
    for kind in [MailKind::PasswordReset, MailKind::MagicLink, MailKind::EmailCode] {
        assert_eq!(letters::count(&engine, ANN, kind).await, 1, "{kind}");
        assert_eq!(letters::count(&engine, BOB, kind).await + letters::count(&engine, disabled, kind).await, 0);
    }
    assert_eq!(letters::count(&engine, ANN, MailKind::VerifyEmail).await, 2, "at sign-up, and again");
});

db_test!(an_address_that_is_none_is_said_beside_the_field, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut visitor = Visitor::at(&engine);
    for (page, action, _) in ASKS {
        let asking = visitor.get(&format!("{page}?return_to=/account/data")).await;
        let seen = visitor.submit(&asking, action, &[("email", "ann@<b>")]).await;
        seen.assert_mistake(422, "email", Code::EmailInvalid.message());
        let form = &seen.forms()[0];
        assert_eq!((form.fields["email"].as_str(), form.fields["return_to"].as_str()), ("ann@<b>", "/account/data"));
        assert!(!seen.html.contains("<b>"), "{}", seen.html);
    }
    assert!(visitor.cookie("vestibule-mail").is_none());
});

db_test!(the_mail_can_be_asked_for_again, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.stranger().sign_up(ANN).await;
    let page = ann.get("/magic-link").await;
    let seen = ann.submit(&page, "/magic-link/request", &[("email", " ann@Example.COM")]).await;
    let check = ann.follow(&seen).await;
    check.assert_says("If <strong class=\"exact\">ann@example.com</strong> has an account here");
    assert!(check.html.contains(&format!("href=\"{OUTBOX}\"")), "{}", check.html);
    engine.clock.advance(Duration::from_secs(60));
    let again = ann.submit(&check, "/magic-link/request", &[]).await;
    assert_eq!(again.place(), "/check-your-mail?done=asked_again");
    ann.follow(&again).await.assert_says("Asked again.");
    assert_eq!(letters::count(&engine, ANN, MailKind::MagicLink).await, 2);
    ann.forget("vestibule-mail");
    let later = ann.get("/check-your-mail").await;
    later.assert_says("If the address that you gave has an account here");
    assert!(later.forms().is_empty() && !later.html.contains(ANN), "{}", later.html);
});

db_test!(a_note_that_was_tampered_with_counts_for_nothing, |db| async move {
    let engine = TestEngine::new(&db).await;
    let app = TestApp::on(engine, |_| {});
    for note in [
        "wanted=link&email=ann%40example.com&return_to=//evil.example",
        "wanted=link&email=%3Cscript%3E",
        "wanted=everything&email=ann%40example.com",
        "wanted=link",
        "%00",
        "wanted=link&email=ann%40example.com; vestibule-mail=wanted=link&email=eve%40example.com",
    ] {
        let page = app.get("/check-your-mail").header("cookie", &format!("vestibule-mail={note}")).await;
        assert_eq!(page.status, 200, "{note}");
        assert!(!page.text.contains("evil") && !page.text.contains("<script") && !page.text.contains("eve@"));
    }
});

db_test!(with_a_mail_server_nobody_is_sent_to_the_outbox, |db| async move {
    let engine = TestEngine::with(&db, |config| {
        let url = "smtp://127.0.0.1:9".to_owned().into();
        config.mail.smtp = Some(SmtpConfig::parse(&url, None, None, &config.public_url).expect("a fine URL"));
    })
    .await;
    let mut visitor = Visitor::at(&engine);
    let page = visitor.get("/forgot-password").await;
    let seen = visitor.submit(&page, "/forgot-password", &[("email", ANN)]).await;
    let check = visitor.follow(&seen).await;
    check.assert_says("If <strong class=\"exact\">ann@example.com</strong> has an account here");
    assert!(!check.html.contains(OUTBOX), "{}", check.html);
});

db_test!(behind_tls_the_notes_in_the_browser_are_bound_to_the_host, |db| async move {
    let engine = TestEngine::with(&db, |config| {
        config.public_url = "https://id.example.com/auth".parse().unwrap();
        let url = "smtp://127.0.0.1:9".to_owned().into();
        config.mail.smtp = Some(SmtpConfig::parse(&url, None, None, &config.public_url).expect("a fine URL"));
    })
    .await;
    let app = TestApp::on(engine, |config| config.cookie_domain = Some("example.com".to_owned()));
    let answer = app.post("/magic-link/request").form(&[("email", ANN)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/auth/check-your-mail"));
    let cookies: Vec<&str> = answer.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for (cookie, name) in cookies.iter().zip(["__Host-vestibule-mail=", "__Host-vestibule-browser="]) {
        assert!(cookie.starts_with(name), "{cookie}");
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=900"), "{cookie}");
    }
});

db_test!(where_no_mail_is_read_the_pages_say_so, |db| async move {
    let engine = TestEngine::with(&db, |config| config.public_url = "https://id.example.com".parse().unwrap()).await;
    let mut visitor = Visitor::at(&engine);
    let sign_in = visitor.get("/sign-in").await;
    sign_in.assert_says("An administrator can give you a link to choose a new one.");
    for (page, action, _) in ASKS {
        assert!(!sign_in.html.contains(page), "{}", sign_in.html);
        let shown = visitor.get(page).await;
        assert_eq!(shown.status, 200);
        shown.assert_says("This instance sends no mail");
        assert!(shown.forms().is_empty());
        let refused = visitor.post(action, &[("email", ANN)]).await;
        assert_eq!(refused.status, 409);
        refused.assert_says("This instance sends no mail");
    }
    let page = visitor.get("/sign-up").await;
    assert!(!page.html.contains("(optional)</span></label>\n<input id=\"password\""), "{}", page.html);
    let seen = visitor.submit(&page, "/sign-up", &[("email", ANN)]).await;
    seen.assert_mistake(422, "password", Code::PasswordRequired.message());
});

db_test!(requests_for_mail_are_limited_on_pages_as_in_the_api, |db| async move {
    let app = TestApp::with(&db, |config| {
        config.limits.password_reset_identifier = Some("4/60".parse().unwrap());
    })
    .await;
    for (_, action, _) in ASKS {
        assert_eq!(app.post(action).form(&[("email", BOB)]).await.status, 303, "{action}");
    }
    for (_, action, _) in ASKS {
        let answer = app.post(action).form(&[("email", BOB)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "15"), "{action}");
        assert_eq!(answer.header("set-cookie"), "");
    }
});

db_test!(somebody_signed_in_can_ask_for_a_new_password_and_needs_no_link, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    assert_eq!(ann.get("/magic-link?return_to=/account/data").await.place(), "/account/data");
    assert_eq!(ann.get("/email-code").await.place(), "/account");
    let page = ann.get("/forgot-password").await;
    let seen = ann.submit(&page, "/forgot-password", &[("email", ANN)]).await;
    assert_eq!(seen.place(), "/check-your-mail");
    let check = ann.follow(&seen).await;
    let again = ann.submit(&check, "/forgot-password", &[]).await;
    assert_eq!(again.place(), "/check-your-mail?done=asked_again");
    let without = ann.post("/forgot-password", &[("email", ANN)]).await;
    assert_eq!(without.status, 403);
    without.assert_says("This page was out of date");
});
