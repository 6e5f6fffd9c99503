//! The invitations to an organization, for its admins: what became of each, and calling one back.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::{InvitationId, InvitationState, OrganizationId, OrganizationInvitation, OrganizationRole, Timestamp};

use super::frame::{Area, Tab, path_of};
use crate::app::App;
use crate::error::Result;
use crate::extract::{OrgAdmin, OrgMember, Path, Query, Session};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::moment::Moment;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "organization/invitations.html")]
struct InvitationsPage {
    frame: Frame,
    area: Area,
    form: Form,
    rows: Vec<InvitationRow>,
    turn: Turn,
}

/// An invitation, as the page shows one.
struct InvitationRow {
    id: InvitationId,
    email: Option<String>,
    role: OrganizationRole,
    made: Moment,
    /// When it ends; none: never.
    ends: Option<Moment>,
    used: String,
    held: i64,
    state: InvitationState,
}

impl InvitationsPage {
    /// Whether uses of any of them are held.
    fn has_held(&self) -> bool {
        self.rows.iter().any(|row| row.held > 0)
    }
}

impl InvitationRow {
    fn of(one: OrganizationInvitation, now: Timestamp) -> InvitationRow {
        InvitationRow {
            id: one.id,
            role: one.role,
            made: Moment(one.created_at),
            ends: one.expires_at.map(Moment),
            used: match one.max_uses {
                Some(most) => format!("{} of {most}", one.use_count),
                None => one.use_count.to_string(),
            },
            held: one.held,
            state: one.state(now),
            email: one.email,
        }
    }

    /// What it is called on the page.
    fn name(&self) -> &str {
        self.email.as_deref().unwrap_or("Whoever has the code")
    }

    /// How it stands, in words.
    fn words(&self) -> &'static str {
        match self.state {
            InvitationState::Live => "live",
            InvitationState::Revoked => "called back",
            InvitationState::Expired => "ended",
            InvitationState::UsedUp => "used up",
            InvitationState::MakerGone => "its maker is no admin",
        }
    }

    /// The colour of those words.
    fn tone(&self) -> &'static str {
        match self.state {
            InvitationState::Live => "active",
            InvitationState::Revoked => "disabled",
            InvitationState::Expired | InvitationState::UsedUp | InvitationState::MakerGone => "waiting",
        }
    }
}

async fn list(
    State(app): State<App>,
    OrgAdmin(member): OrgAdmin<Session>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    page(&app, &member, &place, (Form::blank(), arrival.notice())).await
}

async fn revoke(
    State(app): State<App>,
    member: OrgMember<Session>,
    Path((org, id)): Path<(OrganizationId, InvitationId)>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    app.vestibule.revoke_invitation(&member.by, org, id).await?;
    done(&app, &path_of(org, Tab::Invitations), Notice::InvitationRevoked)
}

async fn page(
    app: &App,
    member: &OrgMember<Session>,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    let (org, now) = (member.organization_id(), app.vestibule.now());
    let found = app.vestibule.list_invitations(&member.by, org, place.page()?).await?;
    let turn = place.turn(app, &path_of(org, Tab::Invitations), &[], found.next_cursor.as_deref());
    let rows = found.items.into_iter().map(|one| InvitationRow::of(one, now)).collect();
    let (frame, area) = Area::of(app, member, Tab::Invitations, &form, notice).await?;
    show(form.status(), &InvitationsPage { frame, area, form, rows, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/organizations/{org}/invitations", get(list))
        .route("/organizations/{org}/invitations/{id}/revoke", post(revoke))
}
