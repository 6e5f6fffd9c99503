//! A person at a real browser, with scripts and without: from the first page to administering others.

use reqwest::Client;
use testkit::{Server, TestDb};
use thirtyfour::By;

use crate::host::PASSWORD;
use crate::node::{check, node, post};
use crate::person::Person;

const OTHER: &str = "lantern-Quarry-4-otter";

fn setup_token(server: &Server) -> String {
    let printed = server.lines().join("\n");
    printed.split_whitespace().find(|word| word.starts_with("vst_set_")).expect("it is printed").to_owned()
}

/// The first visit leads to the setup page; a weak password is said beside the field and burns nothing.
pub async fn set_up(person: &Person, server: &Server) {
    person.open("/").await;
    person.arrives("/setup").await;
    let token = setup_token(server);
    let root = [("setup_token", token.as_str()), ("email", "root@example.com")];
    person.submit("/setup", &[root.as_slice(), &[("password", "short")]].concat()).await;
    person.sees("too short").await;
    person.submit("/setup", &[root.as_slice(), &[("password", PASSWORD)]].concat()).await;
    person.arrives("/admin").await;
    person.sign_out().await;
}

/// Somebody signs up, signs out, mistypes, and signs in.
async fn sign_up_and_in(person: &Person) {
    person.open("/sign-up").await;
    person
        .submit("/sign-up", &[("email", "ann@example.com"), ("name", "Ann <b>Lee</b>"), ("password", PASSWORD)])
        .await;
    person.arrives("/account").await;
    person.sign_out().await;
    person.sign_in("ann@example.com", OTHER).await;
    person.sees("not right").await;
    person.sign_in("ann@example.com", PASSWORD).await;
    person.arrives("/account").await;
}

/// A second session, elsewhere, is seen and ended.
async fn end_a_session(person: &Person, server: &Server) {
    let elsewhere = token_of(server, "ann@example.com").await.expect("signed in");
    assert_eq!(check(&Client::new(), &server.url(), &elsewhere).await, 200);
    person.open("/account/sessions").await;
    person.press("form[action$='/end'] button").await;
    person.sees("session was ended").await;
    assert_eq!(check(&Client::new(), &server.url(), &elsewhere).await, 401);
}

/// The password is changed; the browser stays signed in, and the old password opens nothing.
async fn change_password(person: &Person) {
    person.open("/account/security").await;
    let change = |current, new| [("current_password", current), ("new_password", new)];
    person.submit("/account/security", &change(OTHER, OTHER)).await;
    person.sees("not your current password").await;
    person.submit("/account/security", &change(PASSWORD, OTHER)).await;
    person.sees("Your password was changed").await;
    person.open("/admin").await;
    person.sees("This needs the permission view:users").await;
    person.open("/account").await;
    person.arrives("/account").await;
    person.sign_out().await;
    person.sign_in("ann@example.com", PASSWORD).await;
    person.sees("not right").await;
}

/// An administrator makes another, who can sign in, and disables them, who then cannot.
async fn make_and_disable_an_administrator(person: &Person, server: &Server) {
    person.sign_in("root@example.com", PASSWORD).await;
    person.arrives("/account").await;
    person.open("/admin/admins/new").await;
    person.submit("/admin/admins/new", &[("username", "bob"), ("password", PASSWORD)]).await;
    person.sees("The administrator was created").await;
    let bob = token_of(server, "bob").await.expect("signed in");
    person.open("/admin/admins").await;
    person.browser.find(By::LinkText("bob")).await.expect("a link to bob").click().await.expect("it can be followed");
    person.press("form[action$='/disable'] button").await;
    person.sees("The account was disabled").await;
    assert_eq!(check(&Client::new(), &server.url(), &bob).await, 401);
    assert!(token_of(server, "bob").await.is_none());
}

/// A token of somebody who signs in from a program, if they can.
async fn token_of(server: &Server, identifier: &str) -> Option<String> {
    let form = serde_json::json!({ "identifier": identifier, "password": PASSWORD });
    let answer = post(&Client::new(), &server.url(), "/sign-in", form).await.expect("an answer");
    let body: serde_json::Value = answer.json().await.expect("JSON");
    body["token"].as_str().map(str::to_owned)
}

async fn journey(db: TestDb, javascript: bool) {
    let server = node(&db).await;
    let person = Person::at(&server, javascript).await;
    set_up(&person, &server).await;
    sign_up_and_in(&person).await;
    end_a_session(&person, &server).await;
    change_password(&person).await;
    make_and_disable_an_administrator(&person, &server).await;
    // Somebody's markup is shown as they typed it.
    person.open("/admin/users").await;
    person.sees("Ann <b>Lee</b>").await;
    person.open("/admin/audit").await;
    person.sees("bob").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: run cargo xtask test"]
async fn everything_works_in_a_browser() {
    journey(TestDb::sqlite(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and PostgreSQL: run cargo xtask test"]
async fn everything_works_without_scripts() {
    journey(TestDb::postgres(), false).await;
}
