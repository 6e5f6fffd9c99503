//! Making another administrator.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::NewAdministrator;

use super::on::Sensitive;
use crate::api::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, CreateUsers, FormBody, RecentlyProven, Require, Session};
use crate::pages::form::{Form, given};
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::Notice;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "console/new_administrator.html")]
struct NewAdministratorPage {
    frame: Frame,
    form: Form,
    min_length: usize,
}

#[derive(Deserialize)]
struct NewAdministratorFields {
    email: String,
    username: String,
    name: String,
    password: Password,
}

async fn ask(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateUsers, Session>>,
) -> Result<Response> {
    page(&app, &session, Form::blank())
}

async fn create(
    State(app): State<App>,
    Sensitive(Require(session, _)): Sensitive<Require<CreateUsers, Session>>,
    caller: Caller,
    FormBody(fields): FormBody<NewAdministratorFields>,
) -> Result<Response> {
    let NewAdministratorFields { email, username, name, password } = fields;
    let typed = Form::blank().with("email", &email).with("username", &username).with("name", &name);
    let new = NewAdministrator {
        email: given(email),
        username: given(username),
        name: given(name),
        password: password.into(),
    };
    match app.vestibule.create_administrator(&caller.acting(&session), new).await {
        Ok(_) => done(&app, "/admin/admins", Notice::AdministratorCreated),
        Err(error) => page(&app, &session, typed.refused(error)?),
    }
}

fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let frame = Frame::at(app, session, Here::Administrators).titled("New administrator").around(&form);
    let min_length = app.vestibule.config().password.min_length;
    show(form.status(), &NewAdministratorPage { frame, form, min_length })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/admins/new", get(ask).post(create))
}
