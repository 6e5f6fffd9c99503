//! Sign-out: the session ends on every node, and the cookie goes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Session};

/// Sign out
///
/// Ends the session that the request carries.
#[utoipa::path(post, path = "/api/v1/sign-out", tag = "Signing in", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Signed out; the cookie is taken away.")))]
async fn sign_out(State(app): State<App>, session: Session, caller: Caller) -> Result<impl IntoResponse> {
    app.vestibule.sign_out(&caller.acting(&session), &session).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, app.cookie.removal())]))
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_out))
}
