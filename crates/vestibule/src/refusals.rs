//! Refusals in the audit log: what was refused has no transaction of its act, so it is written down in one of its own.

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;

impl Vestibule {
    /// Writes an entry of its own, for what was refused and so has no transaction.
    pub(crate) async fn audit_alone(&self, caller: &Caller, entry: Entry) -> Result<()> {
        let mut tx = self.db().write().await?;
        self.audit(&mut tx, caller, entry).await?;
        tx.commit().await
    }

    /// Passes a result on, and writes down a refusal by a guard: who tried what on whom, and which guard held.
    pub(crate) async fn audit_refusal<T>(
        &self,
        caller: &Caller,
        action: &'static str,
        target: impl Into<Option<AccountId>>,
        result: Result<T>,
    ) -> Result<T> {
        if let Err(Error::Conflict(code) | Error::Denied(code)) = &result {
            let mut entry = Entry::refused(action, code.as_str());
            if let Some(target) = target.into() {
                let account = Account::find(&mut self.db().read().await?, target).await?;
                entry = entry.on_known(target, &account.map(|account| account.label()).unwrap_or_default());
            }
            self.audit_alone(caller, entry).await?;
        }
        result
    }
}
