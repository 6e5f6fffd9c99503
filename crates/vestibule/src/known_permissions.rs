//! Known permissions: the rows that the catalogue is made of. Those of the policy file are system-managed; the others
//! were added through the interface, are never explicit, and never change a question that a row of the file takes part
//! in: such a row is left out of the catalogue, however it came to be there.

mod assembled;

use serde::Serialize;

use crate::catalogue::{Catalogue, Entry, Own};
use crate::db::{Arg, Tx, from_row};
use crate::error::{Error, Result};
use crate::id::{AccountId, PermissionId};
use crate::time::Timestamp;

pub(crate) use assembled::{Assembled, Unfit};

/// A stored row of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownPermission {
    /// Its id.
    pub id: PermissionId,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
    /// Whether it comes from the policy, and cannot be removed otherwise.
    pub system_managed: bool,
}

struct KnownRow {
    id: PermissionId,
    action: String,
    resource: String,
    label: String,
    explicit: bool,
    own: Option<String>,
    any_form: Option<String>,
    system_managed: bool,
}

from_row!(KnownRow {
    id: PermissionId, action: String, resource: String, label: String, explicit: bool, own: Option<String>,
    any_form: Option<String>, system_managed: bool,
});

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, action, resource, label, explicit, own, any_form, system_managed FROM permissions ", $rest)
    };
}

impl KnownPermission {
    /// The catalogue as it is stored. The policy's rows must fit together; of the others, what does not fit is left out.
    pub(crate) async fn catalogue(tx: &mut Tx) -> Result<Catalogue> {
        let assembled = Assembled::of(&KnownPermission::list(tx).await?).map_err(Error::internal)?;
        for (permission, unfit) in &assembled.left_out {
            tracing::warn!(%permission, %unfit, "a permission that was added does not count: it does not fit the policy");
        }
        Ok(assembled.catalogue)
    }

    /// Every row, the policy's first, each in their order.
    pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<KnownPermission>> {
        let rows: Vec<KnownRow> = tx.all(select!("ORDER BY system_managed DESC, position, id"), &[]).await?;
        rows.into_iter().map(KnownRow::known).collect()
    }

    /// The row of an id.
    pub(crate) async fn find(tx: &mut Tx, id: PermissionId) -> Result<Option<KnownPermission>> {
        tx.opt(select!("WHERE id = $1"), &[&id]).await?.map(KnownRow::known).transpose()
    }

    /// Adds it after the others; false: there is one of its name.
    pub(crate) async fn insert(&self, tx: &mut Tx, created_by: Option<AccountId>, now: Timestamp) -> Result<bool> {
        let Entry { action, resource, label, explicit, own, any } = &self.entry;
        let own = own.map(Own::as_str);
        let args: [&dyn Arg; 10] =
            [&self.id, action, resource, label, explicit, &own, any, &self.system_managed, &now, &created_by];
        let sql = "INSERT INTO permissions (id, position, action, resource, label, explicit, own, any_form,
                                            system_managed, created_at, created_by)
                   SELECT $1, COALESCE(MAX(position), -1) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM permissions
                    WHERE TRUE
                   ON CONFLICT (action, resource) DO NOTHING";
        Ok(tx.exec(sql, &args).await? == 1)
    }

    /// Makes it, or the row of its name, the policy's, at this place of the file.
    pub(crate) async fn put(&self, tx: &mut Tx, position: i64, now: Timestamp) -> Result<()> {
        let Entry { action, resource, label, explicit, own, any } = &self.entry;
        let own = own.map(Own::as_str);
        let args: [&dyn Arg; 9] = [&self.id, &position, action, resource, label, explicit, &own, any, &now];
        let sql = "INSERT INTO permissions (id, position, action, resource, label, explicit, own, any_form,
                                            system_managed, created_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, $9)
                   ON CONFLICT (action, resource) DO UPDATE SET position = excluded.position, label = excluded.label,
                      explicit = excluded.explicit, own = excluded.own, any_form = excluded.any_form,
                      system_managed = TRUE, created_by = NULL";
        tx.exec(sql, &args).await.map(drop)
    }

    /// Deletes the row of an id; false: there is none.
    pub(crate) async fn delete(tx: &mut Tx, id: PermissionId) -> Result<bool> {
        Ok(tx.exec("DELETE FROM permissions WHERE id = $1", &[&id]).await? == 1)
    }
}

impl KnownRow {
    fn known(self) -> Result<KnownPermission> {
        let KnownRow { id, action, resource, label, explicit, own, any_form: any, system_managed } = self;
        let own = own.map(|word| word.parse::<Own>()).transpose().map_err(Error::internal)?;
        Ok(KnownPermission { id, entry: Entry { action, resource, label, explicit, own, any }, system_managed })
    }
}
