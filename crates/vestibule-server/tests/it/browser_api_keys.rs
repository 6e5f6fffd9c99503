//! A person at a real browser, with scripts and without, who makes an API key, hands it to a program, gives it another
//! secret and revokes it; and what the program is answered each time.

use reqwest::Client;
use serde_json::Value;
use testkit::{Server, TestDb};

use crate::host::PASSWORD;
use crate::node::node;
use crate::person::Person;

const ANN: &str = "ann@example.com";

/// What the program is told of whom it acts as: the status, and the address or the refusal.
async fn me(server: &Server, key: &str) -> (u16, String) {
    let asked = Client::new().get(format!("{}/api/v1/me", server.url())).bearer_auth(key).send().await;
    let answer = asked.expect("an answer");
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("JSON");
    let word = if status == 200 { &body["email"] } else { &body["code"] };
    (status, word.as_str().expect("text").to_owned())
}

/// Makes a key, after a mistake that loses nothing; its secret.
async fn make_a_key(person: &Person) -> String {
    person.open("/account").await;
    person.follow("API keys").await;
    person.sees("You have none").await;
    person.follow("New API key").await;
    person.press("input[value='only']").await;
    let fields = [("name", "Nightly backup"), ("permissions", "fly")];
    person.submit("/account/api-keys/new", &fields).await;
    person.sees("Line 1: \"fly\" is not of the form action:resource.").await;
    person.press("input[value='nothing']").await;
    person.submit("/account/api-keys/new", &[("permissions", "")]).await;
    person.sees("Your new API key").await;
    person.reads("p.secret").await
}

/// Opens what can be done with the one key there is.
async fn open_the_key(person: &Person) {
    person.open("/account/api-keys").await;
    person.press("tr.more summary").await;
}

async fn journey(db: TestDb, javascript: bool) {
    let server = node(&db).await;
    let person = Person::at(&server, javascript).await;
    person.open("/sign-up").await;
    person.submit("/sign-up", &[("email", ANN), ("password", PASSWORD)]).await;
    person.arrives("/account").await;
    let first = make_a_key(&person).await;
    assert_eq!(me(&server, &first).await, (200, ANN.to_owned()));
    open_the_key(&person).await;
    person.press("form[action$='/rotate'] button").await;
    person.sees("Its earlier secret has ended").await;
    let second = person.reads("p.secret").await;
    assert_eq!(me(&server, &first).await, (401, "key_expired".to_owned()));
    assert_eq!(me(&server, &second).await, (200, ANN.to_owned()));
    open_the_key(&person).await;
    person.press("form[action$='/revoke'] button").await;
    person.sees("The key was revoked").await;
    assert_eq!(me(&server, &second).await, (401, "key_revoked".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: run cargo xtask test"]
async fn a_key_is_made_used_and_revoked_in_a_browser() {
    journey(TestDb::sqlite(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and PostgreSQL: run cargo xtask test"]
async fn a_key_is_made_used_and_revoked_without_scripts() {
    journey(TestDb::postgres(), false).await;
}
