//! Mail as an operator looks at it: what `doctor` says of the server, and when there is none.

use secrecy::ExposeSecret as _;
use testkit::{SinkOptions, SinkTls, SmtpSink, TestDb, db_test, sink_test};

use crate::doctor::failing;
use crate::host::Host;

/// What `doctor` says of mail: whether it is fine, and how it is.
fn diagnosed(host: &Host) -> (bool, String) {
    let ran = host.run(&["doctor", "--json"]);
    let findings: Vec<serde_json::Value> = serde_json::from_str(&ran.stdout).expect("JSON");
    let mail = findings.iter().find(|finding| finding["check"] == "mail").expect("mail is looked at");
    let is_fine = mail["ok"] == true;
    assert_eq!(failing(&ran).contains(&"mail".to_owned()), !is_fine);
    (is_fine, mail["detail"].as_str().expect("text").to_owned())
}

#[test]
fn without_a_server_it_is_said_plainly_where_mail_stays() {
    let (is_fine, detail) = diagnosed(&Host::new());
    assert!(is_fine && detail.contains("off") && detail.ends_with("http://localhost:8080/dev/outbox"), "{detail}");
    let (is_fine, detail) = diagnosed(&Host::new().with("VESTIBULE_PUBLIC_URL", "https://id.example.com"));
    assert!(is_fine && detail.contains("off") && detail.contains("nobody is mailed"), "{detail}");
    assert!(!detail.contains("outbox"), "{detail}");
}

db_test!(a_server_that_is_away_is_found, |db: TestDb| async move {
    let host = Host::on(&db).administered().with("VESTIBULE_SMTP_URL", "smtp://mailer:hunter2@127.0.0.1:1");
    let ran = host.run(&["doctor", "--json"]);
    assert_eq!((ran.code, failing(&ran)), (1, vec!["mail".to_owned()]));
    let (_, detail) = diagnosed(&host);
    assert!(detail.contains("127.0.0.1:1") && !detail.contains("hunter2"), "{detail}");
});

sink_test!(a_server_that_takes_our_mail_is_right_and_is_sent_none, |db: TestDb| async move {
    let login = Some(("mailer".to_owned(), "hunter2".to_owned()));
    let mut sink = SmtpSink::with(SinkOptions { login, ..SinkOptions::default() }).await;
    let host = Host::on(&db).mailing(&sink).administered();
    let said = host.run(&["doctor"]).ok();
    assert!(said.lines().any(|line| line.starts_with("ok") && line.contains("127.0.0.1:")), "{said}");
    assert!(sink.mails().await.is_empty());
    let wrong = sink.url().expose_secret().replace("hunter2", "hunter3");
    let (is_fine, detail) = diagnosed(&Host::on(&db).with("VESTIBULE_SMTP_URL", &wrong));
    assert!(!is_fine && detail.contains("refused the user or the password"), "{detail}");
    assert!(!detail.contains("hunter"), "{detail}");
});

#[tokio::test]
#[ignore = "needs Python: run cargo xtask test"]
async fn a_certificate_is_judged_by_the_authority_that_is_named_and_by_its_own_name() {
    let sink = SmtpSink::with(SinkOptions { tls: SinkTls::Implicit, ..SinkOptions::default() }).await;
    let here = sink.url().expose_secret().replace(testkit::SINK_HOST, "127.0.0.1");
    let stranger = Host::new().with("VESTIBULE_SMTP_URL", &here);
    let (is_fine, detail) = diagnosed(&stranger);
    assert!(!is_fine && detail.contains("UnknownIssuer"), "{detail}");
    let known = stranger.with("VESTIBULE_SMTP_CA_FILE", "authority.pem");
    known.write("authority.pem", sink.authority().expect("it has one"));
    let (is_fine, detail) = diagnosed(&known);
    assert!(!is_fine && !detail.contains("UnknownIssuer") && detail.contains("127.0.0.1"), "{detail}");
}
