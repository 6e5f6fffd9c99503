//! The console's first page: how many there are, and what happened last. Whoever may see any of it sees that part.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use vestibule::{AccountCounts, AuditFilter, PageRequest, needs};

use super::mail::MailRoute;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Session};
use crate::pages::frame::{Frame, Here, require_console};
use crate::pages::history::Act;
use crate::pages::notice::Arrival;
use crate::pages::show;

/// How many of the latest acts are shown.
const LATEST: i64 = 10;

#[derive(Template)]
#[template(path = "console/overview.html")]
struct OverviewPage {
    frame: Frame,
    counts: Option<AccountCounts>,
    groups: Option<usize>,
    route: Option<MailRoute>,
    acts: Option<Vec<Act>>,
}

async fn overview(State(app): State<App>, session: Session, Query(arrival): Query<Arrival>) -> Result<Response> {
    require_console(&session)?;
    let counts = match session.may(needs::VIEW_USERS) {
        true => Some(app.vestibule.count_accounts().await?),
        false => None,
    };
    let groups = match session.may(needs::VIEW_GROUPS) {
        true => Some(app.vestibule.list_groups().await?.len()),
        false => None,
    };
    let acts = match session.may(needs::VIEW_AUDIT) {
        true => Some(latest(&app).await?),
        false => None,
    };
    let route = session.may(needs::VIEW_SETTINGS).then(|| MailRoute::of(&app));
    let frame = Frame::at(&app, &session, Here::Overview).with_notice(arrival.notice());
    show(StatusCode::OK, &OverviewPage { frame, counts, groups, route, acts })
}

async fn latest(app: &App) -> Result<Vec<Act>> {
    let page = PageRequest { limit: LATEST, ..PageRequest::first() };
    let rows = app.vestibule.list_audit(&AuditFilter::default(), page).await?;
    Ok(rows.items.into_iter().map(Act::of).collect())
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin", get(overview))
}
