//! The password of an account, when its owner cannot change it: set for them, or chosen by a link that is handed
//! over. Both could take the account over, so whoever does it must hold all that the account holds.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::AccountId;

use super::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Path, RecentlyProven, Require, UpdateUsers};

/// The password to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserPasswordBody {
    password: Password,
}

/// A link to hand over.
#[derive(Serialize, ToSchema)]
#[schema(as = ResetLink)]
struct ResetLinkJson {
    /// Shown this once.
    #[schema(example = "https://id.example.com/reset-password?token=vst_rst_…")]
    url: String,
}

/// Set the password of an account
///
/// Its sessions end and a lock is lifted. Needs a recent proof of who you are. One's own password is changed with
/// `/api/v1/password/change`.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/password", tag = "Administration",
    request_body = UserPasswordBody, params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])), responses(
        (status = 204, description = "Set."),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`own_account`"),
        (status = 422, description = "`password_…`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn set(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
    Body(body): Body<UserPasswordBody>,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.set_password(&caller.acting(&session), id, body.password.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show a link for choosing a password
///
/// To be handed over, where there is no mail server to send it. It proves no address. The earlier link ends; of an
/// invited account it is its invitation. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/reset-link", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])), responses(
        (status = 200, description = "The link.", body = ResetLinkJson),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`mail_configured`, `own_account`, `account_disabled`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn show_link(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Json<ResetLinkJson>> {
    app.limits.sensitive(session.account_id)?;
    let url = app.vestibule.show_reset_link(&caller.acting(&session), id).await?;
    Ok(Json(ResetLinkJson { url }))
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(set)).routes(routes!(show_link))
}
