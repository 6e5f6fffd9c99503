//! Making a bot: what it is called, who answers for it, and when its first key ends.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::NewBot;

use super::frame::{Area, Tab};
use super::shown_key::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, OrgAdmin, OrgMember, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::key_end::{EndChoice, KeyEnds};
use crate::pages::show;

#[derive(Template)]
#[template(path = "organization/new_bot.html")]
struct NewBotPage {
    frame: Frame,
    area: Area,
    form: Form,
    ends: Vec<EndChoice>,
}

#[derive(Deserialize)]
struct BotFields {
    name: String,
    responsible_email: String,
    expires_at: String,
}

async fn ask(
    State(app): State<App>,
    RecentlyProven(OrgAdmin(member)): RecentlyProven<OrgAdmin<Session>>,
) -> Result<Response> {
    page(&app, &member, KeyEnds::of_api_key(&app.vestibule.config().tokens).blank()).await
}

async fn create(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember<Session>>,
    caller: Caller,
    FormBody(fields): FormBody<BotFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    app.limits.mail_request(caller.ip(), &fields.responsible_email)?;
    let mut form = Form::blank()
        .with("name", &fields.name)
        .with("responsible_email", &fields.responsible_email)
        .with("expires_at", &fields.expires_at);
    let expiry = KeyEnds::of_api_key(&app.vestibule.config().tokens).read(&mut form, app.vestibule.now());
    let Some(expiry) = expiry else { return page(&app, &member, form).await };
    let new = NewBot { name: fields.name, responsible_email: fields.responsible_email, expiry };
    match app.vestibule.create_bot(&member.by, member.organization_id(), new).await {
        Ok(created) => show_once(&app, &member, Tab::Bots, created.first, None).await,
        Err(error) => page(&app, &member, form.refused(error)?).await,
    }
}

async fn page(app: &App, member: &OrgMember<Session>, form: Form) -> Result<Response> {
    let ends = KeyEnds::of_api_key(&app.vestibule.config().tokens).choices(&form);
    let (frame, area) = Area::of(app, member, Tab::Bots, &form, None).await?;
    let frame = frame.titled(&format!("New bot · {}", area.organization.name)).around(&form);
    show(form.status(), &NewBotPage { frame, area, form, ends })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/organizations/{org}/bots/new", get(ask).post(create))
}
