//! Changing what an account is: its profile, address, groups and password. All but the name ask for a recent proof of
//! who one is.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use vestibule::{AccountId, UserEdit};

use super::groups::{self, Pairs};
use super::user::{answer, page};
use crate::api::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Administrator, Caller, FormBody, Path, RecentlyProven};
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

async fn edit_profile(
    State(app): State<App>,
    Administrator(session): Administrator,
    Path(id): Path<AccountId>,
    caller: Caller,
    FormBody(fields): FormBody<ProfileFields>,
) -> Result<Response> {
    let typed = Form::blank().with("name", &fields.name).with("username", &fields.username);
    let before = app.vestibule.account(id).await?.account.username;
    let username = Some(given(fields.username)).filter(|username| *username != before); // sent back as it was, or new
    if username.is_some() {
        session.require_recent(app.vestibule.now())?;
        app.limits.sensitive(session.account_id)?;
    }
    let edit = UserEdit { name: Some(given(fields.name)), username, ..UserEdit::default() };
    let edited = app.vestibule.edit_user(&caller.acting(&session), id, edit).await;
    answer(&app, &session, id, (edited, Notice::ProfileSaved), typed).await
}

async fn change_email(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
    FormBody(fields): FormBody<EmailFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let typed = Form::blank().with("email", &fields.email);
    let edit = UserEdit { email: Some(fields.email), ..UserEdit::default() };
    let edited = app.vestibule.edit_user(&caller.acting(&session), id, edit).await;
    answer(&app, &session, id, (edited, Notice::EmailChanged), typed).await
}

async fn change_groups(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
    FormBody(pairs): FormBody<Pairs>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let group_ids = match groups::read(&pairs) {
        Ok(group_ids) => group_ids,
        Err(problem) => return page(&app, &session, id, Form::blank().refused(problem)?, None).await,
    };
    let typed = groups::ticked(Form::blank(), group_ids.clone());
    let edit = UserEdit { group_ids: Some(group_ids), ..UserEdit::default() };
    let edited = app.vestibule.edit_user(&caller.acting(&session), id, edit).await;
    answer(&app, &session, id, (edited, Notice::GroupsChanged), typed).await
}

async fn set_password(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    Path(id): Path<AccountId>,
    caller: Caller,
    FormBody(fields): FormBody<PasswordFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let set = app.vestibule.set_password(&caller.acting(&session), id, fields.password.into()).await;
    answer(&app, &session, id, (set, Notice::PasswordSet), Form::blank()).await
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/users/{id}/profile", post(edit_profile))
        .route("/admin/users/{id}/email", post(change_email))
        .route("/admin/users/{id}/groups", post(change_groups))
        .route("/admin/users/{id}/password", post(set_password))
}
