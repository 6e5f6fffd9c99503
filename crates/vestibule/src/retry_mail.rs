//! Send mail again that was given up or that waits, because an administrator says so.

use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::MailId;
use crate::needs;
use crate::outbox::{MailRow, Outbox};
use crate::refusals::Target;

impl Vestibule {
    /// Puts a mail first in the queue that was given up or that waits, whatever copies of it may have arrived.
    pub async fn retry_mail(&self, caller: &Caller, id: MailId) -> Result<MailRow> {
        let retried = self.retry(caller, id).await;
        self.audit_refusal(caller, "mail.retried", Target::Nobody, retried).await
    }

    async fn retry(&self, caller: &Caller, id: MailId) -> Result<MailRow> {
        let mut tx = self.db().write().await?;
        self.power(&mut tx, caller, needs::UPDATE_SETTINGS).await?;
        let is_queued = Outbox::retry(&mut tx, id, self.now()).await?;
        let mail = Outbox::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if !is_queued {
            return Err(Error::Conflict(Code::MailNotRetryable));
        }
        self.audit(&mut tx, caller, Entry::done("mail.retried").on_mail(id, &mail.recipient)).await?;
        tx.commit().await?;
        Ok(mail)
    }
}
