//! Instants as pages show them: UTC to the minute, and to the second for machines.

use std::fmt;

use askama::filters::HtmlSafe;
use vestibule::Timestamp;

/// An instant that renders as a `<time>` element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.0.to_rfc3339();
        let minute = exact.get(..16).unwrap_or(&exact).replace('T', " ");
        write!(f, r#"<time datetime="{exact}">{minute} UTC</time>"#)
    }
}

/// Only digits, punctuation and our own tags are ever written.
impl HtmlSafe for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_to_the_minute() {
        let moment = Moment(Timestamp(1_795_342_512_250_000));
        assert_eq!(moment.to_string(), r#"<time datetime="2026-11-22T10:15:12.25Z">2026-11-22 10:15 UTC</time>"#);
    }
}
