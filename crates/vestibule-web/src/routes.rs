//! Every path there is, and what stands around all of them. The nouns of the API name their own paths and document
//! them; the snapshot `routes` of the tests has all of them on one screen.

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower::ServiceBuilder;
use vestibule::Code;

use crate::app::App;
use crate::error::Problem;
use crate::{api, assets, openapi, pages, request};

pub(crate) fn router<S>(app: App) -> Router<S> {
    let (api, document) = api::router().split_for_parts(); // /api/v1/…, /healthz, /readyz, /version
    let around = ServiceBuilder::new() // outermost first
        .layer(from_fn_with_state(app.clone(), pages::present))
        .layer(from_fn_with_state(app.clone(), request::serve));
    Router::new()
        .merge(api)
        .merge(openapi::router(openapi::complete(document, app.base()))) // /openapi.json, /docs
        .merge(pages::router()) // /sign-in, /account/…, /admin/…
        .merge(assets::router()) // /assets/{name}
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(around)
        .with_state(app)
}

async fn not_found() -> Problem {
    Code::NotFound.into()
}

async fn method_not_allowed() -> Problem {
    Code::MethodNotAllowed.into()
}
