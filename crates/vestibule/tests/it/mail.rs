//! Mail on the wire: what arrives, over which lines, and what is not said over others.

use std::collections::HashSet;

use testkit::{SINK_HOST, SinkOptions, SinkTls, SmtpSink, SunkMail, TestDb, TestEngine, run};
use vestibule::{Caller, MailState, SmtpConfig};

use crate::people::{PASSWORD, sign_up};
use crate::post_office::{PostOffice, ROOT};

macro_rules! wire_test {
    ($name:ident, $test:expr) => {
        #[test]
        #[ignore = "needs Python: run cargo xtask test"]
        fn $name() {
            run(TestDb::sqlite(), $test);
        }
    };
}

fn login() -> Option<(String, String)> {
    Some(("postman".to_owned(), "pass-word".to_owned()))
}

wire_test!(a_mail_arrives_as_text_and_html_with_one_link, |db| async move {
    let mut office = PostOffice::open(&db).await;
    let id = office.post_link().await.id;
    office.deliver().await;
    let mails = office.taken().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("no-reply@example.com", &[ROOT.to_owned()][..]));
    assert_eq!(mail.hello, "localhost");
    assert_eq!(mail.parts, ["multipart/alternative", "text/plain", "text/html"]);
    assert_eq!(mail.defects, [""; 0]);
    for part in [&mail.text, &mail.html] {
        assert_eq!(part.matches("://").count(), 1, "{part}");
        assert_eq!(part.matches("http://localhost:8080/magic-link?token=vst_mgl_").count(), 1, "{part}");
    }
    let names: HashSet<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "MIME-Version", "Content-Type"];
    assert_eq!((names, mail.headers.len()), (expected.into(), expected.len()));
    assert_eq!(mail.header("From"), "Vestibule <no-reply@example.com>");
    assert_eq!(mail.header("To"), ROOT);
    assert_eq!(mail.header("Subject"), "[localhost] Your link to sign in");
    assert_eq!(mail.header("Message-ID"), format!("<{id}@example.com>"));
    assert_eq!(mail.header("Date"), "Thu, 01 Jan 2026 00:00:01 +0000");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    let lines = String::from_utf8(mail.bytes.clone()).expect("it is text");
    assert!(lines.is_ascii() && !lines.replace("\r\n", "").contains(['\r', '\n']), "only whole line ends");
    assert!(lines.split("\r\n").all(|line| line.len() <= 998));
});

wire_test!(starttls_protects_the_line_to_another_machine, |db| async move {
    let options = SinkOptions { tls: SinkTls::StartTls, login: login(), utf8: true };
    let mut office = PostOffice::with(&db, options, |_| {}).await;
    office.t.engine.check_smtp().await.expect("all is well");
    is_sent_encrypted(&mut office).await;
});

wire_test!(smtps_is_tls_from_the_first_byte, |db| async move {
    let options = SinkOptions { tls: SinkTls::Implicit, login: login(), utf8: true };
    let mut office = PostOffice::with(&db, options, |_| {}).await;
    office.t.engine.check_smtp().await.expect("all is well");
    is_sent_encrypted(&mut office).await;
});

async fn is_sent_encrypted(office: &mut PostOffice) {
    for _ in 0..2 {
        office.post().await;
    }
    assert_eq!(office.deliver().await, 2);
    let mails = office.taken().await;
    let seen: Vec<_> = mails.iter().map(|mail: &SunkMail| (mail.is_encrypted, mail.user.as_deref())).collect();
    assert_eq!(seen, [(true, Some("postman")), (true, Some("postman"))]);
}

/// What checking the settings says, and that nothing reaches the sink with them.
async fn refuses(db: &TestDb, sink: &mut SmtpSink, smtp: SmtpConfig) -> String {
    let t = TestEngine::quiet(db, |config| config.mail.smtp = Some(smtp)).await;
    sign_up(&t.engine, "ann@example.com").await;
    let ask = vestibule::MailRequest::EmailCode;
    t.engine.ask_by_mail(&Caller::anonymous(), "ann@example.com", ask).await.expect("it is asked for");
    t.engine.deliver_due().await.expect("the database answers");
    let mail = t.engine.list_mail(vestibule::PageRequest::first()).await.expect("a list").items.swap_remove(0);
    assert_eq!(mail.state, MailState::Queued, "settings can be mended while it waits");
    assert_eq!(sink.mails().await.len(), 0, "nothing was said");
    let why = t.engine.check_smtp().await.expect_err("it does not work");
    assert_eq!(mail.last_error.as_deref(), Some(why.as_str()));
    assert!(!format!("{why} {:?}", t.engine.config()).contains("pass-word"), "{why}");
    why
}

wire_test!(nothing_is_said_in_clear_to_another_machine, |db| async move {
    let mut sink = SmtpSink::with(SinkOptions { login: login(), ..SinkOptions::default() }).await;
    let url = format!("smtp://postman:pass-word@{SINK_HOST}:2525").into();
    let smtp = sink.config_at(&url);
    let why = refuses(&db, &mut sink, smtp).await;
    assert!(why.starts_with("mail.example.test:2525 does not offer STARTTLS"), "{why}");
});

