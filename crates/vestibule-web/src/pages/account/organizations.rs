//! The organizations that one is in: what they are, making one, leaving one.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{OrganizationId, OrganizationRole};

use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, OrgMember, Query, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::moment::Moment;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::{done, show};

const PATH: &str = Here::Organizations.path();

#[derive(Template)]
#[template(path = "account/organizations.html")]
struct OrganizationsPage {
    frame: Frame,
    form: Form,
    rows: Vec<OrganizationRow>,
}

/// An organization in the list.
struct OrganizationRow {
    id: OrganizationId,
    name: String,
    role: OrganizationRole,
    joined: Moment,
}

#[derive(Deserialize)]
struct NameFields {
    name: String,
}

async fn list(State(app): State<App>, session: Session, Query(arrival): Query<Arrival>) -> Result<Response> {
    page(&app, &session, Form::blank(), arrival.notice()).await
}

async fn create(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    FormBody(fields): FormBody<NameFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    match app.vestibule.create_organization(&caller.acting(&session), &fields.name).await {
        Ok(made) => done(&app, &format!("/organizations/{}", made.id), Notice::OrganizationMade),
        Err(error) => page(&app, &session, Form::blank().with("name", &fields.name).refused(error)?, None).await,
    }
}

async fn leave(State(app): State<App>, member: OrgMember<Session>) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    match app.vestibule.leave_organization(&member.by, member.organization_id()).await {
        Ok(()) => done(&app, PATH, Notice::OrganizationLeft),
        Err(error) => page(&app, &member.who, Form::blank().refused(error)?, None).await,
    }
}

async fn page(app: &App, session: &Session, form: Form, notice: Option<&'static str>) -> Result<Response> {
    let organizations = app.vestibule.list_organizations_of(session.account_id).await?;
    let rows = organizations.into_iter().map(|organization| OrganizationRow {
        id: organization.id,
        name: organization.name,
        role: organization.role,
        joined: Moment(organization.joined_at),
    });
    let frame = Frame::at(app, session, Here::Organizations).around(&form).with_notice(notice);
    show(form.status(), &OrganizationsPage { frame, rows: rows.collect(), form })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/account/organizations", get(list).post(create))
        .route("/account/organizations/{org}/leave", post(leave))
}
