//! Handles: what members of the directory are called. Kept as written, the same in any case of its letters.

use crate::code::Code;
use crate::db::sql_newtype;

/// A handle: 3 to 64 of `A-Za-z0-9._-`, the first a letter or a digit.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// Reads a handle.
    pub fn parse(text: &str) -> Result<Handle, Code> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        match (3..=64).contains(&text.len()) && begins_well && text.bytes().all(is_plain) {
            true => Ok(Handle(text.to_owned())),
            false => Err(Code::HandleInvalid),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In lower case: what no two members have in common.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    fn stored(&self) -> String {
        self.0.clone()
    }

    fn from_stored(text: String) -> Result<Handle, &'static str> {
        Handle::parse(&text).map_err(|_| "a handle has 3 to 64 of A-Za-z0-9._-")
    }
}

sql_newtype!(Handle as String, Handle::stored, Handle::from_stored);

impl PartialEq for Handle {
    fn eq(&self, other: &Handle) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Handle {}

impl std::fmt::Display for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_kept_as_written_and_the_same_in_any_case() {
        let handle = Handle::parse("Ann.Lee-1_x").expect("a handle");
        assert_eq!((handle.as_str(), handle.key().as_str()), ("Ann.Lee-1_x", "ann.lee-1_x"));
        assert_eq!(handle, Handle::parse("aNN.lEE-1_X").expect("a handle"));
        assert_ne!(handle, Handle::parse("ann.lee-1-x").expect("a handle"));
        for text in ["", "ab", "...", ".ann", "-ann", "ann lee", " ann", "änn", "ann/1", "ann\0", &"a".repeat(65)] {
            assert_eq!(Handle::parse(text).expect_err(text), Code::HandleInvalid, "{text:?}");
        }
    }
}
