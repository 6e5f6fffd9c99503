//! Accounts, for whoever may see or change them: find, make, edit, disable, enable, unlock, delete.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountFilter, AccountId, CreatedUser, GroupId, NewUser, UserEdit};

use super::account::AccountJson;
use super::list::{List, PageQuery, filter, present};
use super::password::Password;
use super::user_invite::InvitationJson;
use crate::app::App;
use crate::error::Result;
use crate::extract::{
    Body, Caller, CreateUsers, DeleteUsers, Path, Query, RecentlyProven, Require, UpdateUsers, ViewUsers,
};

/// Which accounts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UsersQuery {
    /// Part of an e-mail, username or name, of at most 200 characters.
    search: Option<String>,
    /// `invited`, `active` or `disabled`.
    state: Option<String>,
    /// In this group.
    #[param(value_type = Option<uuid::Uuid>)]
    group: Option<String>,
}

/// An account to make: an e-mail, a username, or both, and at least one group.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUserBody {
    #[schema(example = "ann@example.com")]
    email: Option<String>,
    username: Option<String>,
    name: Option<String>,
    /// Without one the account is invited, and needs an e-mail.
    password: Option<Password>,
    #[schema(value_type = Vec<uuid::Uuid>)]
    group_ids: Vec<GroupId>,
}

/// An account that was made; of an invited one also what became of its invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedUser)]
struct CreatedJson {
    #[serde(flatten)]
    account: AccountJson,
    /// Whether the mail server took the invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_email_sent: Option<bool>,
    /// Why not, or not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    invite_email_error: Option<Option<String>>,
    /// The invitation's link, to be handed over, shown this once: only where there is no mail server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    invite_url: Option<Option<String>>,
}

/// What to change. What is absent stays; null clears `username` and `name` and leaves the rest as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserBody {
    /// Null leaves it as it is.
    email: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// All the groups it shall be in; null leaves them as they are.
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    group_ids: Option<Vec<GroupId>>,
}

/// Find accounts
#[utoipa::path(get, path = "/api/v1/admin/users", tag = "Administration", params(UsersQuery, PageQuery),
    security(("bearer" = ["view:users"]), ("cookie" = ["view:users"]), ("program" = ["view:users"])),
    responses(
        (status = 200, description = "A page of accounts.", body = List<AccountJson>),
        (status = 422, description = "`field_invalid`"),
    ))]
async fn list(
    State(app): State<App>,
    _: Require<ViewUsers>,
    Query(query): Query<UsersQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<AccountJson>>> {
    let wanted = AccountFilter {
        state: filter("state", query.state.as_deref())?,
        group: filter("group", query.group.as_deref())?,
        search: query.search.filter(|text| !text.trim().is_empty()),
    };
    let accounts = app.vestibule.list_accounts(&wanted, page.page()?).await?;
    Ok(Json(List::of(accounts, AccountJson::from)))
}

/// Make an account
///
/// Without a password its person is invited to choose one, by mail. Where there is no mail server the link is in the
/// answer, this once. A mail that fails does not fail this. Nobody gives what they do not hold. Needs a recent proof of
/// who you are.
#[utoipa::path(post, path = "/api/v1/admin/users", tag = "Administration", request_body = NewUserBody,
    security(("bearer" = ["create:users"]), ("cookie" = ["create:users"])), responses(
        (status = 201, description = "The account, and what became of its invitation.", body = CreatedJson),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`email_in_use`, `username_in_use`"),
        (status = 422, description = "`no_groups`, `group_unknown`, `identifier_required`, `email_invalid`, `password_…`, …"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateUsers>>,
    caller: Caller,
    Body(body): Body<NewUserBody>,
) -> Result<(StatusCode, Json<CreatedJson>)> {
    app.limits.sensitive(session.account_id)?;
    let NewUserBody { email, username, name, password, group_ids } = body;
    let user = NewUser { email, username, name, password: password.map(Password::into), group_ids };
    let created = app.vestibule.create_user(&caller.acting(&session), user).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// One account
#[utoipa::path(get, path = "/api/v1/admin/users/{id}", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["view:users"]), ("cookie" = ["view:users"]), ("program" = ["view:users"])),
    responses((status = 200, description = "The account.", body = AccountJson)))]
async fn show(State(app): State<App>, _: Require<ViewUsers>, Path(id): Path<AccountId>) -> Result<Json<AccountJson>> {
    Ok(Json(app.vestibule.account(id).await?.into()))
}

/// Edit an account
///
/// Changing the e-mail, the username or the groups needs a recent proof of who you are. A changed e-mail is unverified
/// and ends the account's sessions; so does gaining power. Nobody gives what they do not hold.
#[utoipa::path(patch, path = "/api/v1/admin/users/{id}", tag = "Administration", request_body = UserBody,
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"]), ("program" = ["update:users"])),
    responses(
        (status = 200, description = "The account as it is now.", body = AccountJson),
        (status = 403, description = "`ceiling`, `self_escalation`, `reauthentication_required`"),
        (status = 409, description = "`email_in_use`, `username_in_use`, `last_admin`"),
        (status = 422, description = "`no_groups`, `group_unknown`, `email_invalid`, `username_invalid`, …"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn edit(
    State(app): State<App>,
    Require(session, _): Require<UpdateUsers>,
    Path(id): Path<AccountId>,
    caller: Caller,
    Body(body): Body<UserBody>,
) -> Result<Json<AccountJson>> {
    if body.is_sensitive() {
        session.require_recent(app.vestibule.now())?;
        app.limits.sensitive(session.account_id)?;
    }
    let UserBody { email, username, name, group_ids } = body;
    let edit = UserEdit { email, username, name, group_ids };
    let account = app.vestibule.edit_user(&caller.acting(&session), id, edit).await?;
    Ok(Json(account.into()))
}

/// Delete an account
///
/// For good, with everything that belongs to it; the audit log keeps its label.
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["delete:users"]), ("cookie" = ["delete:users"])),
    responses(
        (status = 204, description = "Deleted."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`last_admin`, `own_account`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn delete(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<DeleteUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.delete_account(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Disable an account
///
/// Its sessions end at once. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/disable", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])),
    responses(
        (status = 204, description = "Disabled, or was."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`last_admin`, `own_account`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn disable(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.disable_account(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enable an account
///
/// Its old sessions stay ended. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/enable", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])),
    responses(
        (status = 204, description = "Enabled, or was."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn enable(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.enable_account(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unlock an account
///
/// Takes away the lock that wrong passwords put on it.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/unlock", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The account's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"]), ("program" = ["update:users"])),
    responses((status = 204, description = "Unlocked, or was.")))]
async fn unlock(
    State(app): State<App>,
    Require(session, _): Require<UpdateUsers>,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.vestibule.unlock_account(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<CreatedUser> for CreatedJson {
    fn from(created: CreatedUser) -> CreatedJson {
        let CreatedUser { view, invitation } = created;
        let invitation = invitation.map(InvitationJson::from);
        CreatedJson {
            account: view.into(),
            invite_email_sent: invitation.as_ref().map(|invitation| invitation.invite_email_sent),
            invite_email_error: invitation.as_ref().map(|invitation| invitation.invite_email_error.clone()),
            invite_url: invitation.map(|invitation| invitation.invite_url),
        }
    }
}

impl UserBody {
    /// Whether it changes how somebody signs in or what they may do.
    fn is_sensitive(&self) -> bool {
        self.email.is_some() || self.username.is_some() || self.group_ids.is_some()
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, edit, delete))
        .routes(routes!(disable))
        .routes(routes!(enable))
        .routes(routes!(unlock))
}
