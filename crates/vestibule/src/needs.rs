//! This file is a list: what Vestibule's own interface asks for, in the words of the built-in policy.

use std::fmt;

use crate::decide::{Question, View, decide};

/// A permission of Vestibule's own interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// What is done.
    pub action: &'static str,
    /// To what.
    pub resource: &'static str,
}

/// See accounts.
pub const VIEW_USERS: Need = Need::new("view", "users");
/// Make accounts.
pub const CREATE_USERS: Need = Need::new("create", "users");
/// Change accounts, what they are members of, and what they hold.
pub const UPDATE_USERS: Need = Need::new("update", "users");
/// Delete accounts.
pub const DELETE_USERS: Need = Need::new("delete", "users");
/// See groups, the catalogue, and what anybody may do.
pub const VIEW_GROUPS: Need = Need::new("view", "groups");
/// Make groups.
pub const CREATE_GROUPS: Need = Need::new("create", "groups");
/// Change groups and the catalogue.
pub const UPDATE_GROUPS: Need = Need::new("update", "groups");
/// Delete groups.
pub const DELETE_GROUPS: Need = Need::new("delete", "groups");
/// See where others are signed in.
pub const VIEW_SESSIONS: Need = Need::new("view", "sessions");
/// Sign others out.
pub const DELETE_SESSIONS: Need = Need::new("delete", "sessions");
/// See how the instance is set up, and its mail.
pub const VIEW_SETTINGS: Need = Need::new("view", "settings");
/// Act on how the instance is set up, and on its mail.
pub const UPDATE_SETTINGS: Need = Need::new("update", "settings");
/// See every organization.
pub const VIEW_ORGANIZATIONS: Need = Need::new("view", "organizations");
/// Name an admin of an organization that nobody administers.
pub const UPDATE_ORGANIZATIONS: Need = Need::new("update", "organizations");
/// Delete any organization.
pub const DELETE_ORGANIZATIONS: Need = Need::new("delete", "organizations");
/// See service keys and abilities.
pub const VIEW_SERVICE_KEYS: Need = Need::new("view", "service-keys");
/// Make service keys and abilities.
pub const CREATE_SERVICE_KEYS: Need = Need::new("create", "service-keys");
/// Revoke service keys, and delete abilities.
pub const DELETE_SERVICE_KEYS: Need = Need::new("delete", "service-keys");
/// See the directory of wallets, and its invites.
pub const VIEW_DIRECTORY: Need = Need::new("view", "directory");
/// Invite to the directory.
pub const CREATE_DIRECTORY: Need = Need::new("create", "directory");
/// Revoke members of the directory, and let them in again.
pub const UPDATE_DIRECTORY: Need = Need::new("update", "directory");
/// Delete members of the directory, and withdraw invites to it.
pub const DELETE_DIRECTORY: Need = Need::new("delete", "directory");
/// See the audit log.
pub const VIEW_AUDIT: Need = Need::new("view", "audit");

impl Need {
    /// This action on this resource.
    pub const fn new(action: &'static str, resource: &'static str) -> Need {
        Need { action, resource }
    }

    /// Whether a view meets it.
    pub fn is_met_by(self, view: &View) -> bool {
        decide(view, &Question::new(self.action, self.resource))
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.action, self.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    #[test]
    fn every_need_is_a_permission_of_the_built_in_policy() {
        let policy = Policy::built_in();
        let all = [
            VIEW_USERS,
            CREATE_USERS,
            UPDATE_USERS,
            DELETE_USERS,
            VIEW_GROUPS,
            CREATE_GROUPS,
            UPDATE_GROUPS,
            DELETE_GROUPS,
            VIEW_SESSIONS,
            DELETE_SESSIONS,
            VIEW_SETTINGS,
            UPDATE_SETTINGS,
            VIEW_ORGANIZATIONS,
            UPDATE_ORGANIZATIONS,
            DELETE_ORGANIZATIONS,
            VIEW_SERVICE_KEYS,
            CREATE_SERVICE_KEYS,
            DELETE_SERVICE_KEYS,
            VIEW_DIRECTORY,
            CREATE_DIRECTORY,
            UPDATE_DIRECTORY,
            DELETE_DIRECTORY,
            VIEW_AUDIT,
        ];
        for need in all {
            assert!(
                policy.catalogue().entry(need.action, need.resource).is_some_and(|entry| !entry.explicit),
                "{need}"
            );
        }
    }
}
