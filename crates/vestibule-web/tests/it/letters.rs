//! The mail that these tests ask for, and the links and codes in it.

use std::time::Duration;

use serde_json::json;
use testkit::{Answer, TestApp, link_in};
use vestibule::{KeptMail, MailKind};

/// Asks by mail for what a path gives, and is told nothing.
pub async fn ask(app: &TestApp, path: &str, email: &str) -> Answer {
    app.clock.advance(Duration::from_micros(1)); // so that the newest mail is the newest
    let answer = app.post(path).json(json!({ "email": email })).await;
    assert_eq!(answer.status, 202, "{path} {email}: {}", answer.text);
    answer
}

/// Asks, and opens the link that came.
pub async fn link(app: &TestApp, path: &str, email: &str) -> String {
    ask(app, path, email).await;
    let kind = match path {
        "/api/v1/password/forgot" => MailKind::PasswordReset,
        "/api/v1/email/verify/request" => MailKind::VerifyEmail,
        "/api/v1/magic-link" => MailKind::MagicLink,
        other => panic!("{other} mails no link"),
    };
    token(app, email, kind).await
}

/// Asks for a code to sign in by, and reads it.
pub async fn code(app: &TestApp, email: &str) -> String {
    ask(app, "/api/v1/email-code", email).await;
    let mail = newest(app, email, MailKind::EmailCode).await;
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|digit| digit.is_ascii_digit());
    mail.text.split_whitespace().find(is_code).expect("a code of six digits").to_owned()
}

/// The token in the newest mail of a kind to an address.
pub async fn token(app: &TestApp, to: &str, kind: MailKind) -> String {
    token_in(&link_in(&newest(app, to, kind).await))
}

/// The token that a link carries.
pub fn token_in(link: &str) -> String {
    let (_, token) = link.split_once("?token=").expect("a link carries a token");
    token.to_owned()
}

/// Six digits that are not these.
pub fn another(code: &str) -> String {
    let digits: u32 = code.parse().expect("six digits");
    format!("{:06}", (digits + 1) % 1_000_000)
}

/// The kinds of all mail to an address, the newest first.
pub async fn kinds(app: &TestApp, to: &str) -> Vec<MailKind> {
    let mail = app.engine.kept_mail(1000).await.expect("the outbox opens");
    mail.iter().filter(|mail| mail.row.recipient.eq_ignore_ascii_case(to)).map(|mail| mail.row.kind).collect()
}

/// The newest mail of a kind to an address.
pub async fn newest(app: &TestApp, to: &str, kind: MailKind) -> KeptMail {
    let mail = app.engine.kept_mail(1000).await.expect("the outbox opens");
    let is_it = |mail: &KeptMail| mail.row.recipient.eq_ignore_ascii_case(to) && mail.row.kind == kind;
    let mail = mail.into_iter().find(is_it);
    mail.unwrap_or_else(|| panic!("no mail of kind {kind} to {to}"))
}
