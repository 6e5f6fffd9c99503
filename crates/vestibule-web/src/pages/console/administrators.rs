//! The administrators: who they are, and the way to making one. Each is an account, and changed on its page.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use vestibule::{ADMINISTRATORS, AccountFilter, AccountId, needs};

use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Require, Session, ViewUsers};
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::Arrival;
use crate::pages::paging::{Place, Turn};
use crate::pages::rows::AccountRow;
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/administrators.html")]
struct AdministratorsPage {
    frame: Frame,
    rows: Vec<AccountRow>,
    me: AccountId,
    turn: Turn,
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewUsers, Session>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let wanted = AccountFilter { group: Some(ADMINISTRATORS), ..AccountFilter::default() };
    let accounts = app.vestibule.list_accounts(&wanted, place.page()?).await?;
    let turn = place.turn(&app, Here::Administrators.path(), &[], accounts.next_cursor.as_deref());
    let rows = accounts.items.into_iter().map(|view| AccountRow::of(&app, view)).collect();
    let frame = Frame::at(&app, &session, Here::Administrators).with_notice(arrival.notice());
    show(StatusCode::OK, &AdministratorsPage { frame, rows, me: session.account_id, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/admins", get(list))
}
