//! The catalogue as this node knows it: read from the database, kept with the version of the policy that it is of, and
//! read again when the database has another. So no node decides by a catalogue that has changed.

use std::sync::{Arc, PoisonError, RwLock};

use crate::catalogue::Catalogue;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::known_permissions::KnownPermission;
use crate::policy_version::PolicyVersion;

/// The last catalogue that was read, and the version it is at least of.
#[derive(Debug, Default)]
pub(crate) struct KnownCatalogue(RwLock<Option<(i64, Arc<Catalogue>)>>);

impl KnownCatalogue {
    fn get(&self, version: i64) -> Option<Arc<Catalogue>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(of, _)| *of == version).map(|(_, catalogue)| Arc::clone(catalogue))
    }

    fn set(&self, version: i64, catalogue: &Arc<Catalogue>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((version, Arc::clone(catalogue)));
    }
}

impl Vestibule {
    /// The catalogue of this version of the policy, or of the one that the database has. What a transaction changes
    /// itself is seen by it and kept by nobody.
    pub(crate) async fn catalogue(&self, tx: &mut Tx, version: Option<i64>) -> Result<Arc<Catalogue>> {
        let version = match version {
            Some(version) => version,
            None => PolicyVersion::get(tx).await?,
        };
        if let Some(catalogue) = self.known_catalogue().get(version) {
            return Ok(catalogue);
        }
        let catalogue = Arc::new(KnownPermission::catalogue(tx).await?);
        if tx.is_reading() {
            self.known_catalogue().set(version, &catalogue);
        }
        Ok(catalogue)
    }
}
