//! Members: who is in which organization, and as what. A bot is a member like others, and never counts as somebody who
//! administers. Every statement names the organization.

use serde::Serialize;

use crate::accounts::AccountKind;
use crate::db::{Tx, from_row, text_enum};
use crate::error::Result;
use crate::id::{AccountId, OrganizationId};
use crate::paging::{Cursor, Page, PageRequest};
use crate::time::Timestamp;

text_enum! {
    /// What a member of an organization is.
    OrganizationRole {
        /// Sees who else is in it, and makes keys of their own.
        Member = "member",
        /// Decides who is in it, what it is called, and whose keys end.
        Admin = "admin",
    }
}

/// Somebody who is in an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Whose account.
    pub account_id: AccountId,
    /// Whether it is a person's or a bot's.
    pub kind: AccountKind,
    /// Its address; a bot's is that of whoever answers for it.
    pub email: Option<String>,
    /// Its username.
    pub username: Option<String>,
    /// What its owner wants to be called.
    pub name: Option<String>,
    /// What it is in the organization.
    pub role: OrganizationRole,
    /// Since when it is in it.
    pub joined_at: Timestamp,
    /// Whether the account is active.
    pub is_active: bool,
}

from_row!(Member {
    account_id: AccountId, kind: AccountKind, email: Option<String>, username: Option<String>, name: Option<String>,
    role: OrganizationRole, joined_at: Timestamp, is_active: bool,
});

/// That an admin took an account out of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Removal {
    pub organization_id: OrganizationId,
    pub removed_at: Timestamp,
}

from_row!(Removal { organization_id: OrganizationId, removed_at: Timestamp });

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT m.account_id, a.kind, a.email, a.username, a.name, m.role, m.created_at AS joined_at,
                    a.state = 'active' AS is_active
               FROM organization_members m JOIN accounts a ON a.id = m.account_id
              WHERE m.organization_id = $1 ",
            $rest
        )
    };
}

impl Member {
    /// How people know it: a person by their address, username or name, a bot by its name.
    pub fn label(&self) -> String {
        let known_by = match self.kind {
            AccountKind::Human => self.email.as_ref().or(self.username.as_ref()).or(self.name.as_ref()),
            AccountKind::Bot => self.name.as_ref(),
        };
        known_by.cloned().unwrap_or_else(|| self.account_id.to_string())
    }

    /// Puts an account into an organization; false: it is in it.
    pub(crate) async fn insert(
        tx: &mut Tx,
        organization: OrganizationId,
        account: AccountId,
        role: OrganizationRole,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "INSERT INTO organization_members (organization_id, account_id, role, created_at)
                   VALUES ($1, $2, $3, $4) ON CONFLICT (organization_id, account_id) DO NOTHING";
        Ok(tx.exec(sql, &[&organization, &account, &role, &now]).await? == 1)
    }

    pub(crate) async fn find(tx: &mut Tx, organization: OrganizationId, account: AccountId) -> Result<Option<Member>> {
        tx.opt(select!("AND m.account_id = $2"), &[&organization, &account]).await
    }

    /// What an account is in an organization; none: nothing, or there is no such organization.
    pub(crate) async fn role_of(
        tx: &mut Tx,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<Option<OrganizationRole>> {
        let sql = "SELECT role FROM organization_members WHERE organization_id = $1 AND account_id = $2";
        let row: Option<(OrganizationRole,)> = tx.opt(sql, &[&organization, &account]).await?;
        Ok(row.map(|(role,)| role))
    }

    /// A page of them, the last who joined first.
    pub(crate) async fn list(tx: &mut Tx, organization: OrganizationId, page: PageRequest) -> Result<Page<Member>> {
        let after = page.after();
        let sql = select!(
            "AND (m.created_at, m.account_id) < ($2, $3) ORDER BY m.created_at DESC, m.account_id DESC LIMIT $4"
        );
        let rows = tx.all(sql, &[&organization, &after.created_at, &after.id, &page.fetch()]).await?;
        Ok(page.page(rows, |row: &Member| Cursor { created_at: row.joined_at, id: row.account_id.0 }))
    }

    /// Makes a member something else; false: it is none, or is that.
    pub(crate) async fn set_role(
        tx: &mut Tx,
        organization: OrganizationId,
        account: AccountId,
        role: OrganizationRole,
    ) -> Result<bool> {
        let sql = "UPDATE organization_members SET role = $3
                    WHERE organization_id = $1 AND account_id = $2 AND role <> $3";
        Ok(tx.exec(sql, &[&organization, &account, &role]).await? == 1)
    }

    /// Takes a member out; false: it is none.
    pub(crate) async fn remove(tx: &mut Tx, organization: OrganizationId, account: AccountId) -> Result<bool> {
        let sql = "DELETE FROM organization_members WHERE organization_id = $1 AND account_id = $2";
        Ok(tx.exec(sql, &[&organization, &account]).await? == 1)
    }

    /// Notes that an admin took this account out, for invitations from before.
    pub(crate) async fn note_removal(
        tx: &mut Tx,
        organization: OrganizationId,
        account: AccountId,
        now: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO organization_removals (organization_id, account_id, removed_at) VALUES ($1, $2, $3)
                   ON CONFLICT (organization_id, account_id) DO UPDATE SET removed_at = excluded.removed_at";
        tx.exec(sql, &[&organization, &account, &now]).await.map(drop)
    }

    /// When an admin last took this account out; none: never.
    pub(crate) async fn removed_at(
        tx: &mut Tx,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<Option<Timestamp>> {
        let sql = "SELECT removed_at FROM organization_removals WHERE organization_id = $1 AND account_id = $2";
        let row: Option<(Timestamp,)> = tx.opt(sql, &[&organization, &account]).await?;
        Ok(row.map(|(at,)| at))
    }

    /// Out of which organizations an admin took this account, and when that last was.
    pub(crate) async fn list_removals(tx: &mut Tx, account: AccountId) -> Result<Vec<Removal>> {
        let sql = "SELECT organization_id, removed_at FROM organization_removals
                    WHERE account_id = $1 ORDER BY removed_at, organization_id";
        tx.all(sql, &[&account]).await
    }

    /// The bots of an organization.
    pub(crate) async fn bots(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<AccountId>> {
        let sql = "SELECT m.account_id FROM organization_members m JOIN accounts a ON a.id = m.account_id
                    WHERE m.organization_id = $1 AND a.kind = 'bot' ORDER BY m.account_id";
        let bots: Vec<(AccountId,)> = tx.all(sql, &[&organization]).await?;
        Ok(bots.into_iter().map(|(id,)| id).collect())
    }

    /// How many active people administer an organization. Its lock must be held.
    pub(crate) async fn count_active_admins(tx: &mut Tx, organization: OrganizationId) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM organization_members m JOIN accounts a ON a.id = m.account_id
                    WHERE m.organization_id = $1 AND m.role = 'admin' AND a.kind = 'human' AND a.state = 'active'";
        Ok(tx.one::<(i64,)>(sql, &[&organization]).await?.0)
    }
}
