//! The secret of an API key, shown once to its owner: when the key is made, and when it is given another.

use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use vestibule::{CreatedApiKey, Secret};

use crate::app::App;
use crate::error::Result;
use crate::extract::Session;
use crate::pages::frame::{Frame, Here};
use crate::pages::moment::Moment;
use crate::pages::show;

#[derive(Template)]
#[template(path = "account/shown_api_key.html")]
struct ShownApiKeyPage {
    frame: Frame,
    name: String,
    secret: Secret,
    /// When it ends; none: never.
    ends: Option<Moment>,
    /// What became of the secret before; none: there was none.
    earlier: Option<Earlier>,
    /// Where it can be tried.
    try_at: String,
}

/// What became of the secret before.
pub(crate) enum Earlier {
    Ended,
    GoodUntil(Moment),
}

impl Earlier {
    /// Of a secret that stays good for so long; none: there was none.
    pub(in crate::pages) fn after(app: &App, grace: Option<Duration>) -> Option<Earlier> {
        grace.map(|grace| match grace.is_zero() {
            true => Earlier::Ended,
            false => Earlier::GoodUntil(Moment(app.vestibule.now().plus(grace))),
        })
    }
}

/// The page that hands a secret over: of a new key, or of one whose earlier secret stays good for so long.
pub(super) fn show_once(
    app: &App,
    session: &Session,
    created: CreatedApiKey,
    grace: Option<Duration>,
) -> Result<Response> {
    let CreatedApiKey { key, token } = created;
    let earlier = Earlier::after(app, grace);
    let title = if earlier.is_none() { "Your new API key" } else { "Its new secret" };
    let frame = Frame::at(app, session, Here::ApiKeys).titled(title);
    let (ends, try_at) = (key.expires_at.map(Moment), app.absolute("/api/v1/me"));
    show(StatusCode::OK, &ShownApiKeyPage { frame, name: key.name, secret: token, ends, earlier, try_at })
}
