//! What a request proves, as types that a handler asks for: [`Session`], [`Require`], [`RecentlyProven`], and
//! what it brings: [`Body`], [`FormBody`], [`Path`], [`Query`], [`Caller`]. Each refuses with a [`Problem`].
//! All take the [`App`] from the router's state by `FromRef`, so a host's own routes can ask for them too.
//!
//! [`App`]: crate::App
//! [`Problem`]: crate::Problem

mod ability;
mod body;
mod caller;
pub(crate) mod credential;
mod decider;
mod organization;
mod organization_key;
mod presenter;
mod principal;
mod require;
mod required;
mod session;
mod uri;
mod wallet;

pub(crate) use ability::{Evaluate, Introspect, ReadDirectory};
pub use ability::{RequireAbility, RequiredAbility};
pub(crate) use body::{BODY_LIMIT, is_form, read};
pub use body::{Body, FormBody};
pub use caller::Caller;
pub(crate) use decider::{Decider, DirectoryReader};
pub use organization::{OrgAdmin, OrgMember};
pub use organization_key::RequireOrganization;
pub(crate) use presenter::presenter;
pub(crate) use principal::InPerson;
pub use principal::Principal;
pub use require::{Require, RequiredPermission};
pub(crate) use required::{
    CreateDirectory, CreateGroups, CreateServiceKeys, CreateUsers, DeleteDirectory, DeleteGroups, DeleteOrganizations,
    DeleteServiceKeys, DeleteSessions, DeleteUsers, UpdateDirectory, UpdateGroups, UpdateOrganizations, UpdateSettings,
    UpdateUsers, ViewAudit, ViewDirectory, ViewGroups, ViewOrganizations, ViewServiceKeys, ViewSessions, ViewSettings,
    ViewUsers,
};
pub use session::{InSession, RecentlyProven, Session};
pub use uri::{Path, Query};
pub use wallet::Wallet;
