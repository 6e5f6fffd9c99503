//! Decisions for whoever enforces them, by the OpenID AuthZEN Authorization API 1.0: may this subject do this to that?
//! A denial is an answer (200), never an error; what cannot be understood is 400; what is not known is ignored, and
//! whoever is not known is denied. An answer's context says why, to whoever may see what anybody may do.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, Code, Explanation, Ground, Question, View, explain};

use super::circumstances::Circumstances;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Body, Decider};

/// The types of subject that are accounts.
const ACCOUNTS: [&str; 2] = ["account", "user"];

/// Who would do it.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = Subject)]
pub(super) struct SubjectBody {
    /// `account` or `user`; another type is not known.
    #[schema(example = "user")]
    r#type: String,
    /// An id, an e-mail or a username.
    #[schema(example = "ann@example.com")]
    id: String,
}

/// What would be done.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = Action)]
pub(super) struct ActionBody {
    #[schema(example = "cancel")]
    name: String,
    /// What the request states of itself, by dimension, beside `context`.
    #[schema(value_type = Option<Object>)]
    properties: Option<Map<String, Value>>,
}

/// To what.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = Resource)]
pub(super) struct ResourceBody {
    #[schema(example = "orders")]
    r#type: String,
    #[schema(example = "4711")]
    #[expect(dead_code, reason = "the standard requires it, and no permission depends on it")]
    id: String,
    /// `owner`: the id of the account whose it is. `scope`: the id, or the list of ids, of the scope that it is in.
    #[schema(value_type = Option<Object>)]
    properties: Option<Map<String, Value>>,
}

/// A question.
#[derive(Deserialize, ToSchema)]
#[schema(as = Evaluation)]
pub(super) struct EvaluationBody {
    pub subject: SubjectBody,
    pub action: ActionBody,
    pub resource: ResourceBody,
    /// What the request states of itself, by dimension.
    #[schema(value_type = Option<Object>, example = json!({"regions": ["eu-1"], "amount": 200}))]
    pub context: Option<Map<String, Value>>,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub(super) struct DecisionJson {
    pub decision: bool,
    context: WhyJson,
}

/// Why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionContext)]
struct WhyJson {
    /// For programs: `granted`, `not_granted`, `out_of_scope`, `not_in_catalogue`, `account_inactive`,
    /// `account_unknown`; in a batch also `bad_request`.
    #[schema(value_type = String, example = "granted")]
    code: Why,
    /// For people.
    #[schema(example = "granted by admin:* of group administrators")]
    reason: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
enum Why {
    Decided(Ground),
    Failed(Code),
}

/// The subjects of a request, each looked up once: what one request is told holds together.
pub(super) struct Subjects<'a> {
    app: &'a App,
    known: HashMap<String, Option<Subject>>,
}

/// An account, and what it may do if it is in use.
struct Subject {
    id: AccountId,
    view: Option<View>,
}

/// Decide a question
///
/// OpenID AuthZEN Authorization API 1.0. A request's `X-Request-ID` is its answer's too. A service key needs the ability
/// `evaluate` instead of the permission.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "Decisions", request_body = EvaluationBody,
    security(("bearer" = ["view:groups"]), ("cookie" = ["view:groups"]), ("program" = ["view:groups"]),
        ("service_key" = ["evaluate"])),
    responses((status = 200, description = "The decision.", body = DecisionJson)))]
async fn evaluate(
    State(app): State<App>,
    _: Decider,
    body: Result<Body<EvaluationBody>>,
) -> Result<Json<DecisionJson>> {
    let question = understood(body)?;
    match Subjects::of(&app).decide(&question).await? {
        Ok(decision) => Ok(Json(decision)),
        Err(fault) => Err(Problem::from(Code::BadRequest).because(fault)),
    }
}

/// The body; one of another type is as little understood as one that is no JSON.
pub(super) fn understood<T>(body: Result<Body<T>>) -> Result<T> {
    match body {
        Ok(Body(body)) => Ok(body),
        Err(problem) if problem.code() == Code::UnsupportedMediaType => {
            Err(Problem::from(Code::MalformedJson).because("The body is to be application/json."))
        }
        Err(problem) => Err(problem),
    }
}

impl<'a> Subjects<'a> {
    pub(super) fn of(app: &'a App) -> Subjects<'a> {
        Subjects { app, known: HashMap::new() }
    }

    /// The decision; or, inside, what of the question cannot be understood.
    pub(super) async fn decide(&mut self, asked: &EvaluationBody) -> Result<Result<DecisionJson, String>> {
        let EvaluationBody { subject, action, resource, context } = asked;
        let circumstances = [context.as_ref(), action.properties.as_ref(), resource.properties.as_ref()];
        let circumstances = match Circumstances::read(circumstances) {
            Ok(circumstances) => circumstances,
            Err(fault) => return Ok(Err(fault)),
        };
        let Some(subject) = self.find(subject).await? else {
            return Ok(Ok(DecisionJson::failed(Code::AccountUnknown, Code::AccountUnknown.message())));
        };
        let scope: Option<Vec<&str>> = circumstances.scope();
        let question = Question {
            action: &action.name,
            resource: &resource.r#type,
            owner: circumstances.owner(subject.id),
            scope: scope.as_deref(),
            stated: &circumstances.stated,
        };
        let explanation = subject.view.as_ref().map_or_else(Explanation::inactive, |view| explain(view, &question));
        Ok(Ok(explanation.into()))
    }

    async fn find(&mut self, subject: &SubjectBody) -> Result<Option<&Subject>> {
        if !ACCOUNTS.contains(&subject.r#type.as_str()) {
            return Ok(None);
        }
        if !self.known.contains_key(&subject.id) {
            let engine = &self.app.vestibule;
            let found = match engine.find_account(&subject.id).await? {
                Some(found) => {
                    let id = found.account.id;
                    Some(Subject { id, view: engine.view_of(id).await? })
                }
                None => None,
            };
            self.known.insert(subject.id.clone(), found);
        }
        Ok(self.known.get(&subject.id).and_then(Option::as_ref))
    }
}

impl DecisionJson {
    /// The denial of a question that could not be decided.
    pub(super) fn failed(code: Code, reason: impl Into<String>) -> DecisionJson {
        DecisionJson { decision: false, context: WhyJson { code: Why::Failed(code), reason: reason.into() } }
    }
}

impl From<Explanation> for DecisionJson {
    fn from(explanation: Explanation) -> DecisionJson {
        let Explanation { allowed, code, reason, .. } = explanation;
        DecisionJson { decision: allowed, context: WhyJson { code: Why::Decided(code), reason } }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(evaluate))
}
