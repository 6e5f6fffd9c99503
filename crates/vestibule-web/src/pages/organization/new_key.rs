//! Making a key of one's own in an organization, with the same choices as a personal one.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::frame::{Area, Tab};
use super::shown_key::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{FormBody, OrgMember, RecentlyProven, Session};
use crate::pages::account::new_api_key::{KeyFields, LINES_HINT, MAY, read};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::key_end::{EndChoice, KeyEnds};
use crate::pages::show;

#[derive(Template)]
#[template(path = "organization/new_key.html")]
struct NewKeyPage {
    frame: Frame,
    area: Area,
    form: Form,
    ends: Vec<EndChoice>,
}

async fn ask(State(app): State<App>, RecentlyProven(member): RecentlyProven<OrgMember<Session>>) -> Result<Response> {
    page(&app, &member, KeyEnds::of_api_key(&app.vestibule.config().tokens).blank()).await
}

async fn create(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember<Session>>,
    FormBody(fields): FormBody<KeyFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let mut form = fields.form();
    let Some(new) = read(&app, &member.who, &mut form) else { return page(&app, &member, form).await };
    match app.vestibule.create_organization_key(&member.by, member.organization_id(), new).await {
        Ok(created) => show_once(&app, &member, Tab::Keys, created, None).await,
        Err(error) => page(&app, &member, form.refused(error)?).await,
    }
}

async fn page(app: &App, member: &OrgMember<Session>, form: Form) -> Result<Response> {
    let ends = KeyEnds::of_api_key(&app.vestibule.config().tokens).choices(&form);
    let (frame, area) = Area::of(app, member, Tab::Keys, &form, None).await?;
    let frame = frame.titled(&format!("New API key · {}", area.organization.name)).around(&form);
    show(form.status(), &NewKeyPage { frame, area, form, ends })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/organizations/{org}/keys/new", get(ask).post(create))
}
