//! Choosing a password by a mailed link: another one, or the first one of an account that was made for somebody. A
//! password that is refused leaves the link as it was. Nobody is signed in by it.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use serde::Deserialize;
use vestibule::{RedeemToken, TokenKind, TokenState};

use super::dead_link::{self, Dead};
use super::form::Form;
use super::frame::Frame;
use super::link::LinkQuery;
use super::mail_asked::MailAsked;
use super::notice::Notice;
use super::{done_on_the_way, show};
use crate::api::password::Password;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, FormBody, Query, Session};

/// Which password a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// Another one.
    Another,
    /// The first one.
    First,
}

#[derive(Template)]
#[template(path = "choose_password.html")]
struct ChoosePage {
    frame: Frame,
    form: Form,
    token: String,
    /// Whose password.
    account: String,
    which: Which,
    min_length: usize,
}

#[derive(Deserialize)]
struct ChooseFields {
    token: String,
    new_password: Password,
}

impl Which {
    fn kind(self) -> TokenKind {
        match self {
            Which::Another => TokenKind::PasswordReset,
            Which::First => TokenKind::AccountInvite,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Which::Another => "/reset-password",
            Which::First => "/invitation",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Which::Another => "Choose a new password",
            Which::First => "Your account is waiting",
        }
    }

    /// What its field is called.
    fn label(self) -> &'static str {
        match self {
            Which::Another => "New password",
            Which::First => "Password",
        }
    }

    fn notice(self) -> Notice {
        match self {
            Which::Another => Notice::PasswordReset,
            Which::First => Notice::PasswordChosen,
        }
    }
}

async fn ask(
    which: Which,
    State(app): State<App>,
    session: Option<Session>,
    Query(link): Query<LinkQuery>,
) -> Result<Response> {
    let frame = Frame::of(&app, session.as_ref(), which.title());
    page(&app, which, (frame, Form::blank()), link.token.unwrap_or_default()).await
}

async fn choose(
    which: Which,
    State(app): State<App>,
    (session, headers): (Option<Session>, HeaderMap),
    caller: Caller,
    FormBody(fields): FormBody<ChooseFields>,
) -> Result<Response> {
    let ip = caller.ip();
    app.limits.code_looked_up(ip)?;
    let ChooseFields { token, new_password } = fields;
    app.limits.link_with_password(ip, &token)?;
    let frame = Frame::of(&app, session.as_ref(), which.title());
    let session = session.map(|session| session.0);
    let refused: Problem =
        match app.vestibule.reset_password(&caller.anonymous(), &token, new_password.into(), session).await {
            Ok(RedeemToken::Done) => {
                let return_to = MailAsked::destination(&app, &headers);
                return done_on_the_way(&app, "/sign-in", which.notice(), return_to.as_ref());
            }
            Ok(dead) => {
                app.limits.code_failed(ip)?;
                let dead = if dead == RedeemToken::Expired { Dead::Expired } else { Dead::Used };
                return dead_link::page(&app, which.kind(), dead);
            }
            Err(error) => error.into(),
        };
    let form = Form::blank().refused(refused)?;
    page(&app, which, (frame.around(&form), form), token).await
}

/// Shows a live link, or says why there is none.
async fn page(app: &App, which: Which, (frame, form): (Frame, Form), token: String) -> Result<Response> {
    let inspected = app.vestibule.inspect_link(which.kind(), &token, None).await?;
    match (inspected.state, inspected.about) {
        (TokenState::Valid, Some(about)) => {
            let min_length = app.vestibule.config().password.min_length;
            show(form.status(), &ChoosePage { frame, form, token, account: about.account, which, min_length })
        }
        (TokenState::Expired, _) => dead_link::page(app, which.kind(), Dead::Expired),
        (TokenState::Valid | TokenState::Used, _) => dead_link::page(app, which.kind(), Dead::Used),
    }
}

fn routes(which: Which) -> MethodRouter<App> {
    let shown = move |app: State<App>, session: Option<Session>, link: Query<LinkQuery>| ask(which, app, session, link);
    let sent =
        move |app: State<App>,
              session: Option<Session>,
              headers: HeaderMap,
              caller: Caller,
              fields: FormBody<ChooseFields>| { choose(which, app, (session, headers), caller, fields) };
    get(shown).post(sent)
}

pub(super) fn router() -> Router<App> {
    [Which::Another, Which::First]
        .into_iter()
        .fold(Router::new(), |router, which| router.route(which.path(), routes(which)))
}
