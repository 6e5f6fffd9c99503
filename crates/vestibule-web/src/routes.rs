//! Every path there is, and what stands around all of them. The nouns of the API name their own paths and document
//! them; the snapshot `routes` of the tests has all of them on one screen.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderName;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tower::ServiceBuilder;
use vestibule::Code;

use crate::app::App;
use crate::error::Problem;
use crate::{api, assets, cookies, openapi, pages, request};

/// Where decisions are asked for.
pub(crate) const DECISIONS: &str = "/access/";
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) fn router<S>(app: App) -> Router<S> {
    let (api, mut document) = api::router().split_for_parts(); // /api/v1/…, /access/v1/…, /healthz, /readyz, /version
    let (checks, of_checks) = api::checks().split_for_parts(); // /api/v1/forward-auth
    document.merge(of_checks);
    let around = ServiceBuilder::new() // outermost first
        .layer(from_fn_with_state(app.clone(), present))
        .layer(from_fn_with_state(app.clone(), request::serve));
    Router::new()
        .merge(api)
        .merge(openapi::router(openapi::complete(document, app.base()))) // /openapi.json, /docs
        .merge(pages::router().layer(from_fn_with_state(app.clone(), cookies::settled))) // /sign-in, /account/…
        .merge(assets::router()) // /assets/{name}
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(around)
        .merge(checks.layer(from_fn_with_state(app.clone(), request::serve_check)))
        .with_state(app)
}

/// Answers whoever enforces decisions as their standard says: the id of a request is its answer's too, and a refusal
/// stays a problem. Everybody else is answered with pages.
async fn present(state: State<App>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(DECISIONS) {
        return pages::present(state, request, next).await;
    }
    let id = request.headers().get(X_REQUEST_ID).cloned();
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}

async fn not_found() -> Problem {
    Code::NotFound.into()
}

async fn method_not_allowed() -> Problem {
    Code::MethodNotAllowed.into()
}
