//! One's own account: profile, password, address, two-step sign-in, sessions, API keys, activity,
//! data. Every page here asks for a session.

mod activity;
pub(super) mod api_keys;
mod data;
mod email;
mod logins;
pub(super) mod new_api_key;
mod organizations;
mod profile;
mod security;
mod sessions;
pub(super) mod shown_api_key;
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
        .merge(api_keys::router())
        .merge(new_api_key::router())
        .merge(logins::router())
        .merge(organizations::router())
        .merge(activity::router())
        .merge(data::router())
}
