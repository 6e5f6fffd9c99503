//! The cookies beside the session's, kept by this very host alone, whatever domain shares the session: `browser` stands
//! for the browser that asked for a link to sign in by; `step` holds a sign-in between its password and its code;
//! `mail` says what mail was asked for here, to which address; `oauth` stands for the browser that began a sign-in by a
//! login elsewhere. None opens anything by itself. A name that comes twice
//! was planted, so it counts as absent.

use axum::http::{HeaderMap, HeaderValue};
use vestibule::{Digest, PendingSignIn};

use crate::app::App;
use crate::cookies::{self, Presented};

const BROWSER: Side = Side { name: "browser", same_site: "Lax" };
const STEP: Side = Side { name: "step", same_site: "Strict" };
/// Another site leads back to where it counts.
const OAUTH: Side = Side { name: "oauth", same_site: "Lax" };
const MAIL: Side = Side { name: "mail", same_site: "Lax" };
/// As long as a link to sign in by lives.
const BROWSER_SECONDS: u64 = 15 * 60;
/// As long as the mail with a code, or the quickest link, is worth anything.
const MAIL_SECONDS: u64 = 15 * 60;
/// As long as somebody may stay with a provider of logins.
const OAUTH_SECONDS: u64 = 10 * 60;
/// What a browser is known by is drawn from so many bytes.
const BROWSER_BYTES: usize = 32;

/// A cookie's name, without its prefix, and who may make browsers send it.
struct Side {
    name: &'static str,
    same_site: &'static str,
}

/// What stands for the browser that sends a request, if it was given anything.
pub(crate) fn browser_of(app: &App, headers: &HeaderMap) -> Option<Digest> {
    BROWSER.drawn(app, headers).map(|value| Digest::of(value.as_bytes()))
}

/// What stands for the browser that comes back from a provider of logins.
pub(crate) fn traveller_of(app: &App, headers: &HeaderMap) -> Option<Digest> {
    OAUTH.drawn(app, headers).map(|value| Digest::of(value.as_bytes()))
}

/// What stands for a browser that leaves for a provider of logins, and the `Set-Cookie` that keeps it for the time of
/// the journey. A browser that has left already keeps its mark, so that two journeys do not end each other.
pub(crate) fn traveller(app: &App, headers: &HeaderMap) -> (Digest, HeaderValue) {
    let value = OAUTH.drawn(app, headers).map_or_else(|| fresh_value(app), str::to_owned);
    (Digest::of(value.as_bytes()), OAUTH.header(app, &value, OAUTH_SECONDS))
}

/// What shall stand for a browser from now on, and the `Set-Cookie` that tells it.
pub(crate) fn fresh_browser(app: &App) -> (Digest, HeaderValue) {
    let value = fresh_value(app);
    (Digest::of(value.as_bytes()), BROWSER.header(app, &value, BROWSER_SECONDS))
}

fn fresh_value(app: &App) -> String {
    let drawn: [u8; BROWSER_BYTES] = app.vestibule.random().bytes();
    drawn.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The `Set-Cookie` that lets a browser hold a sign-in until its code is typed.
pub(crate) fn pending(app: &App, pending: &PendingSignIn) -> HeaderValue {
    STEP.header(app, pending.expose(), PendingSignIn::LIFE.as_secs())
}

/// The sign-in that a browser holds, for the engine to judge.
pub(crate) fn pending_of(app: &App, headers: &HeaderMap) -> Option<PendingSignIn> {
    STEP.presented(app, headers).map(PendingSignIn::parse)
}

/// The `Set-Cookie` that takes it away.
pub(crate) fn pending_removal(app: &App) -> HeaderValue {
    STEP.header(app, "", 0)
}

/// The `Set-Cookie` that notes what mail was asked for, as the encoded pairs of a form.
pub(crate) fn mail_asked(app: &App, pairs: &str) -> HeaderValue {
    MAIL.header(app, pairs, MAIL_SECONDS)
}

/// What mail was asked for in the browser that sends a request.
pub(crate) fn mail_asked_of<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    MAIL.presented(app, headers)
}

/// The `Set-Cookie` that takes the note away.
pub(crate) fn mail_asked_removal(app: &App) -> HeaderValue {
    MAIL.header(app, "", 0)
}

impl Side {
    fn full_name(&self, app: &App) -> String {
        let prefix = if app.is_https() { "__Host-" } else { "" };
        format!("{prefix}vestibule-{}", self.name)
    }

    fn presented<'a>(&self, app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
        match cookies::presented(headers, &self.full_name(app)) {
            Presented::One(value) => Some(value).filter(|value| !value.is_empty()),
            Presented::Nothing | Presented::Several => None,
        }
    }

    /// A value that we drew, or that looks as if.
    fn drawn<'a>(&self, app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
        let is_drawn = |value: &&str| {
            value.len() == 2 * BROWSER_BYTES && value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        self.presented(app, headers).filter(is_drawn)
    }

    fn header(&self, app: &App, value: &str, seconds: u64) -> HeaderValue {
        let (name, same_site) = (self.full_name(app), self.same_site);
        let secure = if app.is_https() { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}{secure}; Max-Age={seconds}");
        let mut header =
            HeaderValue::from_str(&text).expect("hexadecimal digits, encoded pairs and fixed words are visible ASCII");
        header.set_sensitive(true);
        header
    }
}
