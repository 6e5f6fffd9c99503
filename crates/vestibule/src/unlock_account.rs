//! Unlock an account before its fifteen minutes are over, and forget the wrong passwords that locked it.

use crate::accounts::{Account, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::AccountId;
use crate::needs;

impl Vestibule {
    /// Lifts an account's lock. It may not be locked.
    pub async fn unlock_account(&self, caller: &Caller, id: AccountId) -> Result<AccountView> {
        let unlocked = self.unlock(caller, id).await;
        self.audit_refusal(caller, "account.unlocked", id, unlocked).await
    }

    async fn unlock(&self, caller: &Caller, id: AccountId) -> Result<AccountView> {
        let mut tx = self.db().write().await?;
        Account::clear_attempts(&mut tx, id).await?;
        self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        let view = AccountView::get(&mut tx, id).await?;
        view.account.require_person()?;
        self.audit(&mut tx, caller, Entry::done("account.unlocked").on(&view.account)).await?;
        tx.commit().await?;
        Ok(view)
    }
}
