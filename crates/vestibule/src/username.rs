//! Usernames and display names. A username is 3 to 64 of `a-z0-9._-`, kept in lower case, and holds no `@`,
//! so that it can never be mistaken for somebody's address. A name is whatever its owner wants to be called.

use unicode_normalization::UnicodeNormalization as _;

use crate::code::Code;

/// A username, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

/// A display name: trimmed, 1 to 200 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl Username {
    /// Reads a username in any case.
    pub fn parse(text: &str) -> Result<Username, Code> {
        let text = text.trim().to_ascii_lowercase();
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        if !(3..=64).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(Code::UsernameInvalid);
        }
        Ok(Username(text))
    }

    /// The username.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DisplayName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<DisplayName, Code> {
        let name: String = text.trim().nfc().collect();
        if !(1..=200).contains(&name.chars().count()) || name.chars().any(is_unprintable) {
            return Err(Code::NameInvalid);
        }
        Ok(DisplayName(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, and the marks that reverse the direction of text to make it read as something else.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_the_same_in_any_case() {
        assert_eq!(Username::parse(" Ann.Lee-1_x ").expect("a username").as_str(), "ann.lee-1_x");
        for text in ["", "ab", "ann lee", "ann@example.com", "änn", "ann\0", &"a".repeat(65)] {
            assert_eq!(Username::parse(text), Err(Code::UsernameInvalid), "{text:?}");
        }
    }

    #[test]
    fn a_name_may_be_anything_printable() {
        assert_eq!(DisplayName::parse(" 李 Ann 🌱 ").expect("a name").as_str(), "李 Ann 🌱");
        for text in ["", "   ", "a\nb", "a\u{202e}b", &"x".repeat(201)] {
            assert_eq!(DisplayName::parse(text), Err(Code::NameInvalid), "{text:?}");
        }
    }
}
