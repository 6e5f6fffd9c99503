//! The second factor of an account, removed for them when its owner has lost it.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::AccountId;

use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, RecentlyProven, Require, UpdateUsers};

/// Reset the second factor of an account
///
/// The factor and its recovery codes are gone, and the owner is told. Needs a recent proof of who you are. One's own is
/// disabled with `/api/v1/me/mfa/disable`.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/reset-mfa", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])),
    responses(
        (status = 204, description = "Off, or was."),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`own_account`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn reset(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.reset_second_factor(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reset))
}
