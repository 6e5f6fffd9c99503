//! Check that mail works: a mail to oneself, and the mail server asked whether it would take our mail.

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::MailId;
use crate::mail::{Letter, Words};
use crate::needs;
use crate::principals::Principal;
use crate::refusals::Target;

impl Vestibule {
    /// Writes an administrator a mail that says that mail works.
    pub async fn send_test_mail(&self, caller: &Caller, who: &Principal) -> Result<MailId> {
        let sent = self.post_test_mail(caller, who).await;
        self.audit_refusal(caller, "mail.test_sent", Target::Nobody, sent).await
    }

    async fn post_test_mail(&self, caller: &Caller, who: &Principal) -> Result<MailId> {
        let mut tx = self.db().write().await?;
        self.power(&mut tx, caller, needs::UPDATE_SETTINGS).await?;
        if !self.config().is_mail_read() {
            return Err(Error::Conflict(Code::MailOff));
        }
        let account = Account::get(&mut tx, who.account_id).await?;
        let Some(to) = &account.email else { return Err(Error::field("email", Code::EmailRequired)) };
        let letter = Letter { to, account: Some(account.id), token: None, words: Words::Test };
        let id = self.post(&mut tx, letter).await?;
        self.audit(&mut tx, caller, Entry::done("mail.test_sent").on_mail(id, to)).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Whether the mail server would take our mail: connects, protects the line, signs in, and leaves again.
    pub async fn check_smtp(&self) -> Result<(), String> {
        let smtp = self.config().mail.smtp.as_ref().ok_or("no mail server is set (smtp_url)")?;
        smtp.check().await
    }
}
