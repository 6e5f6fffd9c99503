//! Security headers, on every answer: no script, no style or image but our own files, no framing, no referrer, no
//! caching (assets with a hash in their name set their own rule), TLS remembered when there is TLS.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};

use crate::app::App;
use crate::config::ReturnOrigin;

const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");
/// Nothing keeps a copy.
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const ONE_YEAR_OF_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What pages may load, and where their forms may lead: browsers follow no redirect from a form elsewhere, so where
/// signing in may lead back to belongs there.
pub(crate) fn content_policy(return_origins: &[ReturnOrigin]) -> HeaderValue {
    let elsewhere: String = return_origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{elsewhere}; frame-ancestors 'none'; \
         base-uri 'none'"
    );
    HeaderValue::from_str(&policy).expect("an origin is visible ASCII")
}

/// Adds them to an answer.
pub(crate) fn secure(app: &App, headers: &mut HeaderMap) {
    headers.reserve(7);
    headers.insert(CONTENT_SECURITY_POLICY, app.content_policy.clone());
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
    if app.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONE_YEAR_OF_TLS);
    }
}
