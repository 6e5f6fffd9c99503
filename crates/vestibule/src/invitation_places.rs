//! Places: uses of an invitation that are held for whoever signed up by it and has to prove the address first. One is
//! held for an address that has an account as well, so that nobody learns from what is left which addresses have one;
//! only its owner can use that, signed in. The organization's lock is held by whoever changes them.

use std::time::Duration;

use crate::db::Tx;
use crate::error::Result;
use crate::id::{AccountId, InvitationId};
use crate::time::Timestamp;

/// How long a place is held: as long as the link lives that proves the address.
const HELD: Duration = Duration::from_secs(24 * 3600);

/// The table's verbs.
#[derive(Debug)]
pub(crate) struct InvitationPlace;

impl InvitationPlace {
    /// Holds a place for an address, and for the account that comes in on proving it.
    ///
    /// One that is taken for longer stays so: asking again must not be the way to have it back.
    pub(crate) async fn hold(
        tx: &mut Tx,
        invitation: InvitationId,
        (email, account): (&str, Option<AccountId>),
        now: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO invitation_places (invitation_id, email_normalized, account_id, expires_at)
                   VALUES ($1, $2, $3, $4)
                   ON CONFLICT (invitation_id, email_normalized)
                   DO UPDATE SET account_id = excluded.account_id,
                                 expires_at = CASE WHEN invitation_places.expires_at > excluded.expires_at
                                                   THEN invitation_places.expires_at ELSE excluded.expires_at END";
        tx.exec(sql, &[&invitation, &email, &account, &now.plus(HELD)]).await.map(drop)
    }

    /// How many are held for others than whoever has this address.
    pub(crate) async fn count_others(
        tx: &mut Tx,
        invitation: InvitationId,
        email: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM invitation_places
                    WHERE invitation_id = $1 AND email_normalized <> $2 AND expires_at > $3";
        Ok(tx.one::<(i64,)>(sql, &[&invitation, &email, &now]).await?.0)
    }

    /// The invitations by which an account comes in on proving its address, in the order of their organizations.
    pub(crate) async fn of(tx: &mut Tx, account: AccountId, email: &str, now: Timestamp) -> Result<Vec<InvitationId>> {
        let sql = "SELECT p.invitation_id FROM invitation_places p
                     JOIN organization_invitations i ON i.id = p.invitation_id
                    WHERE p.account_id = $1 AND p.email_normalized = $2 AND p.expires_at > $3
                    ORDER BY i.organization_id, i.created_at, i.id";
        let all: Vec<(InvitationId,)> = tx.all(sql, &[&account, &email, &now]).await?;
        Ok(all.into_iter().map(|(id,)| id).collect())
    }

    /// Gives an address's place back.
    pub(crate) async fn give_back(tx: &mut Tx, invitation: InvitationId, email: &str) -> Result<()> {
        let sql = "DELETE FROM invitation_places WHERE invitation_id = $1 AND email_normalized = $2";
        tx.exec(sql, &[&invitation, &email]).await.map(drop)
    }

    /// Nobody comes in any more on proving the address of this account; who does can still use the place, signed in.
    pub(crate) async fn detach(tx: &mut Tx, account: AccountId) -> Result<()> {
        let sql = "UPDATE invitation_places SET account_id = NULL WHERE account_id = $1";
        tx.exec(sql, &[&account]).await.map(drop)
    }

    /// The same, and the place is taken for good: an account came of it.
    pub(crate) async fn keep(tx: &mut Tx, account: AccountId) -> Result<()> {
        let sql = "UPDATE invitation_places SET account_id = NULL, expires_at = $2 WHERE account_id = $1";
        tx.exec(sql, &[&account, &Timestamp(i64::MAX)]).await.map(drop)
    }

    /// Nobody comes in any more on proving the address of this account.
    pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
        tx.exec("DELETE FROM invitation_places WHERE account_id = $1", &[&account]).await.map(drop)
    }

    /// Reclaims the space of places that ended before; says how many.
    pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, at_most: i64) -> Result<u64> {
        let sql = "DELETE FROM invitation_places WHERE (invitation_id, email_normalized) IN (
                    SELECT invitation_id, email_normalized FROM invitation_places WHERE expires_at < $1 LIMIT $2)";
        tx.exec(sql, &[&before, &at_most]).await
    }
}
