//! `/admin/mail`, and what the overview says of mail.

use std::time::Duration;

use testkit::{Behaviour, PASSWORD, SmtpSink, TestApp, TestEngine, db_test, sink_test};
use vestibule::{Caller, Code, Delivery, MailRequest, NewAdministrator};

use crate::pages_markup;
use crate::pages_visitor::Visitor;

const PATH: &str = "/admin/mail";
const TEST: &str = "/admin/mail/test";
const ROOT: &str = "root@example.com";

/// An administrator with an address.
async fn console(engine: &TestEngine) -> Visitor {
    let new = NewAdministrator { email: Some(ROOT.to_owned()), username: None, name: None, password: PASSWORD.into() };
    engine.engine.create_administrator(&Caller::system(), new).await.expect("an administrator can be made");
    let mut root = Visitor::at(engine);
    root.sign_in(ROOT).await;
    root
}

/// The address of the first form that sends a mail now.
fn send_now(page: &crate::pages_visitor::Seen) -> Option<String> {
    page.forms().into_iter().map(|form| form.action).find(|action| action.ends_with("/retry"))
}

db_test!(without_smtp_mail_is_seen_to_be_kept, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    root.get("/admin").await.assert_says("the development outbox");
    root.stranger().sign_up("ann@example.com").await;
    engine.clock.advance(Duration::from_secs(1));
    let page = root.get(PATH).await;
    page.assert_says("[localhost] Confirm your e-mail address");
    page.assert_says("<span class=\"badge kept\">in the development outbox</span>");
    assert!(!page.html.contains("token="), "what it says is not shown: {}", page.html);
    assert_eq!(send_now(&page), None);
    let sent = root.submit(&page, TEST, &[]).await;
    assert_eq!(sent.place(), "/admin/mail?done=test_mail_kept");
    let after = root.follow(&sent).await;
    after.assert_says("kept in the development outbox");
    after.assert_says(ROOT);
    let id = engine.engine.list_mail(vestibule::PageRequest::first()).await.unwrap().items[0].id;
    let seen = root.post(&format!("{PATH}/{id}/retry"), &[("csrf_token", page.csrf_token())]).await;
    assert_eq!(seen.status, 409);
    seen.assert_says(Code::MailNotRetryable.message());
    let seen = root.post(&format!("{PATH}/{}/retry", uuid::Uuid::nil()), &[("csrf_token", page.csrf_token())]).await;
    assert_eq!(seen.status, 404);
});

db_test!(who_has_no_address_is_sent_no_test_mail, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = Visitor::at(&engine);
    root.administer(&engine, "root").await;
    let page = root.get(PATH).await;
    page.assert_says("Nothing was mailed in the last thirty days.");
    page.assert_says("add an e-mail address");
    let seen = root.post(TEST, &[("csrf_token", page.csrf_token())]).await;
    assert_eq!(seen.status, 422);
    seen.assert_says(Code::EmailRequired.message());
});

db_test!(where_no_mail_goes_out_the_console_says_so, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    let root = app.administrator("root").await;
    let cookie = format!("__Host-vestibule={}", root.token);
    for path in ["/admin", PATH] {
        let page = app.get(path).header("cookie", &cookie).await;
        pages_markup::check(&page.text, "", true);
        assert!(page.text.contains("<strong>No mail is sent.</strong>"), "{path}: {}", page.text);
        assert!(!page.text.contains("/dev/outbox") && !page.text.contains(TEST), "{path}: {}", page.text);
    }
    let test = app.post(TEST).header("cookie", &cookie).form(&[("csrf_token", root.csrf_token.as_str())]).await;
    assert_eq!(test.status, 409);
    assert!(test.text.contains(Code::MailOff.message()), "{}", test.text);
});

