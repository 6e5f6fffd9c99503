//! Setting two-step sign-in up: the password, and a code of the authenticator there is, lead to the secret of the new
//! one; its first code turns it on. A secret is shown once: with a wrong code the page comes again without it.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use vestibule::{BeginEnrolment, Code, EnableSecondFactor, Enrolment, EnrolmentForm};

use super::recovery_codes;
use crate::api::password::Password;
use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::moment::Moment;
use crate::pages::picture::Picture;
use crate::pages::{go, show};

const SET_UP: &str = "/account/security/two-step";
const CONFIRM: &str = "/account/security/two-step/confirm";

#[derive(Template)]
#[template(path = "account/two_step_begin.html")]
struct BeginPage {
    frame: Frame,
    form: Form,
    label: String,
    has_password: bool,
    /// Whether there is an authenticator already, which this one replaces.
    is_on: bool,
}

#[derive(Template)]
#[template(path = "account/two_step_confirm.html")]
struct ConfirmPage {
    frame: Frame,
    form: Form,
    /// None: it was shown, and is not shown again.
    secret: Option<ShownSecret>,
}

/// What goes into the authenticator.
struct ShownSecret {
    picture: Picture,
    /// In groups of four.
    groups: String,
    until: Moment,
}

#[derive(Deserialize)]
struct BeginFields {
    password: Option<Password>,
    code: Option<TypedCode>,
}

#[derive(Deserialize)]
struct ConfirmFields {
    code: TypedCode,
}

async fn ask(State(app): State<App>, RecentlyProven(session): RecentlyProven) -> Result<Response> {
    begin_page(&app, &session, Form::blank()).await
}

async fn begin(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    FormBody(fields): FormBody<BeginFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let form = EnrolmentForm { password: fields.password.map(Password::into), code: fields.code.map(TypedCode::into) };
    let refused = match app.vestibule.begin_enrolment(&caller.acting(&session), &session, form).await {
        Ok(BeginEnrolment::Begun(enrolment)) => {
            return confirm_page(&app, &session, Form::blank(), Some(ShownSecret::of(enrolment)));
        }
        Ok(BeginEnrolment::WrongPassword) => Form::blank().refused_at("password", Code::CurrentPasswordIncorrect),
        Ok(BeginEnrolment::CodeRequired) => Form::blank().wrong("code", Code::MfaCodeRequired.message()),
        Ok(BeginEnrolment::WrongCode) => Form::blank().wrong("code", Code::InvalidMfaCode.message()),
        Err(error) => Form::blank().refused(error)?,
    };
    begin_page(&app, &session, refused).await
}

async fn ask_to_confirm(State(app): State<App>, RecentlyProven(session): RecentlyProven) -> Result<Response> {
    match app.vestibule.second_factor(session.account_id).await?.pending_until {
        Some(_) => confirm_page(&app, &session, Form::blank(), None),
        None => go(&app, SET_UP),
    }
}

async fn confirm(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    FormBody(fields): FormBody<ConfirmFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let code: SecretString = fields.code.into();
    let refused = match app.vestibule.enable_second_factor(&caller.acting(&session), &session, &code).await? {
        EnableSecondFactor::Done { recovery_codes } => {
            return recovery_codes::show_once(&app, &session, &recovery_codes, true);
        }
        EnableSecondFactor::NoEnrolment => return begin_again(&app, &session, Code::NoEnrollmentInProgress).await,
        EnableSecondFactor::Expired => return begin_again(&app, &session, Code::EnrollmentExpired).await,
        EnableSecondFactor::CodeRequired => Code::MfaCodeRequired,
        EnableSecondFactor::WrongCode => Code::InvalidMfaCode,
    };
    confirm_page(&app, &session, Form::blank().wrong("code", refused.message()), None)
}

async fn begin_again(app: &App, session: &Session, why: Code) -> Result<Response> {
    begin_page(app, session, Form::blank().refused(why)?).await
}

async fn begin_page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let has_password = app.vestibule.has_password(session.account_id).await?;
    let is_on = app.vestibule.second_factor(session.account_id).await?.enabled_at.is_some();
    let title = if is_on { "Move to another authenticator" } else { "Set up two-step sign-in" };
    let frame = Frame::at(app, session, Here::Security).titled(title).around(&form);
    show(form.status(), &BeginPage { frame, form, label: session.label.clone(), has_password, is_on })
}

fn confirm_page(app: &App, session: &Session, form: Form, secret: Option<ShownSecret>) -> Result<Response> {
    let title = if secret.is_some() { "Add this to your authenticator" } else { "Type the first code" };
    let frame = Frame::at(app, session, Here::Security).titled(title).around(&form);
    let status = if form.is_refused() { form.status() } else { StatusCode::OK };
    show(status, &ConfirmPage { frame, form, secret })
}

impl ShownSecret {
    fn of(enrolment: Enrolment) -> ShownSecret {
        let letters: Vec<char> = enrolment.secret.expose_secret().chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        ShownSecret {
            picture: Picture::named(&enrolment.qr_svg, "QR code with the secret for your authenticator app"),
            groups: groups.join(" "),
            until: Moment(enrolment.expires_at),
        }
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().route(SET_UP, get(ask).post(begin)).route(CONFIRM, get(ask_to_confirm).post(confirm))
}
