//! What somebody else chose, made inert: one line, of a length that people read, and nothing that a mail program would
//! turn into a link. Otherwise whoever can have us write to a stranger could have us say anything to them.

use std::net::IpAddr;

use crate::device::device_name;

/// The longest a value is shown, in characters.
const LONGEST: usize = 100;
/// What stands for what is left out.
const LEFT_OUT: char = '…';
/// What stands for a dot that could be a host name's.
const MIDDLE_DOT: char = '·';

/// A value as it may stand in a letter. An address stays an address, as its reader must know which.
pub(super) fn inert(text: &str) -> String {
    let line = one_line(text);
    match line.split_once('@') {
        Some((local, domain)) if is_plain(local) && is_plain(domain) => line,
        Some((local, domain)) if is_plain(domain) && !line.contains(' ') => format!("{}@{domain}", masked(local)),
        Some(_) | None => without_links(&line),
    }
}

/// In one line: what would break it, hide in it or turn its direction is a space.
fn one_line(text: &str) -> String {
    let is_hidden = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                  | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    let visible: String = text.chars().map(|c| if c.is_control() || is_hidden(c) { ' ' } else { c }).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST - 1).chain([LEFT_OUT]).collect()
}

/// Whether it has nothing but what an everyday address has between its parts.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || ".-_+".contains(c) || c == LEFT_OUT)
}

/// Without what is rare in an address, and common in links.
fn masked(local: &str) -> String {
    local.chars().map(|c| if is_plain(&c.to_string()) && c != '.' { c } else { LEFT_OUT }).collect()
}

/// Without a scheme, and without a dot between two letters, there is no link.
fn without_links(line: &str) -> String {
    let chars: Vec<char> = line.replace("://", ": ").chars().collect();
    let is_inner = |at: usize| {
        at > 0 && chars[at - 1].is_alphanumeric() && chars.get(at + 1).is_some_and(|next| next.is_alphanumeric())
    };
    let shown = |(at, c): (usize, &char)| match c {
        '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' if is_inner(at) => MIDDLE_DOT,
        c => *c,
    };
    chars.iter().enumerate().map(shown).collect()
}

/// Filters for the templates.
pub(super) mod filters {
    use super::{IpAddr, device_name};

    /// Something that somebody else chose.
    #[askama::filter_fn]
    pub(crate) fn inert(text: &str, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(super::inert(text))
    }

    /// The names of groups, one after another.
    #[askama::filter_fn]
    pub(crate) fn names(names: &[String], _: &dyn askama::Values) -> askama::Result<String> {
        Ok(names.iter().map(|name| super::inert(name)).collect::<Vec<_>>().join(", "))
    }

    /// What a client calls itself, as people know it.
    #[askama::filter_fn]
    pub(crate) fn device(user_agent: &str, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(super::inert(&device_name(Some(user_agent))))
    }

    /// A client's address.
    #[askama::filter_fn]
    pub(crate) fn address(ip: &str, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(ip.parse::<IpAddr>().map_or_else(|_| "an unknown address".to_owned(), |ip| ip.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn everyday_values_stay_as_they_are() {
        for text in ["ann@example.com", "Ann.Lee+x@sub.example.org", "ålice@example.org", "Administrators", "R&D / Ops"]
        {
            assert_eq!(inert(text), text);
        }
        assert_eq!(inert("ann.lee"), "ann·lee");
        assert_eq!(inert("v. 2.0"), "v. 2·0");
    }

    #[test]
    fn nothing_becomes_a_link() {
        let shown = [
            ("https://evil.example/x", "https: evil·example/x"),
            ("evil.com", "evil·com"),
            ("evil。com", "evil·com"),
            ("evil.com/x@attacker.example", "evil…com…x@attacker.example"),
            ("see evil.com@x y", "see evil·com@x y"),
            ("a\r\nBcc: b@c.d", "a Bcc: b@c·d"),
            ("moc\u{202e}live\u{200b}.\u{2066}x", "moc live . x"),
        ];
        for (text, expected) in shown {
            assert_eq!(inert(text), expected, "{text:?}");
        }
        assert_eq!(inert(&"é".repeat(400)).chars().count(), LONGEST);
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_line_or_names_a_scheme(text in "\\PC*|(?s).{0,200}") {
            let shown = inert(&text);
            prop_assert!(!shown.contains("://") && !shown.chars().any(char::is_control), "{shown:?}");
            prop_assert!(shown.chars().count() <= LONGEST + 1);
        }
    }
}
