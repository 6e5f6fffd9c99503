//! How an organization is set up: what it is called, and deleting it, which takes a recent proof of who one is and its
//! name, typed.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{Code, Error};

use super::frame::{Area, Tab, path_of};
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{FormBody, OrgAdmin, OrgMember, Query, RecentlyProven, Session};
use crate::pages::account::NOT_AS_SHOWN;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "organization/settings.html")]
struct SettingsPage {
    frame: Frame,
    area: Area,
    form: Form,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

#[derive(Deserialize)]
struct NameFields {
    name: String,
}

/// The typed confirmation of a deletion.
#[derive(Deserialize)]
struct DeleteFields {
    confirm: String,
}

async fn ask(State(app): State<App>, admin: OrgAdmin<Session>, Query(arrival): Query<Arrival>) -> Result<Response> {
    page(&app, &admin, Form::blank(), arrival.notice()).await
}

async fn rename(
    State(app): State<App>,
    member: OrgMember<Session>,
    FormBody(fields): FormBody<NameFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let org = member.organization_id();
    match app.vestibule.rename_organization(&member.by, org, &fields.name).await {
        Ok(()) => done(&app, &path_of(org, Tab::Settings), Notice::OrganizationRenamed),
        Err(error) => page(&app, &member, Form::blank().with("name", &fields.name).refused(error)?, None).await,
    }
}

async fn delete(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember<Session>>,
    FormBody(fields): FormBody<DeleteFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let deleted = app.vestibule.delete_organization(&member.by, member.organization_id(), &fields.confirm).await;
    match deleted {
        Ok(()) => done(&app, Here::Organizations.path(), Notice::OrganizationDeleted),
        Err(error) => {
            let typed = Form::blank().with("confirm", &fields.confirm);
            page(&app, &member, unlike(typed, error)?, None).await
        }
    }
}

/// What was typed is not the name; any other refusal is the form's as a whole, or passed on.
fn unlike(typed: Form, error: Error) -> Result<Form> {
    let problem = Problem::from(error);
    match problem.errors().0.iter().any(|error| error.code == Code::NameMismatch) {
        true => Ok(typed.wrong("confirm", NOT_AS_SHOWN)),
        false => typed.refused(problem),
    }
}

async fn page(app: &App, member: &OrgMember<Session>, form: Form, notice: Option<&'static str>) -> Result<Response> {
    let form = form.or("name", Some(&member.organization.name));
    let (frame, area) = Area::of(app, member, Tab::Settings, &form, notice).await?;
    let here = path_of(member.organization_id(), Tab::Settings);
    let prove = ReturnTo::page(app, &here).prove(app, &member.who);
    show(form.status(), &SettingsPage { frame, area, form, prove })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/organizations/{org}/settings", get(ask))
        .route("/organizations/{org}/settings/rename", post(rename))
        .route("/organizations/{org}/settings/delete", post(delete))
}
