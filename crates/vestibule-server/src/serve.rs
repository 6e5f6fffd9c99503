//! `vestibule serve`: opens the instance, says where it is, serves until told to stop, then drains.
//! The port is taken before the database is touched, and signals are caught before either, so that a start that
//! cannot succeed changes nothing and a stop is never missed.

mod accept;
mod first_administrator;
mod patience;
mod share;
mod stop;
mod welcome;

use std::path::Path;

use anyhow::Context as _;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use url::Url;

use crate::{instance, logging};

pub use welcome::setup_note;

/// Serves until SIGTERM or SIGINT.
pub async fn run(file: Option<&Path>) -> anyhow::Result<()> {
    let mut stop = stop::Stop::catch()?;
    let settings = instance::settings(file)?;
    logging::begin(&settings.log)?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {} (listen, VESTIBULE_LISTEN)", settings.listen))?;
    let engine = instance::begin(&settings).await?;
    tracing::info!(policy = %settings.policy, "the policy is in force");
    let setup_token = first_administrator::prepare(&engine, settings.admin).await?;
    let proxies = settings.web.trusted_proxies.clone();
    let router = mount(&engine.config().public_url, vestibule_web::router(engine.clone(), settings.web));

    let background = engine.start();
    welcome::print(listener.local_addr()?, &engine, setup_token.as_ref());
    accept::serve(listener, router, proxies, &mut stop).await;
    background.stop().await.context("cannot note when sessions were last used")?;
    engine.db().close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What the answers beside the path of the public URL are given: nothing there is Vestibule's to show.
const BESIDE: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
];

/// Puts everything under the path of the public URL.
fn mount(public_url: &Url, router: Router) -> Router {
    let prefix = public_url.path().trim_end_matches('/');
    if prefix.is_empty() {
        return router;
    }
    let home = prefix.to_owned();
    let slash = format!("{prefix}/");
    Router::new()
        .route(&slash, get(move || async move { Redirect::permanent(&home) }))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(map_response(async |answer: Response| (BESIDE, answer).into_response()))
        .nest(prefix, router)
}
