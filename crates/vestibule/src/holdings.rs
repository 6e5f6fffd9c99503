//! What accounts hold: their groups' permissions and scopes, and what was granted to them directly. It is read in one
//! statement, so that it is the state of one moment, and compiled to a view. Where a permission is explicit, only a
//! system-managed group gives it, whatever a row says. What cannot be read is an error, and so a denial.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::constraints::Constraints;
use crate::db::{Arg, Json, Tx, built, from_row};
use crate::decide::{HeldGroup, View};
use crate::error::{Error, Result};
use crate::groups::{StoredScope, stored_permission};
use crate::id::{AccountId, GroupId};
use crate::permissions::Permission;
use crate::scope::Scope;

/// What one account holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    /// Its groups, by slug.
    pub groups: BTreeMap<String, HeldGroupRow>,
    /// What it holds directly.
    pub direct: Vec<Permission>,
}

/// What an account holds, and what that allows.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub holdings: Holdings,
    pub view: View,
}

/// What a group gives.
#[derive(Clone, Debug)]
pub(crate) struct HeldGroupRow {
    pub permissions: Vec<Permission>,
    pub scope: Scope,
    pub system_managed: bool,
}

/// A group that is held (with its scope), a permission of one, or a direct grant (without a slug).
struct HeldRow {
    account_id: AccountId,
    version: i64,
    slug: Option<String>,
    system_managed: bool,
    scope: Option<Json<StoredScope>>,
    action: Option<String>,
    resource: Option<String>,
    constraints: Option<Json<Constraints>>,
}

from_row!(HeldRow {
    account_id: AccountId, version: i64, slug: Option<String>, system_managed: bool, scope: Option<Json<StoredScope>>,
    action: Option<String>, resource: Option<String>, constraints: Option<Json<Constraints>>,
});

/// What the accounts of a subquery hold, given as `SELECT id FROM …`.
fn select(accounts: &str) -> String {
    format!(
        "WITH wanted (id) AS ({accounts})
         SELECT * FROM (
             SELECT m.account_id, (SELECT version FROM policy WHERE id = 1) AS version, g.slug, g.system_managed, g.scope,
                    CAST(NULL AS TEXT) AS action, CAST(NULL AS TEXT) AS resource, CAST(NULL AS JSONB) AS constraints,
                    CAST(-1 AS BIGINT) AS position
               FROM wanted w JOIN group_members m ON m.account_id = w.id JOIN groups g ON g.id = m.group_id
             UNION ALL
             SELECT m.account_id, (SELECT version FROM policy WHERE id = 1), g.slug, g.system_managed, CAST(NULL AS JSONB),
                    p.action, p.resource, p.constraints, p.position
               FROM wanted w JOIN group_members m ON m.account_id = w.id JOIN groups g ON g.id = m.group_id
               JOIN group_permissions p ON p.group_id = g.id
             UNION ALL
             SELECT d.account_id, (SELECT version FROM policy WHERE id = 1), CAST(NULL AS TEXT), FALSE,
                    CAST(NULL AS JSONB), d.action, d.resource, d.constraints, d.created_at
               FROM wanted w JOIN account_permissions d ON d.account_id = w.id
         ) AS held ORDER BY account_id, slug NULLS LAST, position, action, resource"
    )
}

impl Holdings {
    /// What an account holds, and the version of the policy at that moment; none: it holds nothing.
    pub(crate) async fn find(tx: &mut Tx, account: AccountId) -> Result<Option<(i64, Holdings)>> {
        let rows: Vec<HeldRow> = tx.all(built(select("SELECT id FROM accounts WHERE id = $1")), &[&account]).await?;
        let version = rows.first().map(|row| row.version);
        let holdings = Holdings::each(rows)?.into_values().next();
        Ok(version.zip(holdings))
    }

    /// What each member of a group holds, in all; whoever has none is left out.
    pub(crate) async fn of_members(tx: &mut Tx, group: GroupId) -> Result<BTreeMap<AccountId, Holdings>> {
        let sql = select("SELECT account_id FROM group_members WHERE group_id = $1");
        Holdings::each(tx.all(built(sql), &[&group]).await?)
    }

