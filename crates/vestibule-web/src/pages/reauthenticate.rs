//! The password once more, before a dangerous act; then back to where that act was to be done.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{Code, Reauthenticate};

use super::form::Form;
use super::frame::Frame;
use super::return_to::{Asked, ReturnTo};
use super::{see_other, show, with_session};
use crate::api::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query, Session};

#[derive(Template)]
#[template(path = "reauthenticate.html")]
struct ReauthenticatePage {
    frame: Frame,
    form: Form,
    label: String,
    return_to: ReturnTo,
}

#[derive(Deserialize)]
struct ReauthenticateFields {
    password: Password,
    return_to: Option<String>,
}

async fn ask(State(app): State<App>, session: Session, Query(asked): Query<Asked>) -> Result<Response> {
    let return_to = ReturnTo::or_account(&app, asked.return_to(&app));
    page(&app, &session, Form::blank(), return_to)
}

async fn reauthenticate(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    FormBody(fields): FormBody<ReauthenticateFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let return_to = ReturnTo::or_account(&app, ReturnTo::of(&app, fields.return_to.as_deref()));
    match app.vestibule.reauthenticate(&caller.acting(&session), &session, fields.password.into()).await? {
        Reauthenticate::Done(signed_in) => Ok(with_session(&app, &signed_in, see_other(return_to.as_str())?)),
        Reauthenticate::WrongPassword => {
            let form = Form::blank().refused_at("password", Code::CurrentPasswordIncorrect);
            page(&app, &session, form, return_to)
        }
    }
}

fn page(app: &App, session: &Session, form: Form, return_to: ReturnTo) -> Result<Response> {
    let frame = Frame::signed_in(app, session, "Confirm it is you").around(&form);
    let label = session.label.clone();
    show(form.status(), &ReauthenticatePage { frame, form, label, return_to })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/reauthenticate", get(ask).post(reauthenticate))
}
