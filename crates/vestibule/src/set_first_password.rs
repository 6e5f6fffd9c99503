//! Set the first password of an account that has none, from a session whose owner was proven lately.

use secrecy::SecretString;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::mail::Words;
use crate::passwords::Password;
use crate::principals::LiveSession;

impl Vestibule {
    /// Sets the first password of the account whose session asks. One that it has is changed instead.
    pub async fn set_first_password(&self, caller: &Caller, session: &LiveSession, new: SecretString) -> Result<()> {
        let set = self.set_first(caller, session, new).await;
        self.audit_refusal(caller, "password.set", session.account_id, set).await
    }

    async fn set_first(&self, caller: &Caller, session: &LiveSession, new: SecretString) -> Result<()> {
        if !session.is_recently_proven(self.now()) {
            return Err(Error::Denied(Code::ReauthenticationRequired));
        }
        let mut connection = self.db().read().await?;
        let account = Account::get(&mut connection, session.account_id).await?;
        let whose = Whose::account(&mut connection, &account).await?;
        drop(connection);
        let ticket = self.hasher().admit()?;
        let hash = self.choose_password(&ticket, &new, whose).await?;
        let hash = hash.map_err(|code| Error::field("new_password", code))?;
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, account.id).await?;
        caller.require_live(&mut tx).await?;
        let account = Account::get(&mut tx, account.id).await?;
        if Password::find(&mut tx, account.id).await?.is_some() {
            return Err(Error::Conflict(Code::PasswordSet));
        }
        Password::replace(&mut tx, account.id, &hash, self.now()).await?;
        self.audit(&mut tx, caller, Entry::done("password.set").on(&account)).await?;
        self.notify(&mut tx, &account, Words::PasswordChanged).await?;
        tx.commit().await?;
        self.password_changed(account.id);
        Ok(())
    }
}
