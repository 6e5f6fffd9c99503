//! The mail that comes of what people do on these pages: the addresses of the links in it, and the codes.

use testkit::{TestEngine, link_in};
use vestibule::{KeptMail, MailKind};

/// Where the link leads that is in the newest mail of a kind to somebody, below the host.
pub async fn link(engine: &TestEngine, to: &str, kind: MailKind) -> String {
    let link = link_in(&newest(engine, to, kind).await);
    let origin = engine.engine.config().public_url.origin().ascii_serialization();
    link.strip_prefix(&origin).expect("a link leads to us").to_owned()
}

/// The code in the newest mail with one to somebody.
pub async fn code(engine: &TestEngine, to: &str) -> String {
    let mail = newest(engine, to, MailKind::EmailCode).await;
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|digit| digit.is_ascii_digit());
    mail.text.split_whitespace().find(is_code).expect("a code of six digits").to_owned()
}

/// Six digits that are not these.
pub fn another(code: &str) -> String {
    let digits: u32 = code.parse().expect("six digits");
    format!("{:06}", (digits + 1) % 1_000_000)
}

/// How many mails of a kind somebody got.
pub async fn count(engine: &TestEngine, to: &str, kind: MailKind) -> usize {
    let mail = engine.engine.kept_mail(1000).await.expect("the outbox opens");
    mail.iter().filter(|mail| mail.row.recipient == to && mail.row.kind == kind).count()
}

async fn newest(engine: &TestEngine, to: &str, kind: MailKind) -> KeptMail {
    let mail = engine.engine.kept_mail(1000).await.expect("the outbox opens");
    let mail = mail.into_iter().find(|mail| mail.row.recipient == to && mail.row.kind == kind);
    mail.unwrap_or_else(|| panic!("no mail of kind {kind} to {to}"))
}
