//! Every organization: what there is, how many are in each, and which nobody administers.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{Organization, OrganizationId};

use crate::api::list::filter;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Require, Session, ViewOrganizations};
use crate::pages::frame::{Frame, Here};
use crate::pages::moment::Moment;
use crate::pages::notice::Arrival;
use crate::pages::paging::{Place, Turn};
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/organizations.html")]
struct OrganizationsPage {
    frame: Frame,
    asked: OrganizationsQuery,
    rows: Vec<OrganizationRow>,
    turn: Turn,
}

/// An organization in the list.
struct OrganizationRow {
    id: OrganizationId,
    name: String,
    members: i64,
    created: Moment,
    orphaned: Option<Moment>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OrganizationsQuery {
    orphaned: String,
}

impl From<Organization> for OrganizationRow {
    fn from(organization: Organization) -> OrganizationRow {
        OrganizationRow {
            id: organization.id,
            name: organization.name,
            members: organization.member_count,
            created: Moment(organization.created_at),
            orphaned: organization.orphaned_at.map(Moment),
        }
    }
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewOrganizations, Session>,
    Query(asked): Query<OrganizationsQuery>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let is_orphaned = filter("orphaned", Some(&asked.orphaned))?;
    let organizations = app.vestibule.list_organizations(is_orphaned, place.page()?).await?;
    let filters = [("orphaned", asked.orphaned.as_str())];
    let turn = place.turn(&app, Here::AllOrganizations.path(), &filters, organizations.next_cursor.as_deref());
    let rows = organizations.items.into_iter().map(OrganizationRow::from).collect();
    let frame = Frame::at(&app, &session, Here::AllOrganizations).with_notice(arrival.notice());
    show(StatusCode::OK, &OrganizationsPage { frame, asked, rows, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/organizations", get(list))
}
