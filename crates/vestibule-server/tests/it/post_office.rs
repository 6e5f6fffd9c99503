//! A server whose mail goes to a sink, the people it promises mail to, and what becomes of that.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Client;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use testkit::{Server, SmtpSink, SunkMail, TestDb};
use vestibule::{Clock, Db, MailKind, MailState};

use crate::host::PASSWORD;
use crate::node::{node_with, post};

/// As long as a mail may take that nothing stands against: its longest pause here, and a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// No answer may take so long, by far.
const LIMIT: Duration = Duration::from_secs(20);

/// What a stranger may ask for by mail, and the page that the mail leads to.
const REQUESTS: [(&str, &str); 3] =
    [("/password/forgot", "/reset-password"), ("/magic-link", "/magic-link"), ("/email-code", "/email-code")];

pub struct PostOffice {
    pub server: Server,
    pub sink: SmtpSink,
    pub client: Client,
    pub db: TestDb,
}

/// A mail that was promised by an answer, and how long that took.
pub struct Promise {
    pub to: String,
    pub page: &'static str,
    pub took: Duration,
}

/// A mail of the outbox.
#[derive(Debug)]
pub struct Posted {
    pub to: String,
    pub kind: MailKind,
    pub state: MailState,
    pub attempts: i64,
}

impl PostOffice {
    /// With cheap hashes, no rate limits, and addresses that must be proven.
    pub async fn open(db: TestDb) -> PostOffice {
        Self::with(db, &[]).await
    }

    /// With settings of its own besides.
    pub async fn with(db: TestDb, settings: &[(&str, &str)]) -> PostOffice {
        let sink = SmtpSink::start().await;
        let smtp = sink.url();
        let mut all = vec![
            ("VESTIBULE_SMTP_URL", smtp.expose_secret()),
            ("VESTIBULE_PASSWORD_ARGON2_MEMORY_KIB", "8"),
            ("VESTIBULE_PASSWORD_ARGON2_ITERATIONS", "1"),
        ];
        all.extend(settings);
        let server = node_with(&db, &all).await;
        let client = Client::builder().timeout(LIMIT).build().expect("a client");
        PostOffice { server, sink, client, db }
    }

    /// Posts JSON; the status, and the body if there is one.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = post(&self.client, &self.server.url(), path, body).await;
        let answer = answer.unwrap_or_else(|why| panic!("{path}: {why}"));
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Has a mail promised for an address.
    pub async fn ask(&self, path: &str, email: &str) {
        let (status, _) = self.post(path, json!({ "email": email, "password": PASSWORD })).await;
        assert_eq!(status, 202, "{path} {email}");
    }

    /// Makes an account and proves its address.
    pub async fn settle_in(&mut self, email: &str) {
        self.ask("/sign-up", email).await;
        let token = token_in(&self.mail_to(email).await.link());
        let (status, _) = self.post("/email/verify", json!({ "token": token, "password": PASSWORD })).await;
        assert_eq!(status, 204, "{email}");
    }

    /// Signs in by password; the token.
    pub async fn sign_in(&self, email: &str) -> String {
        let (status, body) = self.post("/sign-in", json!({ "identifier": email, "password": PASSWORD })).await;
        assert_eq!(status, 200, "{email}: {body}");
        body["token"].as_str().expect("a token").to_owned()
    }

    /// Each of these people asks for all that a stranger may ask for, and brings somebody new.
    pub async fn have_promised(&self, people: &[String]) -> Vec<Promise> {
        let mut promises = Vec::new();
        for person in people {
            for (path, page) in REQUESTS {
                promises.push(self.promise(path, page, person.clone()).await);
            }
            promises.push(self.promise("/sign-up", "/verify-email", format!("friend-of-{person}")).await);
        }
        promises
    }

    async fn promise(&self, path: &str, page: &'static str, to: String) -> Promise {
        let clock = Clock::system();
        self.ask(path, &to).await;
        Promise { to, page, took: clock.monotonic() }
    }

    /// The first mail to an address, once it is there.
    pub async fn mail_to(&mut self, email: &str) -> SunkMail {
        self.mails_to(email, 1).await.remove(0)
    }

