//! The layout of letters: the paragraphs of one template make both parts, text and HTML, around the same link.
//! Neither part has another link, and nothing that somebody else chose can open a paragraph.

use askama::Template;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Words;
use crate::error::{Error, Result};

/// What a mail says, in both its parts.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    pub text: String,
    pub html: String,
}

/// A letter ready for the outbox.
pub(super) struct Sheet {
    pub subject: String,
    pub content: Content,
}

/// A part of a letter.
enum Paragraph<'a> {
    Plain(String),
    /// Lines of their own, such as a code.
    Apart(Vec<&'a str>),
    /// Where the link goes, and what it is for.
    Link(&'a str),
}

#[derive(Template)]
#[template(path = "mail/layout.html")]
struct Html<'a> {
    title: &'a str,
    host: &'a str,
    link: &'a str,
    paragraphs: &'a [Paragraph<'a>],
}

/// Lays a letter out.
pub(super) fn lay_out(public_url: &Url, words: &Words<'_>, link: &str) -> Result<Sheet> {
    let written = words.render().map_err(Error::internal)?;
    let host = public_url.host_str().unwrap_or_default();
    let mut parts = written.split("\n\n").map(|part| part.trim_matches('\n')).filter(|part| !part.is_empty());
    let title = parts.next().unwrap_or_default();
    let paragraphs: Vec<Paragraph<'_>> = parts.map(Paragraph::read).collect();
    let html = Html { title, host, link, paragraphs: &paragraphs }.render().map_err(Error::internal)?;
    let text: Vec<String> = paragraphs.iter().map(|paragraph| paragraph.to_text(link)).collect();
    let text = format!("{}\n\n-- \n{host}\n", text.join("\n\n"));
    Ok(Sheet { subject: format!("[{host}] {title}"), content: Content { text, html } })
}

impl<'a> Paragraph<'a> {
    fn read(part: &'a str) -> Paragraph<'a> {
        if let Some(label) = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return Paragraph::Link(label);
        }
        if part.starts_with("    ") {
            return Paragraph::Apart(part.lines().map(str::trim).collect());
        }
        Paragraph::Plain(part.lines().collect::<Vec<_>>().join(" "))
    }

    fn to_text(&self, link: &str) -> String {
        match self {
            Paragraph::Plain(text) => text.clone(),
            Paragraph::Apart(lines) => format!("    {}", lines.join("\n    ")),
            Paragraph::Link(label) => format!("{label}:\n{link}"),
        }
    }
}

impl Content {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(Error::internal)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Content> {
        serde_json::from_slice(bytes).map_err(Error::internal)
    }
}

/// A letter in a log would be a link in a log.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(…)")
    }
}
