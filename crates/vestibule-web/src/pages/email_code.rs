//! Signing in by a mailed code: asking for one, and typing it. The browser that asked remembers the address, so that
//! only the code is left to type; anywhere else the address is typed as well.
//! Whether an address is known shows nowhere, and neither does how often its code was tried elsewhere: the tries that
//! are shown are those of this page.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use vestibule::{CODE_GUESSES, Code, RedeemEmailCode};

use super::check_your_mail::has_outbox;
use super::form::{Form, given_secret};
use super::frame::Frame;
use super::mail_asked::{self, MailAsked};
use super::mail_request::{self, Wanted};
use super::notice::Arrival;
use super::return_to::{Asked, ReturnTo};
use super::{see_other, show};
use crate::api::password::Password;
use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, FormBody, Query, Session, presenter};

const TITLE: &str = "Type the code";

/// The page that takes the code.
#[derive(Template)]
#[template(path = "email_code.html")]
struct CodePage {
    frame: Frame,
    form: Form,
    /// The address, when it is known here; none: it is typed as well.
    email: Option<String>,
    return_to: Option<ReturnTo>,
    /// How many codes were tried on this page.
    tries: i64,
    /// The code, when it was right and only the second factor is missing: it is good once, and not used yet.
    code: Option<SecretString>,
    /// Whether the account's password came with a right code, so that it stays.
    keeps_password: bool,
    /// Whether a password came with a code that was refused.
    gave_password: bool,
    has_outbox: bool,
}

/// Which of the two pages somebody wants.
#[derive(Deserialize)]
struct Choice {
    /// To ask for a code, although one was asked for.
    anew: Option<String>,
    /// To type a code, although none was asked for here.
    have: Option<String>,
}

#[derive(Deserialize)]
struct CodeFields {
    email: String,
    code: TypedCode,
    mfa_code: Option<TypedCode>,
    password: Option<Password>,
    /// That the password was given before, and stays.
    keeps_password: Option<String>,
    return_to: Option<String>,
    tries: Option<i64>,
}

async fn ask(
    State(app): State<App>,
    session: Option<Session>,
    headers: HeaderMap,
    Query(choice): Query<Choice>,
    (Query(asked), Query(arrival)): (Query<Asked>, Query<Arrival>),
) -> Result<Response> {
    let return_to = asked.return_to(&app);
    if session.is_some() {
        return see_other(ReturnTo::or_account(&app, return_to).as_str());
    }
    let before = MailAsked::of(&app, &headers).filter(|asked| asked.wanted == Wanted::Code);
    let mut page = match (before, choice.anew, choice.have) {
        (Some(MailAsked { email, return_to, .. }), None, _) => CodePage::for_address(&app, Some(email), return_to),
        (None, None, Some(_)) => CodePage::for_address(&app, None, return_to),
        (_, Some(_), _) | (None, None, None) => {
            let frame = mail_request::frame(&app, Wanted::Code, None);
            return mail_request::ask(&app, Wanted::Code, frame, Form::blank(), return_to);
        }
    };
    page.frame = page.frame.with_notice(arrival.notice());
    show(StatusCode::OK, &page)
}

async fn redeem(
    State(app): State<App>,
    session: Option<Session>,
    caller: Caller,
    FormBody(fields): FormBody<CodeFields>,
) -> Result<Response> {
    let (ip, code) = (caller.ip(), SecretString::from(fields.code));
    app.limits.code_looked_up(ip)?;
    app.limits.sign_in(ip, &fields.email)?;
    let CodeFields { email, mfa_code, password, keeps_password, return_to, tries, .. } = fields;
    let (password, mfa_code) = (password.and_then(given_secret), mfa_code.map(SecretString::from));
    let page = CodePage {
        tries: tries.unwrap_or(0).clamp(0, CODE_GUESSES - 1),
        keeps_password: keeps_password.is_some() || password.is_some(),
        ..CodePage::for_address(&app, Some(email.clone()), ReturnTo::of(&app, return_to.as_deref()))
    };
    if page.keeps_password && password.is_none() {
        return page.with_code(code).refused("password", Code::PasswordRequired);
    }
    let has_given_factor = mfa_code.is_some();
    let presenter = presenter(session, password, mfa_code);
    match app.vestibule.redeem_email_code(&caller.anonymous(), &email, &code, presenter).await {
        Ok(RedeemEmailCode::Done(signed_in)) => {
            let on = see_other(ReturnTo::or_account(&app, page.return_to).as_str())?;
            Ok(mail_asked::arrived(&app, &signed_in, on))
        }
        Ok(RedeemEmailCode::MfaRequired) if !has_given_factor => page.with_code(code).show(),
        Ok(RedeemEmailCode::MfaRequired) => page.with_code(code).refused("mfa_code", Code::MfaRequired),
        Ok(RedeemEmailCode::WrongMfaCode) => {
            app.limits.code_failed(ip)?;
            page.tried().with_code(code).refused("mfa_code", Code::InvalidMfaCode)
        }
        Ok(RedeemEmailCode::Refused) => {
            app.limits.code_failed(ip)?;
            CodePage { keeps_password: false, gave_password: page.keeps_password, ..page.tried() }
                .refused("code", Code::CodeInvalid)
        }
        Err(error) => {
            let form = Form::blank().with("email", &email).refused(Problem::from(error))?;
            CodePage { email: None, keeps_password: false, ..page }.around(form).show()
        }
    }
}

impl CodePage {
    fn for_address(app: &App, email: Option<String>, return_to: Option<ReturnTo>) -> CodePage {
        CodePage {
            frame: Frame::signed_out(app, TITLE),
            form: Form::blank(),
            email,
            return_to,
            tries: 0,
            code: None,
            keeps_password: false,
            gave_password: false,
            has_outbox: has_outbox(app),
        }
    }

    /// Asking for what is missing besides a code that is right.
    fn with_code(self, code: SecretString) -> CodePage {
        CodePage { code: Some(code), ..self }
    }

    /// After one more try.
    fn tried(self) -> CodePage {
        CodePage { tries: self.tries + 1, ..self }
    }

    fn around(self, form: Form) -> CodePage {
        CodePage { frame: self.frame.around(&form), form, ..self }
    }

    fn refused(mut self, field: &'static str, code: Code) -> Result<Response> {
        if self.is_used_up() {
            self.frame.is_refused = true;
            return show(StatusCode::UNAUTHORIZED, &self); // there is no field left to say it beside
        }
        self.around(Form::blank().refused_at(field, code)).show()
    }

    fn show(&self) -> Result<Response> {
        show(self.form.status(), self)
    }

    /// Whether the code can take no more tries.
    fn is_used_up(&self) -> bool {
        self.tries >= CODE_GUESSES
    }

    fn hint(&self) -> String {
        match self.tries {
            0 => format!("It is good for 10 minutes, and for {CODE_GUESSES} tries."),
            tries => format!("A code takes {CODE_GUESSES} tries. This is number {}.", tries + 1),
        }
    }

    /// The end of an address's query that leads on from it.
    fn way(&self) -> String {
        ReturnTo::more_of(self.return_to.as_ref())
    }

    /// The code, to be sent once more with what was missing.
    fn kept_code(&self) -> Option<&str> {
        self.code.as_ref().map(|code| code.expose_secret())
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/email-code", get(ask).post(redeem))
}
