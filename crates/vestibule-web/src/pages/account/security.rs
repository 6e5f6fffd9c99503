//! Security: changing the password. Every other session ends with it.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{ChangePassword, Code, PasswordChange};

use crate::api::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::{done, show, with_session};

#[derive(Template)]
#[template(path = "account/security.html")]
struct SecurityPage {
    frame: Frame,
    form: Form,
    label: String,
    min_length: usize,
}

#[derive(Deserialize)]
struct PasswordFields {
    current_password: Password,
    new_password: Password,
}

async fn ask(State(app): State<App>, session: Session, Query(arrival): Query<Arrival>) -> Result<Response> {
    page(&app, &session, Form::blank(), arrival.notice())
}

async fn change(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    FormBody(fields): FormBody<PasswordFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let change = PasswordChange { current: fields.current_password.into(), new: fields.new_password.into() };
    let form = match app.vestibule.change_password(&caller.acting(&session), &session, change).await {
        Ok(ChangePassword::Done(renewed)) => {
            return Ok(with_session(&app, &renewed, done(&app, Here::Security.path(), Notice::PasswordChanged)?));
        }
        Ok(ChangePassword::WrongCurrent) => {
            Form::blank().refused_at("current_password", Code::CurrentPasswordIncorrect)
        }
        Err(error) => Form::blank().refused(error)?,
    };
    page(&app, &session, form, None)
}

fn page(app: &App, session: &Session, form: Form, notice: Option<&'static str>) -> Result<Response> {
    let frame = Frame::at(app, session, Here::Security).around(&form).with_notice(notice);
    let min_length = app.vestibule.config().password.min_length;
    show(form.status(), &SecurityPage { frame, form, label: session.label.clone(), min_length })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/account/security", get(ask).post(change))
}
