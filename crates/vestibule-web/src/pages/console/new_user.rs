//! Making an account for somebody else: with a password to tell them, or with an invitation to choose one.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use secrecy::SecretString;
use vestibule::{Caller as By, CreatedUser, Invitation, MEMBERS, NewUser};

use super::group_boxes::{self, Choice, Pairs};
use super::mail_line::invitation_notice;
use super::on::Sensitive;
use super::shown_link::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, CreateUsers, FormBody, RecentlyProven, Require, Session};
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
    /// Whether an invitation is mailed; else its link is shown.
    has_smtp: bool,
}

impl NewUserPage {
    fn password_hint(&self) -> String {
        let otherwise = if self.has_smtp { "send" } else { "be shown" };
        let length = self.min_length;
        format!(
            "At least {length} characters, which you tell them yourself. Leave it empty to {otherwise} an invitation."
        )
    }
}

async fn ask(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateUsers, Session>>,
) -> Result<Response> {
    page(&app, &session, group_boxes::ticked(Form::blank(), [MEMBERS])).await
}

async fn create(
    State(app): State<App>,
    Sensitive(Require(session, _)): Sensitive<Require<CreateUsers, Session>>,
    caller: Caller,
    FormBody(pairs): FormBody<Pairs>,
) -> Result<Response> {
    match make(&app, &caller.acting(&session), &pairs).await {
        Ok(CreatedUser { view, invitation: Some(Invitation { url: Some(url), .. }) }) => {
            show_once(&app, &session, &view.account, url)
        }
        Ok(CreatedUser { view, invitation }) => {
            let notice = invitation.map_or(Notice::UserCreated, |sent| invitation_notice(&sent.delivery));
            done(&app, &format!("/admin/users/{}", view.account.id), notice)
        }
        Err(problem) => page(&app, &session, typed(&pairs).refused(problem)?).await,
    }
}

async fn make(app: &App, by: &By, pairs: &Pairs) -> Result<CreatedUser> {
    let field = |name| given(group_boxes::value(pairs, name));
    let user = NewUser {
        email: field("email"),
        username: field("username"),
        name: field("name"),
        password: Some(group_boxes::value(pairs, "password"))
            .filter(|password| !password.is_empty())
            .map(SecretString::from),
        group_ids: group_boxes::read(pairs)?,
    };
    Ok(app.vestibule.create_user(by, user).await?)
}

fn typed(pairs: &Pairs) -> Form {
    let fields = ["email", "username", "name"].into_iter();
    let form = fields.fold(Form::blank(), |form, field| form.with(field, &group_boxes::value(pairs, field)));
    group_boxes::ticked(form, group_boxes::read(pairs).unwrap_or_default())
}

async fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let choices = group_boxes::choices(app.vestibule.list_groups().await?, &form);
    let frame = Frame::at(app, session, Here::Users).titled("New account").around(&form);
    let min_length = app.vestibule.config().password.min_length;
    let has_smtp = app.vestibule.config().mail.smtp.is_some();
    show(form.status(), &NewUserPage { frame, form, choices, min_length, has_smtp })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/users/new", get(ask).post(create))
}