    /// The mails to an address, once there are so many.
    pub async fn mails_to(&mut self, email: &str, count: usize) -> Vec<SunkMail> {
        let clock = Clock::system();
        loop {
            let mut mails = self.sink.mails().await;
            mails.retain(|mail| mail.is_taken && mail.to == [email]);
            if mails.len() >= count {
                return mails;
            }
            assert!(clock.monotonic() < PATIENCE, "{email} has {} mails, not {count}", mails.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The newest link to a page that is mailed to an address.
    pub async fn link_to(&mut self, email: &str, page: &str) -> String {
        let clock = Clock::system();
        loop {
            let links = self.mails_to(email, 1).await.into_iter().rev().map(|mail| mail.link());
            if let Some(link) = links.into_iter().find(|link| link.contains(page)) {
                return link;
            }
            assert!(clock.monotonic() < PATIENCE, "no link to {page} for {email}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All mail, the oldest first.
    pub async fn outbox(&self) -> Vec<Posted> {
        let database = Db::connect(&self.db.url).await.expect("it opens");
        let mut connection = database.read().await.expect("a connection");
        let sql = "SELECT recipient, kind, state, attempts FROM outbox ORDER BY created_at, id";
        let rows: Vec<(String, MailKind, MailState, i64)> = connection.all(sql, &[]).await.expect("rows");
        drop(connection);
        database.close().await;
        rows.into_iter().map(|(to, kind, state, attempts)| Posted { to, kind, state, attempts }).collect()
    }

    /// What the mails to an address are and what became of them, the oldest first.
    pub async fn states(&self, email: &str) -> Vec<(MailKind, MailState)> {
        let mails = self.outbox().await.into_iter().filter(|mail| mail.to == email);
        mails.map(|mail| (mail.kind, mail.state)).collect()
    }

    /// Waits until nothing is on its way any more.
    pub async fn until_all_is_decided(&self) {
        let is_open = |mail: &Posted| matches!(mail.state, MailState::Queued | MailState::Sending);
        self.until(|mails| !mails.iter().any(is_open)).await;
    }

    /// Waits until the outbox is so.
    pub async fn until(&self, is_so: impl Fn(&[Posted]) -> bool) {
        let clock = Clock::system();
        loop {
            let mails = self.outbox().await;
            if is_so(&mails) {
                return;
            }
            assert!(clock.monotonic() < PATIENCE, "{mails:?}\n{}", self.server.lines().join("\n"));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Lets the minutes pass in which nobody else may send what a server was sending when it ended.
    pub async fn let_leases_run_out(&self) {
        let database = Db::connect(&self.db.url).await.expect("it opens");
        let mut tx = database.write().await.expect("a transaction");
        let sql = "UPDATE outbox SET next_attempt_at = created_at WHERE state = 'sending'";
        tx.exec(sql, &[]).await.expect("updated");
        tx.commit().await.expect("committed");
        database.close().await;
    }

    /// Ends the server as a crash would, and starts it again some minutes later.
    pub async fn crash(&mut self) {
        self.server.kill();
        self.let_leases_run_out().await;
        self.server.restart().await;
    }

    /// How many copies of each mail there are, by its recipient and the page that it leads to.
    pub async fn copies(&mut self) -> BTreeMap<(String, String), usize> {
        let base = self.server.url();
        let mut copies = BTreeMap::new();
        for mail in self.sink.mails().await.into_iter().filter(|mail| mail.is_taken) {
            let link = mail.link();
            let path = link.strip_prefix(&base).unwrap_or_else(|| panic!("{link} is not below {base}"));
            let page = path.split('?').next().unwrap_or_default().to_owned();
            *copies.entry((mail.to.join(", "), page)).or_default() += 1;
        }
        copies
    }

    /// Makes sure that every promised mail is there, once or twice.
    pub async fn assert_kept(&mut self, promises: &[Promise]) {
        let copies = self.copies().await;
        for Promise { to, page, .. } in promises {
            let copies = copies.get(&(to.clone(), (*page).to_owned()));
            assert!(copies.is_some_and(|copies| (1..=2).contains(copies)), "{copies:?} of {page} to {to}");
        }
    }
}

/// The token that a link carries.
pub fn token_in(link: &str) -> String {
    let (_, token) = link.split_once("?token=").unwrap_or_else(|| panic!("{link} carries no token"));
    token.to_owned()
}

/// The one in the middle.
pub fn median(promises: &[Promise]) -> Duration {
    let mut took: Vec<Duration> = promises.iter().map(|promise| promise.took).collect();
    took.sort_unstable();
    took[took.len() / 2]
}

/// So many people of a family.
pub fn people(family: &str, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{family}{n}@example.com")).collect()
}
