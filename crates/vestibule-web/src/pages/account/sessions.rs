//! Where one is signed in, and ending that.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::SessionId;

use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, Query, Session};
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::rows::SessionRow;
use crate::pages::sign_out::without_session;
use crate::pages::{done, show};

const PATH: &str = Here::Sessions.path();

#[derive(Template)]
#[template(path = "account/sessions.html")]
struct SessionsPage {
    frame: Frame,
    rows: Vec<SessionRow>,
    turn: Turn,
    /// How many programs are signed in by the password.
    programs: i64,
}

async fn list(
    State(app): State<App>,
    session: Session,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let sessions = app.vestibule.list_sessions(session.account_id, place.page()?).await?;
    let programs = app.vestibule.count_programs(session.account_id).await?;
    let turn = place.turn(&app, PATH, &[], sessions.next_cursor.as_deref());
    let rows = sessions.items.into_iter().map(|one| SessionRow::of(one, &session)).collect();
    let frame = Frame::at(&app, &session, Here::Sessions).with_notice(arrival.notice());
    show(StatusCode::OK, &SessionsPage { frame, rows, turn, programs })
}

async fn end_others(State(app): State<App>, session: Session, caller: Caller) -> Result<Response> {
    app.vestibule.end_other_sessions(&caller.acting(&session), &session).await?;
    done(&app, PATH, Notice::OtherSessionsEnded)
}

async fn end(State(app): State<App>, session: Session, Path(id): Path<SessionId>, caller: Caller) -> Result<Response> {
    app.vestibule.end_session(&caller.acting(&session), session.account_id, id).await?;
    if id == session.session_id {
        return without_session(&app, done(&app, "/sign-in", Notice::SignedOut)?);
    }
    done(&app, PATH, Notice::SessionEnded)
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/account/sessions", get(list))
        .route("/account/sessions/end-others", post(end_others))
        .route("/account/sessions/{id}/end", post(end))
}
