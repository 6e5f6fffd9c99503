//! Where the link of an invite to the directory leads: a page that says what to do with it. Nothing is registered here,
//! as the keys never leave their owner's program; and the token stands after the `#`, so that it does not come here.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::frame::Frame;
use super::show;
use crate::app::App;
use crate::error::Result;

#[derive(Template)]
#[template(path = "join_directory.html")]
struct JoinDirectoryPage {
    frame: Frame,
}

async fn explain(State(app): State<App>) -> Result<Response> {
    let frame = Frame::signed_out(&app, "You are invited");
    show(StatusCode::OK, &JoinDirectoryPage { frame })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/directory/join", get(explain))
}
