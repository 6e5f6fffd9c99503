//! Groups and their members. Two groups are built in: Administrators, whose membership makes an administrator,
//! and Members, which everybody who signs up joins. Both keep their ids for ever, on every instance.

use std::collections::HashMap;

use serde::Serialize;
use uuid::Uuid;

use crate::db::{Arg, Tx, built, from_row, placeholders};
use crate::error::Result;
use crate::id::{AccountId, GroupId};
use crate::time::Timestamp;

/// The group whose members administer the instance.
pub const ADMINISTRATORS: GroupId = GroupId(Uuid::from_u128(0x0000_0000_0000_5000_8000_0000_0000_0001));
/// The group that everybody who signs up joins.
pub const MEMBERS: GroupId = GroupId(Uuid::from_u128(0x0000_0000_0000_5000_8000_0000_0000_0100));

const BUILT_IN: [(GroupId, &str, &str, &str); 2] = [
    (ADMINISTRATORS, "administrators", "Administrators", "Administer this instance."),
    (MEMBERS, "members", "Members", "Everybody who signs up."),
];

/// A group, as it is shown beside its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupRef {
    /// Its id.
    pub id: GroupId,
    /// Its name for programs, which never changes.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}

struct Membership {
    account_id: AccountId,
    id: GroupId,
    slug: String,
    name: String,
}

from_row!(GroupRef { id: GroupId, slug: String, name: String });
from_row!(Membership { account_id: AccountId, id: GroupId, slug: String, name: String });

impl GroupRef {
    /// Makes the built-in groups, or mends what was changed of them; members stay.
    pub(crate) async fn reconcile(tx: &mut Tx, now: Timestamp) -> Result<()> {
        for (id, slug, name, description) in BUILT_IN {
            tx.exec(
                "INSERT INTO groups (id, slug, name, description, system_managed, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, TRUE, $5, $5)
                 ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, name = excluded.name,
                    description = excluded.description, system_managed = TRUE",
                &[&id, &slug, &name, &description, &now],
            )
            .await?;
        }
        let sql = "INSERT INTO group_permissions (group_id, action, resource) VALUES ($1, 'admin', '*')
                   ON CONFLICT (group_id, action, resource) DO NOTHING";
        tx.exec(sql, &[&ADMINISTRATORS]).await.map(drop)
    }

    pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<GroupRef>> {
        tx.all("SELECT id, slug, name FROM groups ORDER BY slug", &[]).await
    }

    pub(crate) async fn exists(tx: &mut Tx, group: GroupId) -> Result<bool> {
        let (count,): (i64,) = tx.one("SELECT COUNT(*) FROM groups WHERE id = $1", &[&group]).await?;
        Ok(count == 1)
    }

    /// The groups of each of these accounts.
    pub(crate) async fn of_each(tx: &mut Tx, accounts: &[AccountId]) -> Result<HashMap<AccountId, Vec<GroupRef>>> {
        if accounts.is_empty() {
            return Ok(HashMap::new());
        }
        let sql = format!(
            "SELECT m.account_id, g.id, g.slug, g.name FROM group_members m JOIN groups g ON g.id = m.group_id
              WHERE m.account_id IN ({}) ORDER BY g.slug",
            placeholders(accounts.len())
        );
        let args: Vec<&dyn Arg> = accounts.iter().map(|account| account as &dyn Arg).collect();
        let mut groups: HashMap<AccountId, Vec<GroupRef>> = HashMap::new();
        for row in tx.all::<Membership>(built(sql), &args).await? {
            let group = GroupRef { id: row.id, slug: row.slug, name: row.name };
            groups.entry(row.account_id).or_default().push(group);
        }
        Ok(groups)
    }

    pub(crate) async fn of(tx: &mut Tx, account: AccountId) -> Result<Vec<GroupRef>> {
        Ok(GroupRef::of_each(tx, &[account]).await?.remove(&account).unwrap_or_default())
    }

    /// Puts an account in a group; it may be there already.
    pub(crate) async fn add_member(tx: &mut Tx, group: GroupId, account: AccountId, now: Timestamp) -> Result<()> {
        let sql = "INSERT INTO group_members (group_id, account_id, created_at) VALUES ($1, $2, $3)
                   ON CONFLICT (group_id, account_id) DO NOTHING";
        tx.exec(sql, &[&group, &account, &now]).await.map(drop)
    }

    /// Takes an account out of a group; it may not be in it.
    pub(crate) async fn remove_member(tx: &mut Tx, group: GroupId, account: AccountId) -> Result<()> {
        let sql = "DELETE FROM group_members WHERE group_id = $1 AND account_id = $2";
        tx.exec(sql, &[&group, &account]).await.map(drop)
    }

    /// Whether an account is a member of Administrators.
    pub(crate) async fn is_administrator(tx: &mut Tx, account: AccountId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM group_members WHERE group_id = $1 AND account_id = $2";
        Ok(tx.one::<(i64,)>(sql, &[&ADMINISTRATORS, &account]).await?.0 == 1)
    }

    /// How many active people administer the instance.
    pub async fn count_active_administrators(tx: &mut Tx) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM group_members g JOIN accounts a ON a.id = g.account_id
                    WHERE g.group_id = $1 AND a.state = 'active' AND a.kind = 'human'";
        Ok(tx.one::<(i64,)>(sql, &[&ADMINISTRATORS]).await?.0)
    }

    /// Whether anybody at all is an administrator, active or not.
    pub(crate) async fn has_administrator(tx: &mut Tx) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM group_members WHERE group_id = $1";
        Ok(tx.one::<(i64,)>(sql, &[&ADMINISTRATORS]).await?.0 > 0)
    }
}
