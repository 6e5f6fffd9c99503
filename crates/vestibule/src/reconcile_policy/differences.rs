//! What the policy would change in the database: pure, so that a plan and the deed are of one making. The order of a
//! list alone is no difference. Groups are matched by their slugs; a system-managed one is made to match whole, another
//! is made when it is missing and is its members' own from then on.

mod groups;

use std::sync::Arc;

use crate::catalogue::{Catalogue, Entry};
use crate::error::{Error, Result};
use crate::groups::Group;
use crate::id::PermissionId;
use crate::known_permissions::{Assembled, KnownPermission};
use crate::policy::Policy;
use crate::random::Random;
use crate::time::Timestamp;

use super::Stored;

/// What is to be written.
#[derive(Debug)]
pub(crate) struct Differences {
    /// The catalogue that counts now, and the one that will.
    pub catalogue: (Known, Known),
    /// All of the policy's entries, if any of their rows differs.
    pub put: Vec<Entry>,
    /// The rows that the policy no longer has.
    pub dropped: Vec<PermissionId>,
    /// The groups that are missing.
    pub made: Vec<Group>,
    /// The groups that differ, as they are and as they will be.
    pub changed: Vec<(Group, Group)>,
    /// The system-managed groups that the policy no longer has.
    pub removed: Vec<Group>,
    /// The default group, if it is another one.
    pub default_group: Option<String>,
}

/// A catalogue, of which the first entries are the policy's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub catalogue: Arc<Catalogue>,
    system_managed: usize,
}

impl Differences {
    /// What stands between what is stored and the policy; fails when a group stands in its way.
    pub(crate) fn between(
        stored: &Stored,
        policy: &Policy,
        (now, random): (Timestamp, &Random),
    ) -> Result<Differences> {
        let entries = policy.catalogue().entries();
        let rows: Vec<&KnownPermission> = stored.rows.iter().filter(|row| row.system_managed).collect();
        let is_known = |entry: &Entry| rows.iter().any(|row| row.entry == *entry);
        let is_gone = |row: &&&KnownPermission| !entries.iter().any(|entry| entry.is_named_as(&row.entry));
        let dropped: Vec<PermissionId> = rows.iter().filter(is_gone).map(|row| row.id).collect();
        let put = if entries.iter().all(is_known) { Vec::new() } else { entries.to_vec() };
        let stays = |row: &&KnownPermission| !row.system_managed && !entries.iter().any(|e| e.is_named_as(&row.entry));
        let added = stored.rows.iter().filter(stays).map(|row| row.entry.clone()).collect();
        let default = policy.default_group();
        let defaults: Vec<&Group> = stored.groups.iter().filter(|group| group.is_default).collect();
        let is_default = matches!(defaults.as_slice(), [group] if group.slug == default);
        let mut differences = Differences {
            catalogue: (Known::stored(&stored.rows), Known::with(policy, added)?),
            put,
            dropped,
            made: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
            default_group: (!is_default).then(|| default.to_owned()),
        };
        differences.compare_groups(stored, policy, (now, random))?;
        Ok(differences)
    }

    /// Whether nothing is to be written.
    pub(crate) fn is_empty(&self) -> bool {
        let Differences { put, dropped, made, changed, removed, catalogue: _, default_group: _ } = self;
        put.is_empty() && dropped.is_empty() && made.is_empty() && changed.is_empty() && removed.is_empty()
    }
}

impl Known {
    /// The catalogue of stored rows; nothing, if the policy's among them do not fit together: nothing is decided then.
    fn stored(rows: &[KnownPermission]) -> Known {
        Assembled::of(rows).map(Known::from).unwrap_or_default()
    }

    /// The policy's catalogue, and of what was added all that fits it.
    fn with(policy: &Policy, added: Vec<Entry>) -> Result<Known> {
        let mut assembled = Assembled::of_policy(policy.catalogue().entries().to_vec()).map_err(Error::internal)?;
        assembled.add_all(added);
        Ok(Known::from(assembled))
    }

    /// The entry of another's name, and whether it is the policy's.
    pub(crate) fn find(&self, other: &Entry) -> Option<(&Entry, bool)> {
        let index = self.catalogue.entries().iter().position(|entry| entry.is_named_as(other))?;
        Some((&self.catalogue.entries()[index], index < self.system_managed))
    }

    /// The names of some of its entries, in order.
    pub(crate) fn names(&self, is_wanted: impl Fn(&Entry) -> bool) -> Vec<String> {
        let entries = self.catalogue.entries().iter();
        let mut names: Vec<String> = entries.filter(|entry| is_wanted(entry)).map(Entry::slug).collect();
        names.sort();
        names
    }
}

impl From<Assembled> for Known {
    fn from(assembled: Assembled) -> Known {
        Known { catalogue: Arc::new(assembled.catalogue), system_managed: assembled.system_managed }
    }
}

#[cfg(test)]
mod tests;
