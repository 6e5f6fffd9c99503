//! What the machines that watch over us ask: alive, ready, which version.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// What works.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
struct ReadyJson {
    /// The database answers.
    database: bool,
    /// Expired rows are being removed.
    sweeper: bool,
    /// What other nodes revoke is known here in time.
    feed: bool,
}

/// What runs here.
#[derive(Serialize, ToSchema)]
#[schema(as = Version)]
struct VersionJson {
    #[schema(example = "vestibule")]
    name: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Alive
#[utoipa::path(get, path = "/healthz", tag = "Operation",
    responses((status = 200, description = "`ok`, as long as the process answers.", body = String)))]
async fn alive() -> &'static str {
    "ok"
}

/// Ready
#[utoipa::path(get, path = "/readyz", tag = "Operation", responses(
    (status = 200, description = "All of it works.", body = ReadyJson),
    (status = 503, description = "Some of it does not.", body = ReadyJson),
))]
async fn ready(State(app): State<App>) -> (StatusCode, Json<ReadyJson>) {
    let health = app.vestibule.health().await;
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadyJson { database: health.database, sweeper: health.sweeper, feed: health.feed }))
}

/// Version
#[utoipa::path(get, path = "/version", tag = "Operation",
    responses((status = 200, description = "Name and version.", body = VersionJson)))]
async fn version() -> Json<VersionJson> {
    Json(VersionJson { name: "vestibule", version: env!("CARGO_PKG_VERSION") })
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready)).routes(routes!(version))
}
