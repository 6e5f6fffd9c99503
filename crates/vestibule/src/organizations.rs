//! Organizations: groups of people who administer themselves. An organization's row is the lock of everything that
//! decides who administers it. One that no active person administers is orphaned, until an administrator of the
//! instance names somebody. Who is in one is in `members`.

use serde::Serialize;

use crate::code::Code;
use crate::db::{Arg, Tx, from_row};
use crate::error::{Error, Result};
use crate::id::{AccountId, OrganizationId};
use crate::members::OrganizationRole;
use crate::paging::{Cursor, Page, PageRequest};
use crate::time::Timestamp;

/// How many organizations one is in at most.
const MAX_ORGANIZATIONS: i64 = 100;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// What it is called; others may be called the same.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who made it; none: somebody gone.
    pub created_by: Option<AccountId>,
    /// Since when no active person administers it; none: somebody does.
    pub orphaned_at: Option<Timestamp>,
    /// How many are in it, bots among them.
    pub member_count: i64,
}

/// An organization as somebody who is in it sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// What it is called.
    pub name: String,
    /// What they are in it.
    pub role: OrganizationRole,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when they are in it.
    pub joined_at: Timestamp,
}

from_row!(Organization {
    id: OrganizationId, name: String, created_at: Timestamp, updated_at: Timestamp, created_by: Option<AccountId>,
    orphaned_at: Option<Timestamp>, member_count: i64,
});
from_row!(OwnOrganization {
    id: OrganizationId,
    name: String,
    role: OrganizationRole,
    created_at: Timestamp,
    joined_at: Timestamp,
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.name, o.created_at, o.updated_at, o.created_by, o.orphaned_at,
                    (SELECT COUNT(*) FROM organization_members m WHERE m.organization_id = o.id) AS member_count
               FROM organizations o ",
            $rest
        )
    };
}

macro_rules! select_own {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.name, m.role, o.created_at, m.created_at AS joined_at
               FROM organization_members m JOIN organizations o ON o.id = m.organization_id
              WHERE m.account_id = $1 ",
            $rest
        )
    };
}

impl Organization {
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<()> {
        let sql = "INSERT INTO organizations (id, name, created_at, updated_at, created_by)
                   VALUES ($1, $2, $3, $4, $5)";
        let args: [&dyn Arg; 5] = [&self.id, &self.name, &self.created_at, &self.updated_at, &self.created_by];
        tx.exec(sql, &args).await.map(drop)
    }

    /// Takes its row's lock until the transaction ends; not found, if there is none.
    pub(crate) async fn lock(tx: &mut Tx, id: OrganizationId) -> Result<()> {
        match tx.exec("UPDATE organizations SET updated_at = updated_at WHERE id = $1", &[&id]).await? {
            0 => Err(Error::NotFound),
            _ => Ok(()),
        }
    }

    pub(crate) async fn find(tx: &mut Tx, id: OrganizationId) -> Result<Option<Organization>> {
        tx.opt(select!("WHERE o.id = $1"), &[&id]).await
    }

    pub(crate) async fn get(tx: &mut Tx, id: OrganizationId) -> Result<Organization> {
        Organization::find(tx, id).await?.ok_or(Error::NotFound)
    }

    /// A page of every organization, newest first; only those that nobody administers, or that somebody does, if that
    /// is asked.
    pub(crate) async fn list(tx: &mut Tx, is_orphaned: Option<bool>, page: PageRequest) -> Result<Page<Organization>> {
        let after = page.after();
        let sql = match is_orphaned {
            Some(true) => select!(
                "WHERE o.orphaned_at IS NOT NULL AND (o.created_at, o.id) < ($1, $2)
                 ORDER BY o.created_at DESC, o.id DESC LIMIT $3"
            ),
            Some(false) => select!(
                "WHERE o.orphaned_at IS NULL AND (o.created_at, o.id) < ($1, $2)
                 ORDER BY o.created_at DESC, o.id DESC LIMIT $3"
            ),
            None => {
                select!("WHERE (o.created_at, o.id) < ($1, $2) ORDER BY o.created_at DESC, o.id DESC LIMIT $3")
            }
        };
        let rows = tx.all(sql, &[&after.created_at, &after.id, &page.fetch()]).await?;
        Ok(page.page(rows, |row: &Organization| Cursor { created_at: row.created_at, id: row.id.0 }))
    }

