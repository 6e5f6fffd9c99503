//! The secret of a service key, shown once to whoever made it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use vestibule::{CreatedServiceKey, Secret};

use crate::app::App;
use crate::error::Result;
use crate::extract::Session;
use crate::pages::frame::{Frame, Here};
use crate::pages::moment::Moment;
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/shown_service_key.html")]
struct ShownServiceKeyPage {
    frame: Frame,
    name: String,
    secret: Secret,
    abilities: Vec<String>,
    /// When it ends; none: never.
    ends: Option<Moment>,
}

/// The page that hands a secret over.
pub(super) fn show_once(app: &App, session: &Session, created: CreatedServiceKey) -> Result<Response> {
    let CreatedServiceKey { key, token } = created;
    let frame = Frame::at(app, session, Here::ServiceKeys).titled("The new service key");
    let (abilities, ends) = (key.abilities, key.expires_at.map(Moment));
    show(StatusCode::OK, &ShownServiceKeyPage { frame, name: key.name, secret: token, abilities, ends })
}
