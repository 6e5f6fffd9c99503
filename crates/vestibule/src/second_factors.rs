//! Second factors: a TOTP secret for each account that wants one, sealed; and one that waits, for five minutes, until its
//! owner has shown to hold it. A step of time is accepted once: whoever spends one spends all before it.

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;

use crate::db::{Arg, Tx, built, from_row, placeholders};
use crate::error::Result;
use crate::id::AccountId;
use crate::recovery_codes::RecoveryCode;
use crate::time::Timestamp;

/// How long a secret waits for its owner's first code.
pub(crate) const ENROLMENT: Duration = Duration::from_secs(5 * 60);

/// The second factor of an account.
pub(crate) struct SecondFactor {
    /// The TOTP secret, sealed.
    pub secret: Vec<u8>,
}

/// A TOTP secret whose owner has not yet shown to hold it.
pub(crate) struct PendingFactor {
    /// The secret, sealed.
    pub secret: Vec<u8>,
    /// Until when it waits.
    pub expires_at: Timestamp,
}

/// How an account stands with its second factor, as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SecondFactorStatus {
    /// Since when signing in takes one; none: it does not.
    pub enabled_at: Option<Timestamp>,
    /// How many recovery codes are left.
    pub recovery_codes_remaining: i64,
    /// Until when a secret waits to be confirmed; none: none does.
    pub pending_until: Option<Timestamp>,
}

from_row!(SecondFactor { secret: Vec<u8> });
from_row!(PendingFactor { secret: Vec<u8>, expires_at: Timestamp });
from_row!(SecondFactorStatus {
    enabled_at: Option<Timestamp>,
    recovery_codes_remaining: i64,
    pending_until: Option<Timestamp>,
});

impl SecondFactor {
    pub(crate) async fn find(tx: &mut Tx, account: AccountId) -> Result<Option<SecondFactor>> {
        tx.opt("SELECT secret FROM second_factors WHERE account_id = $1", &[&account]).await
    }

    /// Whether signing in to an account takes a second factor.
    pub(crate) async fn is_on(tx: &mut Tx, account: AccountId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM second_factors WHERE account_id = $1";
        Ok(tx.one::<(i64,)>(sql, &[&account]).await?.0 == 1)
    }

    /// Which of these accounts have one.
    pub(crate) async fn on_among(tx: &mut Tx, accounts: &[AccountId]) -> Result<HashSet<AccountId>> {
        if accounts.is_empty() {
            return Ok(HashSet::new());
        }
        let places = placeholders(accounts.len());
        let sql = format!("SELECT account_id FROM second_factors WHERE account_id IN ({places})");
        let args: Vec<&dyn Arg> = accounts.iter().map(|id| id as &dyn Arg).collect();
        let rows: Vec<(AccountId,)> = tx.all(built(sql), &args).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// How an account stands with it.
    pub(crate) async fn status(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<SecondFactorStatus> {
        tx.one(
            "SELECT (SELECT enabled_at FROM second_factors WHERE account_id = $1) AS enabled_at,
                    (SELECT COUNT(*) FROM recovery_codes WHERE account_id = $1) AS recovery_codes_remaining,
                    (SELECT expires_at FROM second_factor_enrolments
                      WHERE account_id = $1 AND expires_at > $2) AS pending_until",
            &[&account, &now],
        )
        .await
    }

    /// Makes a sealed secret an account's second factor, in place of any before. `step` is that of the code which showed
    /// that its owner holds it.
    pub(crate) async fn enable(
        tx: &mut Tx,
        account: AccountId,
        secret: &[u8],
        step: i64,
        now: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO second_factors (account_id, secret, last_step, enabled_at) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (account_id) DO UPDATE
                      SET secret = excluded.secret, last_step = excluded.last_step, enabled_at = excluded.enabled_at";
        tx.exec(sql, &[&account, &secret, &step, &now]).await.map(drop)
    }

    /// Spends a step of time; false: it, or a later one, was spent before.
    pub(crate) async fn spend_step(tx: &mut Tx, account: AccountId, step: i64) -> Result<bool> {
        let sql = "UPDATE second_factors SET last_step = $2 WHERE account_id = $1 AND last_step < $2";
        Ok(tx.exec(sql, &[&account, &step]).await? == 1)
    }

    /// Removes an account's factor, the secret that waits, and its recovery codes; false: there was no factor.
    pub(crate) async fn remove(tx: &mut Tx, account: AccountId) -> Result<bool> {
        PendingFactor::remove(tx, account).await?;
        RecoveryCode::delete_all(tx, account).await?;
        Ok(tx.exec("DELETE FROM second_factors WHERE account_id = $1", &[&account]).await? == 1)
    }
}

impl PendingFactor {
    /// Lets a sealed secret wait, in place of any that waits already.
    pub(crate) async fn replace(tx: &mut Tx, account: AccountId, secret: &[u8], expires_at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO second_factor_enrolments (account_id, secret, expires_at) VALUES ($1, $2, $3)
                   ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, expires_at = excluded.expires_at";
        tx.exec(sql, &[&account, &secret, &expires_at]).await.map(drop)
    }

    /// The secret that waits, or waited: see whether it has expired.
    pub(crate) async fn find(tx: &mut Tx, account: AccountId) -> Result<Option<PendingFactor>> {
        let sql = "SELECT secret, expires_at FROM second_factor_enrolments WHERE account_id = $1";
        tx.opt(sql, &[&account]).await
    }

    pub(crate) async fn remove(tx: &mut Tx, account: AccountId) -> Result<()> {
        tx.exec("DELETE FROM second_factor_enrolments WHERE account_id = $1", &[&account]).await.map(drop)
    }

    /// Reclaims the space of secrets that waited in vain; says how many.
    pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, at_most: i64) -> Result<u64> {
        let sql = "DELETE FROM second_factor_enrolments WHERE account_id IN (
                    SELECT account_id FROM second_factor_enrolments WHERE expires_at <= $1 LIMIT $2)";
        tx.exec(sql, &[&before, &at_most]).await
    }
}
