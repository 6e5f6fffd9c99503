//! Refresh chains: what a program goes on with when its access token ends. Each token works once and gives the next one;
//! the chain's end is counted from its start and never moves. A token that comes back ends the chain. Rows of a chain
//! change only under the lock of its account's row.

use std::time::Duration;

use serde::Serialize;

use crate::db::{Arg, Tx, from_row};
use crate::error::Result;
use crate::id::{AccountId, ChainId, SessionId, TokenId};
use crate::secret::Digest;
use crate::time::Timestamp;

/// How long after its use a token may come back for the answer that was lost.
pub(crate) const LOST_ANSWER: Duration = Duration::from_secs(10);

/// A chain.
#[derive(Clone, Debug)]
pub(crate) struct RefreshChain {
    pub id: ChainId,
    pub account_id: AccountId,
    pub session_id: Option<SessionId>,
    pub session_version: i64,
    pub amr: String,
    pub started_at: Timestamp,
}

/// A chain, as its owner sees it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KnownChain {
    pub id: ChainId,
    /// The session that it was minted from; none: from a password.
    pub session_id: Option<SessionId>,
    pub amr: String,
    pub started_at: Timestamp,
    pub created_at: Timestamp,
    /// When it last gave tokens.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// One of its tokens; the secret itself is never stored.
#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub id: TokenId,
    pub chain_id: ChainId,
    pub consumed_at: Option<Timestamp>,
    pub child_id: Option<TokenId>,
    pub child: Option<Vec<u8>>,
}

from_row!(RefreshChain {
    id: ChainId, account_id: AccountId, session_id: Option<SessionId>, session_version: i64, amr: String,
    started_at: Timestamp,
});
from_row!(KnownChain {
    id: ChainId, session_id: Option<SessionId>, amr: String, started_at: Timestamp, created_at: Timestamp,
    last_used_at: Option<Timestamp>, revoked_at: Option<Timestamp>,
});
from_row!(RefreshToken {
    id: TokenId, chain_id: ChainId, consumed_at: Option<Timestamp>, child_id: Option<TokenId>, child: Option<Vec<u8>>,
});

impl RefreshChain {
    pub(crate) async fn insert(&self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        let sql =
            "INSERT INTO refresh_chains (id, account_id, session_id, session_version, amr, started_at, created_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let args: [&dyn Arg; 7] =
            [&self.id, &self.account_id, &self.session_id, &self.session_version, &self.amr, &self.started_at, &now];
        tx.exec(sql, &args).await.map(drop)
    }

    pub(crate) async fn find(tx: &mut Tx, id: ChainId) -> Result<Option<RefreshChain>> {
        let sql = "SELECT id, account_id, session_id, session_version, amr, started_at FROM refresh_chains
                    WHERE id = $1";
        tx.opt(sql, &[&id]).await
    }

    /// Until when a chain gives power as things stand; none: it gives none. It does while it is not revoked, its end
    /// has not come, its account is in use and of the same version, and the session that it was minted from, if any,
    /// is live.
    pub(crate) async fn live_until(
        tx: &mut Tx,
        id: ChainId,
        now: Timestamp,
        life: Duration,
    ) -> Result<Option<Timestamp>> {
        let sql = "SELECT c.started_at, s.expires_at, s.absolute_expires_at
                     FROM refresh_chains c JOIN accounts a ON a.id = c.account_id
                     LEFT JOIN sessions s ON s.id = c.session_id
                    WHERE c.id = $1 AND c.revoked_at IS NULL AND c.started_at > $2
                      AND a.state = 'active' AND a.session_version = c.session_version
                      AND (c.session_id IS NULL OR (s.expires_at > $3 AND s.absolute_expires_at > $3))";
        let ends: Option<(Timestamp, Option<Timestamp>, Option<Timestamp>)> =
            tx.opt(sql, &[&id, &now.minus(life), &now]).await?;
        Ok(ends.map(|(started_at, idle, absolute)| {
            [idle, absolute].into_iter().flatten().fold(started_at.plus(life), Timestamp::min)
        }))
    }

    /// Whether a chain still gives power.
    pub(crate) async fn is_live(tx: &mut Tx, id: ChainId, now: Timestamp, life: Duration) -> Result<bool> {
        Ok(RefreshChain::live_until(tx, id, now, life).await?.is_some())
    }

    /// Whether a chain was not ended: looked at again where something is changed by its token.
    pub(crate) async fn stands(tx: &mut Tx, id: ChainId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM refresh_chains c JOIN accounts a ON a.id = c.account_id
                    WHERE c.id = $1 AND c.revoked_at IS NULL AND a.session_version = c.session_version";
        Ok(tx.one::<(i64,)>(sql, &[&id]).await?.0 == 1)
    }

