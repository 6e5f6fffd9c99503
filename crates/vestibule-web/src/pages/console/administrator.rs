//! One administrator: deactivate, reactivate, give a new password, delete. All of it asks for a recent proof of who one
//! is. An account that is no administrator is not found here.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{ADMINISTRATORS, AccountId, AccountState, Code};

use super::user_acts::DeleteFields;
use crate::api::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Administrator, Caller, FormBody, Path, Query, RecentlyProven, Session};
use crate::pages::account::NOT_AS_SHOWN;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::return_to::ReturnTo;
use crate::pages::rows::AccountRow;
use crate::pages::{done, show};

type Proven = RecentlyProven<Administrator>;

#[derive(Template)]
#[template(path = "console/administrator.html")]
struct AdministratorPage {
    frame: Frame,
    form: Form,
    user: AccountRow,
    is_self: bool,
    is_disabled: bool,
    /// The address below which its forms are sent.
    path: String,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
    min_length: usize,
}

#[derive(Deserialize)]
struct PasswordFields {
    password: Password,
}

async fn ask(
    State(app): State<App>,
    Administrator(session): Administrator,
    Path(id): Path<AccountId>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let user = find(&app, id).await?;
    page(&app, &session, user, (Form::blank(), arrival.notice()))
}

async fn deactivate(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): Proven,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let user = find(&app, id).await?;
    match app.vestibule.disable_account(&caller.acting(&session), id).await {
        Ok(_) => done(&app, "/admin/admins", Notice::AdministratorDeactivated),
        Err(error) => page(&app, &session, user, (Form::blank().refused(error)?, None)),
    }
}

async fn reactivate(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): Proven,
    Path(id): Path<AccountId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    find(&app, id).await?;
    app.vestibule.enable_account(&caller.acting(&session), id).await?;
    done(&app, "/admin/admins", Notice::AdministratorReactivated)
}

async fn set_password(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): Proven,
    Path(id): Path<AccountId>,
    caller: Caller,
    FormBody(fields): FormBody<PasswordFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let user = find(&app, id).await?;
    match app.vestibule.set_password(&caller.acting(&session), id, fields.password.into()).await {
        Ok(()) => done(&app, &format!("/admin/admins/{id}"), Notice::PasswordSet),
        Err(error) => page(&app, &session, user, (Form::blank().refused(error)?, None)),
    }
}

async fn delete(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): Proven,
    Path(id): Path<AccountId>,
    caller: Caller,
    FormBody(fields): FormBody<DeleteFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let typed = Form::blank().with("confirm", &fields.confirm);
    let user = find(&app, id).await?;
    if fields.confirm.trim() != user.label {
        return page(&app, &session, user, (typed.wrong("confirm", NOT_AS_SHOWN), None));
    }
    match app.vestibule.delete_account(&caller.acting(&session), id).await {
        Ok(()) => done(&app, "/admin/admins", Notice::AdministratorDeleted),
        Err(error) => page(&app, &session, user, (typed.refused(error)?, None)),
    }
}

/// An account, if it is an administrator's.
async fn find(app: &App, id: AccountId) -> Result<AccountRow> {
    let view = app.vestibule.account(id).await?;
    let is_administrator = view.groups.iter().any(|group| group.id == ADMINISTRATORS);
    if is_administrator { Ok(AccountRow::of(app, view)) } else { Err(Code::NotFound.into()) }
}

fn page(
    app: &App,
    session: &Session,
    user: AccountRow,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    let account = &user.view.account;
    let (is_self, is_disabled) = (account.id == session.account_id, account.state == AccountState::Disabled);
    let below = format!("/admin/admins/{}", account.id);
    let prove = ReturnTo::page(app, &below).prove(app, session);
    let frame = Frame::at(app, session, Here::Administrators).titled(&user.label).around(&form).with_notice(notice);
    let (path, min_length) = (format!("{}{below}", app.base()), app.vestibule.config().password.min_length);
    show(form.status(), &AdministratorPage { frame, form, user, is_self, is_disabled, path, prove, min_length })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/admins/{id}", get(ask))
        .route("/admin/admins/{id}/deactivate", post(deactivate))
        .route("/admin/admins/{id}/reactivate", post(reactivate))
        .route("/admin/admins/{id}/password", post(set_password))
        .route("/admin/admins/{id}/delete", post(delete))
}
