//! This file is a list: what Vestibule's own routes ask for, as types. The engine's `needs` are the same permissions.

use crate::permission;

permission! {
    /// See accounts.
    pub(crate) ViewUsers = "view": "users";
    /// Make accounts.
    pub(crate) CreateUsers = "create": "users";
    /// Change accounts, what they are members of, and what they hold.
    pub(crate) UpdateUsers = "update": "users";
    /// Delete accounts.
    pub(crate) DeleteUsers = "delete": "users";
    /// See groups, the catalogue, and what anybody may do.
    pub(crate) ViewGroups = "view": "groups";
    /// Make groups.
    pub(crate) CreateGroups = "create": "groups";
    /// Change groups and the catalogue.
    pub(crate) UpdateGroups = "update": "groups";
    /// Delete groups.
    pub(crate) DeleteGroups = "delete": "groups";
    /// See where others are signed in.
    pub(crate) ViewSessions = "view": "sessions";
    /// Sign others out.
    pub(crate) DeleteSessions = "delete": "sessions";
    /// See how the instance is set up, and its mail.
    pub(crate) ViewSettings = "view": "settings";
    /// Act on how the instance is set up, and on its mail.
    pub(crate) UpdateSettings = "update": "settings";
    /// See every organization.
    pub(crate) ViewOrganizations = "view": "organizations";
    /// Name an admin of an organization that nobody administers.
    pub(crate) UpdateOrganizations = "update": "organizations";
    /// Delete any organization.
    pub(crate) DeleteOrganizations = "delete": "organizations";
    /// See service keys and abilities.
    pub(crate) ViewServiceKeys = "view": "service-keys";
    /// Make service keys and abilities.
    pub(crate) CreateServiceKeys = "create": "service-keys";
    /// Revoke service keys, and delete abilities.
    pub(crate) DeleteServiceKeys = "delete": "service-keys";
    /// See the directory of wallets, and its invites.
    pub(crate) ViewDirectory = "view": "directory";
    /// Invite to the directory.
    pub(crate) CreateDirectory = "create": "directory";
    /// Revoke members of the directory, and let them in again.
    pub(crate) UpdateDirectory = "update": "directory";
    /// Delete members of the directory, and withdraw invites to it.
    pub(crate) DeleteDirectory = "delete": "directory";
    /// See the audit log.
    pub(crate) ViewAudit = "view": "audit";
}
