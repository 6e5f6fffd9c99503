//! The secret of a key of an organization, shown once: when the key is made, by itself or with its bot, and when it is
//! given another.

use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use vestibule::{CreatedApiKey, Secret};

use super::frame::{Area, Tab};
use crate::app::App;
use crate::error::Result;
use crate::extract::{OrgMember, Session};
use crate::pages::account::shown_api_key::Earlier;
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::moment::Moment;
use crate::pages::show;

#[derive(Template)]
#[template(path = "organization/shown_key.html")]
struct ShownKeyPage {
    frame: Frame,
    area: Area,
    name: String,
    secret: Secret,
    /// When it ends; none: never.
    ends: Option<Moment>,
    /// What became of the secret before; none: there was none.
    earlier: Option<Earlier>,
    /// Where it can be tried.
    try_at: String,
}

/// The page that hands a secret over, below a tab: of a new key, or of one whose earlier secret stays good for so long.
pub(super) async fn show_once(
    app: &App,
    member: &OrgMember<Session>,
    tab: Tab,
    created: CreatedApiKey,
    grace: Option<Duration>,
) -> Result<Response> {
    let CreatedApiKey { key, token } = created;
    let earlier = Earlier::after(app, grace);
    let (frame, area) = Area::of(app, member, tab, &Form::blank(), None).await?;
    let title = if earlier.is_none() { "New API key" } else { "New secret" };
    let frame = frame.titled(&format!("{title} · {}", area.organization.name));
    let (ends, try_at) = (key.expires_at.map(Moment), app.absolute("/api/v1/me"));
    show(StatusCode::OK, &ShownKeyPage { frame, area, name: key.name, secret: token, ends, earlier, try_at })
}
