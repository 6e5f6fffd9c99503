//! Change the password: prove the current one, end every other session, give this one a new token.

use secrecy::SecretString;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::code::Code;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::passwords::Password;
use crate::principals::LiveSession;
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
        let (this, caller, session) = (self.clone(), caller.clone(), session.clone());
        detached(async move { this.change_password_counted(&caller, &session, change).await }).await
    }

    async fn change_password_counted(
        &self,
        caller: &Caller,
        session: &LiveSession,
        change: PasswordChange,
    ) -> Result<ChangePassword> {
        let act = "password.changed";
        let Some((account, proof)) = self.prove_owner(caller, session, &change.current, act).await? else {
            return Ok(ChangePassword::WrongCurrent);
        };
        let whose = Whose::account(&mut self.db().read().await?, &account).await?;
        let chosen = self.choose_password(&proof.ticket, &change.new, whose).await?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let signed_in = match &chosen {
            Ok(_) => self.renew_proven(&mut tx, session, account, &proof).await?,
            Err(_) => {
                self.note_lifted_lock(&mut tx, caller, &account, &proof).await?;
                Account::take_back_attempt(&mut tx, account.id).await?;
                None
            }
        };
        if let (Ok(hash), Some(signed_in)) = (&chosen, &signed_in) {
            self.note_lifted_lock(&mut tx, caller, &signed_in.account.account, &proof).await?;
            Account::renew_version(&mut tx, session.account_id, now).await?;
            Account::clear_attempts(&mut tx, session.account_id).await?;
            Password::replace(&mut tx, session.account_id, hash, now).await?;
            Session::end_others(&mut tx, session.account_id, session.session_id).await?;
            self.audit(&mut tx, caller, Entry::done(act).on(&signed_in.account.account)).await?;
            Revocations::insert(&mut tx, session.account_id, now).await?;
        }
        tx.commit().await?;
        chosen.map_err(|code| Error::field("new_password", code))?;
        let signed_in = signed_in.ok_or(Error::Denied(Code::Unauthenticated))?;
        self.password_changed(session.account_id);
        Ok(ChangePassword::Done(Box::new(signed_in)))
    }
}
