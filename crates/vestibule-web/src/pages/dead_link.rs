//! Links that do nothing any more: what became of each kind, and what to do next. A used link and one that never was
//! are told alike.

use axum::http::StatusCode;
use axum::response::Response;
use vestibule::TokenKind;

use super::refusal::{self, Words};
use crate::app::App;
use crate::error::Result;

const SIGN_IN: (&str, &str) = ("/sign-in", "Sign in");
const VERIFY: (&str, &str) = ("/verify-email", "Ask for a new link");
const RESET: (&str, &str) = ("/forgot-password", "Ask for a new link");
const INVITE: (&str, &str) = ("/forgot-password", "Mail me a new invitation");
const MAGIC: (&str, &str) = ("/magic-link", "Ask for a new link");
const ACCOUNT: (&str, &str) = ("/account", "Go to your account");
const START: (&str, &str) = ("/", "Go to the start page");

/// Why a link is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dead {
    /// Its time is over.
    Expired,
    /// It was used, or replaced, or never was one.
    Used,
}

/// Says what became of a link.
pub(super) fn page(app: &App, kind: TokenKind, dead: Dead) -> Result<Response> {
    let words = match dead {
        Dead::Expired => expired(kind),
        Dead::Used => used(kind),
    };
    refusal::tell(app, StatusCode::GONE, words)
}

fn expired(kind: TokenKind) -> Words {
    let (sentence, advice, link) = match kind {
        TokenKind::EmailVerify => ("It was good for 24 hours.", "Let another be mailed to the same address.", VERIFY),
        TokenKind::PasswordReset => ("It was good for one hour.", "Your password is as it was.", RESET),
        TokenKind::AccountInvite => (
            "It was good for 7 days.",
            "Let another be mailed to the address that was invited, or ask whoever invited you.",
            INVITE,
        ),
        TokenKind::MagicLink => ("It was good for 15 minutes.", "Nobody was signed in by it.", MAGIC),
        TokenKind::EmailChange => (
            "It was good for 24 hours.",
            "Your address is as it was. Ask for the change once more in your account.",
            ACCOUNT,
        ),
        TokenKind::Setup | TokenKind::EmailOtp => ("It is too old.", "Start again from the beginning.", START),
    };
    Words { title: "This link has expired", sentence: sentence.to_owned(), advice: advice.to_owned(), link }
}

fn used(kind: TokenKind) -> Words {
    let (advice, link) = match kind {
        TokenKind::EmailVerify => ("If you confirmed your address with it, all is well: sign in.", SIGN_IN),
        TokenKind::PasswordReset => ("If you still need a new password, ask for another link.", RESET),
        TokenKind::AccountInvite => ("If you chose your password with it, all is well: sign in.", SIGN_IN),
        TokenKind::MagicLink => ("If you still want to sign in, ask for another link.", MAGIC),
        TokenKind::EmailChange => {
            ("If you confirmed your address with it, all is well. Else ask once more in your account.", ACCOUNT)
        }
        TokenKind::Setup | TokenKind::EmailOtp => ("Start again from the beginning.", START),
    };
    let sentence = "It was used already, a newer one took its place, or it was cut short on its way to you.";
    Words { title: "This link no longer works", sentence: sentence.to_owned(), advice: advice.to_owned(), link }
}
