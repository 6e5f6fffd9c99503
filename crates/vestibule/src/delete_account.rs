//! Delete an account for good, with its password, sessions and memberships. Audit rows stay, with a label.

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::last_admin::LastAdminGuard;
use crate::needs;
use crate::revocations::Revocations;

impl Vestibule {
    /// Deletes another's account. One's own is closed with [`Vestibule::close_account`].
    pub async fn delete_account(&self, caller: &Caller, id: AccountId) -> Result<()> {
        let deleted = match caller.account_id() == Some(id) {
            true => Err(Error::Conflict(Code::OwnAccount)),
            false => self.delete(caller, id, "account.deleted").await,
        };
        self.audit_refusal(caller, "account.deleted", id, deleted).await
    }

    pub(crate) async fn delete(&self, caller: &Caller, id: AccountId, action: &'static str) -> Result<()> {
        let mut tx = self.db().write().await?;
        let guard = LastAdminGuard::hold(&mut tx).await?;
        self.require_owner_or(&mut tx, caller, id, needs::DELETE_USERS).await?;
        let account = Account::get(&mut tx, id).await?;
        Account::hand_down(&mut tx, id).await?;
        if !Account::delete(&mut tx, id).await? {
            return Err(Error::NotFound);
        }
        guard.release(&mut tx).await?;
        self.audit(&mut tx, caller, Entry::done(action).on(&account)).await?;
        Revocations::insert(&mut tx, id, self.now()).await?;
        tx.commit().await
    }
}
