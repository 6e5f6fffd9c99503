//! Many decisions at once, by the OpenID AuthZEN Authorization API 1.0: what stands beside the list holds for each of
//! its items that does not say otherwise. An item that cannot be understood is denied by itself; the rest is answered.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, Error};

use super::evaluation::{ActionBody, DecisionJson, EvaluationBody, ResourceBody, SubjectBody, Subjects, understood};
use super::permission::brief;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Body, Decider};

/// How many questions are decided at once, at most.
const AT_MOST: usize = 100;

/// Questions, and what holds for each of them that does not say otherwise.
#[derive(Deserialize, ToSchema)]
#[schema(as = Evaluations)]
struct EvaluationsBody {
    #[serde(flatten)]
    shared: PartialBody,
    /// At most 100, each with what is its own. Absent or empty, what is beside it is the one question.
    #[schema(value_type = Option<Vec<PartialBody>>)]
    evaluations: Option<Vec<Value>>,
    options: Option<OptionsBody>,
}

/// A part of a question.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = PartialEvaluation)]
struct PartialBody {
    subject: Option<SubjectBody>,
    action: Option<ActionBody>,
    resource: Option<ResourceBody>,
    /// What the request states of itself, by dimension.
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
}

/// How the questions are decided.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = EvaluationsOptions)]
struct OptionsBody {
    evaluations_semantic: Option<Semantic>,
}

/// When to stop.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvaluationsSemantic)]
enum Semantic {
    /// After the last one.
    #[default]
    ExecuteAll,
    /// After the first denial.
    DenyOnFirstDeny,
    /// After the first permission.
    PermitOnFirstPermit,
}

/// The decisions, in the order of the questions, up to where they stopped; or the decision of the one question.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Decisions)]
enum DecisionsJson {
    One(DecisionJson),
    Many { evaluations: Vec<DecisionJson> },
}

/// Decide many questions
///
/// OpenID AuthZEN Authorization API 1.0. A request's `X-Request-ID` is its answer's too. A question that cannot be
/// understood is denied, with the code `bad_request` in its context.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "Decisions", request_body = EvaluationsBody,
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"]),
        ("service_key" = ["evaluate"])), responses(
        (status = 200, description = "The decisions.", body = DecisionsJson),
        (status = 422, description = "`empty_batch`, `field_invalid`"),
    ))]
async fn evaluate(
    State(app): State<App>,
    _: Decider,
    body: Result<Body<EvaluationsBody>>,
) -> Result<Json<DecisionsJson>> {
    let EvaluationsBody { shared, evaluations, options } = understood(body)?;
    let semantic = options.unwrap_or_default().evaluations_semantic.unwrap_or_default();
    match evaluations {
        None => one(&app, shared, Code::MalformedJson).await,
        Some(items) if items.is_empty() => one(&app, shared, Code::EmptyBatch).await,
        Some(items) if items.len() > AT_MOST => Err(Error::field("evaluations", Code::FieldInvalid).into()),
        Some(items) => many(&app, shared, items, semantic).await,
    }
}

/// The decision of what stands beside the list; where that is no whole question, the code says what there is none of.
async fn one(app: &App, shared: PartialBody, none: Code) -> Result<Json<DecisionsJson>> {
    let question = shared.complete().map_err(|fault| Problem::from(none).because(fault))?;
    match Subjects::of(app).decide(&question).await? {
        Ok(decision) => Ok(Json(DecisionsJson::One(decision))),
        Err(fault) => Err(Problem::from(Code::BadRequest).because(fault)),
    }
}

async fn many(app: &App, shared: PartialBody, items: Vec<Value>, semantic: Semantic) -> Result<Json<DecisionsJson>> {
    let mut subjects = Subjects::of(app);
    let mut evaluations = Vec::new();
    for item in items {
        let decided = match shared.with(item).and_then(PartialBody::complete) {
            Ok(question) => subjects.decide(&question).await?,
            Err(fault) => Err(fault),
        };
        let decided = decided.unwrap_or_else(|fault| DecisionJson::failed(Code::BadRequest, fault));
        let is_last = semantic.stops_at(decided.decision);
        evaluations.push(decided);
        if is_last {
            break;
        }
    }
    Ok(Json(DecisionsJson::Many { evaluations }))
}

impl PartialBody {
    /// What an item says, and of the rest what is shared; or what of the item cannot be understood.
    fn with(&self, item: Value) -> Result<PartialBody, String> {
        let item: PartialBody = serde_json::from_value(item).map_err(brief)?;
        Ok(PartialBody {
            subject: item.subject.or_else(|| self.subject.clone()),
            action: item.action.or_else(|| self.action.clone()),
            resource: item.resource.or_else(|| self.resource.clone()),
            context: item.context.or_else(|| self.context.clone()),
        })
    }

    /// The question, or what it lacks.
    fn complete(self) -> Result<EvaluationBody, String> {
        let missing = |name: &str| format!("missing field `{name}`");
        Ok(EvaluationBody {
            subject: self.subject.ok_or_else(|| missing("subject"))?,
            action: self.action.ok_or_else(|| missing("action"))?,
            resource: self.resource.ok_or_else(|| missing("resource"))?,
            context: self.context,
        })
    }
}

impl Semantic {
    fn stops_at(self, decision: bool) -> bool {
        match self {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !decision,
            Semantic::PermitOnFirstPermit => decision,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(evaluate))
}
