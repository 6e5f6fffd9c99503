//! Changing a group, in two steps: the form, and what the change would do, with the button that does it. What was typed
//! goes along in hidden fields, so that going back loses nothing. What is saved is what was shown: when the group was
//! changed meanwhile, it is shown again first.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::{Code, Group, needs};

use super::group_boxes::{Pairs, value};
use super::group_form::{self, BoxesOf, LINES_HINT, REACHES};
use super::on::{OnGroup, Sensitive};
use super::preview_group;
use crate::app::App;
use crate::error::Result;
use crate::extract::{FormBody, RecentlyProven, UpdateGroups};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::notice::Notice;
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/edit_group.html")]
struct EditGroupPage {
    frame: Frame,
    form: Form,
    group: Group,
    resources: Vec<BoxesOf>,
    path: String,
}

async fn ask(RecentlyProven(on): RecentlyProven<OnGroup<UpdateGroups>>) -> Result<Response> {
    let group = find(&on).await?;
    let form = group_form::filled(on.session.view.catalogue(), &group);
    page(&on, group, form).await
}

/// Shows what the change would do.
async fn preview(on: OnGroup<UpdateGroups>, FormBody(pairs): FormBody<Pairs>) -> Result<Response> {
    on.app.limits.sensitive(on.session.account_id)?; // it is much work
    let group = find(&on).await?;
    let mut form = group_form::typed(&pairs);
    match group_form::read(on.session.view.catalogue(), &mut form) {
        Some(wanted) => preview_or_form(&on, group, wanted, form).await,
        None => page(&on, group, form).await,
    }
}

/// Shows the form again, as it was typed.
async fn go_back(on: OnGroup<UpdateGroups>, FormBody(pairs): FormBody<Pairs>) -> Result<Response> {
    page(&on, find(&on).await?, group_form::typed(&pairs)).await
}

async fn save(Sensitive(on): Sensitive<OnGroup<UpdateGroups>>, FormBody(pairs): FormBody<Pairs>) -> Result<Response> {
    let group = find(&on).await?;
    let mut form = group_form::typed(&pairs);
    let Some(wanted) = group_form::read(on.session.view.catalogue(), &mut form) else {
        return page(&on, group, form).await;
    };
    if value(&pairs, preview_group::SEEN) != preview_group::seen(&group) {
        let form =
            form.wrong_as_a_whole("Somebody changed this group meanwhile. This is what the change would do now.");
        return preview_or_form(&on, group, wanted, form).await;
    }
    match on.engine().edit_group(&on.by, on.id, wanted.edit(&group)).await {
        Ok(_) => on.answer(Ok(()), Notice::GroupSaved, form).await,
        Err(error) => page(&on, group, form.refused(error)?).await,
    }
}

/// What the change would do; the form again when the engine refuses to say.
async fn preview_or_form(
    on: &OnGroup<UpdateGroups>,
    group: Group,
    wanted: group_form::Wanted,
    form: Form,
) -> Result<Response> {
    let edit = wanted.edit(&group);
    match on.engine().preview_group(on.id, &edit).await {
        Ok(preview) => preview_group::page(on, &group, (edit, preview), form),
        Err(error) => page(on, group, form.refused(error)?).await,
    }
}

/// The group, if it can be changed here, for whoever may see it besides.
async fn find(on: &OnGroup<UpdateGroups>) -> Result<Group> {
    require(&on.session, needs::VIEW_GROUPS)?;
    let group = on.engine().group(on.id).await?;
    if group.system_managed { Err(Code::SystemManaged.into()) } else { Ok(group) }
}

async fn page(on: &OnGroup<UpdateGroups>, group: Group, form: Form) -> Result<Response> {
    let resources = group_form::boxes(on.engine().list_permissions().await?, &form);
    let title = format!("Change {}", group.name);
    let frame = Frame::at(&on.app, &on.session, Here::Groups).titled(&title).around(&form);
    let path = format!("{}/admin/groups/{}", on.app.base(), on.id);
    show(form.status(), &EditGroupPage { frame, form, group, resources, path })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/groups/{id}/edit", get(ask).post(preview))
        .route("/admin/groups/{id}/edit/back", post(go_back))
        .route("/admin/groups/{id}/edit/save", post(save))
}
