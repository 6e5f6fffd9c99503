//! The groups: what there is, how many are in each, and the way to making one.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use vestibule::{Group, needs};

use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Require, Session, ViewGroups};
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::Arrival;
use crate::pages::paging::{Place, Turn};
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/groups.html")]
struct GroupsPage {
    frame: Frame,
    groups: Vec<Group>,
    turn: Turn,
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewGroups, Session>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let groups = app.vestibule.page_groups(place.page()?).await?;
    let turn = place.turn(&app, Here::Groups.path(), &[], groups.next_cursor.as_deref());
    let frame = Frame::at(&app, &session, Here::Groups).with_notice(arrival.notice());
    show(StatusCode::OK, &GroupsPage { frame, groups: groups.items, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/groups", get(list))
}
