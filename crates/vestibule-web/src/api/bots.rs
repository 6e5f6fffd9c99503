//! The bots of an organization, for its admins: made with a first key, changed, switched off, given more keys, deleted.
//! Secrets are made by people in their sessions alone.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, Bot, BotEdit, CreatedBot, NewBot, Timestamp};

use super::key_expiry::key_expiry;
use super::list::{List, PageQuery};
use super::my_api_keys::{CreatedJson, NewKeyBody};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, OrgMember, Path, Query, RecentlyProven};

/// A bot of an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Bot)]
struct BotJson {
    #[schema(value_type = uuid::Uuid)]
    account_id: AccountId,
    #[schema(example = "Nightly build")]
    name: String,
    /// The address of whoever answers for it.
    #[schema(example = "ann@example.com")]
    responsible_email: String,
    /// `member` or `admin`, as any member's.
    #[schema(example = "member")]
    role: &'static str,
    /// Whether its keys are refused.
    disabled: bool,
    /// How many of its keys are live.
    live_keys: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A bot with its first key.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedBot)]
struct CreatedBotJson {
    #[serde(flatten)]
    bot: BotJson,
    api_key: CreatedJson,
}

/// A bot to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBotBody {
    #[schema(example = "Nightly build")]
    name: String,
    /// The address of whoever answers for it, who is told. Bots may share one; nobody signs in by it.
    #[schema(example = "ann@example.com")]
    responsible_email: String,
    /// When its first key ends: a moment (RFC 3339), or `never` where the settings allow it; absent: a year from now,
    /// unless the settings say otherwise.
    #[schema(example = "2027-01-01T00:00:00Z")]
    expires_at: Option<String>,
}

/// What of a bot is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BotBody {
    #[schema(example = "Nightly build")]
    name: Option<String>,
    #[schema(example = "ann@example.com")]
    responsible_email: Option<String>,
    /// Whether its keys are refused.
    disabled: Option<bool>,
}

#[derive(Deserialize)]
struct Named {
    id: AccountId,
}

/// The bots of an organization
#[utoipa::path(get, path = "/api/v1/organizations/{org}/bots", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id."), PageQuery),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "A page of bots.", body = List<BotJson>),
        (status = 403, description = "`organization_admin_required`, `permission_required`")))]
async fn list(State(app): State<App>, member: OrgMember, Query(page): Query<PageQuery>) -> Result<Json<List<BotJson>>> {
    let bots = app.vestibule.list_bots(&member.by, member.organization_id(), page.page()?).await?;
    Ok(Json(List::of(bots, BotJson::from)))
}

/// Make a bot
///
/// With its first key, whose secret is shown this once. It is a member; it never signs in. Needs a recent proof of who
/// you are.
#[utoipa::path(post, path = "/api/v1/organizations/{org}/bots", tag = "Organizations", request_body = NewBotBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 201, description = "The bot, its key and the secret.", body = CreatedBotJson),
        (status = 403, description = "`organization_admin_required`, `permission_required`, \
            `reauthentication_required`, `session_required`"),
        (status = 422, description = "`name_invalid`, `email_invalid`, `expiry_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember>,
    caller: Caller,
    Body(body): Body<NewBotBody>,
) -> Result<(StatusCode, Json<CreatedBotJson>)> {
    app.limits.sensitive(member.account_id())?;
    app.limits.mail_request(caller.ip(), &body.responsible_email)?;
    let expiry = key_expiry(body.expires_at.as_deref())?;
    let new = NewBot { name: body.name, responsible_email: body.responsible_email, expiry };
    let created = app.vestibule.create_bot(&member.by, member.organization_id(), new).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Change a bot
///
/// While it is disabled its keys are refused; they are good again afterwards.
#[utoipa::path(patch, path = "/api/v1/organizations/{org}/bots/{id}", tag = "Organizations", request_body = BotBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id."),
        ("id" = uuid::Uuid, Path, description = "The bot's account.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "The bot.", body = BotJson),
        (status = 403, description = "`organization_admin_required`, `permission_required`"),
        (status = 422, description = "`name_invalid`, `email_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn edit(
    State(app): State<App>,
    member: OrgMember,
    Path(Named { id }): Path<Named>,
    caller: Caller,
    Body(body): Body<BotBody>,
) -> Result<Json<BotJson>> {
    app.limits.sensitive(member.account_id())?;
    if let Some(email) = &body.responsible_email {
        app.limits.mail_request(caller.ip(), email)?;
    }
    let edit = BotEdit { name: body.name, responsible_email: body.responsible_email, disabled: body.disabled };
    Ok(Json(app.vestibule.edit_bot(&member.by, member.organization_id(), id, edit).await?.into()))
}

/// Delete a bot
///
/// With its keys.
#[utoipa::path(delete, path = "/api/v1/organizations/{org}/bots/{id}", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id."),
        ("id" = uuid::Uuid, Path, description = "The bot's account.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 204, description = "Gone."),
        (status = 403, description = "`organization_admin_required`, `permission_required`"),
        (status = 429, description = "`too_many_requests`")))]
async fn delete(State(app): State<App>, member: OrgMember, Path(Named { id }): Path<Named>) -> Result<StatusCode> {
    app.limits.sensitive(member.account_id())?;
    app.vestibule.delete_bot(&member.by, member.organization_id(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make another key for a bot
///
/// Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/organizations/{org}/bots/{id}/api-keys", tag = "Organizations",
    request_body = NewKeyBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id."),
        ("id" = uuid::Uuid, Path, description = "The bot's account.")),
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 201, description = "The key and its secret.", body = CreatedJson),
        (status = 403, description = "`ceiling`, `organization_admin_required`, `permission_required`, \
            `reauthentication_required`, `session_required`"),
        (status = 409, description = "`too_many_keys`"),
        (status = 422, description = "`name_invalid`, `permission_invalid`, `permission_unknown`, \
            `too_many_permissions`, `expiry_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create_key(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember>,
    Path(Named { id }): Path<Named>,
    Body(body): Body<NewKeyBody>,
) -> Result<(StatusCode, Json<CreatedJson>)> {
    app.limits.sensitive(member.account_id())?;
    let new = body.try_into()?;
    let created = app.vestibule.create_bot_key(&member.by, member.organization_id(), id, new).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

impl From<Bot> for BotJson {
    fn from(bot: Bot) -> BotJson {
        BotJson {
            account_id: bot.account_id,
            name: bot.name,
            responsible_email: bot.responsible_email,
            role: bot.role.as_str(),
            disabled: bot.disabled_at.is_some(),
            live_keys: bot.live_keys,
            created_at: bot.created_at,
        }
    }
}

impl From<CreatedBot> for CreatedBotJson {
    fn from(created: CreatedBot) -> CreatedBotJson {
        CreatedBotJson { bot: created.bot.into(), api_key: created.first.into() }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(edit, delete)).routes(routes!(create_key))
}
