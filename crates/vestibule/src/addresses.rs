//! Addresses of accounts: who has one, whether it is proven, and what changes it. An address counts as proven when
//! somebody presented what was mailed to it.

use crate::accounts::{Account, Taken};
use crate::db::Tx;
use crate::email::Email;
use crate::error::Result;
use crate::id::AccountId;
use crate::time::Timestamp;
use crate::username::DisplayName;

impl Account {
    /// The person with this address, whose row is locked until the transaction ends.
    pub(crate) async fn lock_by_email(tx: &mut Tx, email: &Email) -> Result<Option<Account>> {
        let sql = "UPDATE accounts SET updated_at = updated_at WHERE kind = 'human' AND email_normalized = $1
                   RETURNING id";
        let Some((id,)): Option<(AccountId,)> = tx.opt(sql, &[&email.normalized()]).await? else { return Ok(None) };
        Account::find(tx, id).await
    }

    /// Notes that the address of an account is its owner's.
    pub(crate) async fn prove_email(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<()> {
        let sql = "UPDATE accounts SET email_verified_at = COALESCE(email_verified_at, $2),
                                       first_proven_at = COALESCE(first_proven_at, $2), pending_since = NULL,
                                       updated_at = $2 WHERE id = $1";
        tx.exec(sql, &[&id, &now]).await.map(drop)
    }

    /// Gives an account another address, unproven; the transaction is lost when the address is taken.
    pub(crate) async fn set_email(
        tx: &mut Tx,
        id: AccountId,
        email: &Email,
        now: Timestamp,
    ) -> Result<Result<(), Taken>> {
        let sql = "UPDATE accounts SET email = $2, email_normalized = $3, email_verified_at = NULL,
                                       session_version = session_version + 1, updated_at = $4 WHERE id = $1";
        let is_free = tx.exec_unique(sql, &[&id, &email.as_str(), &email.normalized(), &now]).await?;
        Ok(if is_free { Ok(()) } else { Err(Taken::Email) })
    }

    /// Gives an account the address that its owner has just proven; the transaction is lost when the address is taken.
    pub(crate) async fn set_proven_email(
        tx: &mut Tx,
        id: AccountId,
        email: &Email,
        now: Timestamp,
    ) -> Result<Result<(), Taken>> {
        let sql = "UPDATE accounts SET email = $2, email_normalized = $3, email_verified_at = $4,
                                       first_proven_at = COALESCE(first_proven_at, $4), updated_at = $4 WHERE id = $1";
        let is_free = tx.exec_unique(sql, &[&id, &email.as_str(), &email.normalized(), &now]).await?;
        Ok(if is_free { Ok(()) } else { Err(Taken::Email) })
    }

    /// Notes that its owner signed up for an account; it is pending until the address is proven or somebody else sees to
    /// it.
    pub(crate) async fn note_sign_up(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<()> {
        tx.exec("UPDATE accounts SET signed_up_at = $2, pending_since = $2 WHERE id = $1", &[&id, &now]).await.map(drop)
    }

    /// Notes that somebody else saw to an account: whoever signs up with its address does not begin it anew.
    pub(crate) async fn settle_pending(tx: &mut Tx, id: AccountId) -> Result<()> {
        tx.exec("UPDATE accounts SET pending_since = NULL WHERE id = $1", &[&id]).await.map(drop)
    }

    /// Whether somebody signed up for an account, instead of being given it.
    pub(crate) async fn has_signed_up(tx: &mut Tx, id: AccountId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM accounts WHERE id = $1 AND signed_up_at IS NOT NULL";
        Ok(tx.one::<(i64,)>(sql, &[&id]).await?.0 == 1)
    }

    /// Whether another person has this address.
    pub(crate) async fn is_taken(tx: &mut Tx, email: &Email, but: AccountId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM accounts WHERE kind = 'human' AND email_normalized = $1 AND id <> $2";
        Ok(tx.one::<(i64,)>(sql, &[&email.normalized(), &but]).await?.0 > 0)
    }

    /// Notes that the invitation of an account was called back, or sent again.
    pub(crate) async fn set_invite_revoked(tx: &mut Tx, id: AccountId, at: Option<Timestamp>) -> Result<()> {
        tx.exec("UPDATE accounts SET invite_revoked_at = $2 WHERE id = $1", &[&id, &at]).await.map(drop)
    }

    /// Whether the invitation of an account was called back.
    pub(crate) async fn is_invite_revoked(tx: &mut Tx, id: AccountId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM accounts WHERE id = $1 AND invite_revoked_at IS NOT NULL";
        Ok(tx.one::<(i64,)>(sql, &[&id]).await?.0 == 1)
    }

    /// Begins anew an account that somebody signed up for and nobody has used or proven, as its next sign-up asks.
    /// False: it is another kind of account, and stays as it is.
    pub(crate) async fn sign_up_again(
        tx: &mut Tx,
        id: AccountId,
        name: Option<&DisplayName>,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE accounts SET name = $2, updated_at = $3, session_version = session_version + 1
                    WHERE id = $1 AND state = 'active' AND first_proven_at IS NULL AND last_login_at IS NULL
                      AND pending_since IS NOT NULL";
        let name = name.map(|name| name.as_str().to_owned());
        Ok(tx.exec(sql, &[&id, &name, &now]).await? == 1)
    }

    /// Opens an invited account, whose person has just chosen its first password.
    pub(crate) async fn activate(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE accounts SET state = 'active', updated_at = $2 WHERE id = $1 AND state = 'invited'";
        Ok(tx.exec(sql, &[&id, &now]).await? == 1)
    }
}
