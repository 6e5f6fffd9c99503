//! The page of a mailed link, for the three kinds that need no more than a press of a button: it says what the button
//! will do, and to whose account. Showing it uses nothing up.
//! An account whose address nobody has proven yet keeps what is in it only if its password comes along; who did not
//! choose that password goes on without it by a form of its own, never by leaving a field empty.

use std::net::IpAddr;

use askama::Template;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;
use vestibule::{Code, LinkAbout, TokenKind, TokenState};

use super::dead_link::{self, Dead};
use super::form::{Form, given_secret};
use super::frame::Frame;
use super::show;
use crate::api::password::Password;
use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::Session;
use crate::side_cookies;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Proving an address.
    Verify,
    /// Signing in.
    SignIn,
    /// Moving an account to another address.
    Move,
}

/// The address of a link's page.
#[derive(Deserialize)]
pub(super) struct LinkQuery {
    pub token: Option<String>,
}

/// What the form of a link's page sends.
#[derive(Deserialize)]
#[serde(from = "LinkFields")]
pub(super) struct Press {
    pub token: String,
    pub password: Option<SecretString>,
    pub mfa_code: Option<SecretString>,
    /// That the account's password, which was asked for, shall end.
    pub without: bool,
}

/// The same as it is sent.
#[derive(Deserialize)]
struct LinkFields {
    token: String,
    password: Option<Password>,
    mfa_code: Option<TypedCode>,
    without: Option<String>,
}

/// Why a link did not do it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refused {
    WrongPassword,
    MfaRequired,
    WrongMfaCode,
    Dead(Dead),
}

/// The page of a live link.
#[derive(Template)]
#[template(path = "link.html")]
pub(super) struct LinkPage {
    frame: Frame,
    form: Form,
    purpose: Purpose,
    token: String,
    about: LinkAbout,
    /// Whether whoever is signed in here is signed in to the account that it is about.
    is_own: bool,
    asks_password: bool,
    asks_factor: bool,
    /// Whether the button signs somebody in.
    signs_in: bool,
    /// Who is signed in here and will not be after that.
    other: Option<String>,
}

impl Purpose {
    fn kind(self) -> TokenKind {
        match self {
            Purpose::Verify => TokenKind::EmailVerify,
            Purpose::SignIn => TokenKind::MagicLink,
            Purpose::Move => TokenKind::EmailChange,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Purpose::Verify => "/verify-email",
            Purpose::SignIn => "/magic-link",
            Purpose::Move => "/confirm-email",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Purpose::Verify => "Confirm your address",
            Purpose::SignIn => "Sign in",
            Purpose::Move => "Confirm your new address",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Purpose::Verify | Purpose::Move => "Confirm the address",
            Purpose::SignIn => "Sign in",
        }
    }

    fn quiet_button(self) -> &'static str {
        match self {
            Purpose::Verify | Purpose::Move => "Confirm without it",
            Purpose::SignIn => "Sign in without it",
        }
    }
}

impl From<LinkFields> for Press {
    fn from(fields: LinkFields) -> Press {
        let LinkFields { token, password, mfa_code, without } = fields;
        let password = password.filter(|_| without.is_none()).and_then(given_secret);
        Press { token, password, mfa_code: mfa_code.map(SecretString::from), without: without.is_some() }
    }
}

/// Looks at a link. Its page, or the one that says why there is none.
pub(super) async fn look(
    app: &App,
    purpose: Purpose,
    token: &str,
    session: Option<&Session>,
    headers: &HeaderMap,
) -> Result<Result<LinkPage, Dead>> {
    let browser = side_cookies::browser_of(app, headers);
    let inspected = app.vestibule.inspect_link(purpose.kind(), token, browser).await?;
    match (inspected.state, inspected.about) {
        (TokenState::Valid, Some(about)) => {
            let frame = Frame::of(app, session, purpose.title());
            Ok(Ok(LinkPage::about(frame, purpose, token, about, session.map(|session| session.label.as_str()))))
        }
        (TokenState::Expired, _) => Ok(Err(Dead::Expired)),
        (TokenState::Valid | TokenState::Used, _) => Ok(Err(Dead::Used)),
    }
}

