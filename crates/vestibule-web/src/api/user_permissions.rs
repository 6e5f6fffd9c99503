//! What an account may do, for whoever may see groups.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::AccountId;

use super::my_permissions::EffectivePermissionsJson;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Path, Require, ViewGroups};

/// What an account may do
///
/// One that is not active may do nothing.
#[utoipa::path(get, path = "/api/v1/admin/users/{id}/permissions", tag = "Permissions",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"])),
    responses((status = 200, description = "All of it.", body = EffectivePermissionsJson)))]
async fn show(
    State(app): State<App>,
    _: Require<ViewGroups>,
    Path(id): Path<AccountId>,
) -> Result<Json<EffectivePermissionsJson>> {
    Ok(Json(app.vestibule.effective_permissions(id).await?.into()))
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}
