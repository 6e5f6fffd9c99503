//! The API keys of an organization: a member makes and renews their own and sees those alone, an admin sees and ends
//! all. Made and renewed by people in their sessions alone.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, AccountKind, ApiKeyId, OrganizationKey};

use super::list::{List, PageQuery};
use super::my_api_keys::{CreatedJson, KeyJson, NewKeyBody, RotateBody};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, OrgMember, Path, Query, RecentlyProven};

/// A key of an organization, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = OrganizationKey)]
struct OrganizationKeyJson {
    #[serde(flatten)]
    key: KeyJson,
    /// Whose it is.
    #[schema(value_type = uuid::Uuid)]
    account_id: AccountId,
    /// How people know its owner.
    #[schema(example = "ann@example.com")]
    owner: String,
    /// Whether its owner is a bot.
    bot: bool,
}

#[derive(Deserialize)]
struct Named {
    id: ApiKeyId,
}

/// The API keys of an organization
///
/// An admin sees all, a member their own. Revoked ones are left out.
#[utoipa::path(get, path = "/api/v1/organizations/{org}/api-keys", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id."), PageQuery),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "A page of keys.", body = List<OrganizationKeyJson>),
        (status = 403, description = "`permission_required`")))]
async fn list(
    State(app): State<App>,
    member: OrgMember,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<OrganizationKeyJson>>> {
    let keys = app.vestibule.list_organization_keys(&member.by, member.organization_id(), page.page()?).await?;
    Ok(Json(List::of(keys, OrganizationKeyJson::from)))
}

/// Make an API key in an organization
///
/// For oneself. It may what it is limited to and its owner may too, as that is at each use, and in no other
/// organization; it ends with the membership. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/organizations/{org}/api-keys", tag = "Organizations", request_body = NewKeyBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 201, description = "The key and its secret.", body = CreatedJson),
        (status = 403, description = "`ceiling`, `permission_required`, `reauthentication_required`, \
            `session_required`"),
        (status = 409, description = "`too_many_keys`"),
        (status = 422, description = "`name_invalid`, `permission_invalid`, `permission_unknown`, \
            `too_many_permissions`, `expiry_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember>,
    Body(body): Body<NewKeyBody>,
) -> Result<(StatusCode, Json<CreatedJson>)> {
    app.limits.sensitive(member.account_id())?;
    let new = body.try_into()?;
    let created = app.vestibule.create_organization_key(&member.by, member.organization_id(), new).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Give an API key of an organization another secret
///
/// Its owner's act; of a bot's key, an admin's. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/organizations/{org}/api-keys/{id}/rotate", tag = "Organizations",
    request_body = RotateBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id."),
        ("id" = uuid::Uuid, Path, description = "The key's id.")),
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "The key and its new secret.", body = CreatedJson),
        (status = 403, description = "`key_owner_required`, `permission_required`, `reauthentication_required`, \
            `session_required`"),
        (status = 409, description = "`key_ended`"),
        (status = 422, description = "`field_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn rotate(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember>,
    Path(Named { id }): Path<Named>,
    Body(body): Body<RotateBody>,
) -> Result<Json<CreatedJson>> {
    app.limits.sensitive(member.account_id())?;
    let grace = Duration::from_secs(body.grace_seconds);
    let organization = member.organization_id();
    Ok(Json(app.vestibule.rotate_organization_key(&member.by, organization, id, grace).await?.into()))
}

/// Revoke an API key of an organization
///
/// For good: one's own, or as an admin anybody's.
#[utoipa::path(delete, path = "/api/v1/organizations/{org}/api-keys/{id}", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id."),
        ("id" = uuid::Uuid, Path, description = "The key's id.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 204, description = "Revoked."),
        (status = 403, description = "`permission_required`")))]
async fn revoke(State(app): State<App>, member: OrgMember, Path(Named { id }): Path<Named>) -> Result<StatusCode> {
    app.vestibule.revoke_organization_key(&member.by, member.organization_id(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<OrganizationKey> for OrganizationKeyJson {
    fn from(found: OrganizationKey) -> OrganizationKeyJson {
        let OrganizationKey { key, account_id, owner, owner_kind } = found;
        OrganizationKeyJson { key: key.into(), account_id, owner, bot: owner_kind == AccountKind::Bot }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(rotate)).routes(routes!(revoke))
}
