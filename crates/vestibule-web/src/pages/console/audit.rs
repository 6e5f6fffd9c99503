//! The audit log, narrowed by who acted, on whom, what was done and how it ended. Whoever is known by an address or a
//! username may be asked for by it; whoever is gone, by id.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{AccountId, AuditFilter, AuditOutcome, needs};

use crate::api::list::filter;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Require, Session, ViewAudit};
use crate::pages::form::{Form, given};
use crate::pages::frame::{Frame, Here};
use crate::pages::history::{self, Act};
use crate::pages::paging::{Place, Turn};
use crate::pages::show;

const NOBODY: &str = "Nobody is known by this. Whoever was deleted can be found by id.";

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    frame: Frame,
    form: Form,
    asked: AuditQuery,
    acts: Vec<Act>,
    turn: Turn,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuditQuery {
    actor: String,
    target: String,
    organization: String,
    action: String,
    outcome: String,
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewAudit, Session>,
    Query(asked): Query<AuditQuery>,
    Query(place): Query<Place>,
) -> Result<Response> {
    let mut form = asked.form();
    let actor = whoever(&app, "actor", &asked.actor, &mut form).await?;
    let target = whoever(&app, "target", &asked.target, &mut form).await?;
    let wanted = AuditFilter {
        actor,
        target: target.map(|target| target.0),
        organization: filter("organization", Some(&asked.organization))?,
        about: None,
        action: given(asked.action.clone()),
        outcome: filter("outcome", Some(&asked.outcome))?,
    };
    let (acts, next) = match form.is_refused() {
        true => (Vec::new(), None),
        false => {
            let rows = app.vestibule.list_audit(&wanted, place.page()?).await?;
            (rows.items.into_iter().map(Act::of).collect(), rows.next_cursor)
        }
    };
    let turn = place.turn(&app, Here::Audit.path(), &asked.pairs(), next.as_deref());
    let frame = Frame::at(&app, &session, Here::Audit).around(&form);
    show(form.status(), &AuditPage { frame, form, asked, acts, turn })
}

/// The account of this id, address or username; nobody known is noted beside the field.
async fn whoever(app: &App, field: &'static str, text: &str, form: &mut Form) -> Result<Option<AccountId>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(id) = text.parse() {
        return Ok(Some(id)); // whoever is gone is in the log all the same
    }
    let found = app.vestibule.find_account(text).await?;
    if found.is_none() {
        form.note(field, NOBODY);
    }
    Ok(found.map(|view| view.account.id))
}

impl AuditQuery {
    fn form(&self) -> Form {
        self.pairs().into_iter().fold(Form::blank(), |form, (field, value)| form.with(field, value))
    }

    /// The acts to choose from: name, words, and whether it is the chosen one. A name without words is its own words.
    fn actions(&self) -> Vec<(&str, &str, bool)> {
        let known = history::known();
        let is_known = self.action.is_empty() || known.iter().any(|(action, _)| *action == self.action);
        let other = (!is_known).then_some((self.action.as_str(), self.action.as_str()));
        known.into_iter().chain(other).map(|(action, words)| (action, words, action == self.action)).collect()
    }

    fn outcomes(&self) -> [(AuditOutcome, bool); 3] {
        [AuditOutcome::Done, AuditOutcome::Refused, AuditOutcome::Unknown]
            .map(|one| (one, self.outcome == one.as_str()))
    }

    fn pairs(&self) -> [(&'static str, &str); 5] {
        [
            ("actor", &self.actor),
            ("target", &self.target),
            ("organization", &self.organization),
            ("action", &self.action),
            ("outcome", &self.outcome),
        ]
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/audit", get(list))
}
