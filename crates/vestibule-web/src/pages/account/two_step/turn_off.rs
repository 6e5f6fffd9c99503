//! Turning two-step sign-in off: the password, and a code of the authenticator or for recovery.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{Code, DisableForm, DisableSecondFactor};

use crate::api::password::Password;
use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::Notice;
use crate::pages::{done, go, show};

#[derive(Template)]
#[template(path = "account/two_step_off.html")]
struct OffPage {
    frame: Frame,
    form: Form,
    label: String,
    has_password: bool,
}

#[derive(Deserialize)]
struct OffFields {
    password: Option<Password>,
    code: Option<TypedCode>,
}

async fn ask(State(app): State<App>, RecentlyProven(session): RecentlyProven) -> Result<Response> {
    page(&app, &session, Form::blank()).await
}

async fn turn_off(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    FormBody(fields): FormBody<OffFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let form = DisableForm { password: fields.password.map(Password::into), code: fields.code.map(TypedCode::into) };
    let refused = match app.vestibule.disable_second_factor(&caller.acting(&session), &session, form).await {
        Ok(DisableSecondFactor::Done) => return done(&app, Here::Security.path(), Notice::TwoStepOff),
        Ok(DisableSecondFactor::WrongPassword) => Form::blank().refused_at("password", Code::CurrentPasswordIncorrect),
        Ok(DisableSecondFactor::CodeRequired) => Form::blank().wrong("code", Code::MfaCodeRequired.message()),
        Ok(DisableSecondFactor::WrongCode) => Form::blank().wrong("code", Code::InvalidMfaCode.message()),
        Err(error) => Form::blank().refused(error)?,
    };
    page(&app, &session, refused).await
}

async fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    if app.vestibule.second_factor(session.account_id).await?.enabled_at.is_none() {
        return go(app, Here::Security.path());
    }
    let has_password = app.vestibule.has_password(session.account_id).await?;
    let frame = Frame::at(app, session, Here::Security).titled("Turn two-step sign-in off").around(&form);
    show(form.status(), &OffPage { frame, form, label: session.label.clone(), has_password })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/account/security/two-step/off", get(ask).post(turn_off))
}
