//! Proving, within a session, that its owner is there: by password, or where none is set by having signed in lately.
//! The password is looked at first, outside any transaction; the act settles what was counted in its own.

use secrecy::SecretString;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::hasher::Ticket;
use crate::id::AccountId;
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::prove_password::{Claim, Proof};
use crate::secret::Digest;

/// Whether the owner is there.
pub(crate) enum ProveOwner {
    /// They are.
    Proven(Box<Owner>),
    /// The password was wrong, or the account is locked. It is written down.
    Wrong,
}

/// An owner who is there. What the act does counts only if [`Vestibule::settle_owner`] says so.
pub(crate) struct Owner {
    pub account: Account,
    session_version: i64,
    /// None: no password is set.
    proof: Option<Proof>,
}

impl Owner {
    pub(crate) fn is_by_password(&self) -> bool {
        self.proof.is_some()
    }

    /// Room in the hash pool, if some was taken to look at the password.
    pub(crate) fn ticket(&self) -> Option<&Ticket> {
        self.proof.as_ref().map(|proof| &proof.ticket)
    }
}

impl Vestibule {
    /// Proves, for an act, that the owner of the session that asks is there.
    pub(crate) async fn prove_owner(
        &self,
        caller: &Caller,
        session: &LiveSession,
        password: Option<&SecretString>,
        act: &'static str,
    ) -> Result<ProveOwner> {
        let mut connection = self.db().read().await?;
        let account = Account::get(&mut connection, session.account_id).await?;
        let has_password = Password::find(&mut connection, account.id).await?.is_some();
        drop(connection);
        let session_version = account.session_version;
        if !has_password {
            return match session.is_recently_proven(self.now()) {
                true => Ok(ProveOwner::Proven(Box::new(Owner { account, session_version, proof: None }))),
                false => Err(Error::Denied(Code::ReauthenticationRequired)),
            };
        }
        let password = password.ok_or_else(|| Error::field("password", Code::PasswordRequired))?;
        let ticket = self.hasher().admit()?;
        let claim = Claim { key: Digest::of(account.id.0.as_bytes()), account: Some(&account), password };
        match self.prove_password(caller, ticket, claim).await? {
            Some(proof) => {
                let session_version = proof.session_version;
                Ok(ProveOwner::Proven(Box::new(Owner { account, session_version, proof: Some(proof) })))
            }
            None => {
                self.audit_alone(caller, Entry::refused(act, "current_password_incorrect").on(&account)).await?;
                Ok(ProveOwner::Wrong)
            }
        }
    }

    /// Settles, first thing in the act's transaction, what was counted: the attempt is taken back, and the account's row
    /// is locked. False: what was proven is of an older version; commit, and do nothing else.
    pub(crate) async fn settle_owner(&self, tx: &mut Tx, caller: &Caller, owner: &Owner) -> Result<bool> {
        if !Account::is_version(tx, owner.account.id, owner.session_version).await? {
            return Ok(false);
        }
        if let Some(proof) = &owner.proof {
            self.take_back(tx, caller, &owner.account, proof).await?;
        }
        Ok(true)
    }

    /// Whether an account has a password.
    pub async fn has_password(&self, id: AccountId) -> Result<bool> {
        Ok(Password::find(&mut self.db().read().await?, id).await?.is_some())
    }
}
