//! A mail server that is down, or silent, or unwilling: nobody who asks for a mail waits for it, neither readiness nor a
//! stop depends on it, and the mail goes when it takes mail again.

use std::time::Duration;

use serde_json::json;
use testkit::{Behaviour, TestDb, sink_test};
use vestibule::{Clock, MEMBERS, MailKind, MailState};

use crate::post_office::{PostOffice, median, people};

const ANN: &str = "ann@example.com";
/// No answer takes so long; who waits for a silent mail server waits for a minute.
const LIMIT: Duration = Duration::from_secs(5);
/// What is being handed over has five seconds at a stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// That answers come as quickly while the mail server is away as they do while it is there, but for a busy machine.
async fn assert_as_quick(office: &mut PostOffice, mut go_away: impl AsyncFnMut(&mut PostOffice)) {
    let (there, away) = (people("ann", 5), people("bob", 5));
    for person in there.iter().chain(&away) {
        office.settle_in(person).await;
    }
    let there = office.have_promised(&there).await;
    office.until_all_is_decided().await;
    go_away(office).await;
    let promises = office.have_promised(&away[..1]).await;
    office.until(|mails| mails.iter().any(|mail| mail.attempts > 0 && mail.state != MailState::Sent)).await;
    let away = office.have_promised(&away[1..]).await;
    let (usual, now) = (median(&there), median(&away));
    assert!(now < usual * 4 + Duration::from_secs(1), "{now:?} instead of {usual:?}");
    for promise in promises.iter().chain(&away) {
        assert!(promise.took < LIMIT, "{:?} for {}", promise.took, promise.page);
    }
    let told = office.server.lines();
    assert!(!told.iter().any(|line| ["vfy", "rst", "mgl"].iter().any(|kind| line.contains(&format!("vst_{kind}_")))));
}

/// That the server is ready, and says so quickly.
async fn assert_ready(office: &PostOffice) {
    let clock = Clock::system();
    let answer = office.client.get(format!("{}/readyz", office.server.url())).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(clock.monotonic() < LIMIT, "{:?}", clock.monotonic());
}

/// Stops the server in good order; how long that took.
async fn stop(office: &mut PostOffice) -> Duration {
    let clock = Clock::system();
    assert_eq!(office.server.stop().await, Some(0), "{}", office.server.lines().join("\n"));
    clock.monotonic()
}

sink_test!(a_mail_server_that_is_down_slows_nobody, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    assert_as_quick(&mut office, async |office| office.sink.stop()).await;
    assert_ready(&office).await;
    let told = office.server.lines().iter().filter(|line| line.contains("mail waits")).count();
    assert_eq!(told, 1, "the operator is told, and once");
    let took = stop(&mut office).await;
    assert!(took < LIMIT, "there is nothing to wait for: {took:?}");
});

sink_test!(a_mail_server_that_says_nothing_slows_nobody, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    assert_as_quick(&mut office, async |office| office.sink.behave(Behaviour::HangsBeforeGreeting).await).await;
    for _ in 0..5 {
        assert_ready(&office).await;
    }
    let took = stop(&mut office).await;
    assert!(took < STOP_LIMIT, "{took:?}");
});

sink_test!(a_stop_waits_a_moment_for_a_mail_that_is_being_handed_over_and_no_longer, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    office.sink.behave(Behaviour::HangsAfterData).await;
    office.ask("/sign-up", ANN).await;
    office.mail_to(ANN).await;
    let took = stop(&mut office).await;
    assert!(took > Duration::from_secs(4) && took < STOP_LIMIT, "{took:?}");
    office.sink.behave(Behaviour::Takes).await;
    office.let_leases_run_out().await;
    office.server.restart().await;
    office.until_all_is_decided().await;
    assert_eq!(office.states(ANN).await, [(MailKind::VerifyEmail, MailState::Sent)]);
    assert_eq!(office.mails_to(ANN, 2).await.len(), 2);
});

sink_test!(restarts_while_the_mail_server_says_nothing_cost_no_mail, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    office.sink.behave(Behaviour::HangsBeforeGreeting).await;
    office.ask("/sign-up", ANN).await;
    for attempts in 1..=2 {
        office.until(|mails| mails[0].state == MailState::Sending && mails[0].attempts == attempts).await;
        stop(&mut office).await;
        office.let_leases_run_out().await;
        office.server.restart().await;
    }
    office.sink.behave(Behaviour::Takes).await;
    office.crash().await;
    office.until_all_is_decided().await;
    assert_eq!(office.states(ANN).await, [(MailKind::VerifyEmail, MailState::Sent)]);
    let copies = office.mails_to(ANN, 1).await.len();
    assert!((1..=2).contains(&copies), "{copies}: two, if the crash came while it was being handed over");
});

sink_test!(an_invitation_is_made_though_the_mail_server_says_nothing, |db: TestDb| async move {
    let root = [("VESTIBULE_ADMIN_USERNAME", "root"), ("VESTIBULE_ADMIN_PASSWORD", crate::host::PASSWORD)];
    let mut office = PostOffice::with(db, &root).await;
    office.sink.behave(Behaviour::HangsBeforeGreeting).await;
    let token = office.sign_in("root").await;
    let clock = Clock::system();
    let new = json!({ "email": ANN, "group_ids": [MEMBERS.to_string()] });
    let new = office.client.post(format!("{}/api/v1/admin/users", office.server.url())).bearer_auth(token).json(&new);
    let answer = new.send().await.expect("an answer");
    assert!(clock.monotonic() < LIMIT, "{:?}", clock.monotonic());
    assert_eq!(answer.status(), 201);
    let made: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(made["invite_email_sent"], false, "{made}");
    office.sink.behave(Behaviour::Takes).await;
    office.crash().await;
    assert!(office.mail_to(ANN).await.link().contains("/invitation?token="));
});

sink_test!(what_is_put_off_comes_once, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    office.sink.behave(Behaviour::AnswersMessage("451 4.3.0 try later")).await;
    office.ask("/sign-up", ANN).await;
    office.until(|mails| mails[0].state == MailState::Queued && mails[0].attempts == 1).await;
    office.sink.behave(Behaviour::Takes).await;
    office.until_all_is_decided().await;
    assert_eq!(office.states(ANN).await, [(MailKind::VerifyEmail, MailState::Sent)]);
    assert_eq!(office.mails_to(ANN, 1).await.len(), 1);
});
