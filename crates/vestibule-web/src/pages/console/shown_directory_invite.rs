//! The invite to the directory, shown once to whoever made it: as a link to send, and as a picture of it to scan.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use vestibule::directory::{DirectoryInvite, invite_link};
use vestibule::{CreatedDirectoryInvite, needs, qr_svg};

use crate::app::App;
use crate::error::Result;
use crate::extract::Session;
use crate::pages::frame::{Frame, Here};
use crate::pages::moment::Moment;
use crate::pages::picture::Picture;
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/shown_directory_invite.html")]
struct ShownDirectoryInvitePage {
    frame: Frame,
    invite: DirectoryInvite,
    link: SecretString,
    picture: Picture,
    ends: Option<Moment>,
}

/// The page that hands an invite over.
pub(super) fn show_once(app: &App, session: &Session, created: &CreatedDirectoryInvite) -> Result<Response> {
    let link = invite_link(&app.vestibule.issuer(), &created.token);
    let picture = Picture::named(&qr_svg(&link)?, "QR code with the link of the invite");
    let invite = created.invite.clone();
    let frame = Frame::at(app, session, Here::Directory).titled("The new invite");
    let ends = invite.expires_at.map(Moment);
    show(StatusCode::OK, &ShownDirectoryInvitePage { frame, invite, link, picture, ends })
}
