//! Every organization, for administrators of the instance: listed, shown, deleted, and given an admin when nobody
//! administers it. Whoever is in one decides the rest.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, Organization, OrganizationId, Timestamp};

use super::list::{List, PageQuery, filter};
use crate::app::App;
use crate::error::Result;
use crate::extract::{
    Body, Caller, DeleteOrganizations, Path, Query, RecentlyProven, Require, UpdateOrganizations, ViewOrganizations,
};

/// An organization, as administrators of the instance see it.
#[derive(Serialize, ToSchema)]
#[schema(as = AnyOrganization)]
struct OrganizationJson {
    #[schema(value_type = uuid::Uuid)]
    id: OrganizationId,
    #[schema(example = "Harbour Works")]
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Who made it; null: somebody gone.
    #[schema(value_type = Option<uuid::Uuid>)]
    created_by: Option<AccountId>,
    /// Since when no active person administers it; null: somebody does.
    #[schema(value_type = Option<String>, format = DateTime)]
    orphaned_at: Option<Timestamp>,
    /// How many are in it, bots among them.
    member_count: i64,
}

/// Which organizations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OrganizationsQuery {
    /// `true`: those that nobody administers; `false`: those that somebody does.
    #[param(value_type = Option<bool>)]
    orphaned: Option<String>,
}

/// Who shall administer it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdminBody {
    #[schema(value_type = uuid::Uuid)]
    account_id: AccountId,
}

/// List every organization
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/admin/organizations", tag = "Organizations",
    params(OrganizationsQuery, PageQuery),
    security(("bearer" = ["view:organizations"]), ("cookie" = ["view:organizations"]),
        ("program" = ["view:organizations"])),
    responses((status = 200, description = "A page of organizations.", body = List<OrganizationJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewOrganizations>,
    Query(query): Query<OrganizationsQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<OrganizationJson>>> {
    let is_orphaned = filter("orphaned", query.orphaned.as_deref())?;
    let organizations = app.vestibule.list_organizations(is_orphaned, page.page()?).await?;
    Ok(Json(List::of(organizations, OrganizationJson::from)))
}

/// Any organization
#[utoipa::path(get, path = "/api/v1/admin/organizations/{org}", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = ["view:organizations"]), ("cookie" = ["view:organizations"]),
        ("program" = ["view:organizations"])),
    responses((status = 200, description = "The organization.", body = OrganizationJson)))]
async fn show(
    State(app): State<App>,
    _: Require<ViewOrganizations>,
    Path(org): Path<OrganizationId>,
) -> Result<Json<OrganizationJson>> {
    Ok(Json(app.vestibule.any_organization(org).await?.into()))
}

/// Delete any organization
///
/// For good, with its keys, its bots and its invitations. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/admin/organizations/{org}", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = ["delete:organizations"]), ("cookie" = ["delete:organizations"])), responses(
        (status = 204, description = "Deleted."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn delete(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<DeleteOrganizations>>,
    Path(org): Path<OrganizationId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.delete_any_organization(&caller.acting(&session), org).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Name an admin of an organization that nobody administers
///
/// An active person, who may be in it or not. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/organizations/{org}/admins", tag = "Organizations",
    request_body = AdminBody, params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = ["update:organizations"]), ("cookie" = ["update:organizations"])), responses(
        (status = 201, description = "The organization as it is now.", body = OrganizationJson),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`organization_not_orphaned`"),
        (status = 422, description = "`account_unknown`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn name_admin(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateOrganizations>>,
    Path(org): Path<OrganizationId>,
    caller: Caller,
    Body(body): Body<AdminBody>,
) -> Result<(StatusCode, Json<OrganizationJson>)> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.name_admin(&caller.acting(&session), org, body.account_id).await?;
    Ok((StatusCode::CREATED, Json(app.vestibule.any_organization(org).await?.into())))
}

impl From<Organization> for OrganizationJson {
    fn from(organization: Organization) -> OrganizationJson {
        OrganizationJson {
            id: organization.id,
            name: organization.name,
            created_at: organization.created_at,
            updated_at: organization.updated_at,
            created_by: organization.created_by,
            orphaned_at: organization.orphaned_at,
            member_count: organization.member_count,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, delete)).routes(routes!(name_admin))
}
