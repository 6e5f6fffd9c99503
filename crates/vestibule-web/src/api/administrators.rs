//! Administrators: the members of Administrators, listed, made, changed and deleted apart from other accounts, by the
//! same permissions. An account that is no administrator is not found here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{
    ADMINISTRATORS, AccountFilter, AccountId, AccountState, AccountView, Caller as By, Code, Error, NewAdministrator,
    UserEdit,
};

use super::account::AccountJson;
use super::list::{List, PageQuery, present};
use super::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{
    Body, Caller, CreateUsers, DeleteUsers, Path, Query, RecentlyProven, Require, UpdateUsers, ViewUsers,
};

/// An administrator to make: an e-mail, a username, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAdministratorBody {
    email: Option<String>,
    #[schema(example = "root")]
    username: Option<String>,
    name: Option<String>,
    password: Password,
}

/// What to change: the profile (`email`, `username`, `name`), or the password, or the state. One of the three at a
/// time, so that a refusal leaves nothing half done. What is absent stays; null clears `username` and `name` and leaves
/// the rest as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdministratorBody {
    /// Null leaves it as it is.
    email: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    password: Option<Password>,
    /// `active` or `disabled`.
    #[schema(value_type = Option<String>)]
    state: Option<AccountState>,
}

/// The one change that a body asks for.
enum Change {
    Profile(UserEdit),
    Password(Password),
    State(AccountState),
}

/// List the administrators
#[utoipa::path(get, path = "/api/v1/admin/admins", tag = "Administration", params(PageQuery),
    security(("bearer" = ["view:users"]), ("cookie" = ["view:users"]), ("program" = ["view:users"])),
    responses((status = 200, description = "A page of administrators.", body = List<AccountJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewUsers>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<AccountJson>>> {
    let wanted = AccountFilter { group: Some(ADMINISTRATORS), ..AccountFilter::default() };
    let accounts = app.vestibule.list_accounts(&wanted, page.page()?).await?;
    Ok(Json(List::of(accounts, AccountJson::from)))
}

/// Make an administrator
#[utoipa::path(post, path = "/api/v1/admin/admins", tag = "Administration", request_body = NewAdministratorBody,
    security(("bearer" = ["create:users"]), ("cookie" = ["create:users"])), responses(
        (status = 201, description = "The administrator.", body = AccountJson),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`email_in_use`, `username_in_use`"),
        (status = 422, description = "`identifier_required`, `email_invalid`, `username_invalid`, `password_…`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateUsers>>,
    caller: Caller,
    Body(body): Body<NewAdministratorBody>,
) -> Result<(StatusCode, Json<AccountJson>)> {
    app.limits.sensitive(session.account_id)?;
    let NewAdministratorBody { email, username, name, password } = body;
    let new = NewAdministrator { email, username, name, password: password.into() };
    let account = app.vestibule.create_administrator(&caller.acting(&session), new).await?;
    Ok((StatusCode::CREATED, Json(account.into())))
}

/// Change an administrator
///
/// A new password, or a changed e-mail, ends the administrator's sessions; so does being disabled.
#[utoipa::path(patch, path = "/api/v1/admin/admins/{id}", tag = "Administration", request_body = AdministratorBody,
    params(("id" = uuid::Uuid, Path, description = "The administrator's id.")),
    security(("bearer" = ["update:users"]), ("cookie" = ["update:users"])), responses(
        (status = 200, description = "The administrator as it is now.", body = AccountJson),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`last_admin`, `own_account`, `email_in_use`, `username_in_use`"),
        (status = 422, description = "`field_invalid`, `email_invalid`, `username_invalid`, `password_…`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn edit(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<UpdateUsers>>,
    Path(id): Path<AccountId>,
    caller: Caller,
    Body(body): Body<AdministratorBody>,
) -> Result<Json<AccountJson>> {
    app.limits.sensitive(session.account_id)?;
    administrator(&app, id).await?;
    let change = body.change()?;
    Ok(Json(change.make(&app, &caller.acting(&session), id).await?.into()))
}

/// Delete an administrator
#[utoipa::path(delete, path = "/api/v1/admin/admins/{id}", tag = "Administration",
    params(("id" = uuid::Uuid, Path, description = "The administrator's id.")),
    security(("bearer" = ["delete:users"]), ("cookie" = ["delete:users"])), responses(
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
    administrator(&app, id).await?;
    app.vestibule.delete_account(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An account, if it is an administrator's.
async fn administrator(app: &App, id: AccountId) -> Result<AccountView> {
    let view = app.vestibule.account(id).await?;
    if view.groups.iter().any(|group| group.id == ADMINISTRATORS) { Ok(view) } else { Err(Code::NotFound.into()) }
}

impl AdministratorBody {
    fn change(self) -> Result<Change> {
        let AdministratorBody { email, username, name, password, state } = self;
        let is_profile = email.is_some() || username.is_some() || name.is_some();
        match (password, state) {
            (None, None) => Ok(Change::Profile(UserEdit { email, username, name, group_ids: None })),
            (Some(password), None) if !is_profile => Ok(Change::Password(password)),
            (None, Some(state)) if !is_profile && state != AccountState::Invited => Ok(Change::State(state)),
            (None, Some(_)) | (Some(_), Some(_)) => Err(Error::field("state", Code::FieldInvalid).into()),
            (Some(_), None) => Err(Error::field("password", Code::FieldInvalid).into()),
        }
    }
}

impl Change {
    async fn make(self, app: &App, by: &By, id: AccountId) -> Result<AccountView> {
        let engine = &app.vestibule;
        Ok(match self {
            Change::Profile(edit) => engine.edit_user(by, id, edit).await?,
            Change::State(AccountState::Disabled) => engine.disable_account(by, id).await?,
            Change::State(AccountState::Active | AccountState::Invited) => engine.enable_account(by, id).await?,
            Change::Password(password) => {
                engine.set_password(by, id, password.into()).await?;
                engine.account(id).await?
            }
        })
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(edit, delete))
}
