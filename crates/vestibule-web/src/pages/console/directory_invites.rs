//! The invites to the directory: what there is, what became of each, the way to making one, and canceling one.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::directory::{DirectoryInvite, InviteState};
use vestibule::{DirectoryInviteId, Timestamp, needs};

use super::directory_away::{Asked, or_away};
use super::on::{On, Sensitive};
use crate::app::App;
use crate::error::Result;
use crate::extract::{DeleteDirectory, Query, Require, Session, ViewDirectory};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::moment::Moment;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

const PATH: &str = "/admin/directory/invites";

#[derive(Template)]
#[template(path = "console/directory_invites.html")]
struct DirectoryInvitesPage {
    frame: Frame,
    form: Form,
    rows: Vec<InviteRow>,
    turn: Turn,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

/// An invite in the list.
struct InviteRow {
    state: InviteState,
    made: Moment,
    ends: Option<Moment>,
    canceled: Option<Moment>,
    used: Option<Moment>,
    /// The fingerprint of the key that it was used with.
    used_by: Option<String>,
    invite: DirectoryInvite,
}

impl InviteRow {
    fn of(invite: DirectoryInvite, now: Timestamp) -> InviteRow {
        InviteRow {
            state: invite.state(now),
            made: Moment(invite.created_at),
            ends: invite.expires_at.map(Moment),
            canceled: invite.canceled_at.map(Moment),
            used: invite.used_at.map(Moment),
            used_by: invite.used_sign_pub.map(|key| key.fingerprint()),
            invite,
        }
    }

    fn is_pending(&self) -> bool {
        self.state == InviteState::Pending
    }

    /// The colour of its state.
    fn tone(&self) -> &'static str {
        match self.state {
            InviteState::Pending => "active",
            InviteState::Used => "used",
            InviteState::Canceled => "disabled",
            InviteState::Expired => "waiting",
        }
    }
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewDirectory, Session>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let answer = page(&app, &session, &place, (Form::blank(), arrival.notice())).await;
    or_away(&app, &session, Asked::page(PATH), answer)
}

async fn cancel(Sensitive(on): Sensitive<On<DeleteDirectory, DirectoryInviteId>>) -> Result<Response> {
    let answer = match on.engine().cancel_directory_invite(&on.by, on.id).await {
        Ok(()) => done(&on.app, PATH, Notice::DirectoryInviteCanceled),
        Err(error) => refuse(&on, error).await,
    };
    or_away(&on.app, &on.session, Asked::form(format!("{PATH}/{}/cancel", on.id), Form::blank()), answer)
}

async fn refuse(on: &On<DeleteDirectory, DirectoryInviteId>, why: vestibule::Error) -> Result<Response> {
    page(&on.app, &on.session, &Place::first(), (Form::blank().refused(why)?, None)).await
}

async fn page(
    app: &App,
    session: &Session,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    require(session, needs::VIEW_DIRECTORY)?; // its forms need another permission
    let invites = app.vestibule.list_directory_invites(place.page()?).await?;
    let turn = place.turn(app, PATH, &[], invites.next_cursor.as_deref());
    let now = app.vestibule.now();
    let rows = invites.items.into_iter().map(|invite| InviteRow::of(invite, now)).collect();
    let frame = Frame::at(app, session, Here::Directory).titled("Invites").around(&form).with_notice(notice);
    let prove = ReturnTo::page(app, PATH).prove(app, session);
    show(form.status(), &DirectoryInvitesPage { frame, form, rows, turn, prove })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/directory/invites", get(list))
        .route("/admin/directory/invites/{id}/cancel", post(cancel))
}
