//! The organizations that one is in: listed, made, shown, renamed, deleted. Who is in one is in `organization_members`;
//! what administrators of the instance see is in `all_organizations`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{OrganizationId, OrganizationRole, OwnOrganization, Timestamp};

use super::list::All;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, InPerson, OrgMember, Principal, RecentlyProven};

/// An organization that one is in.
#[derive(Serialize, ToSchema)]
#[schema(as = Organization)]
struct OrganizationJson {
    #[schema(value_type = uuid::Uuid)]
    id: OrganizationId,
    #[schema(example = "Harbour Works")]
    name: String,
    /// What one is in it: `member` or `admin`.
    #[schema(value_type = String, example = "admin")]
    role: OrganizationRole,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What an organization is called.
#[derive(Deserialize, ToSchema)]
struct NameBody {
    #[schema(example = "Harbour Works")]
    name: String,
}

/// My organizations
///
/// By name. By an organization's key that organization alone.
#[utoipa::path(get, path = "/api/v1/me/organizations", tag = "Organizations",
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "All that I am in.", body = All<OrganizationJson>),
        (status = 403, description = "`permission_required`: a key with permissions of its own"),
    ))]
async fn mine(State(app): State<App>, principal: Principal, caller: Caller) -> Result<Json<All<OrganizationJson>>> {
    let organizations = app.vestibule.organizations_of(&caller.acting(&principal)).await?;
    Ok(Json(All::of(organizations, OrganizationJson::from)))
}

/// Make an organization
///
/// Whoever makes it is its admin. A person does, in a session.
#[utoipa::path(post, path = "/api/v1/organizations", tag = "Organizations", request_body = NameBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 201, description = "The organization.", body = OrganizationJson),
        (status = 403, description = "`session_required`"),
        (status = 409, description = "`too_many_organizations`"),
        (status = 422, description = "`name_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    InPerson(session): InPerson,
    caller: Caller,
    Body(body): Body<NameBody>,
) -> Result<(StatusCode, Json<OrganizationJson>)> {
    app.limits.sensitive(session.account_id)?;
    let made = app.vestibule.create_organization(&caller.acting(&session), &body.name).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One organization
///
/// For who is in it.
#[utoipa::path(get, path = "/api/v1/organizations/{org}", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "The organization.", body = OrganizationJson),
        (status = 403, description = "`permission_required`: a key with permissions of its own"),
    ))]
async fn show(member: OrgMember) -> Json<OrganizationJson> {
    Json(member.organization.into())
}

/// Rename an organization
#[utoipa::path(patch, path = "/api/v1/organizations/{org}", tag = "Organizations", request_body = NameBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "The organization as it is now.", body = OrganizationJson),
        (status = 403, description = "`organization_admin_required`, `permission_required`"),
        (status = 422, description = "`name_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn rename(
    State(app): State<App>,
    member: OrgMember,
    Body(body): Body<NameBody>,
) -> Result<Json<OrganizationJson>> {
    app.limits.sensitive(member.account_id())?;
    app.vestibule.rename_organization(&member.by, member.organization_id(), &body.name).await?;
    Ok(Json(app.vestibule.organization(&member.by, member.organization_id()).await?.into()))
}

/// Delete an organization
///
/// For good, with its keys, its bots and its invitations. Its name is written out. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/organizations/{org}", tag = "Organizations", request_body = NameBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 204, description = "Deleted."),
        (status = 403, description = "`organization_admin_required`, `reauthentication_required`, `session_required`"),
        (status = 422, description = "`name_mismatch`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn delete(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember>,
    Body(body): Body<NameBody>,
) -> Result<StatusCode> {
    app.limits.sensitive(member.account_id())?;
    app.vestibule.delete_organization(&member.by, member.organization_id(), &body.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<OwnOrganization> for OrganizationJson {
    fn from(organization: OwnOrganization) -> OrganizationJson {
        let OwnOrganization { id, name, role, created_at, joined_at: _ } = organization;
        OrganizationJson { id, name, role, created_at }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(mine)).routes(routes!(create)).routes(routes!(show, rename, delete))
}
