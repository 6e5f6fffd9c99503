//! What a request proves, as types that a handler asks for: [`Session`], [`Require`], [`RecentlyProven`], and
//! what it brings: [`Body`], [`FormBody`], [`Path`], [`Query`], [`Caller`]. Each refuses with a [`Problem`].
//! All take the [`App`] from the router's state by `FromRef`, so a host's own routes can ask for them too.
//!
//! [`App`]: crate::App
//! [`Problem`]: crate::Problem

mod body;
mod caller;
pub(crate) mod credential;
mod presenter;
mod require;
mod required;
mod session;
mod uri;

pub(crate) use body::{BODY_LIMIT, is_form, read};
pub use body::{Body, FormBody};
pub use caller::Caller;
pub(crate) use presenter::presenter;
pub use require::{Require, RequiredPermission};
pub(crate) use required::{
    CreateGroups, CreateUsers, DeleteGroups, DeleteSessions, DeleteUsers, UpdateGroups, UpdateSettings, UpdateUsers,
    ViewAudit, ViewGroups, ViewSessions, ViewSettings, ViewUsers,
};
pub use session::{RecentlyProven, Session};
pub use uri::{Path, Query};
