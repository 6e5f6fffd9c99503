//! The console's first page: how many there are, and what happened last.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use vestibule::{AccountCounts, AuditFilter, PageRequest};

use super::mail::MailRoute;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Administrator, Query};
use crate::pages::frame::{Frame, Here};
use crate::pages::history::Act;
use crate::pages::notice::Arrival;
use crate::pages::show;

/// How many of the latest acts are shown.
const LATEST: i64 = 10;

#[derive(Template)]
#[template(path = "console/overview.html")]
struct OverviewPage {
    frame: Frame,
    counts: AccountCounts,
    acts: Vec<Act>,
    route: MailRoute,
}

async fn overview(
    State(app): State<App>,
    Administrator(session): Administrator,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let counts = app.vestibule.count_accounts().await?;
    let latest = PageRequest { limit: LATEST, ..PageRequest::first() };
    let rows = app.vestibule.list_audit(&AuditFilter::default(), latest).await?;
    let acts = rows.items.into_iter().map(Act::of).collect();
    let frame = Frame::at(&app, &session, Here::Overview).with_notice(arrival.notice());
    show(StatusCode::OK, &OverviewPage { frame, counts, acts, route: MailRoute::of(&app) })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin", get(overview))
}
