//! Sign-up: making one's own account, where that is open.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{Code, SignUp, SignUpForm, SignUpMode};

use super::form::{Form, given, given_secret};
use super::frame::Frame;
use super::mail_asked::MailAsked;
use super::mail_request::Wanted;
use super::notice::Notice;
use super::return_to::{Asked, ReturnTo};
use super::{done, refusal, see_other, show, with_session};
use crate::api::password::Password;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, FormBody, Query, Session};

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    frame: Frame,
    form: Form,
    return_to: Option<ReturnTo>,
    query: String,
    min_length: usize,
    /// Whether the password may be left empty.
    is_mail_read: bool,
}

#[derive(Deserialize)]
struct SignUpFields {
    email: String,
    name: String,
    password: Password,
    return_to: Option<String>,
}

async fn ask(State(app): State<App>, session: Option<Session>, Query(asked): Query<Asked>) -> Result<Response> {
    let return_to = asked.return_to(&app);
    if session.is_some() {
        return see_other(ReturnTo::or_account(&app, return_to).as_str());
    }
    match app.vestibule.config().sign_up {
        SignUpMode::Open => page(&app, Form::blank(), return_to),
        SignUpMode::Invite => refusal::explain(&app, Code::InvitationRequired),
        SignUpMode::Closed => refusal::explain(&app, Code::SignUpClosed),
    }
}

async fn sign_up(State(app): State<App>, caller: Caller, FormBody(fields): FormBody<SignUpFields>) -> Result<Response> {
    app.limits.sign_up(caller.ip(), &fields.email)?;
    let SignUpFields { email, name, password, return_to } = fields;
    let return_to = ReturnTo::of(&app, return_to.as_deref());
    let typed = Form::blank().with("email", &email).with("name", &name);
    let form = SignUpForm { email, password: given_secret(password), name: given(name) };
    let refused: Problem = match app.vestibule.sign_up(&caller.anonymous(), form).await {
        Ok(SignUp::Done(signed_in)) => {
            let welcome = match &return_to {
                Some(return_to) => see_other(return_to.as_str())?,
                None => done(&app, "/account", Notice::SignedUp)?,
            };
            return Ok(with_session(&app, &signed_in, welcome));
        }
        Ok(SignUp::MailSent) => {
            let email = typed.typed("email").to_owned();
            return MailAsked { wanted: Wanted::SignUp, email, return_to }.lead_on(&app, None);
        }
        Ok(SignUp::EmailInUse) => Code::EmailInUse.into(),
        Ok(SignUp::InvitationRequired) => Code::InvitationRequired.into(),
        Ok(SignUp::Closed) => Code::SignUpClosed.into(),
        Ok(SignUp::DomainNotAllowed) => Code::EmailDomainNotAllowed.into(),
        Err(error) => error.into(),
    };
    page(&app, typed.refused(refused)?, return_to)
}

fn page(app: &App, form: Form, return_to: Option<ReturnTo>) -> Result<Response> {
    let frame = Frame::signed_out(app, "Create an account").around(&form);
    let config = app.vestibule.config();
    let (min_length, is_mail_read) = (config.password.min_length, config.is_mail_read());
    let query = ReturnTo::query_of(return_to.as_ref());
    show(form.status(), &SignUpPage { frame, form, return_to, query, min_length, is_mail_read })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/sign-up", get(ask).post(sign_up))
}
