//! The outbox: who may send a mail, for how long, and what is left of it.

use std::collections::HashMap;
use std::time::Duration;

use testkit::{Behaviour, TestDb, TestEngine, db_test, race, sink_test};
use vestibule::{AuditFilter, Caller, Code, Delivery, Error, MailId, MailKind, MailState, PageRequest};

use crate::people::{PASSWORD, administrator as without_address, by, live, sign_up, signs_in};
use crate::post_office::{PostOffice, ROOT, administrator};

sink_test!(two_nodes_send_each_mail_once, |db: TestDb| async move {
    const MAILS: usize = 4;
    let mut office = PostOffice::open(&db).await;
    let nodes = [office.t.engine.clone(), office.t.second_node().await.engine.clone()];
    for round in 1..=25 {
        for _ in 0..MAILS {
            office.post().await;
        }
        let tried = race(4, |i| {
            let node = nodes[i % 2].clone();
            async move { node.deliver_due().await.expect("the database answers") }
        })
        .await;
        assert_eq!(tried.iter().sum::<usize>(), MAILS, "round {round}: {tried:?}");
        let mut copies: HashMap<String, usize> = HashMap::new();
        for mail in office.taken().await {
            *copies.entry(mail.header("Message-ID").to_owned()).or_default() += 1;
        }
        assert_eq!(copies.len(), round * MAILS);
        assert!(copies.values().all(|copies| *copies == 1), "round {round}: {copies:?}");
    }
});

sink_test!(a_lease_that_ran_out_frees_a_mail_for_one_more_copy, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    let node = office.t.second_node().await;
    let id = office.post().await;
    for (copies, state) in [(1, MailState::Sending), (2, MailState::Sending)] {
        crash_while_sending(&mut office, id, copies).await;
        assert_eq!((office.state(id).await, office.copies(id).await), (state, (i64::from(copies), true)));
        assert_eq!(node.engine.deliver_due().await.expect("it answers"), 0, "it is leased");
        office.wait(299);
        assert_eq!(node.engine.deliver_due().await.expect("it answers"), 0, "it still is");
        office.wait(1);
    }
    office.behave(Behaviour::Takes).await;
    let now = node.engine.deliver_now(id, Duration::from_millis(100)).await.expect("it answers");
    assert_eq!((now, office.taken().await.len()), (Delivery::Waiting, 2), "two copies may have arrived");
    assert_eq!(node.engine.deliver_due().await.expect("it answers"), 0, "so it is given up");
    assert_eq!(office.state(id).await, MailState::Failed);
    assert!(office.error(id).await.contains("it is not sent a third time"), "{}", office.error(id).await);

    let id = office.post().await;
    crash_while_sending(&mut office, id, 1).await;
    office.wait(300);
    office.behave(Behaviour::Takes).await;
    assert_eq!(node.engine.deliver_due().await.expect("it answers"), 1, "another node takes over");
    assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Sent, (2, false)));
});

/// Ends the sender of a mail in the middle of it, as a crash would.
async fn crash_while_sending(office: &mut PostOffice, id: MailId, copies: i32) {
    office.behave(Behaviour::HangsAfterData).await;
    let engine = office.t.engine.clone();
    let sender = tokio::spawn(async move { engine.deliver_due().await });
    while office.taken().await.iter().filter(|mail| mail.header("Message-ID").contains(&id.to_string())).count()
        < usize::try_from(copies).expect("few")
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sender.abort();
    assert!(sender.await.is_err_and(|why| why.is_cancelled()));
}

sink_test!(a_dead_code_is_never_sent, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    let replaced = office.post_code().await;
    let live = office.post_code().await;
    assert_eq!((replaced.kind, live.kind), (MailKind::EmailCode, MailKind::EmailCode));
    assert_eq!(office.deliver().await, 1);
    assert_eq!((office.state(replaced.id).await, office.state(live.id).await), (MailState::Expired, MailState::Sent));
    assert_eq!(office.copies(replaced.id).await, (0, false), "it is erased");

    let late = office.post_code().await;
    office.wait(15 * 60);
    assert_eq!(office.deliver().await, 0);
    assert_eq!((office.state(late.id).await, office.copies(late.id).await), (MailState::Expired, (0, false)));

    office.sink.stop();
    let waiting = office.post_code().await;
    office.deliver().await;
    office.post_code().await;
    office.sink.restart().await;
    assert_eq!(office.deliver().await, 1);
    assert_eq!(office.state(waiting.id).await, MailState::Expired, "while it waited for its next attempt too");
    assert_eq!(office.taken().await.len(), 2);
});

