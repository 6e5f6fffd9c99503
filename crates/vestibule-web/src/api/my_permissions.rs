//! What I may do, in full: each permission that I hold of the catalogue, by which group, and how far I reach.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Effective, EffectivePermissions};

use super::permission::{PermissionJson, ScopeJson};
use crate::app::App;
use crate::extract::Principal;

/// What an account may do.
#[derive(Serialize, ToSchema)]
#[schema(as = EffectivePermissions)]
pub(crate) struct EffectivePermissionsJson {
    /// Wildcards written out.
    permissions: Vec<EffectiveJson>,
    /// How far it reaches, by all its groups.
    scope: ScopeJson,
}

/// A permission that is held, and where it comes from.
#[derive(Serialize, ToSchema)]
#[schema(as = EffectivePermission)]
struct EffectiveJson {
    #[serde(flatten)]
    permission: PermissionJson,
    /// The slug of the group that gives it; absent: it is held directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "administrators")]
    group: Option<String>,
    /// What is given there, of which this follows.
    #[schema(example = "admin:*")]
    via: String,
}

/// What I may do
///
/// By an API key that is limited: what both its owner may and the key says.
#[utoipa::path(get, path = "/api/v1/me/permissions", tag = "Account",
    security(("bearer" = []), ("cookie" = []), ("program" = [])),
    responses((status = 200, description = "All of it.", body = EffectivePermissionsJson)))]
async fn show(principal: Principal) -> Json<EffectivePermissionsJson> {
    Json(principal.effective().into())
}

impl From<EffectivePermissions> for EffectivePermissionsJson {
    fn from(held: EffectivePermissions) -> EffectivePermissionsJson {
        EffectivePermissionsJson {
            permissions: held.permissions.into_iter().map(EffectiveJson::from).collect(),
            scope: held.scope.into(),
        }
    }
}

impl From<Effective> for EffectiveJson {
    fn from(effective: Effective) -> EffectiveJson {
        let Effective { permission, group, via } = effective;
        EffectiveJson { permission: permission.into(), group, via }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}
