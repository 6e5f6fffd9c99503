//! One's own account: profile, password, address, two-step sign-in, sessions, activity, data. Every page here asks for a session.

mod activity;
mod data;
mod email;
mod profile;
mod security;
mod sessions;
mod two_step;

use axum::Router;

pub(super) use data::NOT_AS_SHOWN;
pub(super) use two_step::Standing;

use crate::app::App;

pub(super) fn router() -> Router<App> {
    Router::new()
        .merge(profile::router())
        .merge(security::router())
        .merge(email::router())
        .merge(two_step::router())
        .merge(sessions::router())
        .merge(activity::router())
        .merge(data::router())
}
