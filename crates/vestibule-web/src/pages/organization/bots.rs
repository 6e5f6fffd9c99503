//! The bots of an organization: what there are, changing one, switching it off and on, giving it another key, deleting
//! it. A key takes a recent proof of who one is; the rest does not, as it opens nothing to anybody.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{AccountId, Bot, BotEdit, Code, Error, NewApiKey, OrganizationRole};

use super::frame::{Area, Tab, path_of};
use super::keys::Named;
use super::shown_key::show_once;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, FormBody, OrgMember, Path, Query, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::key_end::{EndChoice, KeyEnds};
use crate::pages::moment::Moment;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "organization/bots.html")]
struct BotsPage {
    frame: Frame,
    area: Area,
    form: Form,
    rows: Vec<BotRow>,
    turn: Turn,
    /// When a new key can end.
    ends: Vec<EndChoice>,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

/// A bot in the list.
pub(crate) struct BotRow {
    pub id: AccountId,
    pub name: String,
    pub responsible_email: String,
    pub is_admin: bool,
    pub is_disabled: bool,
    pub live_keys: i64,
    pub made: Moment,
}

#[derive(Deserialize)]
struct EditFields {
    name: String,
    responsible_email: String,
}

#[derive(Deserialize)]
struct SwitchFields {
    disabled: bool,
}

#[derive(Deserialize)]
struct KeyFields {
    key_name: String,
    expires_at: String,
}

impl BotRow {
    fn of(bot: Bot) -> BotRow {
        BotRow {
            id: bot.account_id,
            name: bot.name,
            responsible_email: bot.responsible_email,
            is_admin: bot.role == OrganizationRole::Admin,
            is_disabled: bot.disabled_at.is_some(),
            live_keys: bot.live_keys,
            made: Moment(bot.created_at),
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

async fn edit(
    State(app): State<App>,
    member: OrgMember<Session>,
    Path(Named { id }): Path<Named<AccountId>>,
    caller: Caller,
    FormBody(fields): FormBody<EditFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    app.limits.mail_request(caller.ip(), &fields.responsible_email)?;
    let (name, responsible_email) = (Some(fields.name), Some(fields.responsible_email));
    change(&app, &member, id, (BotEdit { name, responsible_email, disabled: None }, Notice::BotSaved)).await
}

async fn switch(
    State(app): State<App>,
    member: OrgMember<Session>,
    Path(Named { id }): Path<Named<AccountId>>,
    FormBody(fields): FormBody<SwitchFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let notice = if fields.disabled { Notice::BotDisabled } else { Notice::BotEnabled };
    change(&app, &member, id, (BotEdit { disabled: Some(fields.disabled), ..BotEdit::default() }, notice)).await
}

async fn change(
    app: &App,
    member: &OrgMember<Session>,
    id: AccountId,
    (edit, notice): (BotEdit, Notice),
) -> Result<Response> {
    let org = member.organization_id();
    match app.vestibule.edit_bot(&member.by, org, id, edit).await {
        Ok(_) => done(app, &path_of(org, Tab::Bots), notice),
        Err(error) => page(app, member, &Place::first(), (refused(error)?, None)).await,
    }
}

async fn create_key(
    State(app): State<App>,
    RecentlyProven(member): RecentlyProven<OrgMember<Session>>,
    Path(Named { id }): Path<Named<AccountId>>,
    FormBody(fields): FormBody<KeyFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let mut form = Form::blank().with("expires_at", &fields.expires_at);
    let expiry = KeyEnds::of_api_key(&app.vestibule.config().tokens).read(&mut form, app.vestibule.now());
    let expiry = expiry.ok_or_else(|| Error::field("expires_at", Code::ExpiryInvalid))?; // nothing else is offered
    let new = NewApiKey { name: fields.key_name, permissions: None, expiry };
    match app.vestibule.create_bot_key(&member.by, member.organization_id(), id, new).await {
        Ok(created) => show_once(&app, &member, Tab::Bots, created, None).await,
        Err(error) => page(&app, &member, &Place::first(), (refused(error)?, None)).await,
    }
}

/// What is wrong, said above the list: each bot in it has fields of the same names.
fn refused(error: Error) -> Result<Form> {
    let problem = Problem::from(error);
    match problem.errors().0.first() {
        Some(wrong) => Ok(Form::blank().wrong_as_a_whole(wrong.code.message())),
        None => Form::blank().refused(problem),
    }
}

async fn delete(
    State(app): State<App>,
    member: OrgMember<Session>,
    Path(Named { id }): Path<Named<AccountId>>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let org = member.organization_id();
    app.vestibule.delete_bot(&member.by, org, id).await?;
    done(&app, &path_of(org, Tab::Bots), Notice::BotDeleted)
}

async fn page(
    app: &App,
    member: &OrgMember<Session>,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    let org = member.organization_id();
    let bots = app.vestibule.list_bots(&member.by, org, place.page()?).await?;
    let here = path_of(org, Tab::Bots);
    let turn = place.turn(app, &here, &[], bots.next_cursor.as_deref());
    let rows = bots.items.into_iter().map(BotRow::of).collect();
    let ends = KeyEnds::of_api_key(&app.vestibule.config().tokens);
    let ends = ends.choices(&ends.blank());
    let (frame, area) = Area::of(app, member, Tab::Bots, &form, notice).await?;
    let prove = ReturnTo::page(app, &here).prove(app, &member.who);
    show(form.status(), &BotsPage { frame, area, form, rows, turn, ends, prove })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/organizations/{org}/bots", get(list))
        .route("/organizations/{org}/bots/{id}/edit", post(edit))
        .route("/organizations/{org}/bots/{id}/switch", post(switch))
        .route("/organizations/{org}/bots/{id}/keys", post(create_key))
        .route("/organizations/{org}/bots/{id}/delete", post(delete))
}
