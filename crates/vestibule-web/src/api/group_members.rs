//! The members of a group: listed, added, removed. Membership is power, so adding somebody is giving them all that the
//! group gives.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountFilter, AccountId, BreakGlass, GroupId};

use super::account::AccountJson;
use super::list::{List, PageQuery};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Path, Query, RecentlyProven, Require, UpdateUsers, ViewUsers};

/// Who shall be a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberBody {
    #[schema(value_type = uuid::Uuid)]
    account_id: AccountId,
}

/// The members of a group
#[utoipa::path(get, path = "/api/v1/admin/groups/{id}/members", tag = "Permissions",
    params(("id" = uuid::Uuid, Path, description = "The group's id."), PageQuery),
    security(("bearer" = ["view:users"]), ("cookie" = ["view:users"]), ("program" = ["view:users"])),
    responses((status = 200, description = "A page of accounts.", body = List<AccountJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewUsers>,
    Path(id): Path<GroupId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<AccountJson>>> {
    let page = page.page()?;
    app.vestibule.group(id).await?;
    let members = AccountFilter { group: Some(id), ..AccountFilter::default() };
    let accounts = app.vestibule.list_accounts(&members, page).await?;
    Ok(Json(List::of(accounts, AccountJson::from)))
}

/// Add a member
///
/// Nobody gives what they do not hold, nor anything to themselves. A group with an explicit permission is joined only
/// through somebody else, whom one neither made nor was made by. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/groups/{id}/members", tag = "Permissions", request_body = MemberBody,
    params(("id" = uuid::Uuid, Path, description = "The group's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])), responses(
        (status = 201, description = "The account, which is a member now or was.", body = AccountJson),
        (status = 403, description = "`ceiling`, `self_escalation`, `reauthentication_required`"),
        (status = 422, description = "`account_unknown`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn add(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<GroupId>,
    caller: Caller,
    Body(body): Body<MemberBody>,
) -> Result<(StatusCode, Json<AccountJson>)> {
    app.limits.sensitive(session.account_id)?;
    let by = caller.acting(&session);
    let account = app.vestibule.add_member(&by, id, body.account_id, BreakGlass::No).await?;
    Ok((StatusCode::CREATED, Json(account.into())))
}

/// Remove a member
///
/// What the group gave is gone at once. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/admin/groups/{id}/members/{account}", tag = "Permissions",
    params(("id" = uuid::Uuid, Path, description = "The group's id."),
        ("account" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])), responses(
        (status = 204, description = "No member any more."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`last_admin`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn remove(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path((id, account)): Path<(GroupId, AccountId)>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.remove_member(&caller.acting(&session), id, account).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(remove))
}
