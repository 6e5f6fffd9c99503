//! Challenges: what a wallet is asked to sign, good once and for a minute. Anybody may ask for one in anybody's name, so
//! nothing here says whether a key is known, and how many there are at once has a bound.

use crate::db::{Arg, Tx};
use crate::directory::SignPub;
use crate::error::Result;
use crate::secret::Digest;
use crate::time::Timestamp;

/// How many challenges may wait at once.
const MAX_WAITING: i64 = 10_000;

/// A challenge: only its digest is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenge {
    pub digest: Digest,
    pub sign_pub: SignPub,
    pub expires_at: Timestamp,
}

impl Challenge {
    /// Keeps a challenge; false: too many wait already.
    pub(crate) async fn insert(&self, tx: &mut Tx, now: Timestamp) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM directory_challenges WHERE expires_at > $1";
        let (waiting,): (i64,) = tx.one(sql, &[&now]).await?;
        if waiting >= MAX_WAITING {
            return Ok(false);
        }
        let sql = "INSERT INTO directory_challenges (digest, sign_pub, expires_at) VALUES ($1, $2, $3)";
        let args: [&dyn Arg; 3] = [&self.digest, &self.sign_pub, &self.expires_at];
        tx.exec(sql, &args).await?;
        Ok(true)
    }

    /// Uses up a challenge that was given for a key; false: there is none, or its minute is over.
    pub(crate) async fn consume(tx: &mut Tx, digest: &Digest, sign_pub: &SignPub, now: Timestamp) -> Result<bool> {
        let sql = "DELETE FROM directory_challenges WHERE digest = $1 AND sign_pub = $2 AND expires_at > $3";
        Ok(tx.exec(sql, &[digest, sign_pub, &now]).await? == 1)
    }

    /// Deletes some of those whose minute is over.
    pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, at_once: i64) -> Result<u64> {
        let sql = "DELETE FROM directory_challenges WHERE digest IN
                     (SELECT digest FROM directory_challenges WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        tx.exec(sql, &[&now, &at_once]).await
    }
}