sink_test!(a_notice_is_given_up_after_three_days, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    office.sink.stop();
    let id = office.post().await;
    office.wait(3 * 24 * 3600 - 1);
    assert_eq!(office.deliver().await, 1);
    office.wait(1);
    assert_eq!(office.deliver().await, 0);
    assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Expired, (0, false)));
});

sink_test!(what_a_failed_mail_says_is_erased_once_its_time_is_over, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    office.behave(Behaviour::AnswersRecipient("550 5.1.1 no such user")).await;
    let (link, notice) = (office.post_code().await.id, office.post().await);
    assert_eq!(office.deliver().await, 2);
    for (wait, left) in [(0, (true, true)), (15 * 60, (false, true)), (3 * 24 * 3600, (false, false))] {
        office.wait(wait);
        office.t.engine.sweep().await.expect("swept");
        assert_eq!((office.copies(link).await.1, office.copies(notice).await.1), left, "after {wait} s");
    }
    assert_eq!((office.state(link).await, office.state(notice).await), (MailState::Failed, MailState::Failed));
});

sink_test!(what_a_mail_says_is_sealed_while_it_waits, |db: TestDb| async move {
    let office = PostOffice::open(&db).await;
    let mail = office.post_code().await;
    let sql = "SELECT content FROM outbox WHERE id = $1";
    let mut connection = office.t.engine.db().read().await.expect("a connection");
    let (sealed,): (Vec<u8>,) = connection.one(sql, &[&mail.id]).await.expect("it is there");
    let readable = String::from_utf8_lossy(&sealed);
    for word in ["magic-link", "vst_", "http", "Somebody"] {
        assert!(!readable.contains(word), "{word} can be read");
    }
    assert!(!format!("{mail:?}").contains("vst_"));
    assert_eq!(office.t.engine.kept_mail(10).await.expect("none").len(), 0, "the development outbox is empty");
});

sink_test!(an_administrator_has_a_failed_mail_sent_again, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    let engine = office.t.engine.clone();
    let id = office.post().await;
    office.behave(Behaviour::AnswersRecipient("550 5.1.1 no such user")).await;
    office.deliver().await;
    office.behave(Behaviour::Takes).await;
    let retried = engine.retry_mail(&office.caller, id).await.expect("it can be");
    assert_eq!((retried.state, retried.next_attempt_at), (MailState::Queued, office.t.clock.now()));
    assert_eq!(office.deliver().await, 1);
    assert_eq!(office.taken().await.len(), 1);
    office.t.clock.advance(Duration::from_millis(1)); // rows of one instant have no order
    let again = engine.retry_mail(&office.caller, id).await;
    assert!(matches!(again, Err(Error::Conflict(Code::MailNotRetryable))), "{again:?}");
    let unknown =
        engine.retry_mail(&office.caller, MailId(id.0.to_string().replace('0', "1").parse().expect("a UUID")));
    assert!(matches!(unknown.await, Err(Error::NotFound)));
    let dead = office.post_code().await.id;
    office.wait(15 * 60);
    let dead = engine.retry_mail(&office.caller, dead).await;
    assert!(matches!(dead, Err(Error::Conflict(Code::MailNotRetryable))), "{dead:?}");
    let filter = AuditFilter { action: Some("mail.retried".to_owned()), ..AuditFilter::default() };
    let log = engine.list_audit(&filter, PageRequest::first()).await.expect("the log").items;
    let seen: Vec<_> = log.iter().map(|row| (row.outcome.as_str(), row.target_id)).collect();
    assert_eq!(seen, [("refused", None), ("refused", None), ("done", Some(id.0))]);
    assert_eq!(log[2].target_label.as_deref(), Some(ROOT));
});

sink_test!(a_mail_that_waits_is_first_in_the_queue_when_retried, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    let id = office.post().await;
    office.sink.stop();
    office.deliver().await;
    office.sink.restart().await;
    assert_eq!(office.deliver().await, 0, "its pause is not over");
    office.t.engine.retry_mail(&office.caller, id).await.expect("it can be");
    assert_eq!(office.deliver().await, 1);
    assert_eq!(office.state(id).await, MailState::Sent);
});

