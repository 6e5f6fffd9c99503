//! Reset somebody's second factor, as an administrator or on the host, when its owner has lost both the authenticator
//! and the recovery codes. Its owner is told.

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::locks::Lock;
use crate::mail::Words;
use crate::needs;
use crate::revocations::Revocations;
use crate::second_factors::SecondFactor;

const ACT: &str = "second_factor.reset";

impl Vestibule {
    /// Removes the second factor of another's account, its recovery codes, and an enrolment that waits. It may be off
    /// already. One's own is disabled with [`Vestibule::disable_second_factor`].
    pub async fn reset_second_factor(&self, caller: &Caller, id: AccountId) -> Result<()> {
        let reset = self.reset_factor(caller, id).await;
        self.audit_refusal(caller, ACT, id, reset).await
    }

    async fn reset_factor(&self, caller: &Caller, id: AccountId) -> Result<()> {
        if caller.account_id() == Some(id) {
            return Err(Error::Conflict(Code::OwnAccount));
        }
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        Account::lock(&mut tx, id).await?;
        let power = self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        power.take_over(&self.held_in(&mut tx, id).await?)?;
        let account = Account::get(&mut tx, id).await?;
        account.require_person()?;
        if SecondFactor::remove(&mut tx, id).await? {
            Account::note_hand(&mut tx, id, caller.account_id(), self.now()).await?;
            self.audit(&mut tx, caller, Entry::done(ACT).on(&account)).await?;
            self.notify(&mut tx, &account, Words::SecondFactorReset).await?;
            Revocations::insert(&mut tx, id, self.now()).await?;
        }
        tx.commit().await
    }
}
