//! Proving a password: the one way in which any flow looks at one. Room in the hash pool is taken first, so that an
//! attempt that is turned away counts nothing; then the attempt is counted, and only then verified. Whatever is
//! wrong (no such account, disabled, locked, without a password) costs the same work and gives the same answer.

use secrecy::SecretString;

use crate::accounts::Account;
use crate::attempts::{Attempt, MAX_ATTEMPTS};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::hasher::{Ticket, Turn};
use crate::id::AccountId;
use crate::locks::Lock;
use crate::password_policy::normalize;
use crate::secret::Digest;

/// A password that was right. The account's turn in the pool is held until this is dropped, so that the attempts
/// of one account that are right but not yet completed never add up to a lock.
pub(crate) struct Proof {
    pub session_version: i64,
    /// Which attempt in a row this was.
    pub failed_attempts: i64,
    /// The hash that was matched.
    pub hash: String,
    /// Room in the pool, for whatever must still be hashed.
    pub ticket: Ticket,
    _turn: Turn,
}

/// What is claimed: that this is the password of somebody.
pub(crate) struct Claim<'a> {
    /// Stands for whoever is asked about, known or not.
    pub key: Digest,
    /// Who that is, if anybody.
    pub account: Option<&'a Account>,
    pub password: &'a SecretString,
}

impl Vestibule {
    /// Whether the claim is true. The ticket is room in the pool, taken before anything was looked up.
    pub(crate) async fn prove_password(
        &self,
        caller: &Caller,
        ticket: Ticket,
        claim: Claim<'_>,
    ) -> Result<Option<Proof>> {
        let turn = self.hasher().turn(&ticket, claim.key).await;
        // Counted while waiting in line, so that no core waits for the database and the line keeps its order.
        let (core, attempt) = tokio::try_join!(self.hasher().core(&ticket), self.count_attempt(caller, &claim))?;
        let hash = attempt.as_ref().map(|attempt| attempt.hash.clone());
        let is_right = self.hasher().verify(core, normalize(claim.password), hash).await?;
        let Some(Attempt { session_version, failed_attempts, hash }) = attempt.filter(|_| is_right) else {
            return Ok(None);
        };
        Ok(Some(Proof { session_version, failed_attempts, hash, ticket, _turn: turn }))
    }

    /// Writes down that an attempt which was right lifts the lock that its own counting set.
    pub(crate) async fn note_lifted_lock(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        proof: &Proof,
    ) -> Result<()> {
        if proof.failed_attempts < MAX_ATTEMPTS {
            return Ok(());
        }
        self.audit(tx, caller, Entry::done("account.unlocked").on(account)).await
    }

    /// Takes back an attempt that was right but completes nothing, and the lock that its own counting set.
    pub(crate) async fn take_back(&self, tx: &mut Tx, caller: &Caller, account: &Account, proof: &Proof) -> Result<()> {
        self.note_lifted_lock(tx, caller, account, proof).await?;
        Account::take_back_attempt(tx, account.id).await
    }

    /// Counts the attempt, or writes as much to no effect when there is nothing to count.
    async fn count_attempt(&self, caller: &Caller, claim: &Claim<'_>) -> Result<Option<Attempt>> {
        let (now, account) = (self.now(), claim.account);
        let id = account.map_or_else(|| AccountId::fresh(now, self.random()), |account| account.id);
        let mut tx = self.db().write().await?;
        let attempt = Account::count_attempt(&mut tx, id, now).await?;
        match (&attempt, account) {
            (Some(attempt), Some(account)) if attempt.failed_attempts >= MAX_ATTEMPTS => {
                self.audit(&mut tx, caller, Entry::done("account.locked").on(account)).await?;
            }
            (Some(_), _) => {}
            (None, _) => Lock::Decoy(claim.key).take(&mut tx).await?,
        }
        tx.commit().await?;
        Ok(attempt)
    }
}
