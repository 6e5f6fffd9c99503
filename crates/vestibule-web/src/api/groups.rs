//! Groups: listed, made, shown, edited, deleted. What comes from the policy file is changed there; who changes another
//! gives no more than they hold, which the engine measures on every member.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, Group, GroupEdit, GroupId, NewGroup, Timestamp};

use super::list::{List, PageQuery};
use super::permission::{PermissionJson, ScopeJson, permissions, scope};
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{
    Body, Caller, CreateGroups, DeleteGroups, Path, Query, RecentlyProven, Require, UpdateGroups, ViewGroups,
};

/// A group, with all of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
struct GroupJson {
    #[schema(value_type = uuid::Uuid)]
    id: GroupId,
    /// Its name for programs, which never changes.
    #[schema(example = "support")]
    slug: String,
    #[schema(example = "Support")]
    name: String,
    description: String,
    /// What its members may do.
    permissions: Vec<PermissionJson>,
    /// How far they reach.
    scope: ScopeJson,
    /// Whether it comes from the policy file, so that only its members change here.
    system_managed: bool,
    /// Whether everybody who signs up joins it.
    is_default: bool,
    member_count: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Who made it; null: the policy file, or somebody gone.
    #[schema(value_type = Option<uuid::Uuid>)]
    created_by: Option<AccountId>,
}

/// A group to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGroupBody {
    /// Absent, it is made of the name.
    #[schema(example = "support")]
    slug: Option<String>,
    #[schema(example = "Support")]
    name: String,
    description: Option<String>,
    #[schema(value_type = Option<Vec<PermissionJson>>)]
    permissions: Option<Vec<Value>>,
    /// Absent, it reaches nothing.
    #[schema(value_type = Option<ScopeJson>)]
    scope: Option<Value>,
}

/// What to change; what is absent or null stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupBody {
    name: Option<String>,
    description: Option<String>,
    /// All the permissions it shall have.
    #[schema(value_type = Option<Vec<PermissionJson>>)]
    permissions: Option<Vec<Value>>,
    #[schema(value_type = Option<ScopeJson>)]
    scope: Option<Value>,
}

/// List the groups
#[utoipa::path(get, path = "/api/v1/admin/groups", tag = "Permissions", params(PageQuery),
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"])),
    responses((status = 200, description = "A page of groups.", body = List<GroupJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewGroups>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<GroupJson>>> {
    let groups = app.vestibule.page_groups(page.page()?).await?;
    Ok(Json(List::of(groups, GroupJson::from)))
}

/// Make a group
///
/// Nobody gives what they do not hold; explicit permissions come from the policy file alone. Needs a recent proof of
/// who you are.
#[utoipa::path(post, path = "/api/v1/admin/groups", tag = "Permissions", request_body = NewGroupBody,
    security(("bearer" = ["create:groups"]), ("cookie" = ["create:groups"])), responses(
        (status = 201, description = "The group.", body = GroupJson),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`slug_in_use`"),
        (status = 422, description = "`name_invalid`, `slug_invalid`, `permission_invalid`, `permission_unknown`, \
            `scope_invalid`, `too_many_permissions`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateGroups>>,
    caller: Caller,
    Body(body): Body<NewGroupBody>,
) -> Result<(StatusCode, Json<GroupJson>)> {
    app.limits.sensitive(session.account_id)?;
    let group = app.vestibule.create_group(&caller.acting(&session), body.try_into()?).await?;
    Ok((StatusCode::CREATED, Json(group.into())))
}

/// One group
#[utoipa::path(get, path = "/api/v1/admin/groups/{id}", tag = "Permissions",
    params(("id" = uuid::Uuid, Path, description = "The group's id.")),
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"])),
    responses((status = 200, description = "The group.", body = GroupJson)))]
async fn show(State(app): State<App>, _: Require<ViewGroups>, Path(id): Path<GroupId>) -> Result<Json<GroupJson>> {
    Ok(Json(app.vestibule.group(id).await?.into()))
}

/// Edit a group
///
/// Its members hold at once what it gives then, and no longer what it gave. Needs a recent proof of who you are.
#[utoipa::path(patch, path = "/api/v1/admin/groups/{id}", tag = "Permissions", request_body = GroupBody,
    params(("id" = uuid::Uuid, Path, description = "The group's id.")),
    security(("bearer" = ["update:groups"]), ("cookie" = ["update:groups"])), responses(
        (status = 200, description = "The group as it is now.", body = GroupJson),
        (status = 403, description = "`ceiling`, `self_escalation`, `system_managed`, `reauthentication_required`"),
        (status = 422, description = "`name_invalid`, `permission_invalid`, `permission_unknown`, `scope_invalid`, \
            `too_many_permissions`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn edit(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateGroups>>,
    Path(id): Path<GroupId>,
    caller: Caller,
    Body(body): Body<GroupBody>,
) -> Result<Json<GroupJson>> {
    app.limits.sensitive(session.account_id)?;
    let group = app.vestibule.edit_group(&caller.acting(&session), id, body.try_into()?).await?;
    Ok(Json(group.into()))
}

/// Delete a group
///
/// Its members lose what it gave. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/admin/groups/{id}", tag = "Permissions",
    params(("id" = uuid::Uuid, Path, description = "The group's id.")),
    security(("bearer" = ["delete:groups"]), ("cookie" = ["delete:groups"])), responses(
        (status = 204, description = "Deleted."),
        (status = 403, description = "`system_managed`, `reauthentication_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn delete(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<DeleteGroups>>,
    Path(id): Path<GroupId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.delete_group(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl TryFrom<NewGroupBody> for NewGroup {
    type Error = Problem;

    fn try_from(body: NewGroupBody) -> Result<NewGroup> {
        Ok(NewGroup {
            slug: body.slug,
            name: body.name,
            description: body.description.unwrap_or_default(),
            permissions: permissions(body.permissions.unwrap_or_default())?,
            scope: body.scope.map(scope).transpose()?.unwrap_or_default(),
        })
    }
}

impl TryFrom<GroupBody> for GroupEdit {
    type Error = Problem;

    fn try_from(body: GroupBody) -> Result<GroupEdit> {
        Ok(GroupEdit {
            name: body.name,
            description: body.description,
            permissions: body.permissions.map(permissions).transpose()?,
            scope: body.scope.map(scope).transpose()?,
            seen_at: None,
        })
    }
}

impl From<Group> for GroupJson {
    fn from(group: Group) -> GroupJson {
        GroupJson {
            id: group.id,
            slug: group.slug,
            name: group.name,
            description: group.description,
            permissions: group.permissions.into_iter().map(PermissionJson::from).collect(),
            scope: group.scope.into(),
            system_managed: group.system_managed,
            is_default: group.is_default,
            member_count: group.member_count,
            created_at: group.created_at,
            updated_at: group.updated_at,
            created_by: group.created_by,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, edit, delete))
}
