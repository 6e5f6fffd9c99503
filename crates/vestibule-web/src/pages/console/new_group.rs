//! Making a group. Nobody is in it at first, so nothing changes for anybody yet.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use vestibule::needs;

use super::group_boxes::Pairs;
use super::group_form::{self, BoxesOf, LINES_HINT, REACHES};
use super::on::Sensitive;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, CreateGroups, FormBody, RecentlyProven, Require, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::notice::Notice;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "console/new_group.html")]
struct NewGroupPage {
    frame: Frame,
    form: Form,
    resources: Vec<BoxesOf>,
}

async fn ask(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateGroups, Session>>,
) -> Result<Response> {
    page(&app, &session, Form::blank().with("scope", "nothing")).await
}

async fn create(
    State(app): State<App>,
    Sensitive(Require(session, _)): Sensitive<Require<CreateGroups, Session>>,
    caller: Caller,
    FormBody(pairs): FormBody<Pairs>,
) -> Result<Response> {
    let mut form = group_form::typed(&pairs);
    let Some(wanted) = group_form::read(session.view.catalogue(), &mut form) else {
        return page(&app, &session, form).await;
    };
    match app.vestibule.create_group(&caller.acting(&session), wanted.into_new()).await {
        Ok(group) => done(&app, &format!("/admin/groups/{}", group.id), Notice::GroupCreated),
        Err(error) => page(&app, &session, form.refused(error)?).await,
    }
}

async fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    require(session, needs::VIEW_GROUPS)?; // the boxes are the catalogue
    let resources = group_form::boxes(app.vestibule.list_permissions().await?, &form);
    let frame = Frame::at(app, session, Here::Groups).titled("New group").around(&form);
    show(form.status(), &NewGroupPage { frame, form, resources })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/groups/new", get(ask).post(create))
}
