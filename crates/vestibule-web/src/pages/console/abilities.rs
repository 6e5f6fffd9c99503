//! The abilities that service keys can have: every one that is known, adding one, and deleting one. Those that Vestibule
//! itself asks for stay.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{Ability, AbilityId, needs};

use super::on::{On, Sensitive};
use crate::app::App;
use crate::error::Result;
use crate::extract::{
    Caller, CreateServiceKeys, DeleteServiceKeys, FormBody, Query, Require, Session, ViewServiceKeys,
};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

const PATH: &str = "/admin/service-keys/abilities";

#[derive(Template)]
#[template(path = "console/abilities.html")]
struct AbilitiesPage {
    frame: Frame,
    form: Form,
    abilities: Vec<Ability>,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

#[derive(Deserialize)]
struct AbilityFields {
    slug: String,
    label: String,
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewServiceKeys, Session>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    page(&app, &session, Form::blank(), arrival.notice()).await
}

async fn add(
    State(app): State<App>,
    Sensitive(Require(session, _)): Sensitive<Require<CreateServiceKeys, Session>>,
    caller: Caller,
    FormBody(fields): FormBody<AbilityFields>,
) -> Result<Response> {
    match app.vestibule.create_ability(&caller.acting(&session), fields.slug.trim(), &fields.label).await {
        Ok(_) => done(&app, PATH, Notice::AbilityAdded),
        Err(error) => {
            let typed = Form::blank().with("slug", &fields.slug).with("label", &fields.label);
            page(&app, &session, typed.refused(error)?, None).await
        }
    }
}

async fn delete(Sensitive(on): Sensitive<On<DeleteServiceKeys, AbilityId>>) -> Result<Response> {
    match on.engine().delete_ability(&on.by, on.id).await {
        Ok(()) => done(&on.app, PATH, Notice::AbilityDeleted),
        Err(error) => page(&on.app, &on.session, Form::blank().refused(error)?, None).await,
    }
}

async fn page(app: &App, session: &Session, form: Form, notice: Option<&'static str>) -> Result<Response> {
    require(session, needs::VIEW_SERVICE_KEYS)?; // its forms need another permission
    let abilities = app.vestibule.list_abilities().await?;
    let frame = Frame::at(app, session, Here::ServiceKeys).titled("Abilities").around(&form).with_notice(notice);
    let prove = ReturnTo::page(app, PATH).prove(app, session);
    show(form.status(), &AbilitiesPage { frame, form, abilities, prove })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/service-keys/abilities", get(list).post(add))
        .route("/admin/service-keys/abilities/{id}/delete", post(delete))
}
