//! Proving once more who one is, before a dangerous act, and back to where that act was to be done: by the password, by
//! a code of the second factor, or, with neither, by a code that is mailed on request or by a connected login.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{Code, Error, LoginProvider, MailRequest, OAuthWish, Reauthenticate, Reproof};

use super::form::Form;
use super::frame::Frame;
use super::leaving;
use super::notice::{Arrival, Notice};
use super::return_to::{Asked, ReturnTo};
use super::{see_other, show, with_session};
use crate::api::password::Password;
use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Path, Query, Session};

const PATH: &str = "/reauthenticate";

#[derive(Template)]
#[template(path = "reauthenticate.html")]
struct ReauthenticatePage {
    frame: Frame,
    form: Form,
    label: String,
    return_to: ReturnTo,
    way: Way,
    /// Whether the password would do, and a code of the second factor as well.
    has_both: bool,
    /// The connected logins that would do.
    logins: Vec<LoginProvider>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Password,
    SecondFactor,
    /// A code that is mailed on request.
    Mail,
    /// A connected login.
    Login,
    /// There is nothing that would prove it here.
    Nothing,
}

/// What an account can prove itself by.
struct Ways {
    has_password: bool,
    has_second_factor: bool,
    /// Where a code can be mailed to.
    email: Option<String>,
    /// The connected logins that would do.
    logins: Vec<LoginProvider>,
}

/// Which of two ways somebody would rather take.
#[derive(Deserialize)]
struct Wish {
    by: Option<String>,
}

#[derive(Deserialize)]
struct ReauthenticateFields {
    password: Option<Password>,
    code: Option<TypedCode>,
    return_to: Option<String>,
}

#[derive(Deserialize)]
struct SendFields {
    return_to: Option<String>,
}

async fn ask(
    State(app): State<App>,
    session: Session,
    Query(asked): Query<Asked>,
    Query(wish): Query<Wish>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let return_to = ReturnTo::or_account(&app, asked.return_to(&app));
    let ways = Ways::of(&app, &session).await?;
    let way = ways.choose(wish.by.as_deref() == Some("code"));
    let frame = frame(&app, &session).with_notice(arrival.notice());
    page(&session, frame, Form::blank(), (return_to, way, ways))
}

async fn reauthenticate(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    FormBody(fields): FormBody<ReauthenticateFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let return_to = ReturnTo::or_account(&app, ReturnTo::of(&app, fields.return_to.as_deref()));
    let by_code = fields.code.is_some();
    let form = match app.vestibule.reauthenticate(&caller.acting(&session), &session, fields.proof()?).await? {
        Reauthenticate::Done(signed_in) => return Ok(with_session(&app, &signed_in, see_other(return_to.as_str())?)),
        Reauthenticate::WrongPassword => Form::blank().refused_at("password", Code::CurrentPasswordIncorrect),
        Reauthenticate::WrongCode => Form::blank().refused_at("code", Code::CodeInvalid),
    };
    let ways = Ways::of(&app, &session).await?;
    let way = ways.choose(by_code);
    page(&session, frame(&app, &session).around(&form), form, (return_to, way, ways))
}

async fn send_code(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    FormBody(fields): FormBody<SendFields>,
) -> Result<Response> {
    let return_to = ReturnTo::or_account(&app, ReturnTo::of(&app, fields.return_to.as_deref()));
    let back = format!("{}{PATH}{}", app.base(), return_to.query());
    let ways = Ways::of(&app, &session).await?;
    match (ways.choose(true), &ways.email) {
        (Way::Mail, Some(email)) => {
            app.limits.mail_request(caller.ip(), email)?;
            app.vestibule.ask_by_mail(&caller.acting(&session), email, MailRequest::EmailCode).await?;
            see_other(&format!("{back}&done={}", Notice::CodeSent.code()))
        }
        (Way::Password | Way::SecondFactor | Way::Mail | Way::Login | Way::Nothing, _) => see_other(&back),
    }
}

/// By a connected login.
async fn leave(
    State(app): State<App>,
    session: Session,
    Path(provider): Path<String>,
    (headers, caller): (HeaderMap, Caller),
    FormBody(fields): FormBody<SendFields>,
) -> Result<Response> {
    app.limits.oauth(caller.ip())?;
    let return_to = ReturnTo::or_account(&app, ReturnTo::of(&app, fields.return_to.as_deref()));
    let back = format!("{PATH}{}", return_to.query());
    let wish = OAuthWish::Reauthenticate { session: session.0.clone(), return_to: Some(return_to.to_string()) };
    leaving::leave(&app, &headers, (&provider, wish), &back).await
}

fn frame(app: &App, session: &Session) -> Frame {
    Frame::signed_in(app, session, "Confirm it is you")
}

fn page(
    session: &Session,
    frame: Frame,
    form: Form,
    (return_to, way, ways): (ReturnTo, Way, Ways),
) -> Result<Response> {
    let (label, has_both) = (session.label.clone(), ways.has_password && ways.has_second_factor);
    let logins = ways.logins;
    show(form.status(), &ReauthenticatePage { frame, form, label, return_to, way, has_both, logins })
}

impl ReauthenticateFields {
    fn proof(self) -> Result<Reproof> {
        match (self.code, self.password) {
            (Some(code), _) => Ok(Reproof::Code(code.into())),
            (None, Some(password)) => Ok(Reproof::Password(password.into())),
            (None, None) => Err(Error::field("password", Code::PasswordRequired).into()),
        }
    }
}

impl Ways {
    async fn of(app: &App, session: &Session) -> Result<Ways> {
        let view = app.vestibule.account(session.account_id).await?;
        Ok(Ways {
            has_password: app.vestibule.has_password(session.account_id).await?,
            has_second_factor: view.mfa_enabled,
            email: view.account.email.filter(|_| app.vestibule.config().is_mail_read()),
            logins: app.vestibule.providers_to_prove_by(session.account_id).await?,
        })
    }

    fn choose(&self, by_code: bool) -> Way {
        match (self.has_password, self.has_second_factor) {
            (true, true) if by_code => Way::SecondFactor,
            (true, _) => Way::Password,
            (false, true) => Way::SecondFactor,
            (false, false) if self.email.is_some() => Way::Mail,
            (false, false) if !self.logins.is_empty() => Way::Login,
            (false, false) => Way::Nothing,
        }
    }
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route(PATH, get(ask).post(reauthenticate))
        .route("/reauthenticate/send-code", post(send_code))
        .route("/reauthenticate/with/{provider}", post(leave))
}
