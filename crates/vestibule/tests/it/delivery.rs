//! Delivery when the mail server is well, down, silent, unwilling or lost: each mail once, and never more than twice.

use std::time::{Duration, Instant};

use testkit::{Behaviour, SmtpSink, TestDb, TestEngine, db_test, sink_test};
use vestibule::{Delivery, MailState};

use crate::post_office::{PostOffice, administrator};

/// As long as no test should take, and no answer may.
const PATIENCE: Duration = Duration::from_secs(20);

sink_test!(what_is_due_is_sent_once_and_erased, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(office.post().await);
    }
    assert_eq!(office.deliver().await, 30);
    assert_eq!(office.deliver().await, 0);
    assert_eq!(office.taken().await.len(), 30);
    for id in ids {
        let mail = office.mail(id).await;
        assert_eq!((mail.state, mail.attempts, mail.last_error), (MailState::Sent, 1, None));
        assert_eq!(mail.sent_at, Some(office.t.clock.now()));
        assert_eq!(office.copies(id).await, (1, false), "nothing is left of what it said");
    }
});

sink_test!(a_server_that_is_down_costs_no_mail_and_no_time, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    office.sink.stop();
    #[expect(clippy::disallowed_methods, reason = "how long a request really takes is the question")]
    let started = Instant::now();
    let id = office.post().await;
    assert!(started.elapsed() < Duration::from_secs(2), "writing a mail waits for nobody");
    for (pause, attempts) in [(0, 1), (2, 2), (4, 3)] {
        office.wait(pause);
        assert_eq!(office.deliver().await, 1);
        assert_eq!(office.deliver().await, 0, "not again at once");
        let mail = office.mail(id).await;
        assert_eq!((mail.state, mail.attempts), (MailState::Queued, attempts));
        assert_eq!(office.copies(id).await, (0, true), "nobody has a copy");
    }
    let error = office.error(id).await;
    assert!(error.starts_with("no line to 127.0.0.1:") && error.contains("refused"), "{error}");
    office.sink.restart().await;
    office.wait(7);
    assert_eq!(office.deliver().await, 0, "its pause is not over");
    office.wait(1);
    assert_eq!(office.deliver().await, 1);
    assert_eq!(office.state(id).await, MailState::Sent);
    assert_eq!(office.taken().await.len(), 1);
});

sink_test!(a_server_that_says_nothing_is_given_up, |db: TestDb| async move {
    let mut office = PostOffice::impatient(&db).await;
    let id = office.post().await;
    office.behave(Behaviour::HangsBeforeGreeting).await;
    assert_eq!(office.deliver().await, 1);
    assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Queued, (0, true)));
    let error = office.error(id).await;
    assert!(error.contains("did not get through connecting and signing in within 1s"), "{error}");
    office.behave(Behaviour::Takes).await;
    office.wait(2);
    assert_eq!(office.deliver().await, 1);
    assert_eq!(office.taken().await.len(), 1);
});

sink_test!(what_is_refused_for_now_is_tried_again, |db: TestDb| async move {
    let answers = [
        Behaviour::AnswersSender("451 4.3.0 try later"),
        Behaviour::AnswersSender("550 5.7.1 not from you"),
        Behaviour::AnswersRecipient("450 4.2.1 greylisted"),
        Behaviour::AnswersData("451 4.3.0 try later"),
        Behaviour::AnswersMessage("451 4.3.0 try later"),
    ];
    let mut office = PostOffice::open(&db).await;
    for (answer, taken) in answers.into_iter().zip(1..) {
        let id = office.post().await;
        office.behave(answer).await;
        assert_eq!(office.deliver().await, 1, "{answer:?}");
        assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Queued, (0, true)), "{answer:?}");
        assert!(office.error(id).await.contains(": 4") || office.error(id).await.contains("(MAIL FROM): 550"));
        office.behave(Behaviour::Takes).await;
        office.wait(2);
        assert_eq!(office.deliver().await, 1, "{answer:?}");
        assert_eq!((office.mail(id).await.attempts, office.taken().await.len()), (2, taken), "{answer:?}");
    }
});

sink_test!(what_is_refused_for_good_is_given_up, |db: TestDb| async move {
    let answers = [
        (
            Behaviour::AnswersRecipient("550 5.1.1 no such user"),
            "refused the recipient (RCPT TO): 550 5.1.1 no such user",
        ),
        (Behaviour::AnswersData("554 5.5.1 no"), "refused the mail (DATA): 554 5.5.1 no"),
        (Behaviour::AnswersMessage("554 5.7.1 looks like spam"), "refused the mail: 554 5.7.1 looks like spam"),
    ];
    let mut office = PostOffice::open(&db).await;
    for (answer, expected) in answers {
        let id = office.post().await;
        office.behave(answer).await;
        assert_eq!(office.deliver().await, 1);
        assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Failed, (0, true)), "{answer:?}");
        let error = office.error(id).await;
        assert!(error.starts_with("127.0.0.1:") && error.ends_with(expected), "{error}");
        office.wait(3600);
        assert_eq!(office.deliver().await, 0, "{answer:?}");
    }
    assert_eq!(office.taken().await.len(), 0);
});