db_test!(mail_is_for_administrators_and_its_forms_need_their_token, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let mut ann = root.stranger();
    ann.sign_up("ann@example.com").await;
    let token = ann.get("/account").await.csrf_token();
    let retry = format!("{PATH}/{}/retry", uuid::Uuid::nil());
    assert_eq!(ann.get(PATH).await.status, 403);
    assert_eq!(ann.stranger().get(PATH).await.place(), "/sign-in?return_to=%2Fadmin%2Fmail");
    for path in [TEST, retry.as_str()] {
        assert_eq!(ann.post(path, &[("csrf_token", &token)]).await.status, 403, "{path}");
        assert_eq!(root.post(path, &[("csrf_token", &token)]).await.status, 403, "{path}");
    }
});

db_test!(mail_is_leafed_through_from_the_newest, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    for _ in 0..30 {
        engine.clock.advance(Duration::from_secs(1));
        let asked = engine.engine.ask_by_mail(&Caller::anonymous(), ROOT, MailRequest::EmailCode).await;
        asked.expect("it is asked for");
    }
    let first = root.get(PATH).await;
    assert_eq!(first.html.matches("<th scope=\"row\"").count(), 25);
    let older = first.html.split("<a href=\"").find(|link| link.contains("rel=\"next\"")).unwrap();
    let second = root.get(older.split('"').next().unwrap()).await;
    assert_eq!(second.html.matches("<th scope=\"row\"").count(), 5);
    assert_eq!(root.get("/admin/mail?cursor=nonsense").await.status, 422);
});

sink_test!(a_test_mail_says_whether_it_was_taken_and_a_failed_one_is_sent_again, |db| async move {
    let mut sink = SmtpSink::start().await;
    let smtp = sink.config();
    let server = smtp.server();
    let engine = TestEngine::with(&db, |config| config.mail.smtp = Some(smtp)).await;
    let mut root = console(&engine).await;
    assert!(!root.get("/admin").await.html.contains("/dev/outbox"), "mail goes out");
    let page = root.get(PATH).await;
    page.assert_says(&server);
    let sent = root.submit(&page, TEST, &[]).await;
    assert_eq!(sent.place(), "/admin/mail?done=test_mail_sent");
    root.follow(&sent).await.assert_says("<span class=\"badge done\">sent</span>");
    assert_eq!(sink.mails().await.last().expect("it arrived").to, [ROOT]);

    sink.behave(Behaviour::AnswersRecipient("550 5.7.1 not <b>you</b>")).await;
    engine.clock.advance(Duration::from_secs(1));
    let failed = root.submit(&page, TEST, &[]).await;
    assert_eq!(failed.place(), "/admin/mail?done=test_mail_failed");
    let page = root.follow(&failed).await;
    page.assert_says("<span class=\"badge refused\">given up</span>");
    page.assert_says("not <b>you</b>");
    assert!(!page.html.contains("<b>you"), "what a server answers is only ever text: {}", page.html);

    sink.behave(Behaviour::Takes).await;
    let retry = send_now(&page).expect("it can be sent again");
    let again = root.submit(&page, &retry, &[]).await;
    assert_eq!(again.place(), "/admin/mail?done=mail_retried");
    let id = engine.engine.list_mail(vestibule::PageRequest::first()).await.unwrap().items[0].id;
    let delivery = engine.engine.deliver_now(id, Duration::from_secs(10)).await.unwrap();
    assert_eq!((delivery, sink.mails().await.len()), (Delivery::Sent, 2), "the first one, and the one that failed");
    let page = root.follow(&again).await;
    assert_eq!((send_now(&page), page.html.matches("badge done\">sent").count()), (None, 2));

    sink.stop();
    engine.clock.advance(Duration::from_secs(1));
    let waiting = root.submit(&page, TEST, &[]).await;
    assert_eq!(waiting.place(), "/admin/mail?done=test_mail_waiting");
    let page = root.follow(&waiting).await;
    page.assert_says("to be tried again");
    page.assert_says("until <time");
    assert!(send_now(&page).is_some());
});
