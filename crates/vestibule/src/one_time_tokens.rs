//! One-time tokens: secrets that work once, in one table by kind. Consumption is one conditional update:
//! of any number of racing callers one wins.

use serde_json::json;

use crate::db::{Json, Tx, text_enum};
use crate::error::Result;
use crate::id::TokenId;
use crate::secret::Digest;
use crate::time::Timestamp;

text_enum! {
    /// What a one-time token allows.
    TokenKind {
        /// To make the first administrator.
        Setup = "setup",
    }
}

/// The table's verbs; a row is never shown to anybody.
#[derive(Debug)]
pub(crate) struct OneTimeToken;

impl OneTimeToken {
    pub(crate) async fn insert(
        tx: &mut Tx,
        kind: TokenKind,
        (id, digest): (TokenId, &Digest),
        (now, expires_at): (Timestamp, Timestamp),
    ) -> Result<()> {
        let sql = "INSERT INTO one_time_tokens (id, digest, kind, payload, created_at, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6)";
        tx.exec(sql, &[&id, digest, &kind, &Json(json!({})), &now, &expires_at]).await.map(drop)
    }

    /// Whether the token could be consumed now.
    pub(crate) async fn is_live(tx: &mut Tx, kind: TokenKind, digest: &Digest, now: Timestamp) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM one_time_tokens
                    WHERE digest = $1 AND kind = $2 AND consumed_at IS NULL AND expires_at > $3";
        Ok(tx.one::<(i64,)>(sql, &[digest, &kind, &now]).await?.0 == 1)
    }

    /// Consumes a live token; false: somebody else did, or it is dead or unknown.
    pub(crate) async fn consume(tx: &mut Tx, kind: TokenKind, digest: &Digest, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE one_time_tokens SET consumed_at = $3
                    WHERE digest = $1 AND kind = $2 AND consumed_at IS NULL AND expires_at > $3";
        Ok(tx.exec(sql, &[digest, &kind, &now]).await? == 1)
    }

    /// Consumes every live token of a kind.
    pub(crate) async fn void_all(tx: &mut Tx, kind: TokenKind, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE one_time_tokens SET consumed_at = $2 WHERE kind = $1 AND consumed_at IS NULL";
        tx.exec(sql, &[&kind, &now]).await
    }

    /// Reclaims the space of tokens that expired; says how many.
    pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, at_most: i64) -> Result<u64> {
        let sql = "DELETE FROM one_time_tokens WHERE id IN (
                    SELECT id FROM one_time_tokens WHERE expires_at <= $1 LIMIT $2)";
        tx.exec(sql, &[&before, &at_most]).await
    }
}