db_test!(only_an_administrator_may_send_mail_again, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (caller, session) = administrator(&t).await;
    let id = t.engine.send_test_mail(&caller, &session).await.expect("it is kept");
    let ann = sign_up(&t.engine, "ann@example.com").await;
    for nobody in [by(&ann.account.account), Caller::anonymous()] {
        let retried = t.engine.retry_mail(&nobody, id).await;
        assert!(matches!(retried, Err(Error::Denied(_) | Error::Forbidden(_))), "{retried:?}");
        let session = live(&t.engine, &ann).await.expect("signed in");
        let sent = t.engine.send_test_mail(&nobody, &session).await;
        assert!(matches!(sent, Err(Error::Denied(_) | Error::Forbidden(_))), "{sent:?}");
    }
    let kept = t.engine.retry_mail(&caller, id).await;
    assert!(matches!(kept, Err(Error::Conflict(Code::MailNotRetryable))), "{kept:?}");
});

db_test!(a_test_mail_needs_somebody_who_reads_it, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.public_url = "https://id.example.com".parse().expect("a URL")).await;
    let (caller, session) = administrator(&t).await;
    let off = t.engine.send_test_mail(&caller, &session).await;
    assert!(matches!(off, Err(Error::Conflict(Code::MailOff))), "{off:?}");
});

db_test!(a_test_mail_needs_an_address, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = without_address(&t.engine, "root").await.account;
    let signed_in = signs_in(&t.engine, "root", PASSWORD).await.expect("signed in");
    let session = live(&t.engine, &signed_in).await.expect("signed in");
    let sent = t.engine.send_test_mail(&by(&root), &session).await;
    let Err(Error::Invalid(errors)) = sent else { panic!("{sent:?}") };
    assert_eq!((errors.0[0].field, errors.0[0].code), ("email", Code::EmailRequired));
});

db_test!(without_smtp_mail_is_kept_and_can_be_read, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (caller, session) = administrator(&t).await;
    let id = t.engine.send_test_mail(&caller, &session).await.expect("it is kept");
    assert_eq!(t.engine.deliver_due().await.expect("nothing"), 0);
    let delivery = t.engine.deliver_now(id, Duration::from_secs(5)).await.expect("it answers");
    assert_eq!(delivery, Delivery::Kept);
    let mailbox = t.mailbox();
    let mail = mailbox.latest(ROOT).await;
    assert_eq!((mail.row.id, mail.row.kind, mail.row.state), (id, MailKind::Test, MailState::Kept));
    assert_eq!(testkit::link_in(&mail), "http://localhost:8080/");
    assert!(mail.html.contains("href=\"http://localhost:8080/\""), "{}", mail.html);
    assert!(!format!("{mail:?}").contains("Somebody") && !format!("{mail:?}").contains("http"));
    let of_root = t.engine.mail_of(session.account_id, 10).await.expect("a list");
    assert_eq!(of_root.iter().map(|mail| mail.id).collect::<Vec<_>>(), [id]);
});

db_test!(mail_is_listed_newest_first_and_forgotten_after_thirty_days, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (caller, session) = administrator(&t).await;
    let mut posted = Vec::new();
    for _ in 0..3 {
        t.clock.advance(Duration::from_secs(1));
        posted.insert(0, t.engine.send_test_mail(&caller, &session).await.expect("it is kept"));
    }
    let first = t.engine.list_mail(PageRequest { limit: 2, cursor: None }).await.expect("a page");
    let request = PageRequest::parse(Some("2"), first.next_cursor.as_deref()).expect("a cursor of ours");
    let second = t.engine.list_mail(request).await.expect("a page");
    let listed: Vec<MailId> = first.items.iter().chain(&second.items).map(|mail| mail.id).collect();
    assert_eq!((listed, second.next_cursor), (posted, None));
    t.clock.advance(Duration::from_secs(30 * 24 * 3600 - 1));
    t.engine.sweep().await.expect("swept");
    assert_eq!(t.engine.list_mail(PageRequest::first()).await.expect("a page").items.len(), 2);
    t.clock.advance(Duration::from_secs(10));
    t.engine.sweep().await.expect("swept");
    assert_eq!(t.engine.list_mail(PageRequest::first()).await.expect("a page").items.len(), 0);
});
