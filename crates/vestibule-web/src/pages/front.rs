//! The front door: `/` leads to wherever the visitor can do something, `/admin/login` to the one sign-in there is.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::go;
use super::return_to::ReturnTo;
use crate::app::App;
use crate::error::Result;
use crate::extract::Session;

async fn front(State(app): State<App>, session: Option<Session>) -> Result<Response> {
    if session.is_some() {
        return go(&app, "/account");
    }
    go(&app, if app.vestibule.is_setup_armed().await? { "/setup" } else { "/sign-in" })
}

async fn console_sign_in(State(app): State<App>) -> Result<Response> {
    go(&app, &format!("/sign-in{}", ReturnTo::page(&app, "/admin").query()))
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/", get(front)).route("/admin/login", get(console_sign_in))
}
