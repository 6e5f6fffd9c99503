//! Revocations: the feed that tells every node whose power changed. An act that takes power away ends its
//! transaction here: the row lock on `feed`, always taken last, makes the order of commits that of `seq`, so a
//! reader that has seen `n` has seen everything up to `n`.

use uuid::Uuid;

use crate::db::{Tx, from_row};
use crate::error::Result;
use crate::id::AccountId;
use crate::time::Timestamp;

/// How many revocations one poll reads; behind further than that, a node forgets everybody.
const MAX_BEHIND: i64 = 10_000;

/// Stands in the feed for everybody; no account has this id.
pub(crate) const EVERYBODY: AccountId = AccountId(Uuid::nil());

/// What happened since a place in the feed.
#[derive(Debug)]
pub(crate) struct Revocations {
    /// Where the feed stands.
    pub head: i64,
    /// Whose principals to forget; none: too much happened, or history was rewritten, so forget everybody's.
    pub accounts: Option<Vec<Uuid>>,
}

struct FeedRow {
    head: i64,
    account_id: Option<Uuid>,
}

from_row!(FeedRow { head: i64, account_id: Option<Uuid> });

impl Revocations {
    /// Revokes what any node believes of an account. Call it last in the transaction.
    pub(crate) async fn insert(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<()> {
        Revocations::insert_of(tx, account.0, now).await
    }

    /// Revokes what any node believes of an account or a service key, by its id. Call it last in the transaction.
    pub(crate) async fn insert_of(tx: &mut Tx, account: Uuid, now: Timestamp) -> Result<()> {
        let (seq,): (i64,) = tx.one("UPDATE feed SET seq = seq + 1 WHERE id = 1 RETURNING seq", &[]).await?;
        let sql = "INSERT INTO revocations (seq, account_id, created_at) VALUES ($1, $2, $3)";
        tx.exec(sql, &[&seq, &account, &now]).await?;
        tx.revokes(account);
        Ok(())
    }

    /// Revokes what any node believes of anybody, as when what a group holds changes. Call it last in the transaction.
    pub(crate) async fn insert_everybody(tx: &mut Tx, now: Timestamp) -> Result<()> {
        Revocations::insert(tx, EVERYBODY, now).await
    }

    /// Where the feed stands.
    pub(crate) async fn head(tx: &mut Tx) -> Result<i64> {
        let (seq,): (i64,) = tx.one("SELECT seq FROM feed WHERE id = 1", &[]).await?;
        Ok(seq)
    }

    /// What happened after `seq`.
    pub(crate) async fn since(tx: &mut Tx, seq: i64) -> Result<Revocations> {
        let rows: Vec<FeedRow> = tx
            .all(
                "SELECT f.seq AS head, r.account_id AS account_id
                   FROM feed f LEFT JOIN revocations r ON r.seq > $1
                  WHERE f.id = 1 ORDER BY r.seq LIMIT $2",
                &[&seq, &(MAX_BEHIND + 1)],
            )
            .await?;
        let head = rows.first().map_or(seq, |row| row.head);
        let accounts: Vec<Uuid> = rows.iter().filter_map(|row| row.account_id).collect();
        let is_whole = i64::try_from(accounts.len()).is_ok_and(|seen| seen == head - seq && seen <= MAX_BEHIND);
        Ok(Revocations { head, accounts: is_whole.then_some(accounts) })
    }

    /// Drops revocations that every node has long seen, but never the newest.
    pub(crate) async fn prune(tx: &mut Tx, before: Timestamp) -> Result<u64> {
        let sql = "DELETE FROM revocations WHERE created_at < $1 AND seq < (SELECT seq FROM feed WHERE id = 1)";
        tx.exec(sql, &[&before]).await
    }
}
