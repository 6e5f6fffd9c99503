//! Bearer secrets: `vst_<kind>_<43 base62><6 base62 of CRC32>`, 256 random bits each, shown once.
//! Only the SHA-256 digest of the whole text is ever stored. The kind selects the table, so a token of one kind
//! is never looked up in another kind's; the checksum refuses a mistyped one without a look-up.

use std::fmt;

use secrecy::zeroize::Zeroize;
use sha2::{Digest as _, Sha256};

use crate::db::sql_newtype;
use crate::random::Random;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY: usize = 43;
const CHECKSUM: usize = 6;

/// What a bearer secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// A signed-in session, as cookie or bearer.
    Session,
    /// The right to make the first administrator.
    Setup,
    /// A link that proves an address.
    EmailVerify,
    /// A link that proves the address to change to.
    EmailChange,
    /// A link to choose another password.
    PasswordReset,
    /// A link to choose the first password of an account that an administrator made.
    AccountInvite,
    /// A link to sign in by.
    MagicLink,
    /// What a program goes on with when its access token ends.
    Refresh,
    /// A key of an account.
    ApiKey,
    /// A key of a service.
    ServiceKey,
    /// What a login elsewhere is exchanged for a session with.
    OAuthCode,
    /// An invite to the directory of wallets.
    DirectoryInvite,
}

/// A bearer secret in clear: held while it is handed out or checked, then wiped.
#[derive(Clone)]
pub struct Secret {
    kind: SecretKind,
    text: String,
}

/// The SHA-256 of a secret: what the database keeps in its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl SecretKind {
    /// The three letters between the underscores.
    pub fn as_str(self) -> &'static str {
        match self {
            SecretKind::Session => "ses",
            SecretKind::Setup => "set",
            SecretKind::EmailVerify => "vfy",
            SecretKind::EmailChange => "chg",
            SecretKind::PasswordReset => "rst",
            SecretKind::AccountInvite => "inv",
            SecretKind::MagicLink => "mgl",
            SecretKind::Refresh => "rft",
            SecretKind::ApiKey => "key",
            SecretKind::ServiceKey => "svc",
            SecretKind::OAuthCode => "oac",
            SecretKind::DirectoryInvite => "dir",
        }
    }
}

impl Secret {
    /// A fresh secret of 256 bits.
    pub fn fresh(kind: SecretKind, random: &Random) -> Secret {
        let mut bytes: [u8; 32] = random.bytes();
        let mut text = format!("vst_{}_{}", kind.as_str(), base62(&bytes));
        let checksum = checksum(&text);
        text.extend(checksum.iter().map(|&digit| char::from(digit)));
        bytes.zeroize();
        Secret { kind, text }
    }

    /// The secret in `text`, if it is well-formed and of that kind.
    pub fn parse(kind: SecretKind, text: &str) -> Option<Secret> {
        let body = text.strip_prefix("vst_")?.strip_prefix(kind.as_str())?.strip_prefix('_')?;
        if body.len() != BODY + CHECKSUM || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let (signed, sum) = text.split_at(text.len() - CHECKSUM);
        (checksum(signed) == sum.as_bytes()).then(|| Secret { kind, text: text.to_owned() })
    }

    /// What is stored in its place.
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.text.as_bytes()).into())
    }

    /// The secret in clear, for the one answer that hands it out.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(vst_{}_…)", self.kind.as_str())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl Digest {
    /// The digest of any bytes, for keys that must not be kept in clear.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// In hexadecimal.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn as_vec(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn from_vec(bytes: Vec<u8>) -> Result<Digest, &'static str> {
        bytes.try_into().map(Digest).map_err(|_| "a digest is 32 bytes")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

sql_newtype!(Digest as Vec<u8>, Digest::as_vec, Digest::from_vec);

/// 256 bits as 43 base62 digits, the most significant first.
fn base62(bytes: &[u8; 32]) -> String {
    let mut number = *bytes;
    let mut digits = [0u8; BODY];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0u16;
        for byte in &mut number {
            let value = remainder << 8 | u16::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        *digit = ALPHABET[usize::from(remainder)];
    }
    number.zeroize();
    digits.iter().map(|&digit| char::from(digit)).collect()
}

fn checksum(text: &str) -> [u8; CHECKSUM] {
    let mut sum = crc32fast::hash(text.as_bytes());
    let mut digits = [0u8; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(sum % 62) as usize];
        sum /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fresh_secret_reads_back_as_its_own_kind_alone() {
        let secret = Secret::fresh(SecretKind::Session, &Random::seeded(7));
        let text = secret.expose().to_owned();
        assert_eq!(text.len(), "vst_ses_".len() + 49);
        assert_eq!(Secret::parse(SecretKind::Session, &text).map(|s| s.digest()), Some(secret.digest()));
        assert!(Secret::parse(SecretKind::Setup, &text).is_none());
        assert!(Secret::parse(SecretKind::Setup, &text.replace("_ses_", "_set_")).is_none());
    }

    #[test]
    fn debug_shows_neither_secret_nor_digest() {
        let secret = Secret::fresh(SecretKind::Session, &Random::seeded(7));
        assert_eq!(format!("{secret:?} {:?}", secret.digest()), "Secret(vst_ses_…) Digest(…)");
    }

    #[test]
    fn base62_is_positional() {
        let mut one = [0; 32];
        one[31] = 63;
        assert_eq!(base62(&one), format!("{}11", "0".repeat(41)));
        assert_eq!(base62(&[0xff; 32]).len(), 43);
    }

    proptest! {
        #[test]
        fn one_changed_character_is_refused(seed: u64, place in 8usize..57, letter in "[0-9A-Za-z]") {
            let text = Secret::fresh(SecretKind::Session, &Random::seeded(seed)).expose().to_owned();
            let mut changed = text.clone();
            changed.replace_range(place..=place, &letter);
            prop_assert_eq!(Secret::parse(SecretKind::Session, &changed).is_some(), changed == text);
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            prop_assert!(Secret::parse(SecretKind::Session, &text).is_none());
        }
    }
}
