//! `/account/security/email`, and what `/account` says of an address that is not confirmed.

use std::time::Duration;

use testkit::{Mailbox, PASSWORD, TestApp, TestEngine, db_test};
use vestibule::{Caller, Code, MailKind, Presenter, VerifyEmail};

use crate::letters;
use crate::pages_markup;
use crate::pages_visitor::Visitor;

const PATH: &str = "/account/security/email";
const SEND_AGAIN: &str = "/account/security/email/send-again";
const ANN: &str = "ann@example.com";

db_test!(an_unconfirmed_address_can_be_sent_its_link_again, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mail = Mailbox::open(&engine.engine);
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    mail.read_all().await;
    let page = ann.get("/account").await;
    page.assert_says("Your address is not confirmed yet.");
    ann.get("/account/security").await.assert_says("Your address is not confirmed yet.");
    engine.clock.advance(Duration::from_secs(1)); // so that the newest mail is the newest
    let seen = ann.submit(&page, SEND_AGAIN, &[]).await;
    assert_eq!(seen.place(), "/account?done=email_verify_sent");
    ann.follow(&seen).await.assert_says("We sent you a new link.");
    let letter = mail.latest(ANN).await;
    assert_eq!(letter.row.kind, MailKind::VerifyEmail);
    let token = letters::token_in(&testkit::link_in(&letter));
    let presenter = Presenter { password: Some(PASSWORD.into()), ..Presenter::default() };
    let verified = engine.engine.verify_email(&Caller::anonymous(), &token, presenter).await.unwrap();
    assert!(matches!(verified, VerifyEmail::Done(_)), "{verified:?}");
    let confirmed = ann.get("/account").await;
    assert!(!confirmed.html.contains("not confirmed") && !confirmed.html.contains(SEND_AGAIN), "{}", confirmed.html);
    ann.get("/account/security").await.assert_says("confirmed <time");
    let late = ann.submit(&page, SEND_AGAIN, &[]).await;
    assert_eq!(late.place(), "/account", "there is nothing to confirm, and nothing is mailed");
});

db_test!(asking_for_the_link_again_and_again_is_limited, |db| async move {
    let app =
        TestApp::with(&db, |config| config.limits.password_reset_identifier = Some("1/60".parse().unwrap())).await;
    let ann = app.sign_up(ANN).await;
    let fields = [("csrf_token", ann.csrf_token.as_str())];
    assert_eq!(app.post(SEND_AGAIN).cookie(&ann.token).form(&fields).await.status, 303);
    assert_eq!(app.post(SEND_AGAIN).cookie(&ann.token).form(&fields).await.status, 429);
});

db_test!(an_address_is_changed_by_a_link_to_the_new_one, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mail = Mailbox::open(&engine.engine);
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    mail.read_all().await;
    let page = ann.get(PATH).await;
    page.assert_says("Now it is <strong class=\"exact\">ann@example.com</strong>");
    let wrong = ann.submit(&page, PATH, &[("new_email", "lee@example.org"), ("password", "nope")]).await;
    wrong.assert_mistake(401, "password", Code::CurrentPasswordIncorrect.message());
    let typed = wrong.form(PATH).fields;
    assert_eq!((typed["new_email"].as_str(), typed["password"].as_str()), ("lee@example.org", ""));
    let seen = ann.submit(&page, PATH, &[("new_email", "nonsense"), ("password", PASSWORD)]).await;
    seen.assert_mistake(422, "new_email", Code::EmailInvalid.message());
    let sent = ann.submit(&seen, PATH, &[("new_email", "lee@example.org"), ("password", PASSWORD)]).await;
    assert_eq!(sent.place(), "/account/security?done=email_change_sent");
    let hub = ann.follow(&sent).await;
    hub.assert_says("until then the old address stays");
    hub.assert_says("<strong class=\"exact\">ann@example.com</strong>");
    assert_eq!(mail.kinds("lee@example.org").await, [MailKind::EmailChange]);
    assert_eq!(mail.kinds(ANN).await, [MailKind::EmailChangeAsked]);
});

db_test!(who_has_no_address_adds_one, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mail = Mailbox::open(&engine.engine);
    let mut root = Visitor::at(&engine);
    root.administer(&engine, "root").await;
    assert!(!root.get("/account").await.html.contains("not confirmed"));
    root.get("/account/security").await.assert_says("Add an address");
    let page = root.get(PATH).await;
    page.assert_says("<h1>Add an address</h1>");
    let sent = root.submit(&page, PATH, &[("new_email", "root@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(sent.place(), "/account/security?done=email_change_sent");
    assert_eq!(mail.kinds("root@example.com").await, [MailKind::EmailChange]);
});

db_test!(where_no_mail_goes_out_nothing_pretends_that_it_does, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    let ann = app.sign_up(ANN).await;
    let cookie = format!("__Host-vestibule={}", ann.token);
    for (path, says) in [
        ("/account", "What you are called"),
        ("/account/security", "Two-step sign-in"),
        (PATH, "This instance sends no mail"),
    ] {
        let page = app.get(path).header("cookie", &cookie).await;
        assert_eq!(page.status, 200, "{path}");
        pages_markup::check(&page.text, "", true);
        assert!(page.text.contains(says) && !page.text.contains(SEND_AGAIN), "{path}: {}", page.text);
    }
    let fields = [("csrf_token", ann.csrf_token.as_str()), ("new_email", "lee@example.org"), ("password", PASSWORD)];
    let refused = app.post(PATH).header("cookie", &cookie).form(&fields).await;
    assert_eq!(refused.status, 409);
    pages_markup::check(&refused.text, "", true);
    assert!(refused.text.contains(Code::MailOff.message()), "{}", refused.text);
    let sent = app.post(SEND_AGAIN).header("cookie", &cookie).form(&fields).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, "/account"));
    let mails = app.engine.mail_of(ann.account_id, 10).await.unwrap();
    assert_eq!(mails.len(), 1, "nobody would read another");
});
