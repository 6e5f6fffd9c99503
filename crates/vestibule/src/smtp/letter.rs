//! A mail as bytes: MIME with a text and an HTML part (RFC 2046, section 5.1.4), and the few headers it needs.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};

use super::SmtpConfig;
use crate::mail::Content;
use crate::outbox::Claimed;

/// A mail ready to be handed over.
pub(crate) struct Envelope {
    pub from: Address,
    pub to: Address,
    pub message: Vec<u8>,
}

impl Envelope {
    /// Whether any server can take its addresses.
    pub(super) fn is_ascii(&self) -> bool {
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        is_ascii(&self.from) && is_ascii(&self.to)
    }
}

/// Puts a mail in its envelope; the error is for an administrator. Two copies of a mail are the same to the last byte,
/// so that who receives them knows them for one.
pub(crate) fn envelope(smtp: &SmtpConfig, mail: &Claimed, content: Content) -> Result<Envelope, String> {
    let Claimed { id, recipient, subject, created_at, .. } = mail;
    let to: Address = recipient.parse().map_err(|_| "the recipient is not an address that SMTP takes".to_owned())?;
    let since_epoch = Duration::from_micros(u64::try_from(created_at.0).unwrap_or(0));
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let alternatives = MultiPart::builder().kind(MultiPartKind::Alternative).boundary(format!("={}=", id.0.simple()));
    let (text, html) = (SinglePart::plain(content.text), SinglePart::html(content.html));
    let message = Message::builder()
        .from(smtp.from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(subject.as_str())
        .message_id(Some(format!("<{id}@{}>", smtp.own_domain())))
        .date(UNIX_EPOCH + since_epoch)
        .raw_header(automatic)
        .multipart(alternatives.singlepart(text).singlepart(html))
        .map_err(|why| format!("the mail cannot be put together: {why}"))?;
    Ok(Envelope { from: smtp.from.email.clone(), to, message: message.formatted() })
}