    pub(crate) async fn rename(tx: &mut Tx, id: OrganizationId, name: &str, now: Timestamp) -> Result<()> {
        let sql = "UPDATE organizations SET name = $2, updated_at = $3 WHERE id = $1";
        tx.exec(sql, &[&id, &name, &now]).await.map(drop)
    }

    pub(crate) async fn delete(tx: &mut Tx, id: OrganizationId) -> Result<()> {
        tx.exec("DELETE FROM organizations WHERE id = $1", &[&id]).await.map(drop)
    }

    /// Notes since when nobody administers it, or that somebody does; false: that was noted.
    pub(crate) async fn set_orphaned(tx: &mut Tx, id: OrganizationId, at: Option<Timestamp>) -> Result<bool> {
        let sql = match at {
            Some(_) => "UPDATE organizations SET orphaned_at = $2 WHERE id = $1 AND orphaned_at IS NULL",
            None => "UPDATE organizations SET orphaned_at = $2 WHERE id = $1 AND orphaned_at IS NOT NULL",
        };
        Ok(tx.exec(sql, &[&id, &at]).await? == 1)
    }

    /// Takes the locks of all that have a row of an account's, in the order of their ids, as its deletion reaches into
    /// each; says which those are. The account's own lock must be held.
    pub(crate) async fn lock_all_of(tx: &mut Tx, account: AccountId) -> Result<Vec<OrganizationId>> {
        let sql = "SELECT organization_id FROM organization_members WHERE account_id = $1
                   UNION SELECT organization_id FROM organization_removals WHERE account_id = $1
                   UNION SELECT organization_id FROM api_keys WHERE account_id = $1 AND organization_id IS NOT NULL
                   UNION SELECT id FROM organizations WHERE created_by = $1
                   UNION SELECT organization_id FROM organization_invitations WHERE created_by = $1
                   UNION SELECT i.organization_id FROM invitation_redemptions r
                           JOIN organization_invitations i ON i.id = r.invitation_id WHERE r.account_id = $1
                   UNION SELECT i.organization_id FROM invitation_places p
                           JOIN organization_invitations i ON i.id = p.invitation_id WHERE p.account_id = $1
                   ORDER BY 1";
        let all: Vec<(OrganizationId,)> = tx.all(sql, &[&account]).await?;
        let mut locked = Vec::with_capacity(all.len());
        for (id,) in all {
            match Organization::lock(tx, id).await {
                Ok(()) => locked.push(id),
                Err(Error::NotFound) => {} // deleted meanwhile
                Err(error) => return Err(error),
            }
        }
        Ok(locked)
    }
}

impl OwnOrganization {
    /// Refuses an account that is in as many as one may be in. Its lock must be held.
    pub(crate) async fn require_room(tx: &mut Tx, account: AccountId) -> Result<()> {
        let sql = "SELECT COUNT(*) FROM organization_members WHERE account_id = $1";
        match tx.one::<(i64,)>(sql, &[&account]).await?.0 {
            count if count < MAX_ORGANIZATIONS => Ok(()),
            _ => Err(Error::Conflict(Code::TooManyOrganizations)),
        }
    }

    /// All that an account is in, by name.
    pub(crate) async fn list(tx: &mut Tx, account: AccountId) -> Result<Vec<OwnOrganization>> {
        tx.all(select_own!("ORDER BY o.name, o.id"), &[&account]).await
    }

    /// One of them, if it is one.
    pub(crate) async fn find(tx: &mut Tx, id: OrganizationId, account: AccountId) -> Result<Option<OwnOrganization>> {
        tx.opt(select_own!("AND o.id = $2"), &[&account, &id]).await
    }
}