/// Shows a link, for its GET.
pub(super) async fn land(
    app: &App,
    purpose: Purpose,
    token: &str,
    session: Option<&Session>,
    headers: &HeaderMap,
) -> Result<Response> {
    match look(app, purpose, token, session, headers).await? {
        Ok(page) => page.show(),
        Err(dead) => dead_link::page(app, purpose.kind(), dead),
    }
}

/// Looks at a link whose button was pressed. Its page, to be refused with; or the answer, when the link is dead or the
/// password that decides about the account is missing.
pub(super) async fn pressed(
    app: &App,
    purpose: Purpose,
    press: &Press,
    (session, headers): (Option<&Session>, &HeaderMap),
    ip: Option<IpAddr>,
) -> Result<Result<LinkPage, Response>> {
    app.limits.code_looked_up(ip)?;
    if press.password.is_some() {
        app.limits.link_with_password(ip, &press.token)?;
    }
    match look(app, purpose, &press.token, session, headers).await? {
        Err(dead) => {
            app.limits.code_failed(ip)?;
            dead_link::page(app, purpose.kind(), dead).map(Err)
        }
        Ok(page) if page.asks_password && !press.without && press.password.is_none() => {
            page.refused_at("password", Code::PasswordRequired).map(Err)
        }
        Ok(page) => Ok(Ok(page)),
    }
}

impl LinkPage {
    fn about(frame: Frame, purpose: Purpose, token: &str, about: LinkAbout, here: Option<&str>) -> LinkPage {
        let is_own = here == Some(about.account.as_str());
        let asks_password = about.is_first_proof && about.has_password && !is_own;
        let survives = is_own || !about.is_first_proof;
        let signs_in = match purpose {
            Purpose::Verify => about.is_first_proof && !is_own,
            Purpose::SignIn => true,
            Purpose::Move => false,
        };
        LinkPage {
            frame,
            form: Form::blank(),
            purpose,
            token: token.to_owned(),
            is_own,
            asks_password,
            asks_factor: about.has_second_factor && (asks_password || (survives && purpose == Purpose::SignIn)),
            signs_in,
            other: here.filter(|_| signs_in && !is_own).map(str::to_owned),
            about,
        }
    }

    /// Whether whoever is signed in here is signed in to the account that it is about.
    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    /// Whether it decides about the account's password.
    pub(super) fn asks_password(&self) -> bool {
        self.asks_password
    }

    /// Whether the link was asked for in another browser, which is worth a warning where it signs in.
    fn is_from_elsewhere(&self) -> bool {
        self.purpose == Purpose::SignIn && !self.about.is_own_browser
    }

    /// The address that it was mailed to.
    fn address(&self) -> &str {
        self.about.mailed_to.as_deref().unwrap_or(&self.about.account)
    }

    fn show(&self) -> Result<Response> {
        show(self.form.status(), self)
    }

    fn refused_at(self, field: &'static str, code: Code) -> Result<Response> {
        let form = Form::blank().refused_at(field, code);
        LinkPage { frame: self.frame.around(&form), form, ..self }.show()
    }

    /// Says why it did not work; the link stays good, unless it is dead.
    pub(super) fn refused(mut self, app: &App, why: Refused, ip: Option<IpAddr>) -> Result<Response> {
        match why {
            Refused::WrongPassword => {
                self.asks_password = true;
                self.refused_at("password", Code::CurrentPasswordIncorrect)
            }
            Refused::MfaRequired => {
                self.asks_factor = true;
                self.refused_at("mfa_code", Code::MfaRequired)
            }
            Refused::WrongMfaCode => {
                app.limits.code_failed(ip)?;
                self.asks_factor = true;
                self.refused_at("mfa_code", Code::InvalidMfaCode)
            }
            Refused::Dead(dead) => {
                app.limits.code_failed(ip)?;
                dead_link::page(app, self.purpose.kind(), dead)
            }
        }
    }
}
