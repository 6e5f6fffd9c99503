//! A person at a real browser, with scripts and without: from the first page to administering others.

use std::time::Duration;

use reqwest::Client;
use testkit::{Browser, Server, TestDb};
use thirtyfour::By;
use thirtyfour::prelude::ElementQueryable as _;

use crate::host::PASSWORD;
use crate::node::{check, node, post};

/// How long a page may take: a hundred tries, a tenth of a second apart.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);
const OTHER: &str = "lantern-Quarry-4-otter";

/// Somebody in front of a window.
struct Person {
    browser: Browser,
    url: String,
}

impl Person {
    async fn at(server: &Server, javascript: bool) -> Person {
        Person { browser: Browser::start(javascript).await, url: server.url() }
    }

    async fn open(&self, path: &str) {
        self.browser.goto(format!("{}{path}", self.url)).await.expect("the page opens");
    }

    /// Fills in the form that goes to `action` and sends it by its button.
    async fn submit(&self, action: &str, fields: &[(&str, &str)]) {
        let form = self.browser.query(By::Css(format!("main form[action='{action}']"))).first().await;
        let form = form.unwrap_or_else(|why| panic!("no form for {action}: {why}"));
        for (name, value) in fields {
            let input = form.find(By::Name(*name)).await.unwrap_or_else(|why| panic!("{action} has no {name}: {why}"));
            input.clear().await.expect("it can be cleared");
            input.send_keys(*value).await.expect("it can be typed into");
        }
        form.find(By::Css("button")).await.expect("a button").click().await.expect("it can be pressed");
    }

    async fn path(&self) -> String {
        self.browser.current_url().await.expect("a URL").path().to_owned()
    }

    /// What the page says; none while it changes.
    async fn text(&self) -> Option<String> {
        self.browser.find(By::Css("main")).await.ok()?.text().await.ok()
    }

    /// Waits until the page says this; a page takes its time to come after a press of a button.
    async fn sees(&self, words: &str) {
        for _ in 0..TRIES {
            if self.text().await.is_some_and(|text| text.contains(words)) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{words:?} is not on {}:\n{}", self.path().await, self.text().await.unwrap_or_default());
    }

    /// Waits until the browser is there.
    async fn arrives(&self, path: &str) {
        for _ in 0..TRIES {
            if self.path().await == path {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("not at {path} but at {}:\n{}", self.path().await, self.text().await.unwrap_or_default());
    }

    async fn sign_out(&self) {
        let button = self.browser.find(By::Css("form[action$='/sign-out'] button")).await.expect("a way out");
        button.click().await.expect("it can be pressed");
        self.arrives("/sign-in").await;
    }
}

fn setup_token(server: &Server) -> String {
    let printed = server.lines().join("\n");
    printed.split_whitespace().find(|word| word.starts_with("vst_set_")).expect("it is printed").to_owned()
}

async fn journey(db: TestDb, javascript: bool) {
    let server = node(&db).await;
    let person = Person::at(&server, javascript).await;

    // The first visit leads to the setup page; a weak password is said beside the field and burns nothing.
    person.open("/").await;
    person.arrives("/setup").await;
    let token = setup_token(&server);
    let root = [("setup_token", token.as_str()), ("email", "root@example.com")];
    person.submit("/setup", &[root.as_slice(), &[("password", "short")]].concat()).await;
    person.sees("too short").await;
    person.submit("/setup", &[root.as_slice(), &[("password", PASSWORD)]].concat()).await;
    person.arrives("/admin").await;
    person.sign_out().await;

    // Somebody signs up, signs out, mistypes, and signs in.
    person.open("/sign-up").await;
    person
        .submit("/sign-up", &[("email", "ann@example.com"), ("name", "Ann <b>Lee</b>"), ("password", PASSWORD)])
        .await;
    person.arrives("/account").await;
    person.sign_out().await;
    person.submit("/sign-in", &[("identifier", "ann@example.com"), ("password", OTHER)]).await;
    person.sees("not right").await;
    person.submit("/sign-in", &[("identifier", "ann@example.com"), ("password", PASSWORD)]).await;
    person.arrives("/account").await;

    // A second session, elsewhere, is seen and ended.
    let client = Client::new();
    let form = serde_json::json!({ "identifier": "ann@example.com", "password": PASSWORD });
    let elsewhere: serde_json::Value =
        post(&client, &server.url(), "/sign-in", form).await.expect("an answer").json().await.expect("JSON");
    let elsewhere = elsewhere["token"].as_str().expect("a token").to_owned();
    assert_eq!(check(&client, &server.url(), &elsewhere).await, 200);
    person.open("/account/sessions").await;
    let end = person.browser.find(By::Css("form[action$='/end'] button")).await.expect("the other session");
    end.click().await.expect("it can be pressed");
    person.sees("ended").await;
    assert_eq!(check(&client, &server.url(), &elsewhere).await, 401);

    // The password is changed; the browser stays signed in.
    person.open("/account/security").await;
    let change = |current, new| [("current_password", current), ("new_password", new)];
    person.submit("/account/security", &change(OTHER, OTHER)).await;
    person.sees("not your current password").await;
    person.submit("/account/security", &change(PASSWORD, OTHER)).await;
    person.sees("Your password was changed").await;
    person.open("/account").await;
    person.arrives("/account").await;
    person.open("/admin").await;
    person.sees("administrator").await;
    person.open("/account").await;
    person.sign_out().await;
    person.submit("/sign-in", &[("identifier", "ann@example.com"), ("password", PASSWORD)]).await;
    person.sees("not right").await;

    // An administrator makes another, who can sign in, and deactivates them, who then cannot.
    person.submit("/sign-in", &[("identifier", "root@example.com"), ("password", PASSWORD)]).await;
    person.arrives("/account").await;
    person.open("/admin/admins/new").await;
    person.submit("/admin/admins/new", &[("username", "bob"), ("password", PASSWORD)]).await;
    person.sees("bob").await;
    let form = || serde_json::json!({ "identifier": "bob", "password": PASSWORD });
    let bob = post(&client, &server.url(), "/sign-in", form()).await.expect("an answer");
    assert_eq!(bob.status(), 200);
    let bob: serde_json::Value = bob.json().await.expect("JSON");
    let bob = bob["token"].as_str().expect("a token").to_owned();
    person.open("/admin/admins").await;
    let link = person.browser.find(By::LinkText("bob")).await.expect("a link to bob");
    link.click().await.expect("it can be followed");
    let deactivate = person.browser.find(By::Css("form[action$='/deactivate'] button")).await.expect("a way to");
    deactivate.click().await.expect("it can be pressed");
    person.sees("disabled").await;
    assert_eq!(check(&client, &server.url(), &bob).await, 401);
    let refused = post(&client, &server.url(), "/sign-in", form()).await.expect("an answer");
    assert_eq!(refused.status(), 401);

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
