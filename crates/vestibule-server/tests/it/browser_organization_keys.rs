//! A person at a real browser, with scripts and without, who makes a key of an organization and a bot, hands both
//! secrets to programs, switches the bot off and on and deletes it; and what the programs are answered each time.

use reqwest::Client;
use serde_json::Value;
use testkit::{Server, TestDb};

use crate::host::PASSWORD;
use crate::node::node;
use crate::person::Person;

const ANN: &str = "ann@example.com";

/// What a program is told at an address: the status, and this member of the answer.
async fn asks(server: &Server, key: &str, path: &str, member: &str) -> (u16, String) {
    let asked = Client::new().get(format!("{}/api/v1{path}", server.url())).bearer_auth(key).send().await;
    let answer = asked.expect("an answer");
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("JSON");
    let word = if status == 200 { &body[member] } else { &body["code"] };
    (status, word.as_str().expect("text").to_owned())
}

/// Makes an organization through the pages; its address.
async fn organization(person: &Person) -> String {
    person.open("/account/organizations").await;
    person.submit("/account/organizations", &[("name", "Harbour Works")]).await;
    person.sees("The organization is there, and you administer it.").await;
    person.path().await
}

async fn journey(db: TestDb, javascript: bool) {
    let server = node(&db).await;
    let person = Person::at(&server, javascript).await;
    person.open("/sign-up").await;
    person.submit("/sign-up", &[("email", ANN), ("password", PASSWORD)]).await;
    person.arrives("/account").await;
    let org = organization(&person).await;
    let key = makes_a_key(&server, &person, &org).await;
    makes_and_ends_a_bot(&server, &person, &org).await;
    renews_and_revokes(&server, &person, &org, &key).await;
}

async fn makes_a_key(server: &Server, person: &Person, org: &str) -> String {
    person.follow("Keys").await;
    person.sees("There are none.").await;
    person.follow("New API key").await;
    person.press("input[value='all']").await;
    person.submit(&format!("{org}/keys/new"), &[("name", "Nightly backup")]).await;
    person.sees("It is shown this once.").await;
    let key = person.reads("p.secret").await;
    assert_eq!(asks(server, &key, org, "role").await, (200, "admin".to_owned()));
    key
}

async fn makes_and_ends_a_bot(server: &Server, person: &Person, org: &str) {
    person.follow("Bots").await;
    person.follow("New bot").await;
    person.submit(&format!("{org}/bots/new"), &[("name", "Builder"), ("responsible_email", ANN)]).await;
    person.sees("It is shown this once.").await;
    let bot = person.reads("p.secret").await;
    assert_eq!(asks(server, &bot, "/me", "kind").await, (200, "bot".to_owned()));
    for (words, said) in [("was switched off", (401, "key_revoked")), ("was switched on", (200, "bot"))] {
        person.open(&format!("{org}/bots")).await;
        person.press("tr.more summary").await;
        person.press("form[action$='/switch'] button").await;
        person.sees(words).await;
        assert_eq!(asks(server, &bot, "/me", "kind").await, (said.0, said.1.to_owned()));
    }
    person.press("tr.more summary").await;
    person.press("form[action$='/delete'] button").await;
    person.sees("The bot was deleted").await;
    assert_eq!(asks(server, &bot, "/me", "kind").await, (401, "unauthenticated".to_owned()));
}

async fn renews_and_revokes(server: &Server, person: &Person, org: &str, key: &str) {
    person.follow("Keys").await;
    person.press("tr.more summary").await;
    person.press("form[action$='/rotate'] button").await;
    person.sees("Its earlier secret has ended").await;
    let renewed = person.reads("p.secret").await;
    assert_eq!(asks(server, key, org, "role").await, (401, "key_expired".to_owned()));
    assert_eq!(asks(server, &renewed, org, "role").await, (200, "admin".to_owned()));
    person.open(&format!("{org}/keys")).await;
    person.press("tr.more summary").await;
    person.press("form[action$='/revoke'] button").await;
    person.sees("The key was revoked").await;
    assert_eq!(asks(server, &renewed, org, "role").await, (401, "key_revoked".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: run cargo xtask test"]
async fn keys_and_bots_of_an_organization_are_made_and_ended_in_a_browser() {
    journey(TestDb::sqlite(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and PostgreSQL: run cargo xtask test"]
async fn keys_and_bots_of_an_organization_are_made_and_ended_without_scripts() {
    journey(TestDb::postgres(), false).await;
}
