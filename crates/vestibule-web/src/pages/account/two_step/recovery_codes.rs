//! Recovery codes: shown once, to be printed or copied, when two-step sign-in is turned on and when they are renewed.
//! Renewing them takes a code of the authenticator.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use vestibule::{Code, RenewRecoveryCodes};

use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::{go, show};

#[derive(Template)]
#[template(path = "account/renew_codes.html")]
struct RenewPage {
    frame: Frame,
    form: Form,
    left: i64,
}

#[derive(Template)]
#[template(path = "account/recovery_codes.html")]
struct CodesPage {
    frame: Frame,
    /// A code a line.
    codes: String,
    /// Whose they are, for whoever finds the print.
    label: String,
    host: String,
    /// Whether two-step sign-in was off until now.
    is_new: bool,
}

#[derive(Deserialize)]
struct RenewFields {
    code: TypedCode,
}

async fn ask(State(app): State<App>, RecentlyProven(session): RecentlyProven) -> Result<Response> {
    page(&app, &session, Form::blank()).await
}

async fn renew(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    FormBody(fields): FormBody<RenewFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let code: SecretString = fields.code.into();
    let refused = match app.vestibule.renew_recovery_codes(&caller.acting(&session), &session, &code).await? {
        RenewRecoveryCodes::Done { recovery_codes } => return show_once(&app, &session, &recovery_codes, false),
        RenewRecoveryCodes::NotEnabled => return go(&app, Here::Security.path()),
        RenewRecoveryCodes::CodeRequired => Code::MfaCodeRequired,
        RenewRecoveryCodes::WrongCode => Code::InvalidMfaCode,
    };
    page(&app, &session, Form::blank().wrong("code", refused.message())).await
}

async fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let status = app.vestibule.second_factor(session.account_id).await?;
    if status.enabled_at.is_none() {
        return go(app, Here::Security.path());
    }
    let frame = Frame::at(app, session, Here::Security).titled("New recovery codes").around(&form);
    show(form.status(), &RenewPage { frame, form, left: status.recovery_codes_remaining })
}

/// The page that hands recovery codes over.
pub(super) fn show_once(app: &App, session: &Session, codes: &[SecretString], is_new: bool) -> Result<Response> {
    let frame = Frame::at(app, session, Here::Security).titled("Your recovery codes");
    let codes: Vec<&str> = codes.iter().map(|code| code.expose_secret()).collect();
    let (codes, label) = (codes.join("\n"), session.label.clone());
    let host = app.public_url().host_str().unwrap_or_default().to_owned();
    show(StatusCode::OK, &CodesPage { frame, codes, label, host, is_new })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/account/security/recovery-codes", get(ask).post(renew))
}
