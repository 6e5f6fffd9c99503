//! Set somebody's password: by an administrator or on the host, when its owner cannot. Whatever was open under the
//! old one ends, and a lock is lifted. It opens an invited account, and enables nobody: a disabled account stays so.

use secrecy::SecretString;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::locks::Lock;
use crate::mail::Words;
use crate::needs;
use crate::one_time_tokens::OneTimeToken;
use crate::passwords::Password;
use crate::recover::VOIDED;
use crate::revocations::Revocations;
use crate::sessions::Session;

impl Vestibule {
    /// Sets the password of another's account. One's own is changed with [`Vestibule::change_password`].
    pub async fn set_password(&self, caller: &Caller, id: AccountId, password: SecretString) -> Result<()> {
        let set = self.set(caller, id, password).await;
        self.audit_refusal(caller, "password.set", id, set).await
    }

    async fn set(&self, caller: &Caller, id: AccountId, password: SecretString) -> Result<()> {
        if caller.account_id() == Some(id) {
            return Err(Error::Conflict(Code::OwnAccount));
        }
        let mut connection = self.db().read().await?;
        let account = Account::get(&mut connection, id).await?;
        account.require_person()?;
        let whose = Whose::account(&mut connection, &account).await?;
        drop(connection);
        let ticket = self.hasher().admit()?;
        let hash = self.choose_password(&ticket, &password, whose).await?;
        let hash = hash.map_err(|code| Error::field("password", code))?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        if !Account::renew_version(&mut tx, id, now).await? {
            return Err(Error::NotFound);
        }
        let power = self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        power.take_over(&self.held_in(&mut tx, id).await?)?;
        let account = Account::get(&mut tx, id).await?;
        Account::note_hand(&mut tx, id, caller.account_id(), now).await?;
        Account::settle_pending(&mut tx, id).await?;
        Account::clear_attempts(&mut tx, id).await?;
        Password::replace(&mut tx, id, &hash, now).await?;
        Session::end_all(&mut tx, id).await?;
        OneTimeToken::void(&mut tx, id, &VOIDED, now).await?;
        Account::activate(&mut tx, id, now).await?;
        self.audit(&mut tx, caller, Entry::done("password.set").on(&account)).await?;
        self.notify(&mut tx, &account, Words::PasswordChanged).await?;
        Revocations::insert(&mut tx, id, now).await?;
        tx.commit().await?;
        self.password_changed(id);
        Ok(())
    }
}
