//! An engine whose mail goes to a sink, with an administrator who can have mail written.

use std::sync::Arc;
use std::time::Duration;

use testkit::{Behaviour, SinkOptions, SmtpSink, SunkMail, TestDb, TestEngine};
use vestibule::{
    Caller, Config, LiveSession, MailId, MailRequest, MailRow, MailState, NewAdministrator, PageRequest, SmtpConfig,
};

use crate::people::{PASSWORD, by, live, signs_in};

pub const ROOT: &str = "root@example.com";

pub struct PostOffice {
    pub t: TestEngine,
    pub sink: SmtpSink,
    pub caller: Caller,
    pub session: Arc<LiveSession>,
}

impl PostOffice {
    pub async fn open(db: &TestDb) -> PostOffice {
        Self::with(db, SinkOptions::default(), |_| {}).await
    }

    /// With a sink of some kind, reached by settings that may be changed.
    pub async fn with(db: &TestDb, options: SinkOptions, change: impl FnOnce(&mut SmtpConfig)) -> PostOffice {
        let sink = SmtpSink::with(options).await;
        let mut smtp = sink.config();
        change(&mut smtp);
        let t = TestEngine::quiet(db, |config: &mut Config| config.mail.smtp = Some(smtp)).await;
        let (caller, session) = administrator(&t).await;
        PostOffice { t, sink, caller, session }
    }

    /// With a server that is given up after a moment.
    pub async fn impatient(db: &TestDb) -> PostOffice {
        Self::with(db, SinkOptions::default(), |smtp| smtp.timeout = Duration::from_secs(1)).await
    }

    /// Puts a mail in the outbox that carries no token.
    pub async fn post(&self) -> MailId {
        self.t.engine.send_test_mail(&self.caller, &self.session).await.expect("it is written")
    }

    /// Puts a mail in the outbox that carries a link to sign in by.
    pub async fn post_link(&self) -> MailRow {
        self.ask(MailRequest::MagicLink { browser: vestibule::Digest([7; 32]) }).await
    }

    /// Puts a mail in the outbox that carries a code to sign in by; that of an earlier one dies by it.
    pub async fn post_code(&self) -> MailRow {
        self.ask(MailRequest::EmailCode).await
    }

    async fn ask(&self, what: MailRequest) -> MailRow {
        self.wait(1);
        self.t.engine.ask_by_mail(&Caller::anonymous(), ROOT, what).await.expect("it is asked for");
        self.t.engine.list_mail(PageRequest::first()).await.expect("a list").items.swap_remove(0)
    }

    pub async fn deliver(&self) -> usize {
        self.t.engine.deliver_due().await.expect("the database answers")
    }

    pub async fn behave(&mut self, behaviour: Behaviour) {
        self.sink.behave(behaviour).await;
    }

    pub async fn mail(&self, id: MailId) -> MailRow {
        let page = self.t.engine.list_mail(PageRequest { limit: 100, cursor: None }).await.expect("a list");
        page.items.into_iter().find(|mail| mail.id == id).expect("it is remembered")
    }

    pub async fn state(&self, id: MailId) -> MailState {
        self.mail(id).await.state
    }

    pub async fn error(&self, id: MailId) -> String {
        self.mail(id).await.last_error.unwrap_or_default()
    }

    /// How many copies the other side may have, and whether the outbox still has what the mail says.
    pub async fn copies(&self, id: MailId) -> (i64, bool) {
        let sql = "SELECT copies, content IS NOT NULL FROM outbox WHERE id = $1";
        self.t.engine.db().read().await.expect("a connection").one(sql, &[&id]).await.expect("a row")
    }

    /// The mails that the sink keeps.
    pub async fn taken(&mut self) -> Vec<SunkMail> {
        let mut mails = self.sink.mails().await;
        mails.retain(|mail| mail.is_taken);
        mails
    }

    pub fn wait(&self, seconds: u64) {
        self.t.clock.advance(Duration::from_secs(seconds));
    }
}

/// An administrator with an address, signed in.
pub async fn administrator(t: &TestEngine) -> (Caller, Arc<LiveSession>) {
    let admin =
        NewAdministrator { email: Some(ROOT.to_owned()), username: None, name: None, password: PASSWORD.into() };
    let account = t.engine.create_administrator(&Caller::host("root"), admin).await.expect("made").account;
    let signed_in = signs_in(&t.engine, ROOT, PASSWORD).await.expect("the password is right");
    (by(&account), live(&t.engine, &signed_in).await.expect("signed in"))
}
