//! Codes as people type them: in groups, with spaces or hyphens of any kind, or not at all.

use secrecy::{ExposeSecret as _, SecretString};

/// The code without what only helps to read it; none: nothing was typed.
pub(crate) fn compact(typed: &SecretString) -> Option<SecretString> {
    let mut compact = String::with_capacity(typed.expose_secret().len()); // never grown, so no copy of it is left behind
    compact.extend(typed.expose_secret().chars().filter(|c| !is_separator(*c)));
    (!compact.is_empty()).then(|| compact.into())
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || c == '-' || ('\u{2010}'..='\u{2015}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_hyphens_do_not_count() {
        for (typed, code) in [
            ("123456", Some("123456")),
            (" 123 456\n", Some("123456")),
            ("AB1C-2D3E", Some("AB1C2D3E")),
            ("ab1c\u{2011}2d3e\u{a0}", Some("ab1c2d3e")),
            ("", None),
            (" \t", None),
            (" - – ", None),
        ] {
            let compacted = compact(&typed.into());
            assert_eq!(compacted.as_ref().map(|code| code.expose_secret()), code, "{typed:?}");
        }
    }
}
