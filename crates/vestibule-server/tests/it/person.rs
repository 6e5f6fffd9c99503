//! A person at a real browser: opens pages, fills in the forms that are there, and waits for what comes.

use std::time::Duration;

use testkit::{Browser, Server};
use thirtyfour::By;
use thirtyfour::prelude::ElementQueryable as _;

/// How long a page may take: a hundred tries, a tenth of a second apart.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Somebody in front of a window.
pub struct Person {
    pub browser: Browser,
    url: String,
}

impl Person {
    pub async fn at(server: &Server, javascript: bool) -> Person {
        Person { browser: Browser::start(javascript).await, url: server.url() }
    }

    pub async fn open(&self, path: &str) {
        self.browser.goto(format!("{}{path}", self.url)).await.expect("the page opens");
    }

    /// Fills in the form that goes to `action` and sends it by its button.
    pub async fn submit(&self, action: &str, fields: &[(&str, &str)]) {
        let form = self.browser.query(By::Css(format!("main form[action='{action}']"))).first().await;
        let form = form.unwrap_or_else(|why| panic!("no form for {action}: {why}"));
        for (name, value) in fields {
            let input = form.find(By::Name(*name)).await.unwrap_or_else(|why| panic!("{action} has no {name}: {why}"));
            input.clear().await.expect("it can be cleared");
            input.send_keys(*value).await.expect("it can be typed into");
        }
        form.find(By::Css("button")).await.expect("a button").click().await.expect("it can be pressed");
    }

    pub async fn sign_in(&self, identifier: &str, password: &str) {
        self.submit("/sign-in", &[("identifier", identifier), ("password", password)]).await;
    }

    /// Follows the link with these words.
    pub async fn follow(&self, words: &str) {
        let link = self.browser.query(By::LinkText(words)).first().await.unwrap_or_else(|why| panic!("{words}: {why}"));
        link.click().await.expect("it can be followed");
    }

    /// What an element says, once it is there.
    pub async fn reads(&self, element: &str) -> String {
        let found = self.browser.query(By::Css(element)).first().await.unwrap_or_else(|why| panic!("{element}: {why}"));
        found.text().await.expect("it has text")
    }

    /// Waits for a button and presses it.
    pub async fn press(&self, button: &str) {
        let button = self.browser.query(By::Css(button)).first().await.unwrap_or_else(|why| panic!("{button}: {why}"));
        button.click().await.expect("it can be pressed");
    }

    pub async fn path(&self) -> String {
        self.browser.current_url().await.expect("a URL").path().to_owned()
    }

    /// What the page says; none while it changes.
    pub async fn text(&self) -> Option<String> {
        self.browser.find(By::Css("main")).await.ok()?.text().await.ok()
    }

    /// Waits until the page says this; a page takes its time to come after a press of a button.
    pub async fn sees(&self, words: &str) {
        for _ in 0..TRIES {
            if self.text().await.is_some_and(|text| text.contains(words)) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{words:?} is not on {}:\n{}", self.path().await, self.text().await.unwrap_or_default());
    }

    /// Waits until the browser is there.
    pub async fn arrives(&self, path: &str) {
        for _ in 0..TRIES {
            if self.path().await == path {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("not at {path} but at {}:\n{}", self.path().await, self.text().await.unwrap_or_default());
    }

    pub async fn sign_out(&self) {
        self.press("form[action$='/sign-out'] button").await;
        self.arrives("/sign-in").await;
    }
}
