//! Disable and enable an account. Disabling ends every session at once, on this node before the answer and on every
//! other within a second. Enabling brings no session back, opens nobody an account
//! that they were invited to and have not opened yet, and confers all that the account holds.

use crate::accounts::{Account, AccountState, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::last_admin::LastAdminGuard;
use crate::locks::Lock;
use crate::needs;
use crate::one_time_tokens::{OneTimeToken, TokenKind};
use crate::organizations::Organization;
use crate::passwords::Password;
use crate::power::BreakGlass;
use crate::revocations::Revocations;
use crate::sessions::Session;

impl Vestibule {
    /// Closes an account to its owner. It may be closed already.
    pub async fn disable_account(&self, caller: &Caller, id: AccountId) -> Result<AccountView> {
        let disabled = self.disable(caller, id).await;
        self.audit_refusal(caller, "account.disabled", id, disabled).await
    }

    async fn disable(&self, caller: &Caller, id: AccountId) -> Result<AccountView> {
        if caller.account_id() == Some(id) {
            return Err(Error::Conflict(Code::OwnAccount));
        }
        let now = self.now();
        let mut tx = self.db().write().await?;
        let guard = LastAdminGuard::hold(&mut tx).await?;
        self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        let changed = Account::disable(&mut tx, id, now).await?;
        let organizations = Organization::lock_all_of(&mut tx, id).await?;
        let view = AccountView::get(&mut tx, id).await?;
        view.account.require_person()?;
        guard.release(&mut tx).await?;
        if changed {
            Session::end_all(&mut tx, id).await?;
            OneTimeToken::void(&mut tx, id, &TokenKind::OF_ACCOUNTS, now).await?;
            self.audit(&mut tx, caller, Entry::done("account.disabled").on(&view.account)).await?;
            self.settle_organizations(&mut tx, caller, &organizations).await?;
            Revocations::insert(&mut tx, id, now).await?;
        }
        tx.commit().await?;
        Ok(view)
    }

    /// Opens a disabled account again. It may be open already.
    pub async fn enable_account(&self, caller: &Caller, id: AccountId) -> Result<AccountView> {
        let enabled = self.enable(caller, id).await;
        self.audit_refusal(caller, "account.enabled", id, enabled).await
    }

    async fn enable(&self, caller: &Caller, id: AccountId) -> Result<AccountView> {
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        Account::lock(&mut tx, id).await?;
        let power = self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        let account = Account::get(&mut tx, id).await?;
        account.require_person()?;
        let is_unused = account.first_proven_at.is_none() && account.last_login_at.is_none() && account.email.is_some();
        let is_invited = is_unused && Password::find(&mut tx, id).await?.is_none();
        let state = if is_invited { AccountState::Invited } else { AccountState::Active };
        let changed = Account::enable(&mut tx, id, state, self.now()).await?;
        let organizations = Organization::lock_all_of(&mut tx, id).await?;
        let view = AccountView::get(&mut tx, id).await?;
        if changed {
            let (nothing, after) = (self.held_nothing(&mut tx).await?, self.held_in(&mut tx, id).await?);
            power.confer(&mut tx, id, (&nothing, &after), BreakGlass::Yes).await?; // the host gives back what was there
            self.audit(&mut tx, caller, Entry::done("account.enabled").on(&view.account)).await?;
            self.settle_organizations(&mut tx, caller, &organizations).await?;
        }
        tx.commit().await?;
        Ok(view)
    }
}
