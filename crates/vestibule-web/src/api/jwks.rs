//! The public keys by which any service verifies our access tokens, without a call to us for each.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::Result;

/// How long a copy is good: a key that is new must be known everywhere soon.
const KEPT: &str = "public, max-age=60";

/// The keys that verify access tokens
///
/// As RFC 7517 writes them. A key that signs no longer stays until the last token that it signed has expired.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "Tokens",
    responses((status = 200, description = "The keys, the newest first.", body = Object)))]
async fn show(State(app): State<App>) -> Result<impl IntoResponse> {
    Ok(([(CACHE_CONTROL, KEPT)], Json(app.vestibule.jwks().await?)))
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}
