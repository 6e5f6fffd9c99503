//! The development outbox as a mailbox: every mail in it must be looked at. A test that opens one and leaves a mail
//! unread fails, as nobody said that it should be sent.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Handle, RuntimeFlavor};
use vestibule::{KeptMail, MailId, MailKind, Vestibule};

const EVERYTHING: i64 = 100_000;

/// All mail that an engine without SMTP has written.
#[derive(Debug)]
pub struct Mailbox {
    engine: Vestibule,
    read: Mutex<HashSet<MailId>>,
}

impl Mailbox {
    /// Opens the mailbox of an engine, with every mail in it unread.
    ///
    /// # Panics
    /// On a runtime of one thread: what is left unread could not be found out in the end.
    pub fn open(engine: &Vestibule) -> Mailbox {
        let flavor = Handle::current().runtime_flavor();
        assert_eq!(flavor, RuntimeFlavor::MultiThread, "a mailbox is opened on a runtime of several threads");
        Mailbox { engine: engine.clone(), read: Mutex::default() }
    }

    /// The newest mail to an address, which is read now. While the clock stands still all mail is of one moment; of
    /// that, what is unread counts as newer.
    ///
    /// # Panics
    /// When there is none.
    pub async fn latest(&self, to: &str) -> KeptMail {
        self.newest(to, |_| true).await.unwrap_or_else(|| panic!("no mail to {to}"))
    }

    /// The link in the newest mail to an address, which is read now.
    pub async fn latest_link(&self, to: &str) -> String {
        link_in(&self.latest(to).await)
    }

    /// The newest code that was mailed to an address; that mail is read now.
    ///
    /// # Panics
    /// When there is none.
    pub async fn latest_code(&self, to: &str) -> String {
        let mail = self.newest(to, |mail| mail.row.kind == MailKind::EmailCode).await;
        let mail = mail.unwrap_or_else(|| panic!("no code was mailed to {to}"));
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|digit| digit.is_ascii_digit());
        mail.text.split_whitespace().find(is_code).expect("it has a code").to_owned()
    }

    /// The unread mails to an address, the oldest first; they are read now.
    pub async fn unread(&self, to: &str) -> Vec<KeptMail> {
        let mut mails = self.left().await;
        mails.retain(|mail| mail.row.recipient == to);
        mails.reverse();
        for mail in &mails {
            self.mark(mail.row.id);
        }
        mails
    }

    /// The kinds of the unread mails to an address, the oldest first; they are read now.
    pub async fn kinds(&self, to: &str) -> Vec<MailKind> {
        self.unread(to).await.iter().map(|mail| mail.row.kind).collect()
    }

    /// Reads everything, for a test that is about something else.
    pub async fn read_all(&self) {
        for mail in self.mails().await {
            self.mark(mail.row.id);
        }
    }

    async fn newest(&self, to: &str, is_wanted: impl Fn(&KeptMail) -> bool) -> Option<KeptMail> {
        let is_wanted = |mail: &KeptMail| mail.row.recipient == to && is_wanted(mail);
        let unread = self.left().await.into_iter().find(|mail| is_wanted(mail));
        let mail = match unread {
            Some(mail) => mail,
            None => self.mails().await.into_iter().find(|mail| is_wanted(mail))?,
        };
        self.mark(mail.row.id);
        Some(mail)
    }

    async fn mails(&self) -> Vec<KeptMail> {
        self.engine.kept_mail(EVERYTHING).await.expect("the outbox can be read")
    }

    async fn left(&self) -> Vec<KeptMail> {
        let mut mails = self.mails().await;
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        mails.retain(|mail| !read.contains(&mail.row.id));
        mails
    }

    fn mark(&self, mail: MailId) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(mail);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let left = tokio::task::block_in_place(|| Handle::current().block_on(self.left()));
        let left: Vec<String> =
            left.iter().map(|mail| format!("{} to {}", mail.row.kind, mail.row.recipient)).collect();
        assert!(left.is_empty(), "mail that nobody looked at: {}", left.join(", "));
    }
}

/// The one link in a mail.
///
/// # Panics
/// When it has none.
pub fn link_in(mail: &KeptMail) -> String {
    let link = mail.text.lines().find(|line| line.starts_with("http://") || line.starts_with("https://"));
    link.unwrap_or_else(|| panic!("no link in a mail of kind {}", mail.row.kind)).to_owned()
}
