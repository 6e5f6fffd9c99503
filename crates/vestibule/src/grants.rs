//! Direct grants: permissions that an account holds by itself and not through a group.

use crate::constraints::Constraints;
use crate::db::{Arg, Json, Tx, from_row};
use crate::error::Result;
use crate::groups::stored_permission;
use crate::id::{AccountId, GrantId};
use crate::permissions::Permission;
use crate::time::Timestamp;

/// A permission that an account holds by itself.
#[derive(Clone, Debug)]
pub(crate) struct DirectGrant {
    pub id: GrantId,
    pub permission: Permission,
}

struct GrantRow {
    id: GrantId,
    action: String,
    resource: String,
    constraints: Json<Constraints>,
}

from_row!(GrantRow { id: GrantId, action: String, resource: String, constraints: Json<Constraints> });

impl DirectGrant {
    /// What an account holds directly, in the order it was given.
    pub(crate) async fn list(tx: &mut Tx, account: AccountId) -> Result<Vec<DirectGrant>> {
        let sql = "SELECT id, action, resource, constraints FROM account_permissions WHERE account_id = $1
                    ORDER BY created_at, id";
        let rows: Vec<GrantRow> = tx.all(sql, &[&account]).await?;
        let grant = |row: GrantRow| {
            let permission = stored_permission(&row.action, &row.resource, row.constraints.0)?;
            Ok(DirectGrant { id: row.id, permission })
        };
        rows.into_iter().map(grant).collect()
    }

    pub(crate) async fn insert(
        &self,
        tx: &mut Tx,
        account: AccountId,
        by: Option<AccountId>,
        now: Timestamp,
    ) -> Result<()> {
        let (action, resource) = (self.permission.action().to_owned(), self.permission.resource().to_owned());
        let constraints = Json(self.permission.constraints().clone());
        let sql =
            "INSERT INTO account_permissions (id, account_id, action, resource, constraints, created_at, created_by)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let args: [&dyn Arg; 7] = [&self.id, &account, &action, &resource, &constraints, &now, &by];
        tx.exec(sql, &args).await.map(drop)
    }

    pub(crate) async fn delete(tx: &mut Tx, id: GrantId) -> Result<()> {
        tx.exec("DELETE FROM account_permissions WHERE id = $1", &[&id]).await.map(drop)
    }
}
