//! The logins elsewhere that open one's account: what there is, connecting another, and disconnecting one. Both take a
//! recent proof of who one is.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::{Identity, IdentityId, LoginProvider, OAuthWish};

use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, Query, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::leaving;
use crate::pages::moment::Moment;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

const PATH: &str = Here::Logins.path();

#[derive(Template)]
#[template(path = "account/logins.html")]
struct LoginsPage {
    frame: Frame,
    form: Form,
    rows: Vec<LoginRow>,
    turn: Turn,
    providers: Vec<LoginProvider>,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

/// A login in the list.
struct LoginRow {
    id: IdentityId,
    login: String,
    provider: String,
    email: Option<String>,
    connected: Moment,
    last_used: Option<Moment>,
}

impl LoginRow {
    fn of(identity: Identity, providers: &[LoginProvider]) -> LoginRow {
        let known = providers.iter().find(|provider| provider.name == identity.provider);
        LoginRow {
            id: identity.id,
            login: identity.label().to_owned(),
            provider: known.map_or_else(|| identity.provider.clone(), |provider| provider.label.clone()),
            connected: Moment(identity.created_at),
            last_used: identity.last_used_at.map(Moment),
            email: identity.email,
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

async fn connect(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    Path(provider): Path<String>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response> {
    app.limits.oauth(caller.ip())?;
    leaving::leave(&app, &headers, (&provider, OAuthWish::Link(session.0.clone())), PATH).await
}

async fn disconnect(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    Path(id): Path<IdentityId>,
    caller: Caller,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    match app.vestibule.unlink_identity(&caller.acting(&session), &session, id).await {
        Ok(()) => done(&app, PATH, Notice::LoginDisconnected),
        Err(error) => page(&app, &session, &Place::first(), (Form::blank().refused(error)?, None)).await,
    }
}

async fn page(
    app: &App,
    session: &Session,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    let identities = app.vestibule.list_identities(session.account_id, place.page()?).await?;
    let turn = place.turn(app, PATH, &[], identities.next_cursor.as_deref());
    let providers = app.vestibule.login_providers();
    let rows = identities.items.into_iter().map(|one| LoginRow::of(one, &providers)).collect();
    let frame = Frame::at(app, session, Here::Logins).around(&form).with_notice(notice);
    let prove = ReturnTo::page(app, PATH).prove(app, session);
    show(form.status(), &LoginsPage { frame, form, rows, turn, providers, prove })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/account/logins", get(list))
        .route("/account/logins/connect/{provider}", post(connect))
        .route("/account/logins/{id}/disconnect", post(disconnect))
}
