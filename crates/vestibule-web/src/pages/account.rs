//! One's own account: profile, password, sessions, activity, data. Every page here asks for a session.

mod activity;
mod data;
mod profile;
mod security;
mod sessions;

use axum::Router;

pub(super) use data::NOT_AS_SHOWN;

use crate::app::App;

pub(super) fn router() -> Router<App> {
    Router::new()
        .merge(profile::router())
        .merge(security::router())
        .merge(sessions::router())
        .merge(activity::router())
        .merge(data::router())
}
