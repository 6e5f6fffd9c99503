//! The directory of wallets: who is in it, and the ways to its invites and to each member. None of them is anybody's
//! account.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use vestibule::directory::{Member, MemberStatus};
use vestibule::needs;

use super::directory_away::{Asked, or_away};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Require, Session, ViewDirectory};
use crate::pages::frame::{Frame, Here};
use crate::pages::moment::Moment;
use crate::pages::notice::Arrival;
use crate::pages::paging::{Place, Turn};
use crate::pages::show;

pub(super) const PATH: &str = Here::Directory.path();

#[derive(Template)]
#[template(path = "console/directory.html")]
struct DirectoryPage {
    frame: Frame,
    rows: Vec<WalletRow>,
    turn: Turn,
}

/// A member.
pub(crate) struct WalletRow {
    pub fingerprint: String,
    pub registered: Moment,
    pub member: Member,
}

impl WalletRow {
    /// Whether it is kept out.
    pub(crate) fn is_revoked(&self) -> bool {
        self.member.status == MemberStatus::Revoked
    }

    /// The colour of its status.
    pub(crate) fn tone(&self) -> &'static str {
        match self.member.status {
            MemberStatus::Active => "active",
            MemberStatus::Revoked => "disabled",
        }
    }
}

impl From<Member> for WalletRow {
    fn from(member: Member) -> WalletRow {
        let (fingerprint, registered) = (member.sign_pub.fingerprint(), Moment(member.created_at));
        WalletRow { fingerprint, registered, member }
    }
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewDirectory, Session>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let answer = page(&app, &session, &place, arrival.notice()).await;
    or_away(&app, &session, Asked::page(PATH), answer)
}

async fn page(app: &App, session: &Session, place: &Place, notice: Option<&'static str>) -> Result<Response> {
    let members = app.vestibule.list_directory_members(place.page()?).await?;
    let turn = place.turn(app, PATH, &[], members.next_cursor.as_deref());
    let rows = members.items.into_iter().map(WalletRow::from).collect();
    let frame = Frame::at(app, session, Here::Directory).with_notice(notice);
    show(StatusCode::OK, &DirectoryPage { frame, rows, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/directory", get(list))
}
