//! Who is in an organization. Its admins change what somebody is and take somebody out; everybody may leave. Each form
//! goes to the engine whoever sends it, so that what is refused is written down.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{AccountId, AccountKind, Member, OrganizationId, OrganizationRole};

use super::frame::{Area, Tab, path_of};
use crate::app::App;
use crate::error::Result;
use crate::extract::{FormBody, OrgMember, Path, Query, Session};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::moment::Moment;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "organization/members.html")]
struct MembersPage {
    frame: Frame,
    area: Area,
    form: Form,
    rows: Vec<MemberRow>,
    turn: Turn,
}

/// A member, as pages show one.
pub(crate) struct MemberRow {
    pub id: AccountId,
    pub label: String,
    /// What they are called besides.
    pub name: Option<String>,
    pub role: OrganizationRole,
    pub is_bot: bool,
    pub is_active: bool,
    /// Whether it is the one who looks.
    pub is_self: bool,
    pub joined: Moment,
}

#[derive(Deserialize)]
struct RoleFields {
    role: OrganizationRole,
}

impl MemberRow {
    pub(in crate::pages) fn of(member: Member, me: AccountId) -> MemberRow {
        let label = member.label();
        MemberRow {
            id: member.account_id,
            name: member.name.filter(|name| *name != label),
            label,
            role: member.role,
            is_bot: member.kind == AccountKind::Bot,
            is_active: member.is_active,
            is_self: member.account_id == me,
            joined: Moment(member.joined_at),
        }
    }

    /// What a button would make of them.
    pub(crate) fn other_role(&self) -> OrganizationRole {
        match self.role {
            OrganizationRole::Member => OrganizationRole::Admin,
            OrganizationRole::Admin => OrganizationRole::Member,
        }
    }
}

async fn list(
    State(app): State<App>,
    member: OrgMember<Session>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    page(&app, &member, &place, (Form::blank(), arrival.notice())).await
}

async fn change(
    State(app): State<App>,
    member: OrgMember<Session>,
    Path((org, account)): Path<(OrganizationId, AccountId)>,
    FormBody(fields): FormBody<RoleFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let changed = app.vestibule.change_role(&member.by, org, account, fields.role).await;
    answer(&app, &member, changed, Notice::RoleChanged).await
}

async fn remove(
    State(app): State<App>,
    member: OrgMember<Session>,
    Path((org, account)): Path<(OrganizationId, AccountId)>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let removed = app.vestibule.remove_member_of(&member.by, org, account).await;
    answer(&app, &member, removed, Notice::MemberTakenOut).await
}

/// Says what was done, or shows the page again with what was wrong.
async fn answer<T>(
    app: &App,
    member: &OrgMember<Session>,
    result: vestibule::Result<T>,
    notice: Notice,
) -> Result<Response> {
    match result {
        Ok(_) => done(app, &path_of(member.organization_id(), Tab::Members), notice),
        Err(error) => page(app, member, &Place::first(), (Form::blank().refused(error)?, None)).await,
    }
}

async fn page(
    app: &App,
    member: &OrgMember<Session>,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    let org = member.organization_id();
    let members = app.vestibule.list_members_of(&member.by, org, place.page()?).await?;
    let turn = place.turn(app, &path_of(org, Tab::Members), &[], members.next_cursor.as_deref());
    let rows = members.items.into_iter().map(|one| MemberRow::of(one, member.account_id())).collect();
    let (frame, area) = Area::of(app, member, Tab::Members, &form, notice).await?;
    show(form.status(), &MembersPage { frame, area, form, rows, turn })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/organizations/{org}", get(list))
        .route("/organizations/{org}/members/{account}/role", post(change))
        .route("/organizations/{org}/members/{account}/remove", post(remove))
}
