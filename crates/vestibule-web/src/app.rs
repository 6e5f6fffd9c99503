//! The one state of every route: the engine, the configuration, and the counters of the rate limits.
//! A host's own state lends it by `FromRef`, so that the extractors work on the host's routes as well.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderValue;
use url::Url;
use vestibule::{Result, Vestibule};

use crate::config::WebConfig;
use crate::cookies::CookieShape;
use crate::limits::Limiters;
use crate::{headers, routes};

/// Vestibule as HTTP serves it, cheap to clone; reads as its [`AppParts`].
#[derive(Clone)]
pub struct App(Arc<AppParts>);

/// What an [`App`] is made of.
pub struct AppParts {
    /// The engine.
    pub vestibule: Vestibule,
    /// How it is reached, besides by the engine's public URL.
    pub config: WebConfig,
    pub(crate) limits: Limiters,
    pub(crate) cookie: CookieShape,
    pub(crate) content_policy: HeaderValue,
    origin: String,
}

impl App {
    /// Puts an engine behind its public URL; fails when the configuration is unsafe there.
    pub fn new(vestibule: Vestibule, config: WebConfig) -> Result<App> {
        let public_url = &vestibule.config().public_url;
        config.check(public_url)?;
        let limits = Limiters::new(&config.limits, vestibule.clock());
        let cookie = CookieShape::of(public_url, config.cookie_domain.as_deref());
        let origin = public_url.origin().ascii_serialization();
        let content_policy = headers::content_policy(&config.forward_auth.return_origins);
        Ok(App(Arc::new(AppParts { vestibule, config, limits, cookie, content_policy, origin })))
    }

    /// Every route, to be served as it is or nested in a host's router, under the path of `public_url`.
    pub fn router<S>(&self) -> Router<S> {
        routes::router(self.clone())
    }
}

impl AppParts {
    /// The path of `public_url` without a slash at its end: what every link begins with. Empty at the root.
    pub fn base(&self) -> &str {
        self.public_url().path().trim_end_matches('/')
    }

    /// The public address of one of our paths, for what leaves the site (mail, redirects).
    pub fn absolute(&self, path: &str) -> String {
        self.vestibule.absolute(path)
    }

    /// Where people find it.
    pub(crate) fn public_url(&self) -> &Url {
        &self.vestibule.config().public_url
    }

    /// The scheme, host and port of `public_url`, as browsers write them in `Origin`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether browsers reach it by TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url().scheme() == "https"
    }
}

impl Deref for App {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}
