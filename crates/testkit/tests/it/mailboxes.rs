//! The mailbox and the sink that tests read mail with.

use testkit::{Behaviour, Mailbox, SinkOptions, SinkTls, SmtpSink, TestDb, TestEngine, db_test};
use vestibule::{Caller, MailKind, MailRequest, NewUser, SmtpConfig, Vestibule};

const ANN: &str = "ann@example.com";

async fn ask_for_a_code(engine: &Vestibule) {
    engine.ask_by_mail(&Caller::anonymous(), ANN, MailRequest::EmailCode).await.expect("it is asked for");
}

async fn ann(db: &TestDb) -> TestEngine {
    let t = TestEngine::new(db).await;
    let password = Some("harbour-moss-Kettle".into());
    let new =
        NewUser { email: Some(ANN.to_owned()), password, group_ids: vec![vestibule::MEMBERS], ..NewUser::default() };
    t.engine.create_user(&Caller::host("root"), new).await.expect("she is made");
    t
}

db_test!(a_mailbox_knows_what_was_read, |db: TestDb| async move {
    let t = ann(&db).await;
    let mailbox = t.mailbox();
    assert_eq!(mailbox.kinds(ANN).await, [MailKind::Welcome]);
    assert_eq!(mailbox.kinds(ANN).await, []);
    ask_for_a_code(&t.engine).await;
    assert_eq!(mailbox.latest_link(ANN).await, "http://localhost:8080/email-code");
    assert_eq!(mailbox.latest_code(ANN).await.len(), 6, "it can be read again");
    assert_eq!(mailbox.unread("bob@example.com").await.len(), 0);
});

db_test!(a_mail_that_nobody_looked_at_fails_the_test, |db: TestDb| async move {
    let t = ann(&db).await;
    let mailbox = Mailbox::open(&t.engine);
    let dropped = tokio::spawn(async move { drop(mailbox) }).await;
    let why = dropped.expect_err("it panics").into_panic();
    let why = why.downcast::<String>().expect("with a sentence");
    assert_eq!(*why, "mail that nobody looked at: welcome to ann@example.com");
    t.mailbox().read_all().await;
});

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python: run cargo xtask test"]
async fn a_sink_is_found_where_it_was_after_a_restart() {
    let mut sink = SmtpSink::with(SinkOptions { tls: SinkTls::Implicit, ..SinkOptions::default() }).await;
    sink.behave(Behaviour::HangsBeforeGreeting).await;
    let before = sink.url();
    sink.stop();
    assert_eq!(sink.mails().await.len(), 0);
    sink.restart().await;
    let (smtp, url) = (sink.config(), sink.config_at(&before));
    assert_eq!([smtp.server(), url.server()].map(|server| server.starts_with("mail.example.test:")), [true, true]);
    let db = TestDb::sqlite();
    let t = TestEngine::quiet(&db, |config| config.mail.smtp = Some(smtp)).await;
    t.engine.check_smtp().await.expect("it is well-behaved again");
    let stranger = SmtpConfig::parse(&before, None, None, &t.engine.config().public_url).expect("a URL");
    assert_eq!(stranger.address, None);
}
