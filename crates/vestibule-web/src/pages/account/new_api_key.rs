//! Making an API key: what it is called, what it may, and when it ends. Nothing is chosen of what it may until whoever
//! makes it does, and what was written beside a choice that ignores it is asked about.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{Catalogue, NewApiKey, Permission};

use super::shown_api_key::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::key_end::{EndChoice, KeyEnds};
use crate::pages::permission::read_lines;
use crate::pages::show;

const ALL: &str = "all";
const ONLY: &str = "only";
const NOTHING: &str = "nothing";

/// What can be chosen of what a key may, as the form sends it, and in words.
pub(crate) const MAY: [(&str, &str); 3] = [
    (ALL, "Everything I may, now and later"),
    (ONLY, "Only these, one a line"),
    (NOTHING, "Nothing: it only says who I am"),
];

/// What belongs on the lines.
pub(crate) const LINES_HINT: &str =
    r#"Such as view:users or buy:plans {"max_amount": 500}. What you may do is on your profile."#;

#[derive(Template)]
#[template(path = "account/new_api_key.html")]
struct NewApiKeyPage {
    frame: Frame,
    form: Form,
    ends: Vec<EndChoice>,
}

/// What the form sends.
#[derive(Deserialize)]
pub(in crate::pages) struct KeyFields {
    name: String,
    /// Not sent when nothing is chosen.
    #[serde(default)]
    may: String,
    permissions: String,
    expires_at: String,
}

impl KeyFields {
    pub(in crate::pages) fn form(&self) -> Form {
        Form::blank()
            .with("name", &self.name)
            .with("may", &self.may)
            .with("permissions", &self.permissions)
            .with("expires_at", &self.expires_at)
    }
}

async fn ask(State(app): State<App>, RecentlyProven(session): RecentlyProven) -> Result<Response> {
    page(&app, &session, KeyEnds::of_api_key(&app.vestibule.config().tokens).blank())
}

async fn create(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    FormBody(fields): FormBody<KeyFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let mut form = fields.form();
    let Some(new) = read(&app, &session, &mut form) else { return page(&app, &session, form) };
    match app.vestibule.create_api_key(&caller.acting(&session), session.account_id, new).await {
        Ok(created) => show_once(&app, &session, created, None),
        Err(error) => page(&app, &session, form.refused(error)?),
    }
}

/// What was typed, if it can be read; else the form says what is wrong.
pub(in crate::pages) fn read(app: &App, session: &Session, form: &mut Form) -> Option<NewApiKey> {
    let permissions = permissions(session.view.catalogue(), form);
    let expiry = KeyEnds::of_api_key(&app.vestibule.config().tokens).read(form, app.vestibule.now());
    Some(NewApiKey { name: form.typed("name").to_owned(), permissions: permissions?, expiry: expiry? })
}

/// What the key shall be limited to; the inner none: to nothing in particular.
fn permissions(catalogue: &Catalogue, form: &mut Form) -> Option<Option<Vec<Permission>>> {
    let lines = form.typed("permissions").trim();
    let is_blank = lines.is_empty();
    match form.typed("may") {
        ALL if is_blank => Some(None),
        NOTHING if is_blank => Some(Some(Vec::new())),
        ONLY if is_blank => {
            form.note("permissions", "Write at least one, or choose that it may nothing.");
            None
        }
        ONLY => match read_lines(catalogue, form.typed("permissions")) {
            Ok(permissions) => Some(Some(permissions)),
            Err(why) => {
                form.note("permissions", why);
                None
            }
        },
        ALL | NOTHING => {
            form.note("may", "You wrote permissions below. Choose that it may only these, or empty the lines.");
            None
        }
        _ => {
            form.note("may", "Choose what it may.");
            None
        }
    }
}

fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let ends = KeyEnds::of_api_key(&app.vestibule.config().tokens).choices(&form);
    let frame = Frame::at(app, session, Here::ApiKeys).titled("New API key").around(&form);
    show(form.status(), &NewApiKeyPage { frame, form, ends })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/account/api-keys/new", get(ask).post(create))
}
