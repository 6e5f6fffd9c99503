//! Changing what an account is: its profile, address, groups and password. All but the name ask for a recent proof of
//! who one is.

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use vestibule::UserEdit;

use super::group_boxes::{self, Pairs};
use super::on::{OnUser, Sensitive};
use crate::api::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{FormBody, UpdateUsers};
use crate::pages::form::{Form, given};
use crate::pages::notice::Notice;

#[derive(Deserialize)]
struct ProfileFields {
    name: String,
    username: String,
}

#[derive(Deserialize)]
struct EmailFields {
    email: String,
}

#[derive(Deserialize)]
struct PasswordFields {
    password: Password,
}

async fn edit_profile(on: OnUser<UpdateUsers>, FormBody(fields): FormBody<ProfileFields>) -> Result<Response> {
    let typed = Form::blank().with("name", &fields.name).with("username", &fields.username);
    let before = on.engine().account(on.id).await?.account.username;
    let username = Some(given(fields.username)).filter(|username| *username != before); // sent back as it was, or new
    if username.is_some() {
        on.session.require_recent(on.engine().now())?;
        on.app.limits.sensitive(on.session.account_id)?;
    }
    let edit = UserEdit { name: Some(given(fields.name)), username, ..UserEdit::default() };
    on.answer_typed(on.engine().edit_user(&on.by, on.id, edit).await, Notice::ProfileSaved, typed).await
}

async fn change_email(
    Sensitive(on): Sensitive<OnUser<UpdateUsers>>,
    FormBody(fields): FormBody<EmailFields>,
) -> Result<Response> {
    let typed = Form::blank().with("email", &fields.email);
    let edit = UserEdit { email: Some(fields.email), ..UserEdit::default() };
    on.answer_typed(on.engine().edit_user(&on.by, on.id, edit).await, Notice::EmailChanged, typed).await
}

async fn change_groups(
    Sensitive(on): Sensitive<OnUser<UpdateUsers>>,
    FormBody(pairs): FormBody<Pairs>,
) -> Result<Response> {
    let group_ids = match group_boxes::read(&pairs) {
        Ok(group_ids) => group_ids,
        Err(problem) => return on.page(Form::blank().refused(problem)?).await,
    };
    let typed = group_boxes::ticked(Form::blank(), group_ids.clone());
    let edit = UserEdit { group_ids: Some(group_ids), ..UserEdit::default() };
    on.answer_typed(on.engine().edit_user(&on.by, on.id, edit).await, Notice::GroupsChanged, typed).await
}

async fn set_password(
    Sensitive(on): Sensitive<OnUser<UpdateUsers>>,
    FormBody(fields): FormBody<PasswordFields>,
) -> Result<Response> {
    on.answer(on.engine().set_password(&on.by, on.id, fields.password.into()).await, Notice::PasswordSet).await
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/users/{id}/profile", post(edit_profile))
        .route("/admin/users/{id}/email", post(change_email))
        .route("/admin/users/{id}/groups", post(change_groups))
        .route("/admin/users/{id}/password", post(set_password))
}
