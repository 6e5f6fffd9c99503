//! Exchange codes: what a proven login is worth until somebody exchanges it for a session. A code is good once, for a
//! short while, for the application that it was given to, and only as long as its account stays as it was. One without
//! a redirect URI was given to our own second step.

use std::time::Duration;

use crate::db::{Arg, Tx, from_row};
use crate::error::Result;
use crate::id::AccountId;
use crate::secret::Digest;
use crate::time::Timestamp;

/// How long an application has to exchange a code.
pub(crate) const LIFE: Duration = Duration::from_secs(60);

/// A code that waits to be exchanged. The secret itself is never stored.
#[derive(Clone, Debug)]
pub(crate) struct OAuthCode {
    pub account_id: AccountId,
    pub session_version: i64,
    /// The application that it was given to; none: our own second step.
    pub redirect_uri: Option<String>,
    pub code_challenge: Option<String>,
    /// Whether the account was made with it.
    pub new_user: bool,
}

from_row!(OAuthCode {
    account_id: AccountId, session_version: i64, redirect_uri: Option<String>, code_challenge: Option<String>,
    new_user: bool,
});

impl OAuthCode {
    /// Stores it under its digest, to live so long.
    pub(crate) async fn insert(&self, tx: &mut Tx, digest: &Digest, (now, life): (Timestamp, Duration)) -> Result<()> {
        let sql = "INSERT INTO oauth_exchange_codes (digest, account_id, session_version, redirect_uri, code_challenge,
                                                     new_user, created_at, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let expires_at = now.plus(life);
        let args: [&dyn Arg; 8] = [
            digest,
            &self.account_id,
            &self.session_version,
            &self.redirect_uri,
            &self.code_challenge,
            &self.new_user,
            &now,
            &expires_at,
        ];
        tx.exec(sql, &args).await.map(drop)
    }

    /// The code that could be redeemed now.
    pub(crate) async fn find_live(tx: &mut Tx, digest: &Digest, now: Timestamp) -> Result<Option<OAuthCode>> {
        let sql = "SELECT account_id, session_version, redirect_uri, code_challenge, new_user FROM oauth_exchange_codes
                    WHERE digest = $1 AND redeemed_at IS NULL AND expires_at > $2";
        tx.opt(sql, &[digest, &now]).await
    }

    /// Whether there is such a code, dead or alive.
    pub(crate) async fn exists(tx: &mut Tx, digest: &Digest) -> Result<bool> {
        let sql = "SELECT account_id FROM oauth_exchange_codes WHERE digest = $1";
        Ok(tx.opt::<(AccountId,)>(sql, &[digest]).await?.is_some())
    }

    /// Redeems a live code; false: somebody else did, or it is dead or unknown.
    pub(crate) async fn redeem(tx: &mut Tx, digest: &Digest, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE oauth_exchange_codes SET redeemed_at = $2
                    WHERE digest = $1 AND redeemed_at IS NULL AND expires_at > $2";
        Ok(tx.exec(sql, &[digest, &now]).await? == 1)
    }

    /// Makes a code good again in the transaction that redeemed it: more was asked for than was given.
    pub(crate) async fn give_back(tx: &mut Tx, digest: &Digest) -> Result<()> {
        let sql = "UPDATE oauth_exchange_codes SET redeemed_at = NULL WHERE digest = $1";
        tx.exec(sql, &[digest]).await.map(drop)
    }

    /// Ends what an account's codes are still worth.
    pub(crate) async fn void(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE oauth_exchange_codes SET redeemed_at = $2 WHERE account_id = $1 AND redeemed_at IS NULL";
        tx.exec(sql, &[&account, &now]).await
    }

    /// Reclaims the space of codes that expired; says how many.
    pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, at_most: i64) -> Result<u64> {
        let sql = "DELETE FROM oauth_exchange_codes WHERE digest IN (
                    SELECT digest FROM oauth_exchange_codes WHERE expires_at <= $1 LIMIT $2)";
        tx.exec(sql, &[&before, &at_most]).await
    }
}
