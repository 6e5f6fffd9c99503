//! The service keys: what there is and may what, the way to making one, and revoking one. They are nobody's account.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::{ServiceKey, ServiceKeyId, Timestamp, needs};

use super::on::{On, Sensitive};
use crate::app::App;
use crate::error::Result;
use crate::extract::{DeleteServiceKeys, Query, Require, Session, ViewServiceKeys};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::key_life::KeyLife;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

const PATH: &str = Here::ServiceKeys.path();

#[derive(Template)]
#[template(path = "console/service_keys.html")]
struct ServiceKeysPage {
    frame: Frame,
    form: Form,
    rows: Vec<ServiceKeyRow>,
    turn: Turn,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

/// A key in the list.
pub(crate) struct ServiceKeyRow {
    pub id: ServiceKeyId,
    pub name: String,
    pub prefix: String,
    pub abilities: Vec<String>,
    pub life: KeyLife,
}

impl ServiceKeyRow {
    fn of(key: ServiceKey, now: Timestamp) -> ServiceKeyRow {
        let life = KeyLife::of_service_key(&key, now);
        ServiceKeyRow { id: key.id, name: key.name, prefix: key.prefix, abilities: key.abilities, life }
    }
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewServiceKeys, Session>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    page(&app, &session, &place, (Form::blank(), arrival.notice())).await
}

async fn revoke(Sensitive(on): Sensitive<On<DeleteServiceKeys, ServiceKeyId>>) -> Result<Response> {
    match on.engine().revoke_service_key(&on.by, on.id).await {
        Ok(()) => done(&on.app, PATH, Notice::ServiceKeyRevoked),
        Err(error) => page(&on.app, &on.session, &Place::first(), (Form::blank().refused(error)?, None)).await,
    }
}

async fn page(
    app: &App,
    session: &Session,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    require(session, needs::VIEW_SERVICE_KEYS)?; // its forms need another permission
    let keys = app.vestibule.list_service_keys(place.page()?).await?;
    let turn = place.turn(app, PATH, &[], keys.next_cursor.as_deref());
    let now = app.vestibule.now();
    let rows = keys.items.into_iter().map(|key| ServiceKeyRow::of(key, now)).collect();
    let frame = Frame::at(app, session, Here::ServiceKeys).around(&form).with_notice(notice);
    let prove = ReturnTo::page(app, PATH).prove(app, session);
    show(form.status(), &ServiceKeysPage { frame, form, rows, turn, prove })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/service-keys", get(list)).route("/admin/service-keys/{id}/revoke", post(revoke))
}
