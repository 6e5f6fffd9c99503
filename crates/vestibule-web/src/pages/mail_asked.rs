//! What mail was asked for in this browser, and for which address: a note in a cookie. By it the page that comes next
//! names the address and can ask again, and the link in the mail leads on to where the visitor wanted to go.
//! It says what was typed, whether that address is known here or not, and proves nothing.

use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use vestibule::{Email, SignedIn};

use super::mail_request::Wanted;
use super::notice::Notice;
use super::return_to::ReturnTo;
use super::{done, go, with_session};
use crate::app::App;
use crate::error::Result;
use crate::side_cookies;

/// Longer notes do without the address to go to: browsers keep 4096 bytes of a cookie, its attributes included.
const LONGEST: usize = 3000;

/// What mail was asked for.
pub(crate) struct MailAsked {
    /// What it is to bring.
    pub wanted: Wanted,
    /// The address, as it was typed.
    pub email: String,
    /// Where to go in the end.
    pub return_to: Option<ReturnTo>,
}

/// How it is written down.
#[derive(Serialize, Deserialize)]
struct Note {
    wanted: Wanted,
    email: String,
    return_to: Option<String>,
}

impl MailAsked {
    /// What the browser noted, if it is still of use.
    pub(super) fn of(app: &App, headers: &HeaderMap) -> Option<MailAsked> {
        let note: Note = serde_urlencoded::from_str(side_cookies::mail_asked_of(app, headers)?).ok()?;
        let email = Email::parse(&note.email).ok()?.as_str().to_owned();
        Some(MailAsked { wanted: note.wanted, email, return_to: ReturnTo::of(app, note.return_to.as_deref()) })
    }

    /// Where the visitor wanted to go who asked for a mail here.
    pub(super) fn destination(app: &App, headers: &HeaderMap) -> Option<ReturnTo> {
        MailAsked::of(app, headers)?.return_to
    }

    /// Notes it, and leads to the page that says what comes next.
    pub(super) fn lead_on(self, app: &App, notice: Option<Notice>) -> Result<Response> {
        let next = self.wanted.next_page();
        let mut response = match notice {
            Some(notice) => done(app, next, notice)?,
            None => go(app, next)?,
        };
        response.headers_mut().append(SET_COOKIE, side_cookies::mail_asked(app, &self.written()));
        Ok(response)
    }

    fn written(self) -> String {
        let return_to = self.return_to.map(|return_to| return_to.to_string());
        let note = Note { wanted: self.wanted, email: self.email.trim().to_owned(), return_to };
        let write = |note: &Note| serde_urlencoded::to_string(note).expect("a note is three words");
        match write(&note) {
            written if written.len() <= LONGEST => written,
            _ => write(&Note { return_to: None, ..note }),
        }
    }
}

/// Hands over the session that a mail led to; what was asked for is done.
pub(super) fn arrived(app: &App, signed_in: &SignedIn, response: Response) -> Response {
    let mut response = with_session(app, signed_in, response);
    response.headers_mut().append(SET_COOKIE, side_cookies::mail_asked_removal(app));
    response
}
