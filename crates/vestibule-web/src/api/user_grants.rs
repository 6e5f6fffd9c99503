//! Direct grants: permissions that an account holds by itself and not through a group. They stand under the same
//! ceilings, and are never explicit.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::AccountId;

use super::list::All;
use super::permission::{PermissionJson, permission};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Path, RecentlyProven, Require, UpdateUsers, ViewGroups};

/// What an account holds directly
#[utoipa::path(get, path = "/api/v1/admin/users/{id}/grants", tag = "Permissions",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"])),
    responses((status = 200, description = "All of it, in the order it was given.", body = All<PermissionJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewGroups>,
    Path(id): Path<AccountId>,
) -> Result<Json<All<PermissionJson>>> {
    let grants = app.vestibule.list_grants(id).await?;
    Ok(Json(All::of(grants, PermissionJson::from)))
}

/// Grant a permission directly
///
/// Nobody gives what they do not hold, nor anything to themselves, nor an explicit permission. Needs a recent proof of
/// who you are.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/grants", tag = "Permissions", request_body = PermissionJson,
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])), responses(
        (status = 201, description = "The permission, as it is held.", body = PermissionJson),
        (status = 403, description = "`ceiling`, `self_escalation`, `reauthentication_required`"),
        (status = 409, description = "`grant_exists`"),
        (status = 422, description = "`permission_invalid`, `permission_unknown`, `too_many_permissions`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn grant(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
    Body(body): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<PermissionJson>)> {
    app.limits.sensitive(session.account_id)?;
    let permission = permission(body.into())?;
    app.vestibule.grant_permission(&caller.acting(&session), id, permission.clone()).await?;
    Ok((StatusCode::CREATED, Json(permission.into())))
}

/// Take a direct grant away
///
/// The body is the permission, with its limits. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}/grants", tag = "Permissions", request_body = PermissionJson,
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])), responses(
        (status = 204, description = "Not held directly any more."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 422, description = "`permission_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn revoke(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
    Body(body): Body<Map<String, Value>>,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    let permission = permission(body.into())?;
    app.vestibule.revoke_permission(&caller.acting(&session), id, &permission).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, grant, revoke))
}
