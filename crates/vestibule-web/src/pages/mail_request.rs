//! Asking for a mail: to choose a new password, to sign in by a link or a code, to prove an address. One page each with
//! one field, and one answer for every address, whether somebody here has it or not.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use serde::{Deserialize, Serialize};
use vestibule::{Code, MailRequest};

use super::form::Form;
use super::frame::Frame;
use super::mail_asked::MailAsked;
use super::notice::{Arrival, Notice};
use super::return_to::{Asked, ReturnTo};
use super::{refusal, show};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query, Session};
use crate::side_cookies;

/// What a mail is to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// The account that somebody just signed up for.
    SignUp,
    /// Another link to prove an address.
    Verification,
    /// A link to choose a new password.
    Reset,
    /// A link to sign in by.
    Link,
    /// A code to sign in by.
    Code,
}

/// The page that asks for the address.
#[derive(Template)]
#[template(path = "mail_request.html")]
struct RequestPage {
    frame: Frame,
    form: Form,
    wanted: Wanted,
    lead: &'static str,
    button: &'static str,
    return_to: Option<ReturnTo>,
    query: String,
}

#[derive(Deserialize)]
struct RequestFields {
    email: String,
    return_to: Option<String>,
    /// Whether it was asked for before.
    again: Option<String>,
}

impl Wanted {
    /// Where its form is sent.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Wanted::SignUp | Wanted::Verification => "/verify-email/request",
            Wanted::Reset => "/forgot-password",
            Wanted::Link => "/magic-link/request",
            Wanted::Code => "/email-code/request",
        }
    }

    /// The page that comes after it.
    pub(super) fn next_page(self) -> &'static str {
        match self {
            Wanted::SignUp | Wanted::Verification | Wanted::Reset | Wanted::Link => "/check-your-mail",
            Wanted::Code => "/email-code",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Wanted::SignUp | Wanted::Verification => "Confirm your address",
            Wanted::Reset => "Choose a new password",
            Wanted::Link => "Sign in with a link",
            Wanted::Code => "Sign in with a code",
        }
    }

    fn lead(self) -> &'static str {
        match self {
            Wanted::SignUp | Wanted::Verification => {
                "Open the link in the mail that you got from us. If it is lost or too old, we mail you another."
            }
            Wanted::Reset => "Give the e-mail address of your account. We mail you a link to choose a new password.",
            Wanted::Link => "Give the e-mail address of your account. We mail you a link that signs you in.",
            Wanted::Code => "Give the e-mail address of your account. We mail you a code of six digits to type here.",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Wanted::SignUp | Wanted::Verification => "Mail me another link",
            Wanted::Reset | Wanted::Link => "Mail me a link",
            Wanted::Code => "Mail me a code",
        }
    }
}

impl RequestPage {
    /// The end of an address's query that leads on from it.
    fn way(&self) -> String {
        ReturnTo::more_of(self.return_to.as_ref())
    }
}

/// Shows the page that asks for the address, where mail is read at all.
pub(super) fn ask(
    app: &App,
    wanted: Wanted,
    frame: Frame,
    form: Form,
    return_to: Option<ReturnTo>,
) -> Result<Response> {
    if !app.vestibule.config().is_mail_read() {
        return refusal::explain(app, Code::MailOff);
    }
    let query = ReturnTo::query_of(return_to.as_ref());
    let (lead, button) = (wanted.lead(), wanted.button());
    show(form.status(), &RequestPage { frame, form, wanted, lead, button, return_to, query })
}

/// The frame around it.
pub(super) fn frame(app: &App, wanted: Wanted, session: Option<&Session>) -> Frame {
    Frame::of(app, session, wanted.title())
}

/// For somebody whose password is right and whose address is not proven.
pub(super) fn unverified(app: &App, identifier: &str, return_to: Option<ReturnTo>) -> Result<Response> {
    let wanted = Wanted::Verification;
    let form = Form::blank().with("email", if identifier.contains('@') { identifier } else { "" });
    let query = ReturnTo::query_of(return_to.as_ref());
    let lead =
        "Your password is right. Before you can sign in, open the link in the mail that we sent to your address.";
    let frame = frame(app, wanted, None);
    let page = RequestPage { frame, form, wanted, lead, button: "Send the mail again", return_to, query };
    show(StatusCode::FORBIDDEN, &page)
}

async fn forgot(
    State(app): State<App>,
    session: Option<Session>,
    Query(asked): Query<Asked>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let frame = frame(&app, Wanted::Reset, session.as_ref()).with_notice(arrival.notice());
    ask(&app, Wanted::Reset, frame, Form::blank(), asked.return_to(&app))
}

async fn request(
    wanted: Wanted,
    State(app): State<App>,
    session: Option<Session>,
    caller: Caller,
    FormBody(fields): FormBody<RequestFields>,
) -> Result<Response> {
    if !app.vestibule.config().is_mail_read() {
        return Err(Code::MailOff.into());
    }
    app.limits.mail_request(caller.ip(), &fields.email)?;
    let RequestFields { email, return_to, again } = fields;
    let return_to = ReturnTo::of(&app, return_to.as_deref());
    let (request, cookie) = match wanted {
        Wanted::SignUp | Wanted::Verification => (MailRequest::EmailVerify, None),
        Wanted::Reset => (MailRequest::PasswordReset, None),
        Wanted::Link => {
            let (browser, cookie) = side_cookies::fresh_browser(&app);
            (MailRequest::MagicLink { browser }, Some(cookie))
        }
        Wanted::Code => (MailRequest::EmailCode, None),
    };
    if let Err(error) = app.vestibule.ask_by_mail(&caller.anonymous(), &email, request).await {
        let form = Form::blank().with("email", &email).refused(error)?;
        let frame = frame(&app, wanted, session.as_ref()).around(&form);
        return ask(&app, wanted, frame, form, return_to);
    }
    let asked = MailAsked { wanted, email, return_to };
    let mut response = asked.lead_on(&app, again.map(|_| Notice::AskedAgain))?;
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The route that its form is sent to.
fn sent(wanted: Wanted) -> MethodRouter<App> {
    post(move |app: State<App>, session: Option<Session>, caller: Caller, fields: FormBody<RequestFields>| {
        request(wanted, app, session, caller, fields)
    })
}

pub(super) fn router() -> Router<App> {
    [Wanted::Verification, Wanted::Reset, Wanted::Link, Wanted::Code]
        .into_iter()
        .fold(Router::new(), |router, wanted| router.route(wanted.action(), sent(wanted)))
        .route("/forgot-password", get(forgot))
}
