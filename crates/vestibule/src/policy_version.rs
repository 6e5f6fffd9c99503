//! The version of the policy: it counts every change of what groups hold and of the catalogue, so that a node can tell
//! whether the catalogue that it keeps is still the one of the database. Zero: no policy was ever written there.

use crate::db::Tx;
use crate::error::Result;

/// The version as it is stored.
pub(crate) struct PolicyVersion;

impl PolicyVersion {
    pub(crate) async fn get(tx: &mut Tx) -> Result<i64> {
        Ok(tx.one::<(i64,)>("SELECT version FROM policy WHERE id = 1", &[]).await?.0)
    }

    /// Counts a change.
    pub(crate) async fn bump(tx: &mut Tx) -> Result<()> {
        tx.exec("UPDATE policy SET version = version + 1 WHERE id = 1", &[]).await.map(drop)
    }
}
