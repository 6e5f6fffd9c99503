//! Change the password: prove the current one, end every other session, give this one a new token.

use secrecy::SecretString;
use serde_json::json;

use crate::accounts::Account;
use crate::api_keys::ApiKey;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::code::Code;
use crate::db::Tx;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::mail::Words;
use crate::one_time_tokens::OneTimeToken;
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::prove_owner::ProveOwner;
use crate::recover::VOIDED;
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
    /// Whether every API key of the account ends as well.
    pub revoke_api_keys: bool,
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
        let owner = match self.prove_owner(caller, session, Some(&change.current), act).await? {
            ProveOwner::Proven(owner) => owner,
            ProveOwner::Wrong => return Ok(ChangePassword::WrongCurrent),
        };
        let Some(ticket) = owner.ticket() else { return Ok(ChangePassword::WrongCurrent) }; // there is none to change
        let whose = Whose::account(&mut self.db().read().await?, &owner.account).await?;
        let chosen = self.choose_password(ticket, &change.new, whose).await?;
        let mut tx = self.db().write().await?;
        let is_settled = self.settle_owner(&mut tx, caller, &owner).await?;
        let signed_in = match &chosen {
            Ok(hash) if is_settled => {
                self.replace_password(&mut tx, caller, session, (hash, change.revoke_api_keys)).await?
            }
            Ok(_) | Err(_) => None,
        };
        tx.commit().await?;
        chosen.map_err(|code| Error::field("new_password", code))?;
        let signed_in = signed_in.ok_or(Error::Denied(Code::Unauthenticated))?;
        self.password_changed(session.account_id);
        Ok(ChangePassword::Done(Box::new(signed_in)))
    }

    /// None: the session ended meanwhile.
    async fn replace_password(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        session: &LiveSession,
        (hash, revoke_api_keys): (&str, bool),
    ) -> Result<Option<SignedIn>> {
        let (now, id) = (self.now(), session.account_id);
        let Some(signed_in) = self.rotate_session(tx, session).await? else { return Ok(None) };
        let account = &signed_in.account.account;
        Account::renew_version(tx, id, now).await?;
        Account::clear_attempts(tx, id).await?;
        Password::replace(tx, id, hash, now).await?;
        Session::end_others(tx, id, session.session_id).await?;
        OneTimeToken::void(tx, id, &VOIDED, now).await?;
        let revoked = if revoke_api_keys { ApiKey::revoke_all(tx, id, now).await? } else { 0 };
        let details = json!({ "api_keys_revoked": revoked });
        self.audit(tx, caller, Entry::done("password.changed").on(account).with(details)).await?;
        self.notify(tx, account, Words::PasswordChanged).await?;
        Revocations::insert(tx, id, now).await?;
        Ok(Some(signed_in))
    }
}
