//! Check your mail: the one page after every request for a mail. It says the same whether or not the address is known,
//! and can ask again.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;

use super::frame::Frame;
use super::mail_asked::MailAsked;
use super::mail_request::Wanted;
use super::notice::Arrival;
use super::return_to::ReturnTo;
use super::show;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Session};

#[derive(Template)]
#[template(path = "check_your_mail.html")]
struct CheckPage {
    frame: Frame,
    asked: Option<MailAsked>,
    query: String,
    has_outbox: bool,
}

async fn look(
    State(app): State<App>,
    session: Option<Session>,
    headers: HeaderMap,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let asked = MailAsked::of(&app, &headers);
    let query = ReturnTo::query_of(asked.as_ref().and_then(|asked| asked.return_to.as_ref()));
    let frame = Frame::of(&app, session.as_ref(), "Check your mail").with_notice(arrival.notice());
    show(StatusCode::OK, &CheckPage { frame, asked, query, has_outbox: has_outbox(&app) })
}

/// Whether mail is not sent but kept, to be read on the page of the development outbox.
pub(super) fn has_outbox(app: &App) -> bool {
    let config = app.vestibule.config();
    config.mail.smtp.is_none() && config.is_local()
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/check-your-mail", get(look))
}
