//! One's API keys: what there is, giving one another secret, and revoking one. Another secret takes a recent proof of
//! who one is; revoking does not, as it opens nothing to anybody.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{ApiKey, ApiKeyId, Catalogue, Code, Timestamp};

use super::shown_api_key::show_once;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Path, Query, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::key_life::KeyLife;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::permission::InWords;
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

const PATH: &str = Here::ApiKeys.path();
const HOUR: u64 = 3600;
/// How long the earlier secret stays good, in seconds, as the form sends it, and in words.
pub(crate) const GRACES: [(u64, &str); 3] = [(0, "at once"), (HOUR, "in an hour"), (24 * HOUR, "in a day")];

#[derive(Template)]
#[template(path = "account/api_keys.html")]
struct ApiKeysPage {
    frame: Frame,
    form: Form,
    rows: Vec<ApiKeyRow>,
    turn: Turn,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

/// A key in the list.
pub(crate) struct ApiKeyRow {
    pub id: ApiKeyId,
    pub name: String,
    pub prefix: String,
    /// What it is limited to; none: all that its owner may.
    pub permissions: Option<Vec<InWords>>,
    pub life: KeyLife,
}

/// When the earlier secret ends.
#[derive(Deserialize)]
pub(in crate::pages) struct RotateFields {
    grace: u64,
}

impl RotateFields {
    /// How long it stays good, if the form offers that.
    pub(in crate::pages) fn grace(&self) -> Result<Duration> {
        match GRACES.iter().any(|(seconds, _)| *seconds == self.grace) {
            true => Ok(Duration::from_secs(self.grace)),
            false => Err(Code::BadRequest.into()),
        }
    }
}

impl ApiKeyRow {
    fn of(key: ApiKey, catalogue: &Catalogue, now: Timestamp) -> ApiKeyRow {
        ApiKeyRow {
            permissions: key.permissions.as_ref().map(|permissions| InWords::all(catalogue, permissions)),
            life: KeyLife::of_api_key(&key, now),
            id: key.id,
            name: key.name,
            prefix: key.prefix,
        }
    }
}

async fn list(
    State(app): State<App>,
    session: Session,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    page(&app, &session, &place, (Form::blank(), arrival.notice())).await
}

async fn rotate(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    Path(id): Path<ApiKeyId>,
    caller: Caller,
    FormBody(fields): FormBody<RotateFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let grace = fields.grace()?;
    match app.vestibule.rotate_api_key(&caller.acting(&session), session.account_id, id, grace).await {
        Ok(created) => show_once(&app, &session, created, Some(grace)),
        Err(error) => page(&app, &session, &Place::first(), (Form::blank().refused(error)?, None)).await,
    }
}

async fn revoke(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ApiKeyId>,
    caller: Caller,
) -> Result<Response> {
    app.vestibule.revoke_api_key(&caller.acting(&session), session.account_id, id).await?;
    done(&app, PATH, Notice::ApiKeyRevoked)
}

async fn page(
    app: &App,
    session: &Session,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    let keys = app.vestibule.list_api_keys(session.account_id, place.page()?).await?;
    let turn = place.turn(app, PATH, &[], keys.next_cursor.as_deref());
    let (catalogue, now) = (session.view.catalogue(), app.vestibule.now());
    let rows = keys.items.into_iter().map(|key| ApiKeyRow::of(key, catalogue, now)).collect();
    let frame = Frame::at(app, session, Here::ApiKeys).around(&form).with_notice(notice);
    let prove = ReturnTo::page(app, PATH).prove(app, session);
    show(form.status(), &ApiKeysPage { frame, form, rows, turn, prove })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/account/api-keys", get(list))
        .route("/account/api-keys/{id}/rotate", post(rotate))
        .route("/account/api-keys/{id}/revoke", post(revoke))
}
