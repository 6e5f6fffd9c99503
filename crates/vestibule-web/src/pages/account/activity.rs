//! What was done by oneself and to one's account.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use vestibule::AuditFilter;

use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Session};
use crate::pages::frame::{Frame, Here};
use crate::pages::history::Act;
use crate::pages::paging::{Place, Turn};
use crate::pages::show;

#[derive(Template)]
#[template(path = "account/activity.html")]
struct ActivityPage {
    frame: Frame,
    acts: Vec<Act>,
    turn: Turn,
}

async fn list(State(app): State<App>, session: Session, Query(place): Query<Place>) -> Result<Response> {
    let about_me = AuditFilter { about: Some(session.account_id), ..AuditFilter::default() };
    let rows = app.vestibule.list_audit(&about_me, place.page()?).await?;
    let turn = place.turn(&app, Here::Activity.path(), &[], rows.next_cursor.as_deref());
    let acts = rows.items.into_iter().map(|row| Act::seen_by(row, session.account_id)).collect();
    let frame = Frame::at(&app, &session, Here::Activity);
    show(StatusCode::OK, &ActivityPage { frame, acts, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/account/activity", get(list))
}
