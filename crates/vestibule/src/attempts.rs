//! Attempts at an account's password: counted before the password is looked at, in one statement, so that any
//! number of parallel guesses costs exactly as many attempts. The fifth is still looked at; from then on the
//! account is locked for fifteen minutes, and nothing is counted or extended. A lock that ran out starts anew.

use std::time::Duration;

use crate::accounts::Account;
use crate::db::{Tx, from_row};
use crate::error::Result;
use crate::id::AccountId;
use crate::time::Timestamp;

/// How many wrong passwords lock an account.
pub(crate) const MAX_ATTEMPTS: i64 = 5;
/// For how long.
pub(crate) const LOCK: Duration = Duration::from_secs(15 * 60);

/// An attempt that was counted.
pub(crate) struct Attempt {
    /// The account's version when it was counted: what is proven now is worth nothing under a later one.
    pub session_version: i64,
    /// Which attempt in a row this is.
    pub failed_attempts: i64,
    /// The hash to look at.
    pub hash: String,
}

/// An attempt with a code that was counted; the account's row stays locked until the transaction ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeAttempt {
    /// The account's version.
    pub session_version: i64,
    /// Which attempt in a row this is.
    pub failed_attempts: i64,
}

from_row!(CodeAttempt { session_version: i64, failed_attempts: i64 });

impl Account {
    /// Counts an attempt. None: no active, unlocked person with a password has this id.
    pub(crate) async fn count_attempt(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<Option<Attempt>> {
        let counted: Option<(i64, i64)> = tx
            .opt(
                "UPDATE accounts
                    SET failed_attempts = CASE WHEN locked_until IS NULL THEN failed_attempts + 1 ELSE 1 END,
                        locked_until = CASE WHEN locked_until IS NULL AND failed_attempts + 1 >= $3 THEN $4 END
                  WHERE id = $1 AND kind = 'human' AND state = 'active' AND (locked_until IS NULL OR locked_until <= $2)
                    AND EXISTS (SELECT 1 FROM passwords p WHERE p.account_id = accounts.id)
                 RETURNING session_version, failed_attempts",
                &[&id, &now, &MAX_ATTEMPTS, &now.plus(LOCK)],
            )
            .await?;
        // A statement of its own: a subquery above would see the hash as it was before the row lock was granted,
        // beside a version from after it.
        let hash: Option<(String,)> = tx.opt("SELECT hash FROM passwords WHERE account_id = $1", &[&id]).await?;
        Ok(counted.zip(hash).map(|((session_version, failed_attempts), (hash,))| Attempt {
            session_version,
            failed_attempts,
            hash,
        }))
    }

    /// Counts an attempt with a code, on the same counter: of an account with a password or without. None: no active,
    /// unlocked person has this id.
    pub(crate) async fn count_code_attempt(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<Option<CodeAttempt>> {
        tx.opt(
            "UPDATE accounts
                SET failed_attempts = CASE WHEN locked_until IS NULL THEN failed_attempts + 1 ELSE 1 END,
                    locked_until = CASE WHEN locked_until IS NULL AND failed_attempts + 1 >= $3 THEN $4 END
              WHERE id = $1 AND kind = 'human' AND state = 'active' AND (locked_until IS NULL OR locked_until <= $2)
             RETURNING session_version, failed_attempts",
            &[&id, &now, &MAX_ATTEMPTS, &now.plus(LOCK)],
        )
        .await
    }

    /// Takes back the attempt of somebody who was right but did not sign in by it.
    pub(crate) async fn take_back_attempt(tx: &mut Tx, id: AccountId) -> Result<()> {
        let sql = "UPDATE accounts SET failed_attempts = failed_attempts - 1, locked_until = NULL
                    WHERE id = $1 AND failed_attempts > 0";
        tx.exec(sql, &[&id]).await.map(drop)
    }

    /// Forgets every attempt and opens the lock.
    pub(crate) async fn clear_attempts(tx: &mut Tx, id: AccountId) -> Result<()> {
        tx.exec("UPDATE accounts SET failed_attempts = 0, locked_until = NULL WHERE id = $1", &[&id]).await.map(drop)
    }

    /// Completes a sign-in begun under `session_version`. False: meanwhile the account was disabled or its
    /// password changed, and what was proven is worth nothing.
    pub(crate) async fn complete_sign_in(
        tx: &mut Tx,
        id: AccountId,
        session_version: i64,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE accounts SET failed_attempts = 0, locked_until = NULL, last_login_at = $3
                    WHERE id = $1 AND session_version = $2 AND state = 'active'";
        Ok(tx.exec(sql, &[&id, &session_version, &now]).await? == 1)
    }

    /// Whether what was proven under `session_version` still counts; locks the row until the transaction ends.
    pub(crate) async fn is_version(tx: &mut Tx, id: AccountId, session_version: i64) -> Result<bool> {
        let sql = "UPDATE accounts SET session_version = session_version
                    WHERE id = $1 AND session_version = $2 AND state = 'active'";
        Ok(tx.exec(sql, &[&id, &session_version]).await? == 1)
    }
}
