//! What died before the mail server took it is not mailed: a link that was used, replaced, or ended by what its owner or
//! an administrator did meanwhile.

use serde_json::json;
use testkit::{Behaviour, SunkMail, TestDb, sink_test};
use vestibule::{MailKind, MailState};

use crate::host::PASSWORD;
use crate::node::command;
use crate::post_office::{PostOffice, token_in};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const CID: &str = "cid@example.com";
const DAN: &str = "dan@example.com";
const EVE: &str = "eve@example.com";
const OTHER: &str = "lantern-Quarry-4-otter";

/// Where the mails to an address lead, by the alphabet, but for the first, which proved it.
async fn later_pages(office: &mut PostOffice, email: &str) -> Vec<String> {
    let base = office.server.url();
    let page = |mail: &SunkMail| mail.link().replace(&base, "").split('?').next().map(str::to_owned);
    let mut pages: Vec<String> = office.mails_to(email, 1).await.iter().skip(1).filter_map(page).collect();
    pages.sort(); // several at once are on their way, and any may arrive first
    pages
}

async fn change_password(office: &PostOffice, token: &str) {
    let form = json!({ "current_password": PASSWORD, "new_password": OTHER });
    let change = office.client.post(format!("{}/api/v1/password/change", office.server.url())).bearer_auth(token);
    let answer = change.json(&form).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
}

sink_test!(what_died_while_the_mail_server_was_down_is_not_mailed, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    for person in [ANN, BOB, CID, DAN] {
        office.settle_in(person).await;
    }
    let bob = office.sign_in(BOB).await;
    office.sink.stop();
    for path in ["/magic-link", "/email-code", "/email-code"] {
        office.ask(path, ANN).await;
    }
    for person in [BOB, CID, DAN] {
        office.ask("/magic-link", person).await;
        office.ask("/password/forgot", person).await;
    }
    change_password(&office, &bob).await;
    command(&office.db, &["user", "disable", CID]);
    command(&office.db, &["user", "delete", DAN, "--yes"]);
    office.ask("/sign-up", EVE).await;
    office.ask("/sign-up", EVE).await;

    office.sink.restart().await;
    office.until_all_is_decided().await;
    assert_eq!(later_pages(&mut office, ANN).await, ["/email-code", "/magic-link"], "the newer of the codes");
    assert_eq!(later_pages(&mut office, BOB).await, ["/forgot-password"], "that the password was changed, and no link");
    assert!(later_pages(&mut office, CID).await.is_empty() && later_pages(&mut office, DAN).await.is_empty());
    assert_eq!(office.mails_to(EVE, 1).await.len(), 1);
    let expired = office.outbox().await.into_iter().filter(|mail| mail.state == MailState::Expired);
    assert_eq!(expired.count(), 1 + 2 + 2 + 2 + 1);

    let link = office.link_to(ANN, "/magic-link").await;
    let (status, _) = office.post("/magic-link/redeem", json!({ "token": token_in(&link) })).await;
    assert_eq!(status, 200, "what was mailed is good");
    let link = office.mail_to(EVE).await.link();
    let (status, _) = office.post("/email/verify", json!({ "token": token_in(&link), "password": PASSWORD })).await;
    assert_eq!(status, 204);
});

sink_test!(a_link_that_arrived_in_doubt_and_was_used_is_not_mailed_again, |db: TestDb| async move {
    let mut office = PostOffice::open(db).await;
    office.settle_in(ANN).await;
    office.sink.behave(Behaviour::DropsAfterData).await;
    office.ask("/magic-link", ANN).await;
    let link = office.mails_to(ANN, 2).await[1].link();
    office.sink.behave(Behaviour::Takes).await;
    let (status, _) = office.post("/magic-link/redeem", json!({ "token": token_in(&link) })).await;
    assert_eq!(status, 200);
    office.until_all_is_decided().await;
    let states = office.states(ANN).await;
    assert_eq!(states[1], (MailKind::MagicLink, MailState::Expired), "{states:?}");
    assert_eq!(office.mails_to(ANN, 2).await.len(), 2);
});
