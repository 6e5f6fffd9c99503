//! The catalogue: the permissions that are known. What is not in it is denied to everybody, so that an application
//! adds its own vocabulary here or in the policy file; explicit permissions come from the file alone.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Entry, KnownPermission, Own, PermissionId};

use super::list::All;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Path, RecentlyProven, Require, UpdateGroups, ViewGroups};

/// A known permission.
#[derive(Serialize, ToSchema)]
#[schema(as = KnownPermission)]
struct KnownJson {
    #[schema(value_type = uuid::Uuid)]
    id: PermissionId,
    #[schema(example = "cancel-own")]
    action: String,
    #[schema(example = "orders")]
    resource: String,
    /// Its name for people.
    #[schema(example = "Cancel one's own orders")]
    label: String,
    /// Whether only a grant of exactly this permission matches it, and no wildcard.
    explicit: bool,
    /// When it counts, if it is the own-form of a question: `owner` or `scope`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "owner")]
    own: Option<Own>,
    /// The action of the any-form beside an own-form, when it is not the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    any: Option<String>,
    /// Whether it comes from the policy file.
    system_managed: bool,
}

/// A permission to know.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPermissionBody {
    #[schema(example = "cancel-own")]
    action: String,
    /// Never `*`.
    #[schema(example = "orders")]
    resource: String,
    /// Absent, it is `action:resource`.
    label: Option<String>,
    /// When it counts, if it is the own-form of a question: `owner` or `scope`.
    #[schema(value_type = Option<String>)]
    own: Option<Own>,
    /// The action of the any-form beside an own-form, when it is not the usual one.
    any: Option<String>,
}

/// The catalogue
#[utoipa::path(get, path = "/api/v1/admin/permissions", tag = "Permissions",
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"])),
    responses((status = 200, description = "Every known permission, by resource and action.", body = All<KnownJson>)))]
async fn list(State(app): State<App>, _: Require<ViewGroups>) -> Result<Json<All<KnownJson>>> {
    let known = app.vestibule.list_permissions().await?;
    Ok(Json(All::of(known, KnownJson::from)))
}

/// Add a permission to the catalogue
///
/// It gives nobody anything yet, except those who hold a wildcard that it matches. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/permissions", tag = "Permissions", request_body = NewPermissionBody,
    security(("bearer" = ["update:groups"]), ("cookie" = ["update:groups"])), responses(
        (status = 201, description = "The permission.", body = KnownJson),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`permission_exists`, `permission_conflict`"),
        (status = 422, description = "`permission_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn add(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateGroups>>,
    caller: Caller,
    Body(body): Body<NewPermissionBody>,
) -> Result<(StatusCode, Json<KnownJson>)> {
    app.limits.sensitive(session.account_id)?;
    let known = app.vestibule.add_permission(&caller.acting(&session), body.into()).await?;
    Ok((StatusCode::CREATED, Json(known.into())))
}

/// Delete a permission from the catalogue
///
/// Whoever holds it may do it no longer. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/admin/permissions/{id}", tag = "Permissions",
    params(("id" = uuid::Uuid, Path, description = "The permission's id.")),
    security(("bearer" = ["update:groups"]), ("cookie" = ["update:groups"])), responses(
        (status = 204, description = "Deleted."),
        (status = 403, description = "`system_managed`, `reauthentication_required`"),
        (status = 409, description = "`permission_conflict`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn delete(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateGroups>>,
    Path(id): Path<PermissionId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.delete_permission(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<NewPermissionBody> for Entry {
    fn from(body: NewPermissionBody) -> Entry {
        let NewPermissionBody { action, resource, label, own, any } = body;
        Entry { action, resource, label: label.unwrap_or_default(), explicit: false, own, any }
    }
}

impl From<KnownPermission> for KnownJson {
    fn from(known: KnownPermission) -> KnownJson {
        let KnownPermission { id, entry, system_managed } = known;
        let Entry { action, resource, label, explicit, own, any } = entry;
        KnownJson { id, action, resource, label, explicit, own, any, system_managed }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(delete))
}
