//! One's own account: what it is, its profile, all that is held about it, closing it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, SET_COOKIE};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::ProfileEdit;

use super::account::AccountJson;
use super::list::present;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Principal, RecentlyProven, Session};

/// What to change; what is absent stays, null clears.
#[derive(Deserialize, ToSchema)]
struct ProfileBody {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "Ann Lee")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "ann")]
    username: Option<Option<String>>,
}

/// My account
#[utoipa::path(get, path = "/api/v1/me", tag = "Account", security(("bearer" = []), ("cookie" = []), ("program" = [])),
    responses((status = 200, description = "The account.", body = AccountJson)))]
async fn show(State(app): State<App>, principal: Principal) -> Result<Json<AccountJson>> {
    Ok(Json(app.vestibule.account(principal.account_id).await?.into()))
}

/// Edit my profile
#[utoipa::path(patch, path = "/api/v1/me", tag = "Account", request_body = ProfileBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "The account as it is now.", body = AccountJson),
        (status = 409, description = "`username_in_use`"),
        (status = 422, description = "`name_invalid`, `username_invalid`, `identifier_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn edit(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    Body(body): Body<ProfileBody>,
) -> Result<Json<AccountJson>> {
    app.limits.sensitive(session.account_id)?;
    let edit = ProfileEdit { name: body.name, username: body.username };
    let account = app.vestibule.edit_profile(&caller.acting(&session), session.account_id, edit).await?;
    Ok(Json(account.into()))
}

/// Close my account
///
/// For good, with everything that belongs to it. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/me", tag = "Account", security(("bearer" = []), ("cookie" = [])), responses(
    (status = 204, description = "Closed; the cookie is taken away."),
    (status = 403, description = "`reauthentication_required`"),
    (status = 409, description = "`last_admin`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn close(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
) -> Result<impl IntoResponse> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.close_account(&caller.acting(&session), &session).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, app.cookie.removal())]))
}

/// Everything held about me
#[utoipa::path(get, path = "/api/v1/me/export", tag = "Account", security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "All of it, as JSON.", body = Object),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn export(State(app): State<App>, session: Session) -> Result<impl IntoResponse> {
    app.limits.sensitive(session.account_id)?;
    let everything = app.vestibule.export(session.account_id).await?;
    Ok(([(CONTENT_DISPOSITION, "attachment; filename=\"vestibule-export.json\"")], Json(everything)))
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, edit, close)).routes(routes!(export))
}
