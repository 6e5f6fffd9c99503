//! Making a service key: what it is called, its abilities, and when it ends.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use vestibule::{Ability, NewServiceKey, needs};

use super::group_boxes::{Pairs, value};
use super::on::Sensitive;
use super::shown_service_key::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, CreateServiceKeys, FormBody, RecentlyProven, Require, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::key_end::{EndChoice, KeyEnds};
use crate::pages::show;

/// The boxes, of which several may be ticked.
const BOXES: &str = "abilities";

#[derive(Template)]
#[template(path = "console/new_service_key.html")]
struct NewServiceKeyPage {
    frame: Frame,
    form: Form,
    abilities: Vec<Ability>,
    ends: Vec<EndChoice>,
}

async fn ask(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateServiceKeys, Session>>,
) -> Result<Response> {
    page(&app, &session, KeyEnds::of_service_key().blank()).await
}

async fn create(
    State(app): State<App>,
    Sensitive(Require(session, _)): Sensitive<Require<CreateServiceKeys, Session>>,
    caller: Caller,
    FormBody(pairs): FormBody<Pairs>,
) -> Result<Response> {
    let mut form = typed(&pairs);
    let Some(expiry) = KeyEnds::of_service_key().read(&mut form, app.vestibule.now()) else {
        return page(&app, &session, form).await;
    };
    let abilities = form.all(BOXES).map(str::to_owned).collect();
    let new = NewServiceKey { name: form.typed("name").to_owned(), abilities, expiry };
    match app.vestibule.create_service_key(&caller.acting(&session), new).await {
        Ok(created) => show_once(&app, &session, created),
        Err(error) => page(&app, &session, form.refused(error)?).await,
    }
}

fn typed(pairs: &Pairs) -> Form {
    let fields = ["name", "expires_at"].into_iter();
    let form = fields.fold(Form::blank(), |form, field| form.with(field, &value(pairs, field)));
    let ticked = pairs.iter().filter(|(name, _)| name == BOXES);
    ticked.fold(form, |form, (_, ability)| form.with(BOXES, ability))
}

async fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    require(session, needs::VIEW_SERVICE_KEYS)?; // the boxes are the abilities
    let (abilities, ends) = (app.vestibule.list_abilities().await?, KeyEnds::of_service_key().choices(&form));
    let frame = Frame::at(app, session, Here::ServiceKeys).titled("New service key").around(&form);
    show(form.status(), &NewServiceKeyPage { frame, form, abilities, ends })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/service-keys/new", get(ask).post(create))
}
