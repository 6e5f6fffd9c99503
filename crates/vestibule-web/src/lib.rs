//! Vestibule over HTTP: the JSON API, the pages, and extractors with which an axum app guards its own routes.
//!
//! [`router`] is the whole of it. A program that embeds Vestibule makes an [`App`] instead, mounts [`App::router`]
//! wherever it likes (under a prefix too, which is then the path of the engine's `public_url`), and takes
//! [`extract::Session`] or [`extract::Require`] in its own handlers; its state lends the `App` by `FromRef`.

mod api;
mod app;
mod assets;
mod client_ip;
mod config;
mod cookies;
mod csrf;
mod error;
pub mod extract;
mod headers;
mod limits;
mod openapi;
mod pages;
mod request;
mod routes;
mod side_cookies;

pub use api::account::AccountJson;
pub use app::{App, AppParts};
pub use config::{ForwardAuth, ReturnOrigin, WebConfig};
pub use error::Problem;
pub use limits::{Limit, Limits};

use vestibule::Vestibule;

/// Everything Vestibule serves: the JSON API under `/api/v1`, the pages, the health checks.
///
/// # Panics
/// When [`WebConfig::check`] refuses the configuration at the engine's public URL; an unsafe one is better not served.
pub fn router(vestibule: Vestibule, config: WebConfig) -> axum::Router {
    App::new(vestibule, config).expect("the configuration was checked with WebConfig::check").router()
}