wire_test!(a_certificate_that_nobody_vouches_for_is_refused, |db| async move {
    for (tls, scheme, says) in [(SinkTls::Implicit, "smtps", "no line to"), (SinkTls::StartTls, "smtp", "no TLS with")]
    {
        let mut sink = SmtpSink::with(SinkOptions { tls, login: None, utf8: true }).await;
        let address = sink.config().address;
        let stranger = format!("{scheme}://{SINK_HOST}").into();
        let mut smtp = SmtpConfig::parse(&stranger, None, None, &public_url()).expect("a URL");
        smtp.address = address;
        let why = refuses(&TestDb::sqlite(), &mut sink, smtp).await;
        assert!(why.starts_with(says) && why.contains("UnknownIssuer"), "{why}");
        let elsewhere = format!("{scheme}://other.example.test").into();
        let smtp = sink.config_at(&elsewhere);
        let why = refuses(&TestDb::sqlite(), &mut sink, smtp).await;
        assert!(why.starts_with(says) && why.contains("other.example.test"), "{why}");
    }
    drop(db);
});

wire_test!(a_wrong_password_is_told_and_not_repeated, |db| async move {
    let options = SinkOptions { tls: SinkTls::StartTls, login: login(), utf8: true };
    let mut sink = SmtpSink::with(options).await;
    let url = format!("smtp://postman:wrong-pass-word@{SINK_HOST}").into();
    let smtp = sink.config_at(&url);
    let why = refuses(&db, &mut sink, smtp).await;
    assert!(why.contains("refused the user or the password in smtp_url (AUTH): 535"), "{why}");
});

wire_test!(a_server_without_sign_in_gets_no_password, |db| async move {
    let mut sink = SmtpSink::start().await;
    let url = format!("smtp://postman:pass-word@127.0.0.1:{}", sink.config().address.expect("set").port()).into();
    let smtp = sink.config_at(&url);
    let why = refuses(&db, &mut sink, smtp).await;
    assert!(why.contains("offers no way to sign in"), "{why}");
});

wire_test!(an_address_beyond_ascii_arrives_where_the_server_can_take_it, |db| async move {
    for utf8 in [true, false] {
        let db = TestDb::sqlite();
        let mut office = PostOffice::with(&db, SinkOptions { utf8, ..SinkOptions::default() }, |_| {}).await;
        let to = "ålice@xn--bcher-kva.example";
        sign_up(&office.t.engine, "ålice@bücher.example").await;
        let ask = vestibule::MailRequest::EmailCode;
        office.t.engine.ask_by_mail(&Caller::anonymous(), to, ask).await.expect("it is asked for");
        office.deliver().await;
        let mail =
            office.t.engine.list_mail(vestibule::PageRequest::first()).await.expect("a list").items.swap_remove(0);
        assert_eq!(mail.recipient, to);
        let taken = office.taken().await;
        if utf8 {
            assert_eq!((mail.state, mail.last_error), (MailState::Sent, None));
            assert_eq!(taken[0].to, [to]);
            assert!(String::from_utf8_lossy(&taken[0].bytes).contains(&format!("\r\nTo: {to}\r\n")));
        } else {
            assert_eq!((mail.state, taken.len()), (MailState::Failed, 0));
            let why = mail.last_error.unwrap_or_default();
            assert!(why.contains("letters beyond ASCII") && why.contains("does not offer SMTPUTF8"), "{why}");
        }
    }
    drop(db);
});

wire_test!(what_a_client_calls_itself_changes_no_header_and_makes_no_link, |db| async move {
    let mut office = PostOffice::open(&db).await;
    let hostile =
        "x\r\nBcc: evil@evil.example\r\n\r\n[Press here]\n\nhttps://evil.example/ <a href=https://evil.example>";
    for user_agent in ["Firefox/140.0 (X11; Linux)", hostile] {
        let caller = Caller { user_agent: Some(user_agent.to_owned()), ..Caller::anonymous() };
        let form = vestibule::SignInForm { identifier: ROOT.to_owned(), password: PASSWORD.into(), mfa_code: None };
        office.t.engine.sign_in(&caller, form).await.expect("it answers");
    }
    office.deliver().await;
    let mails = office.taken().await;
    let notices: Vec<_> = mails.iter().filter(|mail| mail.text.contains("Bcc")).collect();
    let [mail] = notices.as_slice() else { panic!("{mails:?}") };
    assert_eq!((mail.to.as_slice(), mail.header("Bcc"), mail.headers.len()), (&[ROOT.to_owned()][..], "", 8));
    assert_eq!(mail.parts.len(), 3);
    for part in [&mail.text, &mail.html] {
        assert_eq!(part.matches("://").count(), 1, "{part}");
        assert!(!part.contains("evil.example") || part.contains("evil@evil"), "{part}");
    }
    assert_eq!(mail.html.matches("<a ").count(), 1);
    assert_eq!(mail.text.matches(":\r\nhttp").count() + mail.text.matches(":\nhttp").count(), 1);
});

fn public_url() -> url::Url {
    "http://localhost:8080".parse().expect("a URL")
}