sink_test!(a_mail_that_may_have_arrived_is_sent_once_more_and_never_again, |db: TestDb| async move {
    let mut office = PostOffice::impatient(&db).await;
    for ending in [Behaviour::DropsAfterData, Behaviour::HangsAfterData] {
        let id = office.post().await;
        let before = office.taken().await.len();
        office.behave(ending).await;
        assert_eq!(office.deliver().await, 1);
        assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Queued, (1, true)), "{ending:?}");
        assert!(office.error(id).await.contains("was lost after the mail was handed over, and may have it"));
        office.wait(2);
        assert_eq!(office.deliver().await, 1);
        assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Failed, (2, true)), "{ending:?}");
        let error = office.error(id).await;
        assert!(
            error.ends_with("It was the second time, so it is not sent again unless somebody asks for it"),
            "{error}"
        );
        office.behave(Behaviour::Takes).await;
        office.wait(3600);
        assert_eq!(office.deliver().await, 0);
        let taken = office.taken().await.split_off(before);
        assert_eq!(taken.len(), 2, "{ending:?}");
        assert!(taken[0].bytes == taken[1].bytes, "who gets both can see that they are one");
    }
});

sink_test!(a_refusal_between_two_losses_takes_no_copy, |db: TestDb| async move {
    let mut office = PostOffice::impatient(&db).await;
    let id = office.post().await;
    office.behave(Behaviour::DropsAfterData).await;
    office.deliver().await;
    office.behave(Behaviour::AnswersMessage("451 4.3.0 try later")).await;
    office.wait(2);
    office.deliver().await;
    assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Queued, (1, true)));
    office.behave(Behaviour::Takes).await;
    office.wait(4);
    office.deliver().await;
    assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Sent, (2, false)));
    assert_eq!(office.taken().await.len(), 2);
});

sink_test!(no_error_repeats_what_a_letter_keeps_secret, |db: TestDb| async move {
    let answer = "554 5.7.1 http://localhost:8080/magic-link?token=vst_mgl_0123456789 and 123456 look like spam";
    let mut office = PostOffice::open(&db).await;
    let id = office.post_code().await.id;
    office.behave(Behaviour::AnswersMessage(answer)).await;
    office.deliver().await;
    let error = office.error(id).await;
    assert!(error.ends_with("refused the mail: 554 5.7.1 […] and […] look like spam"), "{error}");
});

sink_test!(a_mail_sent_at_once_says_what_became_of_it, |db: TestDb| async move {
    let mut office = PostOffice::impatient(&db).await;
    let engine = office.t.engine.clone();
    let now = async |id, patience| engine.deliver_now(id, patience).await.expect("the database answers");
    let id = office.post().await;
    assert_eq!(now(id, PATIENCE).await, Delivery::Sent);
    assert_eq!(now(id, PATIENCE).await, Delivery::Sent, "and is not sent again");
    assert_eq!(office.taken().await.len(), 1);

    let id = office.post().await;
    office.behave(Behaviour::AnswersMessage("451 4.3.0 try later")).await;
    assert_eq!(now(id, PATIENCE).await, Delivery::Waiting);
    office.behave(Behaviour::AnswersRecipient("550 5.1.1 no such user")).await;
    let refused = now(office.post().await, PATIENCE).await;
    assert!(matches!(&refused, Delivery::Failed(why) if why.contains("no such user")), "{refused:?}");

    let id = office.post().await;
    office.behave(Behaviour::HangsAfterData).await;
    assert_eq!(now(id, Duration::from_millis(30)).await, Delivery::Waiting, "patience is shorter than the server");
    assert_eq!(office.state(id).await, MailState::Sending, "the attempt goes on");
    assert_eq!(now(id, PATIENCE).await, Delivery::Waiting, "and ends without an answer");
    assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Queued, (1, true)));
});

sink_test!(mail_goes_out_beside_the_requests_and_a_stop_waits_for_it, |db: TestDb| async move {
    let mut office = PostOffice::open(&db).await;
    let background = office.t.engine.start();
    for round in 1..=2 {
        let id = office.post().await;
        while office.state(id).await != MailState::Sent {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(office.taken().await.len(), round);
    }
    background.stop().await.expect("it stops");
    let left = office.post().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!((office.state(left).await, office.mail(left).await.attempts), (MailState::Queued, 0));
});

sink_test!(a_stop_waits_for_a_mail_that_is_being_handed_over, |db: TestDb| async move {
    let mut office = PostOffice::impatient(&db).await;
    office.behave(Behaviour::HangsAfterData).await;
    let id = office.post().await;
    let background = office.t.engine.start();
    while office.taken().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(office.state(id).await, MailState::Sending);
    background.stop().await.expect("it stops");
    assert_eq!((office.state(id).await, office.copies(id).await), (MailState::Queued, (1, true)), "and writes it down");
});

sink_test!(readiness_does_not_depend_on_the_mail_server, |db: TestDb| async move {
    let mut sink = SmtpSink::start().await;
    let smtp = sink.config();
    sink.stop();
    let t = TestEngine::with(&db, |config| config.mail.smtp = Some(smtp)).await;
    let (caller, session) = administrator(&t).await;
    t.engine.send_test_mail(&caller, &session).await.expect("it is written");
    t.engine.deliver_due().await.expect("the database answers");
    assert!(t.engine.health().await.is_ready());
    let why = t.engine.check_smtp().await.expect_err("it is down");
    assert!(why.starts_with("no line to 127.0.0.1:"), "{why}");
});

db_test!(without_a_mail_server_there_is_none_to_check, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    assert_eq!(t.engine.check_smtp().await.expect_err("none"), "no mail server is set (smtp_url)");
});
