//! Security: how one signs in, at a glance, and changing the password, which ends every other session. Whoever has no
//! password yet sets the first one on a page of its own, after a recent proof of who one is.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{ChangePassword, Code, PasswordChange, SecondFactorStatus};

use crate::api::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query, RecentlyProven, Session};
use crate::pages::account::email::Address;
use crate::pages::account::two_step::Standing;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::{done, go, show, with_session};

const PATH: &str = Here::Security.path();
/// The box that ends the API keys as well.
const KEYS_TOO: &str = "revoke_api_keys";

#[derive(Template)]
#[template(path = "account/security.html")]
struct SecurityPage {
    frame: Frame,
    form: Form,
    label: String,
    has_password: bool,
    address: Address,
    two_step: Standing,
    min_length: usize,
}

#[derive(Template)]
#[template(path = "account/first_password.html")]
struct FirstPasswordPage {
    frame: Frame,
    form: Form,
    label: String,
    min_length: usize,
}

#[derive(Deserialize)]
struct PasswordFields {
    current_password: Password,
    new_password: Password,
    /// Sent when the box is ticked.
    revoke_api_keys: Option<String>,
}

#[derive(Deserialize)]
struct FirstPasswordFields {
    new_password: Password,
}

async fn ask(State(app): State<App>, session: Session, Query(arrival): Query<Arrival>) -> Result<Response> {
    page(&app, &session, Form::blank(), arrival.notice()).await
}

async fn change(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    FormBody(fields): FormBody<PasswordFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let revoke_api_keys = fields.revoke_api_keys.is_some();
    let typed = if revoke_api_keys { Form::blank().with(KEYS_TOO, "yes") } else { Form::blank() };
    let (current, new) = (fields.current_password.into(), fields.new_password.into());
    let change = PasswordChange { current, new, revoke_api_keys };
    let form = match app.vestibule.change_password(&caller.acting(&session), &session, change).await {
        Ok(ChangePassword::Done(renewed)) => {
            let notice = if revoke_api_keys { Notice::PasswordChangedAlone } else { Notice::PasswordChanged };
            return Ok(with_session(&app, &renewed, done(&app, PATH, notice)?));
        }
        Ok(ChangePassword::WrongCurrent) => typed.refused_at("current_password", Code::CurrentPasswordIncorrect),
        Err(error) => typed.refused(error)?,
    };
    page(&app, &session, form, None).await
}

async fn ask_first(State(app): State<App>, RecentlyProven(session): RecentlyProven) -> Result<Response> {
    if app.vestibule.has_password(session.account_id).await? {
        return go(&app, PATH);
    }
    first_page(&app, &session, Form::blank())
}

async fn set_first(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    FormBody(fields): FormBody<FirstPasswordFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let set = app.vestibule.set_first_password(&caller.acting(&session), &session, fields.new_password.into()).await;
    match set {
        Ok(()) => done(&app, PATH, Notice::FirstPasswordSet),
        Err(error) => first_page(&app, &session, Form::blank().refused(error)?),
    }
}

async fn page(app: &App, session: &Session, form: Form, notice: Option<&'static str>) -> Result<Response> {
    let has_password = app.vestibule.has_password(session.account_id).await?;
    let address = Address::of(app, app.vestibule.account(session.account_id).await?.account);
    let status: SecondFactorStatus = app.vestibule.second_factor(session.account_id).await?;
    let frame = Frame::at(app, session, Here::Security).around(&form).with_notice(notice);
    let (label, min_length) = (session.label.clone(), app.vestibule.config().password.min_length);
    let two_step = Standing::of(status);
    show(form.status(), &SecurityPage { frame, form, label, has_password, address, two_step, min_length })
}

fn first_page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let frame = Frame::at(app, session, Here::Security).titled("Set a password").around(&form);
    let (label, min_length) = (session.label.clone(), app.vestibule.config().password.min_length);
    show(form.status(), &FirstPasswordPage { frame, form, label, min_length })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/account/security", get(ask).post(change))
        .route("/account/security/password", get(ask_first).post(set_first))
}
