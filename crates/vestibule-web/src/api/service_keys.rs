//! Service keys: secrets of programs that are nobody's account, and may what their abilities say.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, CreatedServiceKey, NewServiceKey, ServiceKey, ServiceKeyId, Timestamp};

use super::key_expiry::key_expiry;
use super::list::{List, PageQuery};
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{
    Body, Caller, CreateServiceKeys, DeleteServiceKeys, Path, Query, RecentlyProven, Require, ViewServiceKeys,
};

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceKey)]
struct KeyJson {
    #[schema(value_type = uuid::Uuid)]
    id: ServiceKeyId,
    #[schema(example = "label printer")]
    name: String,
    /// The beginning of its secret, to tell keys apart.
    #[schema(example = "vst_svc_0aB1cD")]
    prefix: String,
    /// The slugs of its abilities.
    #[schema(example = json!(["introspect"]))]
    abilities: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Who made it; null: the host, or somebody gone.
    #[schema(value_type = Option<uuid::Uuid>)]
    created_by: Option<AccountId>,
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
#[schema(as = CreatedServiceKey)]
struct CreatedJson {
    #[serde(flatten)]
    key: KeyJson,
    /// For `Authorization: Bearer`.
    #[schema(example = "vst_svc_…")]
    token: String,
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewServiceKeyBody {
    #[schema(example = "label printer")]
    name: String,
    /// The slugs of its abilities; an empty list: it may do nothing.
    #[schema(example = json!(["introspect"]))]
    abilities: Vec<String>,
    /// A moment (RFC 3339), or `never`; absent: after as long as an API key, usually a year.
    #[schema(example = "2027-01-01T00:00:00Z")]
    expires_at: Option<String>,
}

/// List the service keys
#[utoipa::path(get, path = "/api/v1/admin/service-keys", tag = "Service keys", params(PageQuery),
    security(("bearer" = ["view:service-keys"]), ("cookie" = ["view:service-keys"]),
        ("program" = ["view:service-keys"])),
    responses((status = 200, description = "A page of keys, revoked ones as well.", body = List<KeyJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewServiceKeys>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<KeyJson>>> {
    let keys = app.vestibule.list_service_keys(page.page()?).await?;
    Ok(Json(List::of(keys, KeyJson::from)))
}

/// Make a service key
///
/// Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/service-keys", tag = "Service keys", request_body = NewServiceKeyBody,
    security(("bearer" = ["create:service-keys"]), ("cookie" = ["create:service-keys"])), responses(
        (status = 201, description = "The key and its secret.", body = CreatedJson),
        (status = 403, description = "`reauthentication_required`"),
        (status = 422, description = "`name_invalid`, `ability_unknown`, `expiry_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateServiceKeys>>,
    caller: Caller,
    Body(body): Body<NewServiceKeyBody>,
) -> Result<(StatusCode, Json<CreatedJson>)> {
    app.limits.sensitive(session.account_id)?;
    let created = app.vestibule.create_service_key(&caller.acting(&session), body.try_into()?).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Revoke a service key
///
/// For good. It may be revoked already. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/admin/service-keys/{id}", tag = "Service keys",
    params(("id" = uuid::Uuid, Path, description = "The key's id.")),
    security(("bearer" = ["delete:service-keys"]), ("cookie" = ["delete:service-keys"])), responses(
        (status = 204, description = "Revoked."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn revoke(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<DeleteServiceKeys>>,
    Path(id): Path<ServiceKeyId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.revoke_service_key(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl TryFrom<NewServiceKeyBody> for NewServiceKey {
    type Error = Problem;

    fn try_from(body: NewServiceKeyBody) -> Result<NewServiceKey> {
        let NewServiceKeyBody { name, abilities, expires_at } = body;
        Ok(NewServiceKey { name, abilities, expiry: key_expiry(expires_at.as_deref())? })
    }
}

impl From<ServiceKey> for KeyJson {
    fn from(key: ServiceKey) -> KeyJson {
        KeyJson {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            abilities: key.abilities,
            created_at: key.created_at,
            created_by: key.created_by,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

impl From<CreatedServiceKey> for CreatedJson {
    fn from(created: CreatedServiceKey) -> CreatedJson {
        CreatedJson { token: created.token.expose().to_owned(), key: created.key.into() }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}