    /// The same, of the first members by id.
    pub(crate) async fn of_some_members(
        tx: &mut Tx,
        group: GroupId,
        at_most: i64,
    ) -> Result<BTreeMap<AccountId, Holdings>> {
        let some = "SELECT account_id FROM group_members WHERE group_id = $1 ORDER BY account_id LIMIT $2";
        Holdings::each(tx.all(built(select(some)), &[&group, &at_most]).await?)
    }

    /// What accounts hold that hold anything, in the order of their ids; empty: there are no more.
    pub(crate) async fn page(
        tx: &mut Tx,
        after: Option<AccountId>,
        at_most: i64,
    ) -> Result<BTreeMap<AccountId, Holdings>> {
        let accounts = "SELECT id FROM accounts a
                         WHERE (CAST($1 AS UUID) IS NULL OR a.id > $1)
                           AND (EXISTS (SELECT 1 FROM group_members m WHERE m.account_id = a.id)
                                OR EXISTS (SELECT 1 FROM account_permissions d WHERE d.account_id = a.id))
                         ORDER BY id LIMIT $2";
        let args: [&dyn Arg; 2] = [&after, &at_most];
        Holdings::each(tx.all(built(select(accounts)), &args).await?)
    }

    /// What they allow, compiled.
    pub(crate) fn view(&self, catalogue: &Arc<Catalogue>) -> View {
        let may_give = |permission: &&Permission| !catalogue.is_explicit(permission);
        let given: Vec<Vec<Permission>> = self
            .groups
            .values()
            .map(|group| match group.system_managed {
                true => group.permissions.clone(),
                false => group.permissions.iter().filter(may_give).cloned().collect(),
            })
            .collect();
        let groups: Vec<HeldGroup<'_>> = self
            .groups
            .iter()
            .zip(&given)
            .map(|((slug, group), permissions)| HeldGroup { slug, permissions, scope: &group.scope })
            .collect();
        let direct: Vec<Permission> = self.direct.iter().filter(may_give).cloned().collect();
        View::compile(catalogue, &groups, &direct)
    }

    /// The same, with what it allows.
    pub(crate) fn held(self, catalogue: &Arc<Catalogue>) -> Held {
        Held { view: self.view(catalogue), holdings: self }
    }

    /// What others hold that these do not, grant by grant, and the scopes of the groups that differ.
    pub(crate) fn added_in<'a>(&self, others: &'a Holdings) -> (Vec<&'a Permission>, Scope) {
        let mut added: Vec<&Permission> = others.direct.iter().filter(|one| !self.direct.contains(one)).collect();
        let mut scope = Scope::default();
        for (slug, group) in &others.groups {
            let known = self.groups.get(slug);
            let is_new = |permission: &&Permission| known.is_none_or(|known| !known.permissions.contains(permission));
            added.extend(group.permissions.iter().filter(is_new));
            if known.is_none_or(|known| known.scope != group.scope) {
                scope = scope.union(&group.scope);
            }
        }
        (added, scope)
    }

    fn each(rows: Vec<HeldRow>) -> Result<BTreeMap<AccountId, Holdings>> {
        let mut each: BTreeMap<AccountId, Holdings> = BTreeMap::new();
        for row in rows {
            each.entry(row.account_id).or_default().add(row)?;
        }
        Ok(each)
    }

    fn add(&mut self, row: HeldRow) -> Result<()> {
        let HeldRow { slug, system_managed, scope, action, resource, constraints, .. } = row;
        let permission = match (action, resource, constraints) {
            (Some(action), Some(resource), Some(constraints)) => {
                Some(stored_permission(&action, &resource, constraints.0)?)
            }
            (None, None, None) => None,
            (_, _, _) => return Err(Error::internal("half a permission is stored")),
        };
        match (slug, scope, permission) {
            (Some(slug), Some(scope), None) => {
                let scope = scope.0.scope()?;
                self.groups.insert(slug, HeldGroupRow { permissions: Vec::new(), scope, system_managed });
            }
            (Some(slug), None, Some(permission)) => {
                let group = self.groups.get_mut(&slug).ok_or_else(|| Error::internal("a group's row comes first"))?;
                group.permissions.push(permission);
            }
            (None, None, Some(permission)) => self.direct.push(permission),
            (slug, _, _) => return Err(Error::internal(format!("what {slug:?} gives cannot be read"))),
        }
        Ok(())
    }
}
