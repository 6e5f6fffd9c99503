//! Inviting to the directory: what the member will be called, what it will be, and how long the invite lives.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::directory::{DirectoryRole, Handle};
use vestibule::{Error, NewDirectoryInvite, Timestamp, needs};

use super::on::Sensitive;
use super::shown_directory_invite::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, CreateDirectory, FormBody, RecentlyProven, Require, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::show;

const DAY: u64 = 24 * 3600;
const USUAL_DAYS: &str = "7";
const MOST_DAYS: u64 = 3650;
const AWAY: &str = "The directory does not answer at the moment. What you typed is still here: try again in a moment.";

#[derive(Template)]
#[template(path = "console/new_directory_invite.html")]
struct NewDirectoryInvitePage {
    frame: Frame,
    form: Form,
}

#[derive(Deserialize)]
struct InviteFields {
    handle: String,
    role: DirectoryRole,
    expires_in_days: String,
}

async fn ask(
    State(app): State<App>,
    RecentlyProven(Require(session, _)): RecentlyProven<Require<CreateDirectory, Session>>,
) -> Result<Response> {
    let usual = Form::blank().with("role", DirectoryRole::Member.as_str()).with("expires_in_days", USUAL_DAYS);
    page(&app, &session, usual)
}

async fn create(
    State(app): State<App>,
    Sensitive(Require(session, _)): Sensitive<Require<CreateDirectory, Session>>,
    caller: Caller,
    FormBody(fields): FormBody<InviteFields>,
) -> Result<Response> {
    let InviteFields { handle, role, expires_in_days } = fields;
    let form = Form::blank().with("handle", &handle).with("role", role.as_str());
    let mut form = form.with("expires_in_days", &expires_in_days);
    if let Err(code) = Handle::parse(handle.trim()) {
        form.note("handle", code.message());
    }
    let expires_at = read_end(&mut form, app.vestibule.now());
    if form.is_refused() {
        return page(&app, &session, form);
    }
    let new = NewDirectoryInvite { handle: handle.trim().to_owned(), role, expires_at };
    match app.vestibule.create_directory_invite(&caller.acting(&session), new).await {
        Ok(created) => show_once(&app, &session, &created),
        Err(Error::Unavailable { .. }) => page(&app, &session, form.unanswered(AWAY)),
        Err(error) => page(&app, &session, form.refused(error)?),
    }
}

/// When it ends; none: the form says what is wrong with that.
fn read_end(form: &mut Form, now: Timestamp) -> Option<Timestamp> {
    let days = form.typed("expires_in_days").trim().parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    if days.is_none() {
        form.note("expires_in_days", "Write a whole number of days, from 1 to 3650.");
    }
    days.map(|days| now.plus(Duration::from_secs(days * DAY)))
}

fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let frame = Frame::at(app, session, Here::Directory).titled("New invite").around(&form);
    show(form.status(), &NewDirectoryInvitePage { frame, form })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/directory/invites/new", get(ask).post(create))
}
