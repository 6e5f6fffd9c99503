//! Why an account may do something or may not: the grant that allows it, or what each near miss lacked.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, Code, Error, Explanation, Grant, Ground, Missing, NearMiss, Question, Stated};

use super::circumstances::owner_of;
use super::permission::PermissionJson;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Require, ViewGroups};

/// What is asked, of whom: either `account_id` or `principal`.
#[derive(Deserialize, ToSchema)]
struct ExplainBody {
    #[schema(value_type = Option<uuid::Uuid>)]
    account_id: Option<AccountId>,
    /// An id, an e-mail or a username.
    #[schema(example = "ann@example.com")]
    principal: Option<String>,
    #[schema(example = "cancel")]
    action: String,
    #[schema(example = "orders")]
    resource: String,
    /// The id of the account whose the resource is; absent: nobody is recorded.
    owner: Option<String>,
    /// The scope ids that the resource states; absent: it is not a thing of any scope.
    scope: Option<Vec<String>>,
    /// What the request states of itself, by dimension.
    #[schema(value_type = Option<Object>, example = json!({"regions": ["eu-1"], "amount": 200}))]
    context: Option<Map<String, Value>>,
}

/// An answer and its reason.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
struct ExplanationJson {
    allowed: bool,
    /// What it rests on, for programs: `granted`, `out_of_scope`, `not_in_catalogue`, `not_granted` or
    /// `account_inactive`.
    #[schema(value_type = String, example = "granted")]
    code: Ground,
    /// What it rests on, for people.
    #[schema(example = "granted by admin:* of group administrators")]
    reason: String,
    /// What allowed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<GrantJson>,
    /// What would have, had nothing been missing.
    near_misses: Vec<NearMissJson>,
}

/// A permission, and where the account has it from.
#[derive(Serialize, ToSchema)]
#[schema(as = Grant)]
struct GrantJson {
    permission: PermissionJson,
    /// The slug of the group that gives it; null: it is held directly.
    group: Option<String>,
}

/// A grant that did not suffice.
#[derive(Serialize, ToSchema)]
#[schema(as = NearMiss)]
struct NearMissJson {
    #[serde(flatten)]
    grant: GrantJson,
    /// What was missing: each with a `code`, and what that speaks of.
    #[schema(value_type = Vec<Object>, example = json!([{"code": "unstated", "dimension": "regions"}]))]
    missing: Vec<Missing>,
}

/// Explain a decision
#[utoipa::path(post, path = "/api/v1/admin/explain", tag = "Permissions", request_body = ExplainBody,
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"])), responses(
        (status = 200, description = "The decision, and why.", body = ExplanationJson),
        (status = 404, description = "`not_found`"),
        (status = 422, description = "`field_invalid`"),
    ))]
async fn explain(
    State(app): State<App>,
    _: Require<ViewGroups>,
    Body(body): Body<ExplainBody>,
) -> Result<Json<ExplanationJson>> {
    let account = body.account(&app).await?;
    let scope: Option<Vec<&str>> = body.scope.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
    let question = Question {
        action: body.action.trim(),
        resource: body.resource.trim(),
        owner: owner_of(body.owner.as_deref(), account),
        scope: scope.as_deref(),
        stated: &body.context.as_ref().map(Stated::from_object).unwrap_or_default(),
    };
    Ok(Json(app.vestibule.explain(account, &question).await?.into()))
}

impl ExplainBody {
    /// Of whom it is asked.
    async fn account(&self, app: &App) -> Result<AccountId> {
        match (self.account_id, &self.principal) {
            (Some(id), None) => Ok(id),
            (None, Some(principal)) => {
                let found = app.vestibule.find_account(principal).await?;
                Ok(found.ok_or(Error::NotFound)?.account.id)
            }
            (None, None) | (Some(_), Some(_)) => Err(Error::field("principal", Code::FieldInvalid).into()),
        }
    }
}

impl From<Explanation> for ExplanationJson {
    fn from(explanation: Explanation) -> ExplanationJson {
        let Explanation { allowed, code, reason, grant, near_misses } = explanation;
        let near_misses = near_misses.into_iter().map(NearMissJson::from).collect();
        ExplanationJson { allowed, code, reason, grant: grant.map(GrantJson::from), near_misses }
    }
}

impl From<Grant> for GrantJson {
    fn from(grant: Grant) -> GrantJson {
        GrantJson { permission: grant.permission.into(), group: grant.group }
    }
}

impl From<NearMiss> for NearMissJson {
    fn from(miss: NearMiss) -> NearMissJson {
        NearMissJson { grant: miss.grant.into(), missing: miss.missing }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(explain))
}
