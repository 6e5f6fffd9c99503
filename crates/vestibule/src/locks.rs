//! Locks: rows whose only use is to be locked, for an invariant that spans several rows.

use crate::db::Tx;
use crate::error::{Error, Result};
use crate::secret::Digest;

/// What is locked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lock {
    /// Who holds what: the first administrator, that one always remains, and that nobody confers what they do not hold.
    /// Whoever changes power or measures it takes this, so that no two such acts look at what the other changes.
    Administrators,
    /// Nothing: a write that costs as much as the one it stands for, so that time tells nobody anything. What it stands
    /// for is given, so that only those who ask for the same wait for each other, as they would for an account.
    Decoy(Digest),
}

impl Lock {
    /// Takes the lock until the transaction ends. Take the administrators' before anything else in the transaction.
    pub(crate) async fn take(self, tx: &mut Tx) -> Result<()> {
        let name = match self {
            Lock::Administrators => "administrators".to_owned(),
            Lock::Decoy(digest) => format!("decoy-{}", digest.0[0]),
        };
        match tx.exec("UPDATE locks SET taken = taken + 1 WHERE name = $1", &[&name]).await? {
            1 => Ok(()),
            _ => Err(Error::internal(format!("the lock {name} is missing from the database"))),
        }
    }
}
