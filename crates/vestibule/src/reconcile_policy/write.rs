//! Writing what the policy changes: everything in the caller's transaction, under the administrators' lock.

use serde_json::Value;

use super::Differences;
use crate::audit;
use crate::caller::Caller;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::groups::Group;
use crate::id::PermissionId;
use crate::known_permissions::KnownPermission;
use crate::policy_version::PolicyVersion;
use crate::random::Random;
use crate::revocations::Revocations;
use crate::time::Timestamp;

impl Differences {
    /// Writes them, and an audit row with these details. Call it last in the transaction.
    pub(crate) async fn write(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        details: Value,
        (now, random): (Timestamp, &Random),
    ) -> Result<()> {
        self.write_catalogue(tx, (now, random)).await?;
        self.write_groups(tx).await?;
        audit::Entry::done("policy.applied").with(details).insert(tx, caller, (now, random)).await?;
        PolicyVersion::bump(tx).await?;
        Revocations::insert_everybody(tx, now).await
    }

    async fn write_catalogue(&self, tx: &mut Tx, (now, random): (Timestamp, &Random)) -> Result<()> {
        for id in &self.dropped {
            KnownPermission::delete(tx, *id).await?;
        }
        for (entry, position) in self.put.iter().zip(0_i64..) {
            let id = PermissionId::fresh(now, random);
            let known = KnownPermission { id, entry: entry.clone(), system_managed: true };
            known.put(tx, position, now).await?;
        }
        Ok(())
    }

    /// Removes first: a group that is made may have the id of one that goes.
    async fn write_groups(&self, tx: &mut Tx) -> Result<()> {
        for group in &self.removed {
            Group::delete(tx, group.id).await?;
        }
        for (_, group) in &self.changed {
            group.update(tx).await?;
        }
        for group in &self.made {
            if !group.insert(tx).await? {
                return Err(Error::internal(format!("the slug or the id of the group {:?} is taken", group.slug)));
            }
        }
        Ok(())
    }
}
