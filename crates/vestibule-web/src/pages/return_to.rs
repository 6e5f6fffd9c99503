//! Where to go after signing in: a path on our own host, or a whole address of an origin that the settings list. Both are
//! checked as a browser would read them, where a second slash, a backslash, a control character, a name before an `@` or
//! another scheme could each lead to somebody else's host; and what is sent is what was checked, written out anew.

use std::fmt;

use serde::Deserialize;
use url::{Position, Url, form_urlencoded};

use crate::app::App;
use crate::extract::Session;

const LONGEST: usize = 2048;

/// The query that says where to go.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    return_to: Option<String>,
}

/// A path on our own host with its query, or a whole address of an origin that may be returned to; in ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnTo(String);

impl Asked {
    /// Where to go, if that is an address that may be returned to.
    pub(super) fn return_to(&self, app: &App) -> Option<ReturnTo> {
        ReturnTo::of(app, self.return_to.as_deref())
    }
}

impl ReturnTo {
    /// Reads an address; anything but one that may be returned to is as if it were not there.
    pub(crate) fn parse(app: &App, text: &str) -> Option<ReturnTo> {
        if text.len() > LONGEST || text.chars().any(|c| c == '\\' || c.is_control()) {
            return None;
        }
        if text.starts_with('/') { ReturnTo::path(app, text) } else { ReturnTo::elsewhere(app, text) }
    }

    fn path(app: &App, text: &str) -> Option<ReturnTo> {
        if text.starts_with("//") {
            return None;
        }
        let ours = app.public_url();
        let url = ours.join(text).ok().filter(|url| url.origin() == ours.origin())?;
        let address = &url[Position::BeforePath..];
        (!address.starts_with("//")).then(|| ReturnTo(address.to_owned())) // `/.//host` is a path until it is sent
    }

    fn elsewhere(app: &App, text: &str) -> Option<ReturnTo> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let url: Url = text.parse().ok()?;
        let is_listed = app.config.forward_auth.return_origins.iter().any(|origin| origin.has(&url));
        let is_plain = !rest.starts_with('/') && url.username().is_empty() && url.password().is_none();
        let is_welcome = is_plain && (is_listed || url.origin() == app.public_url().origin());
        is_welcome.then(|| ReturnTo(url.into()))
    }

    /// Reads an address that may be absent.
    pub(super) fn of(app: &App, text: Option<&str>) -> Option<ReturnTo> {
        text.and_then(|text| ReturnTo::parse(app, text))
    }

    /// Where to go when nothing else was asked for.
    pub(super) fn or_account(app: &App, asked: Option<ReturnTo>) -> ReturnTo {
        asked.unwrap_or_else(|| ReturnTo::page(app, "/account"))
    }

    /// One of our own pages.
    pub(super) fn page(app: &App, path: &str) -> ReturnTo {
        ReturnTo(format!("{}{path}", app.base()))
    }

    /// Where to prove who one is and then come back; none when that was done within the last 15 minutes.
    pub(super) fn prove(&self, app: &App, session: &Session) -> Option<String> {
        let is_proven = session.is_recently_proven(app.vestibule.now());
        (!is_proven).then(|| format!("{}/reauthenticate{}", app.base(), self.query()))
    }

    /// The address.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As the query of another address, when there is somewhere to go.
    pub(super) fn query_of(asked: Option<&ReturnTo>) -> String {
        asked.map(ReturnTo::query).unwrap_or_default()
    }

    /// As the end of another address's query, when there is somewhere to go.
    pub(super) fn more_of(asked: Option<&ReturnTo>) -> String {
        ReturnTo::query_of(asked).replacen('?', "&", 1)
    }

    /// As the query of another address.
    pub(crate) fn query(&self) -> String {
        form_urlencoded::Serializer::for_suffix("?".to_owned(), 1).append_pair("return_to", &self.0).finish()
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
