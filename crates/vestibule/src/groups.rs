//! Groups: what others call roles. A group has permissions and a scope, and whoever is a member holds them. A
//! system-managed group comes from the policy and only its membership changes otherwise. Two groups are built in, with
//! the same ids on every instance: Administrators, and Members, which everybody who signs up joins.

mod members;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::constraints::Constraints;
use crate::db::{Arg, Json, Tx, built, from_row, placeholders};
use crate::error::{Error, Result};
use crate::id::{AccountId, GroupId};
use crate::paging::{Cursor, Page, PageRequest};
use crate::permissions::Permission;
use crate::scope::Scope;
use crate::time::Timestamp;

pub(crate) use members::Membership;

/// The group whose members administer the instance.
pub const ADMINISTRATORS: GroupId = GroupId(Uuid::from_u128(0x0000_0000_0000_5000_8000_0000_0000_0001));
/// The built-in group that everybody who signs up joins, unless the policy names another.
pub const MEMBERS: GroupId = GroupId(Uuid::from_u128(0x0000_0000_0000_5000_8000_0000_0000_0100));

/// Of how many groups one statement reads the permissions.
const AT_ONCE: usize = 500;

/// A group, with all of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name for programs, which never changes.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it gives.
    pub permissions: Vec<Permission>,
    /// How far it reaches.
    pub scope: Scope,
    /// Whether it comes from the policy, and only its membership changes otherwise.
    pub system_managed: bool,
    /// Whether everybody who signs up joins it.
    pub is_default: bool,
    /// Whether the first administrator joins it.
    #[serde(skip)]
    pub is_bootstrap: bool,
    /// How many accounts are in it.
    pub member_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything but its membership last changed.
    pub updated_at: Timestamp,
    /// Who made it; none: the policy, or somebody gone.
    pub created_by: Option<AccountId>,
}

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

/// A scope as it is stored: an object, as every JSON column is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoredScope {
    /// `{"all": true}`; `false` is none.
    All(bool),
    /// `{"ids": […]}`
    Ids(Vec<String>),
}

struct GroupRow {
    id: GroupId,
    slug: String,
    name: String,
    description: String,
    scope: Json<StoredScope>,
    system_managed: bool,
    is_default: bool,
    is_bootstrap: bool,
    member_count: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    created_by: Option<AccountId>,
}

/// A permission as a row has it.
struct PermissionRow {
    group_id: GroupId,
    action: String,
    resource: String,
    constraints: Json<Constraints>,
}

from_row!(GroupRef { id: GroupId, slug: String, name: String });
from_row!(GroupRow {
    id: GroupId, slug: String, name: String, description: String, scope: Json<StoredScope>, system_managed: bool,
    is_default: bool, is_bootstrap: bool, member_count: i64, created_at: Timestamp, updated_at: Timestamp,
    created_by: Option<AccountId>,
});
from_row!(PermissionRow { group_id: GroupId, action: String, resource: String, constraints: Json<Constraints> });

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.slug, g.name, g.description, g.scope, g.system_managed, g.is_default, g.is_bootstrap,
                    (SELECT COUNT(*) FROM group_members m WHERE m.group_id = g.id) AS member_count,
                    g.created_at, g.updated_at, g.created_by
               FROM groups g ",
            $rest
        )
    };
}

impl Group {
    pub(crate) async fn find(tx: &mut Tx, id: GroupId) -> Result<Option<Group>> {
        let row = tx.opt(select!("WHERE g.id = $1"), &[&id]).await?;
        Group::complete(tx, row.into_iter().collect()).await.map(|groups| groups.into_iter().next())
    }

    pub(crate) async fn get(tx: &mut Tx, id: GroupId) -> Result<Group> {
        Group::find(tx, id).await?.ok_or(Error::NotFound)
    }

    pub(crate) async fn find_by_slug(tx: &mut Tx, slug: &str) -> Result<Option<Group>> {
        let row = tx.opt(select!("WHERE g.slug = $1"), &[&slug]).await?;
        Group::complete(tx, row.into_iter().collect()).await.map(|groups| groups.into_iter().next())
    }

    /// Every group, by slug.
    pub(crate) async fn list_all(tx: &mut Tx) -> Result<Vec<Group>> {
        let rows = tx.all(select!("ORDER BY g.slug"), &[]).await?;
        Group::complete(tx, rows).await
    }

    /// A page of groups, newest first.
    pub(crate) async fn list(tx: &mut Tx, page: PageRequest) -> Result<Page<Group>> {
        let after = page.after();
        let sql = select!("WHERE (g.created_at, g.id) < ($1, $2) ORDER BY g.created_at DESC, g.id DESC LIMIT $3");
        let rows = tx.all(sql, &[&after.created_at, &after.id, &page.fetch()]).await?;
        let groups = Group::complete(tx, rows).await?;
        Ok(page.page(groups, |group: &Group| Cursor { created_at: group.created_at, id: group.id.0 }))
    }

