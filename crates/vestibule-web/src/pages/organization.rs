//! The pages of one organization, below `/organizations/{org}`: who is in it, what happened in it, how it is set up.
//! Whoever is not in it finds nothing here. A tab is a file, with its place in [`frame::Tab`].

mod audit;
mod bots;
mod frame;
mod invitations;
mod keys;
mod members;
mod new_bot;
mod new_invitation;
mod new_key;
mod settings;
mod shown_key;

use axum::Router;

use crate::app::App;

pub(super) use members::MemberRow;

pub(super) fn router() -> Router<App> {
    Router::new()
        .merge(keys::router())
        .merge(new_key::router())
        .merge(bots::router())
        .merge(new_bot::router())
        .merge(members::router())
        .merge(invitations::router())
        .merge(new_invitation::router())
        .merge(audit::router())
        .merge(settings::router())
}
