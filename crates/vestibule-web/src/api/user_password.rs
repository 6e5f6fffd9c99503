//! The password of an account, set by an administrator when its owner cannot change it.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::AccountId;

use super::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Administrator, Body, Caller, Path, RecentlyProven};

/// The password to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserPasswordBody {
    password: Password,
}

/// Set the password of an account
///
/// Its sessions end and a lock is lifted. Needs a recent proof of who you are. One's own password is changed with
/// `/api/v1/password/change`.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/password", tag = "Administration",
    request_body = UserPasswordBody, params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 204, description = "Set."),
        (status = 403, description = "`administrator_required`, `reauthentication_required`"),
        (status = 409, description = "`own_account`"),
        (status = 422, description = "`password_…`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn set(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
    Body(body): Body<UserPasswordBody>,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.set_password(&caller.acting(&session), id, body.password.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(set))
}
