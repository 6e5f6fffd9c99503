//! Who is a member of what.

use std::collections::HashMap;

use super::{ADMINISTRATORS, GroupRef};
use crate::db::{Arg, Tx, built, from_row, placeholders};
use crate::error::Result;
use crate::id::{AccountId, GroupId};
use crate::time::Timestamp;

/// The table of memberships.
pub(crate) struct Membership;

struct MemberRow {
    account_id: AccountId,
    id: GroupId,
    slug: String,
    name: String,
}

from_row!(MemberRow { account_id: AccountId, id: GroupId, slug: String, name: String });

impl GroupRef {
    pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<GroupRef>> {
        tx.all("SELECT id, slug, name FROM groups ORDER BY slug", &[]).await
    }

    pub(crate) async fn find(tx: &mut Tx, group: GroupId) -> Result<Option<GroupRef>> {
        tx.opt("SELECT id, slug, name FROM groups WHERE id = $1", &[&group]).await
    }

    /// The group that everybody who signs up joins.
    pub(crate) async fn default_group(tx: &mut Tx) -> Result<GroupId> {
        Ok(tx.one::<(GroupId,)>("SELECT id FROM groups WHERE is_default", &[]).await?.0)
    }

    /// The groups that the first administrator joins.
    pub(crate) async fn bootstrap_groups(tx: &mut Tx) -> Result<Vec<GroupId>> {
        let groups: Vec<(GroupId,)> = tx.all("SELECT id FROM groups WHERE is_bootstrap ORDER BY slug", &[]).await?;
        Ok(groups.into_iter().map(|(id,)| id).collect())
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
        for row in tx.all::<MemberRow>(built(sql), &args).await? {
            let group = GroupRef { id: row.id, slug: row.slug, name: row.name };
            groups.entry(row.account_id).or_default().push(group);
        }
        Ok(groups)
    }

    pub(crate) async fn of(tx: &mut Tx, account: AccountId) -> Result<Vec<GroupRef>> {
        Ok(GroupRef::of_each(tx, &[account]).await?.remove(&account).unwrap_or_default())
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

impl Membership {
    /// Who is in a group, the first of them by id.
    pub(crate) async fn list(tx: &mut Tx, group: GroupId, at_most: i64) -> Result<Vec<AccountId>> {
        let sql = "SELECT account_id FROM group_members WHERE group_id = $1 ORDER BY account_id LIMIT $2";
        let members: Vec<(AccountId,)> = tx.all(sql, &[&group, &at_most]).await?;
        Ok(members.into_iter().map(|(id,)| id).collect())
    }

    /// Puts an account in a group; false: it is there already.
    pub(crate) async fn insert(tx: &mut Tx, group: GroupId, account: AccountId, now: Timestamp) -> Result<bool> {
        let sql = "INSERT INTO group_members (group_id, account_id, created_at) VALUES ($1, $2, $3)
                   ON CONFLICT (group_id, account_id) DO NOTHING";
        Ok(tx.exec(sql, &[&group, &account, &now]).await? == 1)
    }

    /// Takes an account out of a group; false: it is not in it.
    pub(crate) async fn delete(tx: &mut Tx, group: GroupId, account: AccountId) -> Result<bool> {
        let sql = "DELETE FROM group_members WHERE group_id = $1 AND account_id = $2";
        Ok(tx.exec(sql, &[&group, &account]).await? == 1)
    }
}
