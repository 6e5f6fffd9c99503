//! Setup: the first administrator is made here, by whoever holds the token that the host's terminal showed.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{Code, SetUp, SetUpForm};

use super::form::{Form, given};
use super::frame::Frame;
use super::notice::Notice;
use super::{done, refusal, show, with_session};
use crate::api::password::Password;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, FormBody};

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    form: Form,
    min_length: usize,
}

#[derive(Deserialize)]
struct SetupFields {
    setup_token: String,
    email: String,
    username: String,
    password: Password,
}

async fn ask(State(app): State<App>) -> Result<Response> {
    if !app.vestibule.is_setup_armed().await? {
        return refusal::explain(&app, Code::SetupClosed);
    }
    page(&app, Form::blank())
}

async fn set_up(State(app): State<App>, caller: Caller, FormBody(fields): FormBody<SetupFields>) -> Result<Response> {
    let ip = caller.ip();
    app.limits.set_up(ip)?;
    app.limits.code_looked_up(ip)?;
    let SetupFields { setup_token, email, username, password } = fields;
    let typed = Form::blank().with("email", &email).with("username", &username);
    let form = SetUpForm {
        setup_token: setup_token.into(),
        email: given(email),
        username: given(username),
        password: password.into(),
    };
    let refused: Problem = match app.vestibule.set_up(&caller.anonymous(), form).await {
        Ok(SetUp::Done(signed_in)) => return Ok(with_session(&app, &signed_in, done(&app, "/admin", Notice::SetUp)?)),
        Ok(SetUp::Closed) => Code::SetupClosed.into(),
        Ok(SetUp::WrongToken) => {
            app.limits.code_failed(ip)?;
            Code::SetupTokenInvalid.into()
        }
        Err(error) => error.into(),
    };
    page(&app, typed.refused(refused)?)
}

fn page(app: &App, form: Form) -> Result<Response> {
    let frame = Frame::signed_out(app, "Set up Vestibule").around(&form);
    let min_length = app.vestibule.config().password.min_length;
    show(form.status(), &SetupPage { frame, form, min_length })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/setup", get(ask).post(set_up))
}
