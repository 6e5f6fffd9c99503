//! Mail through crashes of our server and absences of the mail server: what was promised by an answer arrives, and never
//! a third time.

use std::time::Duration;

use testkit::{Behaviour, TestDb, sink_test};
use vestibule::{MailKind, MailState};

use crate::post_office::{PostOffice, Promise, people};
use crate::storm::{MANY, storm};

const ANN: &str = "ann@example.com";

sink_test!(what_was_asked_for_while_the_mail_server_was_down_arrives_after_crashes, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    let (first, then) = (people("ann", 3), people("bob", 3));
    for person in first.iter().chain(&then) {
        office.settle_in(person).await;
    }
    office.sink.stop();
    let mut promises = office.have_promised(&first).await;
    office.until(|mails| mails.iter().any(|mail| mail.attempts > 1)).await;
    office.crash().await;
    promises.extend(office.have_promised(&then).await);
    office.server.kill();
    office.sink.restart().await;
    office.crash().await;
    office.until_all_is_decided().await;
    office.assert_kept(&promises).await;
});

sink_test!(every_mail_that_was_promised_survives_kill_9_and_none_comes_a_third_time, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    for round in 0..3 {
        let before = office.sink.mails().await.len();
        let (server, sink) = (&mut office.server, &mut office.sink);
        let is_enough = async |count| count > MANY && sink.mails().await.len() > before;
        let answered = storm(server, round, 202, is_enough).await;
        let promise = |to| Promise { to, page: "/verify-email", took: Duration::ZERO };
        let promises: Vec<Promise> = answered.into_iter().map(promise).collect();
        office.crash().await;
        office.until_all_is_decided().await;
        office.assert_kept(&promises).await;
    }
});

sink_test!(a_mail_that_was_being_handed_over_in_a_crash_comes_once_more, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    office.sink.behave(Behaviour::HangsAfterData).await;
    office.ask("/sign-up", ANN).await;
    office.mail_to(ANN).await;
    office.server.kill();
    office.sink.behave(Behaviour::Takes).await;
    office.crash().await;
    office.until_all_is_decided().await;
    let mails = office.mails_to(ANN, 2).await;
    assert_eq!(office.states(ANN).await, [(MailKind::VerifyEmail, MailState::Sent)]);
    assert_eq!(mails.len(), 2);
    assert!(mails[0].bytes == mails[1].bytes, "who gets both can see that they are one");
});

sink_test!(a_mail_that_was_being_handed_over_in_two_crashes_is_given_up, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    for copies in 1..=2 {
        office.sink.behave(Behaviour::HangsAfterData).await;
        if copies == 1 {
            office.ask("/sign-up", ANN).await;
        }
        office.mails_to(ANN, copies).await;
        office.crash().await;
    }
    office.sink.behave(Behaviour::Takes).await;
    office.until_all_is_decided().await;
    assert_eq!(office.states(ANN).await, [(MailKind::VerifyEmail, MailState::Failed)]);
    assert_eq!(office.mails_to(ANN, 2).await.len(), 2);
    let another = "bob@example.com";
    office.ask("/sign-up", another).await;
    office.mail_to(another).await;
    assert_eq!(office.mails_to(ANN, 2).await.len(), 2, "nor later");
});
