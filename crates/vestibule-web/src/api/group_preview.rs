//! What an edit of a group would do to each of its members, before it is made. Nothing is changed.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, Effect, GroupId, GroupPreview, needs};

use super::groups::GroupBody;
use super::permission::{PermissionJson, ScopeJson};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Path, Require, ViewGroups};

/// What an edit would do.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupPreview)]
struct PreviewJson {
    /// How many members the group has.
    member_count: i64,
    /// How many of them were looked at: of a large group the first thousand.
    examined: usize,
    /// How many of those would gain or lose.
    changed: usize,
    /// Of these, the first 100.
    effects: Vec<EffectJson>,
}

/// What one account would gain and lose.
#[derive(Serialize, ToSchema)]
#[schema(as = Effect)]
struct EffectJson {
    #[schema(value_type = uuid::Uuid)]
    account_id: AccountId,
    /// How people know the account; null: you may not see accounts.
    #[schema(example = "ann@example.com")]
    label: Option<String>,
    gains: Vec<PermissionJson>,
    loses: Vec<PermissionJson>,
    scope_before: ScopeJson,
    scope_after: ScopeJson,
}

/// See what an edit would do
///
/// Takes what `PATCH` of the group takes, and changes nothing.
#[utoipa::path(post, path = "/api/v1/admin/groups/{id}/preview", tag = "Permissions", request_body = GroupBody,
    params(("id" = uuid::Uuid, Path, description = "The group's id.")),
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"])), responses(
        (status = 200, description = "Who would gain or lose what.", body = PreviewJson),
        (status = 403, description = "`system_managed`"),
        (status = 422, description = "`name_invalid`, `permission_invalid`, `permission_unknown`, `scope_invalid`, \
            `too_many_permissions`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn preview(
    State(app): State<App>,
    Require(session, _): Require<ViewGroups>,
    Path(id): Path<GroupId>,
    Body(body): Body<GroupBody>,
) -> Result<Json<PreviewJson>> {
    app.limits.sensitive(session.account_id)?; // it is much work
    let mut preview = PreviewJson::from(app.vestibule.preview_group(id, &body.try_into()?).await?);
    if !session.may(needs::VIEW_USERS) {
        preview.effects.iter_mut().for_each(|effect| effect.label = None);
    }
    Ok(Json(preview))
}

impl From<GroupPreview> for PreviewJson {
    fn from(preview: GroupPreview) -> PreviewJson {
        PreviewJson {
            member_count: preview.member_count,
            examined: preview.examined,
            changed: preview.changed,
            effects: preview.effects.into_iter().map(EffectJson::from).collect(),
        }
    }
}

impl From<Effect> for EffectJson {
    fn from(effect: Effect) -> EffectJson {
        EffectJson {
            account_id: effect.account_id,
            label: Some(effect.label),
            gains: effect.gains.into_iter().map(PermissionJson::from).collect(),
            loses: effect.loses.into_iter().map(PermissionJson::from).collect(),
            scope_before: effect.scope_before.into(),
            scope_after: effect.scope_after.into(),
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(preview))
}
