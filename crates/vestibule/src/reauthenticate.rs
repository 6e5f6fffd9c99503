//! Prove again who you are, before a dangerous act. The session gets a new token with it, so that a token that
//! leaked earlier does not gain by it. Wrong passwords count as they do at sign-in.

use secrecy::SecretString;

use crate::accounts::{Account, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::groups::GroupRef;
use crate::principals::LiveSession;
use crate::prove_password::{Claim, Proof};
use crate::revocations::Revocations;
use crate::secret::{Digest, Secret, SecretKind};
use crate::sessions::Session;
use crate::sign_in::SignedIn;

/// How it ended.
#[derive(Debug)]
pub enum Reauthenticate {
    /// Proven; the session has a new token.
    Done(Box<SignedIn>),
    /// That is not the password, or the account is locked.
    WrongPassword,
}

impl Vestibule {
    /// Proves again, by password, who the session's owner is.
    pub async fn reauthenticate(
        &self,
        caller: &Caller,
        session: &LiveSession,
        password: SecretString,
    ) -> Result<Reauthenticate> {
        let (this, caller, session) = (self.clone(), caller.clone(), session.clone());
        detached(async move { this.reauthenticate_counted(&caller, &session, password).await }).await
    }

    async fn reauthenticate_counted(
        &self,
        caller: &Caller,
        session: &LiveSession,
        password: SecretString,
    ) -> Result<Reauthenticate> {
        let act = "session.reauthenticated";
        let Some((account, proof)) = self.prove_owner(caller, session, &password, act).await? else {
            return Ok(Reauthenticate::WrongPassword);
        };
        let mut tx = self.db().write().await?;
        let signed_in = self.renew_proven(&mut tx, session, account, &proof).await?;
        if let Some(signed_in) = &signed_in {
            self.note_lifted_lock(&mut tx, caller, &signed_in.account.account, &proof).await?;
            self.audit(&mut tx, caller, Entry::done(act).on(&signed_in.account.account)).await?;
            Revocations::insert(&mut tx, session.account_id, self.now()).await?;
        }
        tx.commit().await?;
        let signed_in = signed_in.ok_or(Error::Denied(Code::Unauthenticated))?;
        Ok(Reauthenticate::Done(Box::new(signed_in)))
    }

    /// Gives the session of somebody who was right a new token, and takes their attempt back. None: the session ended
    /// meanwhile, was renewed by another request, or what was proven is of an older version; commit all the same.
    pub(crate) async fn renew_proven(
        &self,
        tx: &mut Tx,
        session: &LiveSession,
        account: Account,
        proof: &Proof,
    ) -> Result<Option<SignedIn>> {
        if !Account::is_version(tx, account.id, proof.session_version).await? {
            return Ok(None);
        }
        Account::take_back_attempt(tx, account.id).await?;
        self.rotate_session(tx, session, account).await
    }

    /// Proves, for an act, the password of the one whose session asks, and writes down when it was wrong.
    pub(crate) async fn prove_owner(
        &self,
        caller: &Caller,
        session: &LiveSession,
        password: &SecretString,
        act: &'static str,
    ) -> Result<Option<(Account, Proof)>> {
        let ticket = self.hasher().admit()?;
        let account = Account::get(&mut self.db().read().await?, session.account_id).await?;
        let claim = Claim { key: Digest::of(account.id.0.as_bytes()), account: Some(&account), password };
        match self.prove_password(caller, ticket, claim).await? {
            Some(proof) => Ok(Some((account, proof))),
            None => {
                let refusal = Entry::refused(act, "current_password_incorrect").on(&account);
                self.audit_alone(caller, refusal).await?;
                Ok(None)
            }
        }
    }

    /// Gives the session a new token, proven now; none when it has ended meanwhile.
    async fn rotate_session(&self, tx: &mut Tx, session: &LiveSession, account: Account) -> Result<Option<SignedIn>> {
        let token = Secret::fresh(SecretKind::Session, self.random());
        let rotated = Session::rotate(tx, &session.digest, &token.digest(), self.now()).await?;
        let Some(session) = rotated else { return Ok(None) };
        let groups = GroupRef::of(tx, account.id).await?;
        let csrf_token = self.keyring().csrf_token(&token);
        Ok(Some(SignedIn { token, csrf_token, session, account: AccountView { account, groups } }))
    }
}
