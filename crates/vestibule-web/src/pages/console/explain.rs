//! Explaining a decision: what somebody would be answered, and why. It asks and changes nothing, so the question stands
//! in the address and can be handed on.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value};
use vestibule::{AccountId, AccountView, Explanation, Grant, Ground, Owner, Question, Stated, needs};

use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Require, Session, ViewGroups};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::permission::{InWords, sentence};
use crate::pages::powers::{Source, named};
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/explain.html")]
struct ExplainPage {
    frame: Frame,
    form: Form,
    asked: Asked,
    answer: Option<Answer>,
}

/// The question, as it was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    principal: String,
    action: String,
    resource: String,
    owner: String,
    scope: String,
    context: String,
}

/// The answer, in words.
struct Answer {
    is_allowed: bool,
    ground: Ground,
    reason: String,
    id: AccountId,
    label: String,
    /// What allowed it.
    grant: Option<Came>,
    near_misses: Vec<Came>,
}

/// A grant that sufficed, or what it lacked.
struct Came {
    permission: InWords,
    source: Source,
    missing: Vec<String>,
}

async fn ask(
    State(app): State<App>,
    Require(session, _): Require<ViewGroups, Session>,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    let mut form = asked.form();
    let answer = match asked.is_blank() {
        true => None,
        false => answer(&app, &session, &asked, &mut form).await?,
    };
    let frame = Frame::at(&app, &session, Here::Explain).titled("Explain a decision").around(&form);
    show(form.status(), &ExplainPage { frame, form, asked, answer })
}

/// The answer, if the question can be asked; else the form says what is wrong with it.
async fn answer(app: &App, session: &Session, asked: &Asked, form: &mut Form) -> Result<Option<Answer>> {
    let principal = app.vestibule.find_account(&asked.principal).await?;
    if principal.is_none() {
        form.note("principal", "Nobody is known by this.");
    }
    for (field, text) in [("action", &asked.action), ("resource", &asked.resource)] {
        if text.trim().is_empty() {
            form.note(field, "Write one word, as in the catalogue.");
        }
    }
    let stated = read_context(&asked.context).map_err(|why| form.note("context", why)).ok();
    let (Some(principal), Some(stated), false) = (principal, stated, form.is_refused()) else { return Ok(None) };
    let scope: Vec<&str> = asked.scope.lines().map(str::trim).filter(|id| !id.is_empty()).collect();
    let question = Question {
        owner: asked.owner(),
        scope: Some(scope.as_slice()).filter(|ids| !ids.is_empty()),
        stated: &stated,
        ..Question::new(asked.action.trim(), asked.resource.trim())
    };
    let explanation = app.vestibule.explain(principal.account.id, &question).await?;
    Ok(Some(Answer::of(session, &principal, explanation)))
}

impl Answer {
    fn of(session: &Session, principal: &AccountView, explanation: Explanation) -> Answer {
        let Explanation { allowed, code, reason, grant, near_misses } = explanation;
        let came = |grant: &Grant, missing: Vec<String>| Came {
            permission: InWords::of(session.view.catalogue(), &grant.permission),
            source: Source { group: named(&principal.groups, grant.group.as_deref()), via: None },
            missing,
        };
        Answer {
            is_allowed: allowed,
            ground: code,
            reason: sentence(reason),
            id: principal.account.id,
            label: principal.account.label(),
            grant: grant.map(|grant| came(&grant, Vec::new())),
            near_misses: near_misses
                .iter()
                .map(|near| came(&near.grant, near.missing.iter().map(ToString::to_string).collect()))
                .collect(),
        }
    }
}

impl Asked {
    fn is_blank(&self) -> bool {
        self.action.is_empty() && self.resource.is_empty()
    }

    fn form(&self) -> Form {
        Form::blank()
            .with("principal", &self.principal)
            .with("action", &self.action)
            .with("resource", &self.resource)
            .with("scope", &self.scope)
            .with("context", &self.context)
    }

    fn owner(&self) -> Owner {
        match self.owner.as_str() {
            "self" => Owner::Asker,
            "other" => Owner::Other,
            _ => Owner::Unrecorded,
        }
    }

    /// What can be chosen of the owner: as the form sends it, in words, and whether it is chosen.
    fn owners(&self) -> [(&'static str, &'static str, bool); 3] {
        let owners = [("", "nobody is recorded"), ("self", "they themselves"), ("other", "somebody else")];
        owners.map(|(value, words)| (value, words, self.owner == value))
    }
}

/// What the request states of itself: a JSON object, or lines of `name = value`, where a value is JSON or plain words.
fn read_context(text: &str) -> std::result::Result<Stated, String> {
    let mut object = Map::new();
    if text.trim_start().starts_with('{') {
        object = serde_json::from_str(text).map_err(|why| sentence(format!("this is not a JSON object: {why}")))?;
        return Ok(Stated::from_object(&object));
    }
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
            return Err(format!("Line {number}: Write it as name = value."));
        };
        let value = value.trim();
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        object.insert(name.trim().to_owned(), value);
    }
    Ok(Stated::from_object(&object))
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/explain", get(ask))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_stated_is_an_object_or_lines() {
        let of = |value: Value| Ok(Stated::from_object(value.as_object().unwrap()));
        let both = json!({ "amount": 500, "region": "eu west", "regions": ["eu", "us"], "version": "1.0" });
        assert_eq!(read_context(&both.to_string()), of(both.clone()));
        let lines = "amount = 500\n\nregion=eu west\r\nregions = [\"eu\", \"us\"]\nversion = \"1.0\"";
        assert_eq!(read_context(lines), of(both));
        assert_eq!(read_context("  "), Ok(Stated::nothing()));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(read_context("a = 1\nb").unwrap_err(), "Line 2: Write it as name = value.");
        assert_eq!(read_context("= 1").unwrap_err(), "Line 1: Write it as name = value.");
        assert!(read_context("{\"a\": ").unwrap_err().starts_with("This is not a JSON object: "));
    }
}