    /// Makes a group; false: its slug or id is taken.
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<bool> {
        let scope = Json(StoredScope::of(&self.scope));
        let args: [&dyn Arg; 11] = [
            &self.id,
            &self.slug,
            &self.name,
            &self.description,
            &scope,
            &self.system_managed,
            &self.is_default,
            &self.is_bootstrap,
            &self.created_at,
            &self.updated_at,
            &self.created_by,
        ];
        let sql = "INSERT INTO groups (id, slug, name, description, scope, system_managed, is_default, is_bootstrap,
                                       created_at, updated_at, created_by)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
        let is_made = tx.exec(sql, &args).await? == 1;
        if is_made {
            self.replace_permissions(tx).await?;
        }
        Ok(is_made)
    }

    /// Writes everything but the id, the slug, the members, and when and by whom it was made.
    pub(crate) async fn update(&self, tx: &mut Tx) -> Result<()> {
        let scope = Json(StoredScope::of(&self.scope));
        let sql = "UPDATE groups SET name = $2, description = $3, scope = $4, system_managed = $5, is_default = $6,
                          is_bootstrap = $7, updated_at = $8 WHERE id = $1";
        let args: [&dyn Arg; 8] = [
            &self.id,
            &self.name,
            &self.description,
            &scope,
            &self.system_managed,
            &self.is_default,
            &self.is_bootstrap,
            &self.updated_at,
        ];
        tx.exec(sql, &args).await?;
        self.replace_permissions(tx).await
    }

    /// Deletes a group with its memberships; false: there is none.
    pub(crate) async fn delete(tx: &mut Tx, id: GroupId) -> Result<bool> {
        Ok(tx.exec("DELETE FROM groups WHERE id = $1", &[&id]).await? == 1)
    }

    async fn replace_permissions(&self, tx: &mut Tx) -> Result<()> {
        tx.exec("DELETE FROM group_permissions WHERE group_id = $1", &[&self.id]).await?;
        let sql = "INSERT INTO group_permissions (group_id, position, action, resource, constraints)
                   VALUES ($1, $2, $3, $4, $5)";
        for (permission, position) in self.permissions.iter().zip(0_i64..) {
            let (action, resource) = (permission.action().to_owned(), permission.resource().to_owned());
            let constraints = Json(permission.constraints().clone());
            tx.exec(sql, &[&self.id, &position, &action, &resource, &constraints]).await?;
        }
        Ok(())
    }

    /// Reads what these groups give.
    async fn complete(tx: &mut Tx, rows: Vec<GroupRow>) -> Result<Vec<Group>> {
        let mut permissions: HashMap<GroupId, Vec<Permission>> = HashMap::new();
        for some in rows.chunks(AT_ONCE) {
            let sql = format!(
                "SELECT group_id, action, resource, constraints FROM group_permissions WHERE group_id IN ({})
                  ORDER BY group_id, position",
                placeholders(some.len())
            );
            let ids: Vec<&dyn Arg> = some.iter().map(|row| &row.id as &dyn Arg).collect();
            for row in tx.all::<PermissionRow>(built(sql), &ids).await? {
                permissions.entry(row.group_id).or_default().push(row.permission()?);
            }
        }
        let group = |row: GroupRow| {
            let permissions = permissions.remove(&row.id).unwrap_or_default();
            row.group(permissions)
        };
        rows.into_iter().map(group).collect()
    }
}

impl GroupRow {
    fn group(self, permissions: Vec<Permission>) -> Result<Group> {
        Ok(Group {
            id: self.id,
            slug: self.slug,
            name: self.name,
            description: self.description,
            permissions,
            scope: self.scope.0.scope()?,
            system_managed: self.system_managed,
            is_default: self.is_default,
            is_bootstrap: self.is_bootstrap,
            member_count: self.member_count,
            created_at: self.created_at,
            updated_at: self.updated_at,
            created_by: self.created_by,
        })
    }
}

impl PermissionRow {
    fn permission(self) -> Result<Permission> {
        stored_permission(&self.action, &self.resource, self.constraints.0)
    }
}

impl StoredScope {
    pub(crate) fn of(scope: &Scope) -> StoredScope {
        match scope {
            Scope::All => StoredScope::All(true),
            Scope::Ids(ids) => StoredScope::Ids(ids.iter().cloned().collect()),
        }
    }

    /// The scope; one that cannot be read is an error, so that nobody is given less or more than was meant.
    pub(crate) fn scope(self) -> Result<Scope> {
        match self {
            StoredScope::All(true) => Ok(Scope::All),
            StoredScope::All(false) => {
                Err(Error::internal("a stored scope says that it is not everything, and no more"))
            }
            StoredScope::Ids(ids) => Scope::of(ids).map_err(Error::internal),
        }
    }
}

/// A permission as it is stored; one that cannot be read is an error.
pub(crate) fn stored_permission(action: &str, resource: &str, constraints: Constraints) -> Result<Permission> {
    Permission::new(action, resource, constraints).map_err(Error::internal)
}
