//! Prove again who you are, before a dangerous act. The session gets a new token with it, so that a token that
//! leaked earlier does not gain by it. Wrong passwords count as they do at sign-in.

use secrecy::SecretString;

use crate::accounts::{Account, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
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
        let act = "session.reauthenticated";
        let Some((account, proof)) = self.prove_owner(caller, session, &password, act).await? else {
            return Ok(Reauthenticate::WrongPassword);
        };
        let mut tx = self.db().write().await?;
        if !Account::is_version(&mut tx, account.id, proof.session_version).await? {
            return Ok(Reauthenticate::WrongPassword);
        }
        Account::take_back_attempt(&mut tx, account.id).await?;
        let Some(signed_in) = self.rotate_session(&mut tx, session, account).await? else {
            return Ok(Reauthenticate::WrongPassword);
        };
        let entry = Entry::done("session.reauthenticated").on(&signed_in.account.account);
        self.audit(&mut tx, caller, entry).await?;
        Revocations::insert(&mut tx, session.account_id, self.now()).await?;
        tx.commit().await?;
        Ok(Reauthenticate::Done(Box::new(signed_in)))
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
    pub(crate) async fn rotate_session(
        &self,
        tx: &mut Tx,
        session: &LiveSession,
        account: Account,
    ) -> Result<Option<SignedIn>> {
        let token = Secret::fresh(SecretKind::Session, self.random());
        let rotated = Session::rotate(tx, &session.digest, &token.digest(), self.now()).await?;
        let Some(session) = rotated else { return Ok(None) };
        let groups = GroupRef::of(tx, account.id).await?;
        let csrf_token = self.keyring().csrf_token(&token);
        Ok(Some(SignedIn { token, csrf_token, session, account: AccountView { account, groups } }))
    }
}
