//! The last-administrator guard: after any act at least one active person remains in Administrators.
//! Whoever may take one away holds the lock that the making of the first administrator also takes, so that two
//! such acts never both look at a state that the other is about to change.

use crate::code::Code;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::groups::GroupRef;
use crate::locks::Lock;

/// Held over an act that may take an administrator away.
#[derive(Debug)]
#[must_use = "a guard that is not released has guarded nothing"]
pub(crate) struct LastAdminGuard {
    had: i64,
}

impl LastAdminGuard {
    /// Takes the lock. Call it first in the transaction.
    pub(crate) async fn hold(tx: &mut Tx) -> Result<LastAdminGuard> {
        Lock::Administrators.take(tx).await?;
        Ok(LastAdminGuard { had: GroupRef::count_active_administrators(tx).await? })
    }

    /// Refuses when the act took the last one. Call it after the act, before committing.
    pub(crate) async fn release(self, tx: &mut Tx) -> Result<()> {
        let has = GroupRef::count_active_administrators(tx).await?;
        if has == 0 && self.had > 0 { Err(Error::Conflict(Code::LastAdmin)) } else { Ok(()) }
    }
}
