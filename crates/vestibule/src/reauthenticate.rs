//! Prove again who you are, before a dangerous act. The session gets a new token with it, so that a token that
//! leaked earlier does not gain by it. What is wrong counts as it does at sign-in.

use secrecy::SecretString;

use crate::accounts::{Account, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::Checked;
use crate::code::Code;
use crate::db::Tx;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::prove_owner::ProveOwner;
use crate::revocations::Revocations;
use crate::secret::{Secret, SecretKind};
use crate::sessions::Session;
use crate::sign_in::SignedIn;

const ACT: &str = "session.reauthenticated";

/// What proves it.
#[derive(Debug)]
pub enum Reproof {
    /// The password.
    Password(SecretString),
    /// A code: of the second factor, where one is on; else, where there is no password, one that was mailed.
    Code(SecretString),
}

/// How it ended.
#[derive(Debug)]
pub enum Reauthenticate {
    /// Proven; the session has a new token.
    Done(Box<SignedIn>),
    /// That is not the password, or the account is locked.
    WrongPassword,
    /// That is not a code that proves it, or the account is locked.
    WrongCode,
}

impl Vestibule {
    /// Proves again who the session's owner is.
    pub async fn reauthenticate(
        &self,
        caller: &Caller,
        session: &LiveSession,
        proof: Reproof,
    ) -> Result<Reauthenticate> {
        let (this, caller, session) = (self.clone(), caller.clone(), session.clone());
        detached(async move {
            match proof {
                Reproof::Password(password) => this.reauthenticate_by_password(&caller, &session, password).await,
                Reproof::Code(code) => this.reauthenticate_by_code(&caller, &session, code).await,
            }
        })
        .await
    }

    async fn reauthenticate_by_password(
        &self,
        caller: &Caller,
        session: &LiveSession,
        password: SecretString,
    ) -> Result<Reauthenticate> {
        let owner = match self.prove_owner(caller, session, Some(&password), ACT).await? {
            ProveOwner::Proven(owner) if owner.is_by_password() => owner,
            ProveOwner::Proven(_) | ProveOwner::Wrong => return Ok(Reauthenticate::WrongPassword),
        };
        let mut tx = self.db().write().await?;
        let is_settled = self.settle_owner(&mut tx, caller, &owner).await?;
        self.renew(tx, caller, session, is_settled).await
    }

    async fn reauthenticate_by_code(
        &self,
        caller: &Caller,
        session: &LiveSession,
        code: SecretString,
    ) -> Result<Reauthenticate> {
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, session.account_id).await?;
        let account = Account::get(&mut tx, session.account_id).await?;
        let counted = self.count_code(&mut tx, caller, &account).await?;
        let is_right = counted.is_some() && self.is_code_of(&mut tx, &account, &code).await?;
        let (Some(attempt), true) = (counted, is_right) else {
            self.audit(&mut tx, caller, Entry::refused(ACT, "code_invalid").on(&account)).await?;
            tx.commit().await?;
            return Ok(Reauthenticate::WrongCode);
        };
        self.take_back_code(&mut tx, caller, &account, attempt).await?;
        self.renew(tx, caller, session, true).await
    }

    async fn is_code_of(&self, tx: &mut Tx, account: &Account, code: &SecretString) -> Result<bool> {
        Ok(match self.check_second_factor(tx, account, Some(code)).await? {
            Checked::Right(_) => true,
            Checked::Missing | Checked::Wrong => false,
            Checked::NotNeeded => {
                Password::find(tx, account.id).await?.is_none() && self.spend_email_code(tx, account, code).await?
            }
        })
    }

    /// Gives the session a new token and ends the act.
    async fn renew(
        &self,
        mut tx: Tx,
        caller: &Caller,
        session: &LiveSession,
        is_settled: bool,
    ) -> Result<Reauthenticate> {
        let signed_in = match is_settled {
            true => self.rotate_session(&mut tx, session).await?,
            false => None,
        };
        if let Some(signed_in) = &signed_in {
            self.audit(&mut tx, caller, Entry::done(ACT).on(&signed_in.account.account)).await?;
            Revocations::insert(&mut tx, session.account_id, self.now()).await?;
        }
        tx.commit().await?;
        let signed_in = signed_in.ok_or(Error::Denied(Code::Unauthenticated))?;
        Ok(Reauthenticate::Done(Box::new(signed_in)))
    }

    /// Gives the session a new token, proven now; none when it ended meanwhile, or another request renewed it.
    pub(crate) async fn rotate_session(&self, tx: &mut Tx, session: &LiveSession) -> Result<Option<SignedIn>> {
        let token = Secret::fresh(SecretKind::Session, self.random());
        let rotated = Session::rotate(tx, &session.digest, &token.digest(), self.now()).await?;
        let Some(session) = rotated else { return Ok(None) };
        let csrf_token = self.keyring().csrf_token(&token);
        let account = AccountView::get(tx, session.account_id).await?;
        Ok(Some(SignedIn { token, csrf_token, session, account }))
    }
}
