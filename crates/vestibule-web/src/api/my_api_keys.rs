//! One's own API keys that are of no organization: made, listed, given another secret, revoked. By people in their sessions alone: no key makes or
//! changes a key.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{ApiKey, ApiKeyId, CreatedApiKey, NewApiKey, Timestamp};

use super::key_expiry::key_expiry;
use super::list::{List, PageQuery};
use super::permission::{PermissionJson, permissions};
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Body, Caller, Path, Query, RecentlyProven, Session};

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct KeyJson {
    #[schema(value_type = uuid::Uuid)]
    id: ApiKeyId,
    #[schema(example = "nightly backup")]
    name: String,
    /// The beginning of its secret, to tell keys apart.
    #[schema(example = "vst_key_0aB1cD")]
    prefix: String,
    /// What it is limited to; null: all that its owner may. Empty: nothing but to say whose it is.
    permissions: Option<Vec<PermissionJson>>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// To the minute; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// When it was revoked; null: it was not.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// A key with its secret, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedApiKey)]
pub(super) struct CreatedJson {
    #[serde(flatten)]
    key: KeyJson,
    /// For `Authorization: Bearer`.
    #[schema(example = "vst_key_…")]
    token: String,
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKeyBody {
    #[schema(example = "nightly backup")]
    name: String,
    /// What it is limited to; absent or null: all that its owner may. Empty: nothing but to say whose it is.
    #[schema(value_type = Option<Vec<PermissionJson>>)]
    permissions: Option<Vec<Value>>,
    /// A moment (RFC 3339), or `never` where the settings allow it; absent: a year from now, unless the settings say
    /// otherwise.
    #[schema(example = "2027-01-01T00:00:00Z")]
    expires_at: Option<String>,
}

/// How the secret before goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateBody {
    /// How long the secret before is good besides, 604800 at most.
    #[serde(default)]
    #[schema(required = false, minimum = 0, maximum = 604_800, example = 3600)]
    pub grace_seconds: u64,
}

/// My API keys
#[utoipa::path(get, path = "/api/v1/me/api-keys", tag = "API keys", params(PageQuery),
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "A page of my keys that are of no organization, revoked ones as well.", body = List<KeyJson>)))]
async fn list(State(app): State<App>, session: Session, Query(page): Query<PageQuery>) -> Result<Json<List<KeyJson>>> {
    let keys = app.vestibule.list_api_keys(session.account_id, page.page()?).await?;
    Ok(Json(List::of(keys, KeyJson::from)))
}

/// Make an API key
///
/// It may what it is limited to and its owner may too, as that is at each use. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/me/api-keys", tag = "API keys", request_body = NewKeyBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 201, description = "The key and its secret.", body = CreatedJson),
        (status = 403, description = "`ceiling`, `reauthentication_required`"),
        (status = 409, description = "`too_many_keys`"),
        (status = 422, description = "`name_invalid`, `permission_invalid`, `permission_unknown`, \
            `too_many_permissions`, `expiry_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    Body(body): Body<NewKeyBody>,
) -> Result<(StatusCode, Json<CreatedJson>)> {
    app.limits.sensitive(session.account_id)?;
    let new = body.try_into()?;
    let created = app.vestibule.create_api_key(&caller.acting(&session), session.account_id, new).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Give an API key another secret
///
/// Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/me/api-keys/{id}/rotate", tag = "API keys", request_body = RotateBody,
    params(("id" = uuid::Uuid, Path, description = "The key's id.")), security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The key and its new secret.", body = CreatedJson),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`key_ended`"),
        (status = 422, description = "`field_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn rotate(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    Path(id): Path<ApiKeyId>,
    caller: Caller,
    Body(body): Body<RotateBody>,
) -> Result<Json<CreatedJson>> {
    app.limits.sensitive(session.account_id)?;
    let grace = Duration::from_secs(body.grace_seconds);
    let rotated = app.vestibule.rotate_api_key(&caller.acting(&session), session.account_id, id, grace).await?;
    Ok(Json(rotated.into()))
}

/// Revoke an API key
///
/// For good. It may be revoked already.
#[utoipa::path(delete, path = "/api/v1/me/api-keys/{id}", tag = "API keys",
    params(("id" = uuid::Uuid, Path, description = "The key's id.")), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Revoked.")))]
async fn revoke(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ApiKeyId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.vestibule.revoke_api_key(&caller.acting(&session), session.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl TryFrom<NewKeyBody> for NewApiKey {
    type Error = Problem;

    fn try_from(body: NewKeyBody) -> Result<NewApiKey> {
        Ok(NewApiKey {
            name: body.name,
            permissions: body.permissions.map(permissions).transpose()?,
            expiry: key_expiry(body.expires_at.as_deref())?,
        })
    }
}

impl From<ApiKey> for KeyJson {
    fn from(key: ApiKey) -> KeyJson {
        let limits = |permissions: Vec<_>| permissions.into_iter().map(PermissionJson::from).collect();
        KeyJson {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            permissions: key.permissions.map(limits),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

impl From<CreatedApiKey> for CreatedJson {
    fn from(created: CreatedApiKey) -> CreatedJson {
        CreatedJson { token: created.token.expose().to_owned(), key: created.key.into() }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(rotate)).routes(routes!(revoke))
}
