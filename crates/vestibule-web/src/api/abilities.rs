//! Abilities: what service keys may be allowed, in words of their own beside the catalogue of permissions.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Ability, AbilityId, Timestamp};

use super::list::All;
use crate::app::App;
use crate::error::Result;
use crate::extract::{
    Body, Caller, CreateServiceKeys, DeleteServiceKeys, Path, RecentlyProven, Require, ViewServiceKeys,
};

/// Something that a service may be allowed.
#[derive(Serialize, ToSchema)]
#[schema(as = Ability)]
struct AbilityJson {
    #[schema(value_type = uuid::Uuid)]
    id: AbilityId,
    /// Its name for programs, which never changes.
    #[schema(example = "print-labels")]
    slug: String,
    /// Its name for people.
    #[schema(example = "Print labels")]
    label: String,
    /// Whether Vestibule itself asks for it.
    built_in: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// An ability to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAbilityBody {
    #[schema(example = "print-labels")]
    slug: String,
    #[schema(example = "Print labels")]
    label: String,
}

/// The abilities
#[utoipa::path(get, path = "/api/v1/admin/abilities", tag = "Service keys",
    security(("bearer" = ["view:service-keys"]), ("cookie" = ["view:service-keys"]),
        ("program" = ["view:service-keys"])),
    responses((status = 200, description = "Every ability, by slug.", body = All<AbilityJson>)))]
async fn list(State(app): State<App>, _: Require<ViewServiceKeys>) -> Result<Json<All<AbilityJson>>> {
    let abilities = app.vestibule.list_abilities().await?;
    Ok(Json(All::of(abilities, AbilityJson::from)))
}

/// Make an ability
///
/// No key has it yet. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/admin/abilities", tag = "Service keys", request_body = NewAbilityBody,
    security(("bearer" = ["create:service-keys"]), ("cookie" = ["create:service-keys"])), responses(
        (status = 201, description = "The ability.", body = AbilityJson),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`slug_in_use`"),
        (status = 422, description = "`slug_invalid`, `name_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateServiceKeys>>,
    caller: Caller,
    Body(body): Body<NewAbilityBody>,
) -> Result<(StatusCode, Json<AbilityJson>)> {
    app.limits.sensitive(session.account_id)?;
    let ability = app.vestibule.create_ability(&caller.acting(&session), &body.slug, &body.label).await?;
    Ok((StatusCode::CREATED, Json(ability.into())))
}

/// Delete an ability
///
/// The keys that had it do not any more. Needs a recent proof of who you are.
#[utoipa::path(delete, path = "/api/v1/admin/abilities/{id}", tag = "Service keys",
    params(("id" = uuid::Uuid, Path, description = "The ability's id.")),
    security(("bearer" = ["delete:service-keys"]), ("cookie" = ["delete:service-keys"])), responses(
        (status = 204, description = "Deleted."),
        (status = 403, description = "`system_managed`, `reauthentication_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn delete(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<DeleteServiceKeys>>,
    Path(id): Path<AbilityId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.delete_ability(&caller.acting(&session), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Ability> for AbilityJson {
    fn from(ability: Ability) -> AbilityJson {
        let Ability { id, slug, label, built_in, created_at } = ability;
        AbilityJson { id, slug, label, built_in, created_at }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(delete))
}
