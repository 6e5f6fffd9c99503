//! E-mail addresses: one parser for every path. The address is kept as written (domain in ASCII, lower case);
//! the normalised form, all lower-case and NFC, is what must be unique among people.

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization as _;

use crate::code::Code;

const MAX_BYTES: usize = 254;

/// A bare e-mail address whose domain has a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    address: String,
    normalized: String,
}

impl Email {
    /// Reads an address: trimmed, NFC, at most 254 bytes, no display name, no quoted or literal parts.
    pub fn parse(text: &str) -> Result<Email, Code> {
        let text: String = text.trim().nfc().collect();
        if text.len() > MAX_BYTES || text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '"') {
            return Err(Code::EmailInvalid);
        }
        if text.contains("=?") {
            return Err(Code::EmailInvalid); // an encoded word (RFC 2047), which others may read as another address
        }
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let parsed = EmailAddress::parse_with_options(&text, options).map_err(|_| Code::EmailInvalid)?;
        let domain = idna::domain_to_ascii_strict(parsed.domain()).map_err(|_| Code::EmailInvalid)?;
        let address = format!("{}@{domain}", parsed.local_part());
        if address.len() > MAX_BYTES || !domain.contains('.') {
            return Err(Code::EmailInvalid);
        }
        let normalized = address.to_lowercase().nfc().collect();
        Ok(Email { address, normalized })
    }

    /// The address as its owner writes it.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The form that is unique.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }

    /// The part after the `@`, in lower-case ASCII.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_domain_becomes_ascii_and_the_normalised_form_lower_case() {
        let email = Email::parse("  Ann.Lee@BÜCHER.Example ").expect("an address");
        assert_eq!(email.as_str(), "Ann.Lee@xn--bcher-kva.example");
        assert_eq!(email.normalized(), "ann.lee@xn--bcher-kva.example");
        assert_eq!(email.domain(), "xn--bcher-kva.example");
    }

    #[test]
    fn decomposed_and_composed_letters_are_the_same_address() {
        let composed = Email::parse("\u{c5}lice@example.org").expect("an address");
        let decomposed = Email::parse("A\u{30a}lice@example.org").expect("an address");
        assert_eq!(composed, decomposed);
    }

    #[test]
    fn what_is_not_a_bare_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        let refused = [
            "",
            "ann",
            "ann@",
            "@example.com",
            "ann@localhost",
            "ann@[127.0.0.1]",
            "Ann <ann@example.com>",
            "a..b@example.com",
            "ann@example.com\r\nBcc: x@example.com",
            "ann@exa mple.com",
            "\"a b\"@example.com",
            "ann\0@example.com",
            "ann@example..com",
            "ann@-example.com",
            "ann@.example.com",
            "=?utf-8?q?ann=0aBcc?=@example.com",
            &long,
        ];
        for text in refused {
            assert_eq!(Email::parse(text), Err(Code::EmailInvalid), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_an_address_again_changes_nothing(text in "\\PC{0,20}@[a-z]{1,8}\\.[a-z]{2,5}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }
}
