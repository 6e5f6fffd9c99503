//! Refusals in the audit log: what was refused has no transaction of its act, so it is written down in one of its own.

use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::groups::GroupRef;
use crate::id::{AccountId, GroupId};

/// On what something was tried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// On nothing that is there.
    Nobody,
    /// On an account.
    Account(AccountId),
    /// On a group.
    Group(GroupId),
}

impl From<AccountId> for Target {
    fn from(id: AccountId) -> Target {
        Target::Account(id)
    }
}

impl From<GroupId> for Target {
    fn from(id: GroupId) -> Target {
        Target::Group(id)
    }
}

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
        target: impl Into<Target>,
        result: Result<T>,
    ) -> Result<T> {
        let entry = match &result {
            Err(Error::Conflict(code) | Error::Denied(code)) => Entry::refused(action, code.as_str()),
            Err(Error::Forbidden(why)) => {
                let details = json!({ "reason": why.code, "permission": why.permission });
                Entry::refused(action, why.code.as_str()).with(details)
            }
            Ok(_)
            | Err(
                Error::Invalid(_)
                | Error::NotFound
                | Error::TooMany { .. }
                | Error::Unavailable { .. }
                | Error::Setup(_)
                | Error::Internal(_),
            ) => return result,
        };
        let entry = self.aimed(entry, target.into()).await?;
        self.audit_alone(caller, entry).await?;
        result
    }

    async fn aimed(&self, entry: Entry, target: Target) -> Result<Entry> {
        Ok(match target {
            Target::Nobody => entry,
            Target::Account(id) => {
                let account = Account::find(&mut self.db().read().await?, id).await?;
                entry.on_known(id, &account.map(|account| account.label()).unwrap_or_default())
            }
            Target::Group(id) => {
                let group = GroupRef::find(&mut self.db().read().await?, id).await?;
                entry.on_group(id, &group.map(|group| group.slug).unwrap_or_default())
            }
        })
    }
}
