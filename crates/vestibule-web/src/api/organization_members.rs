//! Who is in an organization: listed for all of them, changed and taken out by its admins, and left.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, AccountKind, Member, OrganizationId, OrganizationRole, Timestamp};

use super::list::{List, PageQuery};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, OrgMember, Path, Query};

/// Somebody who is in an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberJson {
    #[schema(value_type = uuid::Uuid)]
    account_id: AccountId,
    /// A bot's is that of whoever answers for it.
    #[schema(example = "ann@example.com")]
    email: Option<String>,
    username: Option<String>,
    name: Option<String>,
    /// `member` or `admin`.
    #[schema(value_type = String, example = "member")]
    role: OrganizationRole,
    /// Whether it is a program's account.
    bot: bool,
    #[schema(value_type = String, format = DateTime)]
    joined_at: Timestamp,
}

/// What a member shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    /// `member` or `admin`.
    #[schema(value_type = String, example = "admin")]
    role: OrganizationRole,
}

/// The members of an organization
///
/// For who is in it; the last who joined first.
#[utoipa::path(get, path = "/api/v1/organizations/{org}/members", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id."), PageQuery),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "A page of its members.", body = List<MemberJson>),
        (status = 403, description = "`permission_required`: a key with permissions of its own"),
    ))]
async fn list(
    State(app): State<App>,
    member: OrgMember,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<MemberJson>>> {
    let members = app.vestibule.list_members_of(&member.by, member.organization_id(), page.page()?).await?;
    Ok(Json(List::of(members, MemberJson::from)))
}

/// Make a member an admin, or an admin a member
///
/// By an admin. An active person who administers the organization remains.
#[utoipa::path(patch, path = "/api/v1/organizations/{org}/members/{account}", tag = "Organizations",
    request_body = RoleBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id."),
        ("account" = uuid::Uuid, Path, description = "The member's account.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "The member as it is now.", body = MemberJson),
        (status = 403, description = "`organization_admin_required`, `permission_required`"),
        (status = 409, description = "`last_admin`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn change(
    State(app): State<App>,
    member: OrgMember,
    Path((org, account)): Path<(OrganizationId, AccountId)>,
    Body(body): Body<RoleBody>,
) -> Result<Json<MemberJson>> {
    app.limits.sensitive(member.account_id())?;
    Ok(Json(app.vestibule.change_role(&member.by, org, account, body.role).await?.into()))
}

/// Take a member out
///
/// By an admin, somebody else. The keys they had in the organization are revoked; a bot is deleted.
#[utoipa::path(delete, path = "/api/v1/organizations/{org}/members/{account}", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id."),
        ("account" = uuid::Uuid, Path, description = "The member's account.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 204, description = "In it no more."),
        (status = 403, description = "`organization_admin_required`, `permission_required`"),
        (status = 409, description = "`use_leave`, `last_admin`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn remove(
    State(app): State<App>,
    member: OrgMember,
    Path((org, account)): Path<(OrganizationId, AccountId)>,
) -> Result<StatusCode> {
    app.limits.sensitive(member.account_id())?;
    app.vestibule.remove_member_of(&member.by, org, account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave an organization
///
/// The keys one had in it are revoked. Its last admin cannot.
#[utoipa::path(post, path = "/api/v1/organizations/{org}/leave", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 204, description = "In it no more."),
        (status = 403, description = "`permission_required`, `session_required`"),
        (status = 409, description = "`last_admin`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn leave(State(app): State<App>, member: OrgMember) -> Result<StatusCode> {
    app.limits.sensitive(member.account_id())?;
    app.vestibule.leave_organization(&member.by, member.organization_id()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Member> for MemberJson {
    fn from(member: Member) -> MemberJson {
        MemberJson {
            account_id: member.account_id,
            email: member.email,
            username: member.username,
            name: member.name,
            role: member.role,
            bot: member.kind == AccountKind::Bot,
            joined_at: member.joined_at,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(change, remove)).routes(routes!(leave))
}
