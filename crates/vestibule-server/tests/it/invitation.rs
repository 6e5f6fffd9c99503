//! `user create` without a password: a link to hand on where no mail is sent, a mail where it is.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use testkit::{Behaviour, SmtpSink, TestDb, db_test, sink_test};
use tokio::time::sleep;
use vestibule::{Clock, Db, ResetFlow, TokenState, Vestibule};

use crate::host::{Host, PASSWORD, SECRET};
use crate::node::node_with;

const ANN: [&str; 4] = ["user", "create", "--email", "ann@example.com"];

fn state(host: &Host) -> String {
    host.json(&["user", "show", "ann@example.com", "--json"])["state"].as_str().expect("a state").to_owned()
}

db_test!(without_mail_the_link_is_printed_for_handing_on, |db: TestDb| async move {
    for public_url in ["http://localhost:8080", "https://example.com/accounts"] {
        let host = Host::on(&db).with("VESTIBULE_PUBLIC_URL", public_url);
        host.run(&["migrate", "up"]).ok();
        let said = host.run(&ANN).ok();
        assert!(said.contains("ann@example.com is a user") && said.contains("works once, within 7 days"), "{said}");
        let link = said.split_whitespace().find(|word| word.starts_with("http")).expect("a link");
        let token = link.strip_prefix(&format!("{public_url}/invitation?token=")).expect("it is below the public URL");
        assert_eq!(state(&host), "invited");
        let database = Db::connect(&db.url).await.expect("it opens");
        let engine = Vestibule::builder(database, SECRET.as_bytes().to_vec().into()).build().await.expect("an engine");
        let status = engine.reset_status(token).await.expect("an answer");
        assert_eq!((status.state, status.flow), (TokenState::Valid, ResetFlow::Invite));
        engine.db().close().await;
        host.run(&["user", "delete", "ann@example.com", "--yes"]).ok();
    }
});

db_test!(a_password_comes_by_standard_input_and_invites_nobody, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let said = host.fed(&[&ANN[..], &["--stdin"]].concat(), PASSWORD).ok();
    assert!(said.contains("ann@example.com is a user") && !said.contains("http"), "{said}");
    assert_eq!(state(&host), "active");
    assert!(host.run(&[&ANN[..], &["--ask"]].concat()).failed(2).contains("no terminal"));
    host.run(&[&ANN[..], &["--ask", "--stdin"]].concat()).failed(2);
});

db_test!(nobody_is_invited_without_an_address, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let said = host.run(&["user", "create", "--username", "bob"]).failed(2);
    assert!(said.contains("--email") && said.contains("--stdin"), "{said}");
    host.run(&["user", "show", "bob"]).failed(1);
});

sink_test!(with_mail_it_is_mailed_and_the_link_is_not_printed, |db: TestDb| async move {
    let mut sink = SmtpSink::start().await;
    let host = Host::on(&db).mailing(&sink).administered();
    let said = host.run(&ANN).ok();
    assert!(said.contains("was mailed") && !said.contains("http") && !said.contains("vst_inv_"), "{said}");
    let mails = sink.mails().await;
    assert_eq!((mails.len(), &mails[0].to), (1, &vec!["ann@example.com".to_owned()]));
    assert!(mails[0].text.contains("http://localhost:8080/invitation?token=vst_inv_"), "{}", mails[0].text);
});

sink_test!(a_mail_that_is_refused_leaves_the_account_and_says_so, |db: TestDb| async move {
    let mut sink = SmtpSink::start().await;
    sink.behave(Behaviour::AnswersRecipient("550 5.1.1 no such mailbox")).await;
    let host = Host::on(&db).mailing(&sink).administered();
    let said = host.run(&ANN).ok();
    assert!(said.contains("could not be mailed") && said.contains("550 5.1.1 no such mailbox"), "{said}");
    assert_eq!(state(&host), "invited");
});

sink_test!(an_attempt_that_has_begun_is_waited_for, |db: TestDb| async move {
    let mut sink = SmtpSink::start().await;
    sink.behave(Behaviour::HangsBeforeGreeting).await;
    let host = Host::on(&db).mailing(&sink).administered();
    let running = std::thread::spawn(move || host.run(&ANN).ok());
    sleep(Duration::from_secs(3)).await; // longer than the engine waits for it
    assert!(!running.is_finished(), "it left an attempt under way");
    sink.stop();
    let said = running.join().expect("it ends");
    assert!(said.contains("is not mailed yet (") && said.contains("`vestibule serve` goes on trying"), "{said}");
});

sink_test!(what_a_command_could_not_mail_a_server_does, |db: TestDb| async move {
    let mut sink = SmtpSink::start().await;
    sink.stop();
    let host = Host::on(&db).mailing(&sink).administered();
    assert!(host.run(&ANN).ok().contains("is not mailed yet"));
    sink.restart().await;
    let url = sink.url();
    let _server = node_with(&db, &[("VESTIBULE_SECRET", SECRET), ("VESTIBULE_SMTP_URL", url.expose_secret())]).await;
    let begun = Clock::system();
    while sink.mails().await.is_empty() {
        assert!(begun.monotonic() < Duration::from_secs(20), "it does not come");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sink.mails().await[0].to, ["ann@example.com"]);
});
