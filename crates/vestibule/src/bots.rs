//! Bots: accounts of programs, each a member of the one organization that made it. A bot has neither password nor
//! session, and acts by its keys alone. Its address is that of whoever answers for it: others may have the same, and it
//! finds nobody, for it is never kept in the form that is looked for. Every statement names the organization.

use serde::Serialize;

use crate::db::{Arg, Tx, from_row};
use crate::email::Email;
use crate::error::Result;
use crate::id::{AccountId, OrganizationId};
use crate::members::OrganizationRole;
use crate::paging::{Cursor, Page, PageRequest};
use crate::time::Timestamp;
use crate::username::DisplayName;

/// A bot, as the admins of its organization see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bot {
    /// Its account.
    pub account_id: AccountId,
    /// What it is called.
    pub name: String,
    /// The address of whoever answers for it.
    pub responsible_email: String,
    /// What it is in its organization.
    pub role: OrganizationRole,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when its keys are refused; none: they are not.
    pub disabled_at: Option<Timestamp>,
    /// How many keys it has that are live.
    pub live_keys: i64,
}

from_row!(Bot {
    account_id: AccountId, name: String, responsible_email: String, role: OrganizationRole, created_at: Timestamp,
    disabled_at: Option<Timestamp>, live_keys: i64,
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.id AS account_id, COALESCE(a.name, '') AS name, COALESCE(a.email, '') AS responsible_email,
                    m.role, a.created_at, a.disabled_at,
                    (SELECT COUNT(*) FROM api_keys k
                      WHERE k.account_id = a.id AND k.organization_id = m.organization_id AND k.revoked_at IS NULL
                        AND (k.expires_at IS NULL OR k.expires_at > $2)) AS live_keys
               FROM organization_members m JOIN accounts a ON a.id = m.account_id
              WHERE m.organization_id = $1 AND a.kind = 'bot' ",
            $rest
        )
    };
}

impl Bot {
    /// Makes a bot's account, which is in no organization yet.
    pub(crate) async fn insert(
        tx: &mut Tx,
        id: AccountId,
        (name, email): (&DisplayName, &Email),
        created_by: AccountId,
        now: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO accounts (id, kind, email, name, session_version, state, failed_attempts, created_at,
                                         updated_at, created_by)
                   VALUES ($1, 'bot', $2, $3, 1, 'active', 0, $4, $4, $5)";
        let args: [&dyn Arg; 5] = [&id, &email.as_str(), &name.as_str(), &now, &created_by];
        tx.exec(sql, &args).await.map(drop)
    }

    /// A bot of this organization; another's is not found.
    pub(crate) async fn find(
        tx: &mut Tx,
        organization: OrganizationId,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Option<Bot>> {
        tx.opt(select!("AND a.id = $3"), &[&organization, &now, &id]).await
    }

    /// A page of its bots, newest first.
    pub(crate) async fn list(
        tx: &mut Tx,
        organization: OrganizationId,
        now: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Bot>> {
        let after = page.after();
        let sql = select!("AND (a.created_at, a.id) < ($3, $4) ORDER BY a.created_at DESC, a.id DESC LIMIT $5");
        let rows = tx.all(sql, &[&organization, &now, &after.created_at, &after.id, &page.fetch()]).await?;
        Ok(page.page(rows, |bot: &Bot| Cursor { created_at: bot.created_at, id: bot.account_id.0 }))
    }

    /// Deletes the accounts of all its bots.
    pub(crate) async fn delete_all(tx: &mut Tx, organization: OrganizationId) -> Result<()> {
        let sql = "DELETE FROM accounts WHERE kind = 'bot' AND id IN (
                    SELECT account_id FROM organization_members WHERE organization_id = $1)";
        tx.exec(sql, &[&organization]).await.map(drop)
    }

    /// Writes who answers for a bot.
    pub(crate) async fn set_responsible(tx: &mut Tx, id: AccountId, email: &Email, now: Timestamp) -> Result<()> {
        let sql = "UPDATE accounts SET email = $2, updated_at = $3 WHERE id = $1 AND kind = 'bot'";
        tx.exec(sql, &[&id, &email.as_str(), &now]).await.map(drop)
    }
}
