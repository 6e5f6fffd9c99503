//! One's own address: whether it is confirmed, asking for the link that confirms it again, and changing it. The new one
//! counts once the link that is mailed to it was opened.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{Account, ChangeEmail, Code, MailRequest};

use crate::api::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::moment::Moment;
use crate::pages::notice::Notice;
use crate::pages::{done, go, show};

/// An account's address, and how it stands with it.
pub(crate) struct Address {
    pub email: Option<String>,
    pub confirmed: Option<Moment>,
    /// Whether a link that is mailed reaches anybody.
    pub is_mail_read: bool,
}

#[derive(Template)]
#[template(path = "account/email.html")]
struct EmailPage {
    frame: Frame,
    form: Form,
    label: String,
    address: Address,
    has_password: bool,
}

#[derive(Deserialize)]
struct EmailFields {
    new_email: String,
    password: Option<Password>,
}

impl Address {
    pub(super) fn of(app: &App, account: Account) -> Address {
        Address {
            confirmed: account.email_verified_at.map(Moment),
            email: account.email,
            is_mail_read: app.vestibule.config().is_mail_read(),
        }
    }

    /// The address, as long as it is not confirmed.
    pub(crate) fn unconfirmed(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.confirmed.is_none())
    }
}

async fn ask(State(app): State<App>, RecentlyProven(session): RecentlyProven) -> Result<Response> {
    page(&app, &session, Form::blank()).await
}

async fn change(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    FormBody(fields): FormBody<EmailFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    if !app.vestibule.config().is_mail_read() {
        return page(&app, &session, Form::blank().refused(Code::MailOff)?).await;
    }
    app.limits.mail_request(caller.ip(), &fields.new_email)?;
    let typed = Form::blank().with("new_email", &fields.new_email);
    let (caller, password) = (caller.acting(&session), fields.password.map(Password::into));
    let form = match app.vestibule.change_email(&caller, &session, &fields.new_email, password).await {
        Ok(ChangeEmail::MailSent) => return done(&app, Here::Security.path(), Notice::EmailChangeSent),
        Ok(ChangeEmail::WrongPassword) => typed.refused_at("password", Code::CurrentPasswordIncorrect),
        Err(error) => typed.refused(error)?,
    };
    page(&app, &session, form).await
}

async fn send_again(State(app): State<App>, session: Session, caller: Caller) -> Result<Response> {
    let address = Address::of(&app, app.vestibule.account(session.account_id).await?.account);
    // The button is not there when there is nothing to confirm, or no mail to do it by.
    let Some(email) = address.unconfirmed().filter(|_| address.is_mail_read) else {
        return go(&app, Here::Profile.path());
    };
    app.limits.mail_request(caller.ip(), email)?;
    app.vestibule.ask_by_mail(&caller.acting(&session), email, MailRequest::EmailVerify).await?;
    done(&app, Here::Profile.path(), Notice::EmailVerifySent)
}

async fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let has_password = app.vestibule.has_password(session.account_id).await?;
    let address = Address::of(app, app.vestibule.account(session.account_id).await?.account);
    let title = if address.email.is_some() { "Change your address" } else { "Add an address" };
    let frame = Frame::at(app, session, Here::Security).titled(title).around(&form);
    show(form.status(), &EmailPage { frame, form, label: session.label.clone(), address, has_password })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/account/security/email", get(ask).post(change))
        .route("/account/security/email/send-again", post(send_again))
}
