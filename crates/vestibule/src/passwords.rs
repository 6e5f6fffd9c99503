//! Passwords: one hash for each account that has one, and the last five that it replaced.
//! No row means no password; there are no placeholder hashes.

use crate::db::{Tx, from_row};
use crate::error::Result;
use crate::id::AccountId;
use crate::time::Timestamp;

const REMEMBERED: i64 = 5;

/// That an account has a password, and since when.
#[derive(Clone, Debug)]
pub(crate) struct Password {
    pub set_at: Timestamp,
}

from_row!(Password { set_at: Timestamp });

impl Password {
    pub(crate) async fn find(tx: &mut Tx, account: AccountId) -> Result<Option<Password>> {
        tx.opt("SELECT set_at FROM passwords WHERE account_id = $1", &[&account]).await
    }

    /// The hashes that a new password must not match: the current one and the last five.
    pub(crate) async fn recent(tx: &mut Tx, account: AccountId) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = tx
            .all(
                "SELECT hash FROM (SELECT hash, set_at AS at FROM passwords WHERE account_id = $1
                         UNION ALL SELECT hash, replaced_at AS at FROM password_history WHERE account_id = $1) AS known
                  ORDER BY at DESC",
                &[&account],
            )
            .await?;
        Ok(rows.into_iter().map(|(hash,)| hash).collect())
    }

    /// Gives an account a password, remembering the one it replaces.
    pub(crate) async fn replace(tx: &mut Tx, account: AccountId, hash: &str, now: Timestamp) -> Result<()> {
        tx.exec(
            "INSERT INTO password_history (account_id, replaced_at, hash)
             SELECT account_id, $2, hash FROM passwords WHERE account_id = $1 ON CONFLICT DO NOTHING",
            &[&account, &now],
        )
        .await?;
        tx.exec(
            "INSERT INTO passwords (account_id, hash, set_at) VALUES ($1, $2, $3)
             ON CONFLICT (account_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at",
            &[&account, &hash, &now],
        )
        .await?;
        tx.exec(
            "DELETE FROM password_history WHERE account_id = $1 AND (replaced_at, hash) NOT IN (
                SELECT replaced_at, hash FROM password_history WHERE account_id = $1
                 ORDER BY replaced_at DESC, hash LIMIT $2)",
            &[&account, &REMEMBERED],
        )
        .await
        .map(drop)
    }

    /// Takes an account's password away, and forgets what it had before.
    pub(crate) async fn remove(tx: &mut Tx, account: AccountId) -> Result<()> {
        tx.exec("DELETE FROM passwords WHERE account_id = $1", &[&account]).await?;
        tx.exec("DELETE FROM password_history WHERE account_id = $1", &[&account]).await.map(drop)
    }

    /// Stores the same password under newer parameters, if it is still the same.
    pub(crate) async fn rehash(tx: &mut Tx, account: AccountId, from: &str, to: &str) -> Result<()> {
        let sql = "UPDATE passwords SET hash = $3 WHERE account_id = $1 AND hash = $2";
        tx.exec(sql, &[&account, &from, &to]).await.map(drop)
    }
}
