//! Mail as it leaves, or does not: every mail of the last thirty days with where it is, sending one again, and a mail to
//! oneself that shows whether mail arrives.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::{Code, Delivery, MailId, needs};

use super::mail_line::MailLine;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, Path, Query, Require, Session, UpdateSettings, ViewSettings};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::{done, show};

const PATH: &str = Here::Mail.path();
/// How long the answer waits for the test mail to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Template)]
#[template(path = "console/mail.html")]
struct MailPage {
    frame: Frame,
    form: Form,
    route: MailRoute,
    /// Where a test mail would go.
    my_address: Option<String>,
    lines: Vec<MailLine>,
    turn: Turn,
}

/// Where mail goes.
pub(crate) enum MailRoute {
    /// To this server.
    Smtp { server: String },
    /// Into the development outbox, where somebody at this machine reads it.
    DevelopmentOutbox,
    /// Nowhere.
    Nowhere,
}

impl MailRoute {
    pub(super) fn of(app: &App) -> MailRoute {
        let config = app.vestibule.config();
        match &config.mail.smtp {
            Some(smtp) => MailRoute::Smtp { server: smtp.server() },
            None if config.is_local() => MailRoute::DevelopmentOutbox,
            None => MailRoute::Nowhere,
        }
    }

    pub(super) fn is_kept(&self) -> bool {
        matches!(self, MailRoute::DevelopmentOutbox)
    }

    pub(super) fn is_nowhere(&self) -> bool {
        matches!(self, MailRoute::Nowhere)
    }
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewSettings, Session>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    page(&app, &session, &place, (Form::blank(), arrival.notice())).await
}

async fn retry(
    State(app): State<App>,
    Require(session, _): Require<UpdateSettings, Session>,
    Path(id): Path<MailId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    match app.vestibule.retry_mail(&caller.acting(&session), id).await {
        Ok(_) => done(&app, PATH, Notice::MailRetried),
        Err(error) => refuse(&app, &session, error.into()).await,
    }
}

async fn send_test(
    State(app): State<App>,
    Require(session, _): Require<UpdateSettings, Session>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let id = match app.vestibule.send_test_mail(&caller.acting(&session), &session).await {
        Ok(id) => id,
        Err(error) => return refuse(&app, &session, error.into()).await,
    };
    let notice = match app.vestibule.deliver_now(id, PATIENCE).await? {
        Delivery::Sent => Notice::TestMailSent,
        Delivery::Kept => Notice::TestMailKept,
        Delivery::Waiting => Notice::TestMailWaiting,
        Delivery::Failed(_) => Notice::TestMailFailed,
    };
    done(&app, PATH, notice)
}

/// The first page again, with why not. No field stands on it, so what is wrong with one is about the whole.
async fn refuse(app: &App, session: &Session, why: Problem) -> Result<Response> {
    let why = if why.code() == Code::EmailRequired { Code::EmailRequired.into() } else { why };
    page(app, session, &Place::first(), (Form::blank().refused(why)?, None)).await
}

async fn page(
    app: &App,
    session: &Session,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    let rows = app.vestibule.list_mail(place.page()?).await?;
    let turn = place.turn(app, PATH, &[], rows.next_cursor.as_deref());
    let lines = rows.items.into_iter().map(|row| MailLine::of(app, row)).collect();
    let my_address = app.vestibule.account(session.account_id).await?.account.email;
    let frame = Frame::at(app, session, Here::Mail).around(&form).with_notice(notice);
    show(form.status(), &MailPage { frame, form, route: MailRoute::of(app), my_address, lines, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/mail", get(list))
        .route("/admin/mail/test", post(send_test))
        .route("/admin/mail/{id}/retry", post(retry))
}
