//! Pictures that pages draw themselves: an `<svg>` element with a name, for whoever does not see it.

use std::fmt;

use askama::filters::HtmlSafe;

/// A picture with its name.
pub(crate) struct Picture(String);

impl Picture {
    /// An `<svg>` element of ours that has no name yet. The name is ours as well, and needs no escaping.
    pub(super) fn named(svg: &str, name: &'static str) -> Picture {
        Picture(svg.replacen("<svg", &format!("<svg role=\"img\" aria-label=\"{name}\""), 1))
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The element is drawn by the engine, and its name is in our own sources.
impl HtmlSafe for Picture {}
