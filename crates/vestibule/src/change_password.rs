//! Change the password: prove the current one, end every other session, give this one a new token.

use secrecy::SecretString;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::prove_password::Proof;
use crate::revocations::Revocations;
use crate::sessions::Session;
use crate::sign_in::SignedIn;

/// The current password and the one to come.
#[derive(Debug)]
pub struct PasswordChange {
    /// What it is now.
    pub current: SecretString,
    /// What it shall be.
    pub new: SecretString,
}

/// How it ended. A new password that cannot be chosen is an error of the field `new_password`.
#[derive(Debug)]
pub enum ChangePassword {
    /// Changed; the session has a new token and every other one has ended.
    Done(Box<SignedIn>),
    /// That is not the current password, or the account is locked.
    WrongCurrent,
}

impl Vestibule {
    /// Changes the password of the one whose session asks.
    pub async fn change_password(
        &self,
        caller: &Caller,
        session: &LiveSession,
        change: PasswordChange,
    ) -> Result<ChangePassword> {
        let Some((account, proof)) = self.prove_owner(caller, session, &change.current, "password.changed").await?
        else {
            return Ok(ChangePassword::WrongCurrent);
        };
        let whose = Whose::account(&mut self.db().read().await?, &account).await?;
        let hash = match self.choose_password(&proof.ticket, &change.new, whose).await? {
            Ok(hash) => hash,
            Err(code) => {
                let mut tx = self.db().write().await?;
                Account::take_back_attempt(&mut tx, account.id).await?;
                tx.commit().await?;
                return Err(Error::field("new_password", code));
            }
        };
        self.replace_password(caller, session, (account, proof), &hash).await
    }

    async fn replace_password(
        &self,
        caller: &Caller,
        session: &LiveSession,
        (account, proof): (Account, Proof),
        hash: &str,
    ) -> Result<ChangePassword> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        if !Account::is_version(&mut tx, account.id, proof.session_version).await? {
            return Ok(ChangePassword::WrongCurrent);
        }
        Account::renew_version(&mut tx, account.id, now).await?;
        Account::clear_attempts(&mut tx, account.id).await?;
        Password::replace(&mut tx, account.id, hash, now).await?;
        Session::end_others(&mut tx, account.id, session.session_id).await?;
        let Some(signed_in) = self.rotate_session(&mut tx, session, account).await? else {
            return Ok(ChangePassword::WrongCurrent);
        };
        self.audit(&mut tx, caller, Entry::done("password.changed").on(&signed_in.account.account)).await?;
        Revocations::insert(&mut tx, session.account_id, now).await?;
        tx.commit().await?;
        self.password_changed(session.account_id);
        Ok(ChangePassword::Done(Box::new(signed_in)))
    }
}