    /// Ends a chain; false: it had ended.
    pub(crate) async fn revoke(tx: &mut Tx, id: ChainId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE refresh_chains SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        Ok(tx.exec(sql, &[&id, &now]).await? == 1)
    }

    /// Ends the chains of an account that were minted from no session.
    pub(crate) async fn revoke_without_session(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE refresh_chains SET revoked_at = $2
                    WHERE account_id = $1 AND session_id IS NULL AND revoked_at IS NULL";
        tx.exec(sql, &[&account, &now]).await
    }

    /// How many live chains an account has that were minted from no session.
    pub(crate) async fn count_without_session(
        tx: &mut Tx,
        account: AccountId,
        now: Timestamp,
        life: Duration,
    ) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM refresh_chains c JOIN accounts a ON a.id = c.account_id
                    WHERE c.account_id = $1 AND c.session_id IS NULL AND c.revoked_at IS NULL AND c.started_at > $2
                      AND a.session_version = c.session_version";
        Ok(tx.one::<(i64,)>(sql, &[&account, &now.minus(life)]).await?.0)
    }

    /// Reclaims the space of chains whose end came; says how many.
    pub(crate) async fn sweep(tx: &mut Tx, started_before: Timestamp, at_most: i64) -> Result<u64> {
        let sql =
            "DELETE FROM refresh_chains WHERE id IN (SELECT id FROM refresh_chains WHERE started_at <= $1 LIMIT $2)";
        tx.exec(sql, &[&started_before, &at_most]).await
    }
}

impl KnownChain {
    /// Every chain of an account that is still known, ended ones as well, newest first.
    pub(crate) async fn list(tx: &mut Tx, account: AccountId) -> Result<Vec<KnownChain>> {
        let sql = "SELECT c.id, c.session_id, c.amr, c.started_at, c.created_at,
                          (SELECT MAX(t.created_at) FROM refresh_tokens t WHERE t.chain_id = c.id) AS last_used_at,
                          c.revoked_at
                     FROM refresh_chains c WHERE c.account_id = $1 ORDER BY c.created_at DESC, c.id DESC";
        tx.all(sql, &[&account]).await
    }
}

impl RefreshToken {
    pub(crate) async fn insert(
        tx: &mut Tx,
        id: TokenId,
        digest: &Digest,
        chain: ChainId,
        now: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO refresh_tokens (id, digest, chain_id, created_at) VALUES ($1, $2, $3, $4)";
        tx.exec(sql, &[&id, digest, &chain, &now]).await.map(drop)
    }

    /// The token that a digest stands for, used or not.
    pub(crate) async fn find(tx: &mut Tx, digest: &Digest) -> Result<Option<RefreshToken>> {
        let sql = "SELECT id, chain_id, consumed_at, child_id, child FROM refresh_tokens WHERE digest = $1";
        tx.opt(sql, &[digest]).await
    }

    /// Exchanges a token for its child, which is kept sealed for a while; false: somebody else did.
    pub(crate) async fn consume(
        tx: &mut Tx,
        id: TokenId,
        (child_id, child): (TokenId, &[u8]),
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE refresh_tokens SET consumed_at = $2, child_id = $3, child = $4
                    WHERE id = $1 AND consumed_at IS NULL";
        let child = child.to_vec();
        Ok(tx.exec(sql, &[&id, &now, &child_id, &child]).await? == 1)
    }

    /// Whether a token was not used yet.
    pub(crate) async fn is_unused(tx: &mut Tx, id: TokenId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM refresh_tokens WHERE id = $1 AND consumed_at IS NULL";
        Ok(tx.one::<(i64,)>(sql, &[&id]).await?.0 == 1)
    }

    /// Erases what was kept of a token for a lost answer, now that it is used.
    pub(crate) async fn forget(tx: &mut Tx, child: TokenId) -> Result<()> {
        tx.exec("UPDATE refresh_tokens SET child = NULL WHERE child_id = $1", &[&child]).await.map(drop)
    }

    /// Erases what is kept for answers that nobody asked for again in time.
    pub(crate) async fn forget_lost(tx: &mut Tx, now: Timestamp) -> Result<()> {
        let sql = "UPDATE refresh_tokens SET child = NULL WHERE child IS NOT NULL AND consumed_at <= $1";
        tx.exec(sql, &[&now.minus(LOST_ANSWER)]).await.map(drop)
    }
}
