//! Making an account for somebody else.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use vestibule::{AccountView, Caller as By, MEMBERS, NewUser};

use super::groups::{self, Choice, Pairs};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Administrator, Caller, FormBody, RecentlyProven, Session};
use crate::pages::form::{Form, given};
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::Notice;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "console/new_user.html")]
struct NewUserPage {
    frame: Frame,
    form: Form,
    choices: Vec<Choice>,
    min_length: usize,
}

async fn ask(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
) -> Result<Response> {
    page(&app, &session, groups::ticked(Form::blank(), [MEMBERS])).await
}

async fn create(
    State(app): State<App>,
    RecentlyProven(Administrator(session)): RecentlyProven<Administrator>,
    caller: Caller,
    FormBody(pairs): FormBody<Pairs>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    match make(&app, &caller.acting(&session), &pairs).await {
        Ok(view) => done(&app, &format!("/admin/users/{}", view.account.id), Notice::UserCreated),
        Err(problem) => page(&app, &session, typed(&pairs).refused(problem)?).await,
    }
}

async fn make(app: &App, by: &By, pairs: &Pairs) -> Result<AccountView> {
    let field = |name| given(groups::value(pairs, name));
    let user = NewUser {
        email: field("email"),
        username: field("username"),
        name: field("name"),
        password: Some(groups::value(pairs, "password").into()),
        group_ids: groups::read(pairs)?,
    };
    Ok(app.vestibule.create_user(by, user).await?)
}

fn typed(pairs: &Pairs) -> Form {
    let fields = ["email", "username", "name"].into_iter();
    let form = fields.fold(Form::blank(), |form, field| form.with(field, &groups::value(pairs, field)));
    groups::ticked(form, groups::read(pairs).unwrap_or_default())
}

async fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let choices = groups::choices(app.vestibule.list_groups().await?, &form);
    let frame = Frame::at(app, session, Here::Users).titled("New account").around(&form);
    let min_length = app.vestibule.config().password.min_length;
    show(form.status(), &NewUserPage { frame, form, choices, min_length })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/users/new", get(ask).post(create))
}
