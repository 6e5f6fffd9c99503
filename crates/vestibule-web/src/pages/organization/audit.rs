//! What happened in an organization, for its admins.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::frame::{Area, Tab, path_of};
use crate::app::App;
use crate::error::Result;
use crate::extract::{OrgAdmin, Query, Session};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::history::Act;
use crate::pages::paging::{Place, Turn};
use crate::pages::show;

#[derive(Template)]
#[template(path = "organization/audit.html")]
struct AuditPage {
    frame: Frame,
    area: Area,
    acts: Vec<Act>,
    turn: Turn,
}

async fn list(State(app): State<App>, admin: OrgAdmin<Session>, Query(place): Query<Place>) -> Result<Response> {
    let org = admin.organization_id();
    let rows = app.vestibule.organization_audit(&admin.by, org, place.page()?).await?;
    let turn = place.turn(&app, &path_of(org, Tab::Audit), &[], rows.next_cursor.as_deref());
    let acts = rows.items.into_iter().map(|row| Act::seen_by(row, admin.account_id())).collect();
    let (frame, area) = Area::of(&app, &admin, Tab::Audit, &Form::blank(), None).await?;
    show(StatusCode::OK, &AuditPage { frame, area, acts, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/organizations/{org}/audit", get(list))
}
