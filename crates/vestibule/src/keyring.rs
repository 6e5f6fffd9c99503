//! Keys: everything keyed comes from one master secret by HKDF-SHA256 (RFC 5869), a label each,
//! so that no key serves two purposes and every node with the same secret agrees.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// The least length of a master secret, in bytes.
pub const MIN_SECRET_BYTES: usize = 32;

/// The keys derived from the master secret.
#[derive(Clone)]
pub struct Keyring {
    csrf: SecretSlice<u8>,
}

impl Keyring {
    /// Derives the keys from a master secret of at least 32 bytes.
    pub fn new(master: &SecretSlice<u8>) -> Result<Keyring> {
        let master = master.expose_secret();
        if master.len() < MIN_SECRET_BYTES {
            return Err(Error::Setup(format!("the master secret must be at least {MIN_SECRET_BYTES} bytes long")));
        }
        Ok(Keyring { csrf: derive(master, b"vestibule csrf v1") })
    }

    /// The CSRF token of a session: HMAC-SHA256 of its raw token, in hexadecimal.
    pub fn csrf_token(&self, session: &Secret) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.csrf.expose_secret()).expect("HMAC takes a key of any length");
        mac.update(session.expose().as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `presented` is the session's CSRF token, compared in constant time.
    pub fn is_csrf_token(&self, session: &Secret, presented: &str) -> bool {
        use subtle::ConstantTimeEq as _;
        self.csrf_token(session).as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(…)")
    }
}

fn derive(master: &[u8], label: &[u8]) -> SecretSlice<u8> {
    let mut key = vec![0; 32];
    Hkdf::<Sha256>::new(None, master).expand(label, &mut key).expect("32 bytes is a length that HKDF gives");
    key.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::secret::SecretKind;

    fn keyring(master: u8) -> Keyring {
        Keyring::new(&vec![master; 32].into()).expect("32 bytes")
    }

    #[test]
    fn a_csrf_token_belongs_to_one_session_and_one_master_secret() {
        let random = Random::seeded(1);
        let (ann, bob) = (Secret::fresh(SecretKind::Session, &random), Secret::fresh(SecretKind::Session, &random));
        let token = keyring(1).csrf_token(&ann);
        assert!(keyring(1).is_csrf_token(&ann, &token));
        assert!(!keyring(1).is_csrf_token(&bob, &token));
        assert!(!keyring(2).is_csrf_token(&ann, &token));
        assert!(!keyring(1).is_csrf_token(&ann, ""));
    }

    #[test]
    fn a_short_master_secret_is_refused() {
        assert!(Keyring::new(&vec![1; 31].into()).is_err());
    }
}
