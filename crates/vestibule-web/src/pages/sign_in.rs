//! Sign-in with a password, and on to where the visitor wanted to go: by a second step where the account has one, and
//! by way of the mailbox where its address must be proven first.

mod step;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{Code, LoginProvider, SignIn, SignInForm, SignUpMode};

use super::form::Form;
use super::frame::Frame;
use super::mail_request;
use super::notice::Arrival;
use super::return_to::{Asked, ReturnTo};
use super::{see_other, show, with_session};
use crate::api::password::Password;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, FormBody, Query, Session};

const TITLE: &str = "Sign in";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    form: Form,
    return_to: Option<ReturnTo>,
    query: String,
    is_sign_up_open: bool,
    is_mail_read: bool,
    providers: Vec<LoginProvider>,
}

#[derive(Deserialize)]
struct SignInFields {
    identifier: String,
    password: Password,
    return_to: Option<String>,
}

async fn ask(
    State(app): State<App>,
    session: Option<Session>,
    Query(asked): Query<Asked>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let return_to = asked.return_to(&app);
    if session.is_some() {
        return see_other(ReturnTo::or_account(&app, return_to).as_str());
    }
    let frame = Frame::signed_out(&app, TITLE).with_notice(arrival.notice());
    page(&app, frame, Form::blank(), return_to)
}

async fn sign_in(State(app): State<App>, caller: Caller, FormBody(fields): FormBody<SignInFields>) -> Result<Response> {
    app.limits.sign_in(caller.ip(), &fields.identifier)?;
    let SignInFields { identifier, password, return_to } = fields;
    let return_to = ReturnTo::of(&app, return_to.as_deref());
    let typed = Form::blank().with("identifier", &identifier);
    let form = SignInForm { identifier, password: password.into(), mfa_code: None };
    let refused: Problem = match app.vestibule.sign_in(&caller.anonymous(), form).await {
        Ok(SignIn::Done(signed_in)) => {
            let on = see_other(ReturnTo::or_account(&app, return_to).as_str())?;
            return Ok(with_session(&app, &signed_in, on));
        }
        Ok(SignIn::MfaRequired(pending)) => return step::lead(&app, &pending, return_to.as_ref()),
        Ok(SignIn::EmailNotVerified) => {
            return mail_request::unverified(&app, typed.typed("identifier"), return_to);
        }
        Ok(SignIn::WrongMfaCode) => Code::InvalidMfaCode.into(),
        Ok(SignIn::Refused) => Code::InvalidCredentials.into(),
        Err(error) => error.into(),
    };
    let form = typed.refused(refused)?;
    page(&app, Frame::signed_out(&app, TITLE).around(&form), form, return_to)
}

fn page(app: &App, frame: Frame, form: Form, return_to: Option<ReturnTo>) -> Result<Response> {
    let config = app.vestibule.config();
    let (is_sign_up_open, is_mail_read) = (config.sign_up == SignUpMode::Open, config.is_mail_read());
    let query = ReturnTo::query_of(return_to.as_ref());
    let providers = app.vestibule.login_providers();
    show(form.status(), &SignInPage { frame, form, return_to, query, is_sign_up_open, is_mail_read, providers })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/sign-in", get(ask).post(sign_in)).merge(step::router())
}
