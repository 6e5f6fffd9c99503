//! What the database has of the policy: the catalogue's rows and the groups.

use crate::db::Tx;
use crate::error::Result;
use crate::groups::Group;
use crate::known_permissions::KnownPermission;

/// The rows of the catalogue and the groups, as they are stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub rows: Vec<KnownPermission>,
    pub groups: Vec<Group>,
}

impl Stored {
    pub(crate) async fn read(tx: &mut Tx) -> Result<Stored> {
        Ok(Stored { rows: KnownPermission::list(tx).await?, groups: Group::list_all(tx).await? })
    }

    pub(crate) fn group(&self, slug: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.slug == slug)
    }
}
