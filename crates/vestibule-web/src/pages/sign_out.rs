//! Sign-out: the session ends on every node and the cookie goes. Who is signed out already is told the same.

use axum::Router;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::post;

use super::done;
use super::notice::Notice;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Session};

async fn sign_out(State(app): State<App>, session: Option<Session>, caller: Caller) -> Result<Response> {
    if let Some(session) = session {
        app.vestibule.sign_out(&caller.acting(&session), &session).await?;
    }
    without_session(&app, done(&app, "/sign-in", Notice::SignedOut)?)
}

/// Takes the cookie away with an answer.
pub(super) fn without_session(app: &App, mut response: Response) -> Result<Response> {
    response.headers_mut().insert(SET_COOKIE, app.cookie.removal());
    Ok(response)
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/sign-out", post(sign_out))
}
