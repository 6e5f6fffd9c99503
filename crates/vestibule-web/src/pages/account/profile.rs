//! The profile: who one is here, and what one wants to be called.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{ProfileEdit, needs};

use super::email::Address;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query, Session};
use crate::pages::form::{Form, given};
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::powers::Powers;
use crate::pages::rows::AccountRow;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "account/profile.html")]
struct ProfilePage {
    frame: Frame,
    form: Form,
    user: AccountRow,
    address: Address,
    powers: Powers,
}

#[derive(Deserialize)]
struct ProfileFields {
    name: String,
    username: String,
}

async fn ask(State(app): State<App>, session: Session, Query(arrival): Query<Arrival>) -> Result<Response> {
    let frame = Frame::at(&app, &session, Here::Profile).with_notice(arrival.notice());
    page(&app, &session, frame, Form::blank()).await
}

async fn edit(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    FormBody(fields): FormBody<ProfileFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let typed = Form::blank().with("name", &fields.name).with("username", &fields.username);
    let edit = ProfileEdit { name: Some(given(fields.name)), username: Some(given(fields.username)) };
    match app.vestibule.edit_profile(&caller.acting(&session), session.account_id, edit).await {
        Ok(_) => done(&app, "/account", Notice::ProfileSaved),
        Err(error) => {
            let form = typed.refused(error)?;
            page(&app, &session, Frame::at(&app, &session, Here::Profile).around(&form), form).await
        }
    }
}

async fn page(app: &App, session: &Session, frame: Frame, form: Form) -> Result<Response> {
    let user = AccountRow::of(app, app.vestibule.account(session.account_id).await?);
    let powers = Powers::of(app, session, &user.view).await?;
    let account = &user.view.account;
    let address = Address::of(app, account.clone());
    let form = form.or("name", account.name.as_deref()).or("username", account.username.as_deref());
    show(form.status(), &ProfilePage { frame, form, user, address, powers })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/account", get(ask).post(edit))
}
