//! A link that opens an account, shown once to the administrator who made it, where no mail can carry it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use vestibule::{Account, AccountState};

use crate::app::App;
use crate::error::Result;
use crate::extract::Session;
use crate::pages::frame::{Frame, Here};
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/shown_link.html")]
struct ShownLinkPage {
    frame: Frame,
    label: String,
    link: String,
    /// Whether it is for choosing the first password; else for choosing another.
    is_invitation: bool,
    /// The account's own page.
    path: String,
}

/// The page that hands a link over.
pub(super) fn show_once(app: &App, session: &Session, account: &Account, link: String) -> Result<Response> {
    let (label, is_invitation) = (account.label(), account.state == AccountState::Invited);
    let title = if is_invitation { "An invitation to hand over" } else { "A link to hand over" };
    let frame = Frame::at(app, session, Here::Users).titled(title);
    let path = format!("{}/admin/users/{}", app.base(), account.id);
    show(StatusCode::OK, &ShownLinkPage { frame, label, link, is_invitation, path })
}
