//! The API keys of an organization: a member sees their own and gives them another secret, an admin sees and revokes all
//! and renews those of bots. Another secret takes a recent proof of who one is.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{AccountId, AccountKind, ApiKeyId, Catalogue, OrganizationKey, Timestamp};

use super::frame::{Area, Tab, path_of};
use super::shown_key::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{FormBody, OrgMember, Path, Query, RecentlyProven, Session};
use crate::pages::account::api_keys::{GRACES, RotateFields};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::key_life::KeyLife;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::permission::InWords;
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "organization/keys.html")]
struct KeysPage {
    frame: Frame,
    area: Area,
    form: Form,
    rows: Vec<KeyRow>,
    turn: Turn,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

/// A key in the list.
pub(crate) struct KeyRow {
    pub id: ApiKeyId,
    pub name: String,
    pub prefix: String,
    /// How people know its owner.
    pub owner: String,
    pub is_bot: bool,
    /// Whether its owner is the one who looks.
    pub is_own: bool,
    /// What it is limited to; none: all that its owner may.
    pub permissions: Option<Vec<InWords>>,
    pub life: KeyLife,
}

#[derive(Deserialize)]
pub(super) struct Named<Id> {
    pub id: Id,
}

impl KeyRow {
    fn of(found: OrganizationKey, me: AccountId, catalogue: &Catalogue, now: Timestamp) -> KeyRow {
        let OrganizationKey { key, account_id, owner, owner_kind } = found;
        KeyRow {
            permissions: key.permissions.as_ref().map(|permissions| InWords::all(catalogue, permissions)),
            life: KeyLife::of_api_key(&key, now),
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            owner,
            is_bot: owner_kind == AccountKind::Bot,
            is_own: account_id == me,
        }
    }

    /// Whether the one who looks may give it another secret.
    pub(crate) fn is_renewable(&self) -> bool {
        self.life.is_live() && (self.is_own || self.is_bot)
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

async fn rotate(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember<Session>>,
    Path(Named { id }): Path<Named<ApiKeyId>>,
    FormBody(fields): FormBody<RotateFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let (org, grace) = (member.organization_id(), fields.grace()?);
    match app.vestibule.rotate_organization_key(&member.by, org, id, grace).await {
        Ok(created) => show_once(&app, &member, Tab::Keys, created, Some(grace)).await,
        Err(error) => page(&app, &member, &Place::first(), (Form::blank().refused(error)?, None)).await,
    }
}

async fn revoke(
    State(app): State<App>,
    member: OrgMember<Session>,
    Path(Named { id }): Path<Named<ApiKeyId>>,
) -> Result<Response> {
    let org = member.organization_id();
    app.vestibule.revoke_organization_key(&member.by, org, id).await?;
    done(&app, &path_of(org, Tab::Keys), Notice::ApiKeyRevoked)
}

async fn page(
    app: &App,
    member: &OrgMember<Session>,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    let (org, me) = (member.organization_id(), member.account_id());
    let keys = app.vestibule.list_organization_keys(&member.by, org, place.page()?).await?;
    let here = path_of(org, Tab::Keys);
    let turn = place.turn(app, &here, &[], keys.next_cursor.as_deref());
    let (catalogue, now) = (member.who.view.catalogue(), app.vestibule.now());
    let rows = keys.items.into_iter().map(|key| KeyRow::of(key, me, catalogue, now)).collect();
    let (frame, area) = Area::of(app, member, Tab::Keys, &form, notice).await?;
    let prove = ReturnTo::page(app, &here).prove(app, &member.who);
    show(form.status(), &KeysPage { frame, area, form, rows, turn, prove })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/organizations/{org}/keys", get(list))
        .route("/organizations/{org}/keys/{id}/rotate", post(rotate))
        .route("/organizations/{org}/keys/{id}/revoke", post(revoke))
}
