//! Sign-up: making one's own account, where that is open.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use vestibule::{Code, LoginProvider, SignUp, SignUpForm, SignUpMode};

use super::form::{Form, given, given_secret};
use super::frame::Frame;
use super::mail_asked::MailAsked;
use super::mail_request::Wanted;
use super::notice::Notice;
use super::return_to::{Asked, ReturnTo};
use super::{accept_invitation, done, refusal, see_other, show, with_session};
use crate::api::password::Password;
use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, FormBody, Query, Session};

/// The field for the code of an invitation.
const CODE: &str = "invitation_code";

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
    /// Whether there is a field for the code of an invitation, and whether it may be left empty.
    code: CodeField,
    providers: Vec<LoginProvider>,
}

#[derive(Deserialize)]
struct SignUpFields {
    email: String,
    name: String,
    password: Password,
    invitation_code: Option<TypedCode>,
    return_to: Option<String>,
}

/// The query of a link that leads here with an invitation.
#[derive(Deserialize)]
struct Invited {
    invitation: Option<String>,
}

/// How the form asks for the code of an invitation to an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodeField {
    /// Not at all.
    Absent,
    /// For whoever has one.
    Optional,
    /// Nobody signs up without.
    Needed,
}

impl CodeField {
    fn of(app: &App, form: &Form) -> CodeField {
        match app.vestibule.config().sign_up {
            SignUpMode::Invite => CodeField::Needed,
            SignUpMode::Open if form.has_any(CODE) => CodeField::Optional,
            SignUpMode::Open | SignUpMode::Closed => CodeField::Absent,
        }
    }
}

async fn ask(
    State(app): State<App>,
    session: Option<Session>,
    Query(asked): Query<Asked>,
    Query(Invited { invitation }): Query<Invited>,
) -> Result<Response> {
    let return_to = asked.return_to(&app);
    if session.is_some() {
        return see_other(ReturnTo::or_account(&app, return_to).as_str());
    }
    match app.vestibule.config().sign_up {
        SignUpMode::Open | SignUpMode::Invite => {
            let form = Form::blank();
            page(&app, invitation.iter().fold(form, |form, code| form.with(CODE, code)), return_to)
        }
        SignUpMode::Closed => refusal::explain(&app, Code::SignUpClosed),
    }
}

async fn sign_up(State(app): State<App>, caller: Caller, FormBody(fields): FormBody<SignUpFields>) -> Result<Response> {
    let ip = caller.ip();
    app.limits.sign_up(ip, &fields.email)?;
    let SignUpFields { email, name, password, invitation_code, return_to } = fields;
    let mut typed = Form::blank().with("email", &email).with("name", &name);
    let mut return_to = ReturnTo::of(&app, return_to.as_deref());
    let invitation_code = invitation_code.and_then(given_secret);
    if let Some(code) = &invitation_code {
        app.limits.code_looked_up(ip)?;
        typed = typed.with(CODE, code.expose_secret());
        return_to = return_to.or_else(|| Some(ReturnTo::page(&app, &accept_invitation::path_of(code))));
    }
    let form = SignUpForm { email, password: given_secret(password), name: given(name), invitation_code };
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
        Ok(SignUp::AnotherAddress) => Code::InvitationForAnotherAddress.into(),
        Ok(SignUp::InvitationUnknown) => {
            app.limits.code_failed(ip)?;
            Code::InvitationRequired.into()
        }
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
    let providers = app.vestibule.login_providers();
    let code = CodeField::of(app, &form);
    show(form.status(), &SignUpPage { frame, form, return_to, query, min_length, is_mail_read, code, providers })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/sign-up", get(ask).post(sign_up))
}
