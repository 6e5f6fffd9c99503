//! Keys: everything keyed comes from one master secret by HKDF-SHA256 (RFC 5869), a label each,
//! so that no key serves two purposes and every node with the same secret agrees.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::random::Random;
use crate::secret::{Digest, Secret};

/// The least length of a master secret, in bytes.
pub const MIN_SECRET_BYTES: usize = 32;

/// The first byte of everything sealed: which master secret it was sealed under.
const KEY_ID: u8 = 1;
/// The length of XChaCha20's nonces, which are random.
const NONCE: usize = 24;

/// The keys derived from the master secret.
#[derive(Clone)]
pub struct Keyring {
    csrf: SecretSlice<u8>,
    short_codes: SecretSlice<u8>,
    invitation_codes: SecretSlice<u8>,
    mail: SecretSlice<u8>,
    second_factors: SecretSlice<u8>,
    sign_in_steps: SecretSlice<u8>,
    oauth_states: SecretSlice<u8>,
    signing_keys: SecretSlice<u8>,
}

/// What is sealed: a key each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// A mail that waits in the outbox.
    Mail,
    /// A TOTP secret.
    SecondFactor,
    /// A sign-in between its first and its second step.
    SignInStep,
    /// What a round trip to a provider of logins must know when it comes back.
    OAuthState,
    /// A private key that signs access tokens.
    SigningKey,
}

impl Keyring {
    /// Derives the keys from a master secret of at least 32 bytes.
    pub fn new(master: &SecretSlice<u8>) -> Result<Keyring> {
        let master = master.expose_secret();
        if master.len() < MIN_SECRET_BYTES {
            return Err(Error::Setup(format!("the master secret must be at least {MIN_SECRET_BYTES} bytes long")));
        }
        Ok(Keyring {
            csrf: derive(master, b"vestibule csrf v1"),
            short_codes: derive(master, b"vestibule short codes v1"),
            invitation_codes: derive(master, b"vestibule invitation codes v1"),
            mail: derive(master, b"vestibule mail v1"),
            second_factors: derive(master, b"vestibule second factors v1"),
            sign_in_steps: derive(master, b"vestibule sign-in steps v1"),
            oauth_states: derive(master, b"vestibule oauth states v1"),
            signing_keys: derive(master, b"vestibule signing keys v1"),
        })
    }

    /// What is stored in the place of a short code that people type: HMAC-SHA256 of it and of what it belongs to, so
    /// that neither a stolen table can be searched for it nor a row serve another's.
    pub(crate) fn short_code_digest(&self, of: &[u8; 16], code: &str) -> Digest {
        let mut mac = hmac(&self.short_codes);
        mac.update(of);
        mac.update(code.as_bytes());
        Digest(mac.finalize().into_bytes().into())
    }

    /// What is stored in the place of an invitation's code, which is looked up by it: HMAC-SHA256 of the code alone.
    pub(crate) fn invitation_code_digest(&self, code: &str) -> Digest {
        let mut mac = hmac(&self.invitation_codes);
        mac.update(code.as_bytes());
        Digest(mac.finalize().into_bytes().into())
    }

    /// Seals bytes with XChaCha20-Poly1305: key id, nonce, ciphertext. They open again only as the same thing and about
    /// the same row.
    pub(crate) fn seal(&self, what: Sealed, about: &[u8; 16], clear: &[u8], random: &Random) -> Vec<u8> {
        encrypt(&self.cipher(what), about, clear, random)
    }

    /// What was sealed; none: it is not of ours, is about something else, or was changed.
    pub(crate) fn unseal(&self, what: Sealed, about: &[u8; 16], sealed: &[u8]) -> Option<SecretSlice<u8>> {
        decrypt(&self.cipher(what), about, sealed)
    }

    fn cipher(&self, what: Sealed) -> XChaCha20Poly1305 {
        let key = match what {
            Sealed::Mail => &self.mail,
            Sealed::SecondFactor => &self.second_factors,
            Sealed::SignInStep => &self.sign_in_steps,
            Sealed::OAuthState => &self.oauth_states,
            Sealed::SigningKey => &self.signing_keys,
        };
        XChaCha20Poly1305::new_from_slice(key.expose_secret()).expect("every key is of 32 bytes")
    }

    /// The CSRF token of a session: HMAC-SHA256 of its raw token, in hexadecimal.
    pub fn csrf_token(&self, session: &Secret) -> String {
        let mut mac = hmac(&self.csrf);
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

/// Seals bytes under a secret that somebody else holds: only who presents it again can open them.
pub(crate) fn seal_under(secret: &Secret, about: &[u8; 16], clear: &[u8], random: &Random) -> Vec<u8> {
    encrypt(&cipher_under(secret), about, clear, random)
}

/// What was sealed under a secret.
pub(crate) fn unseal_under(secret: &Secret, about: &[u8; 16], sealed: &[u8]) -> Option<SecretSlice<u8>> {
    decrypt(&cipher_under(secret), about, sealed)
}

fn cipher_under(secret: &Secret) -> XChaCha20Poly1305 {
    let key = derive(secret.expose().as_bytes(), b"vestibule sealed under a token v1");
    XChaCha20Poly1305::new_from_slice(key.expose_secret()).expect("every key is of 32 bytes")
}

fn encrypt(cipher: &XChaCha20Poly1305, about: &[u8; 16], clear: &[u8], random: &Random) -> Vec<u8> {
    let nonce: [u8; NONCE] = random.bytes();
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: clear, aad: about })
        .expect("what we seal is far below the limit of the cipher");
    [&[KEY_ID], &nonce[..], &sealed].concat()
}

fn decrypt(cipher: &XChaCha20Poly1305, about: &[u8; 16], sealed: &[u8]) -> Option<SecretSlice<u8>> {
    let (nonce, ciphertext) = sealed.strip_prefix(&[KEY_ID])?.split_first_chunk::<NONCE>()?;
    let clear = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: about });
    clear.ok().map(SecretSlice::from)
}

fn hmac(key: &SecretSlice<u8>) -> Hmac<Sha256> {
    use hmac::KeyInit as _;
    Hmac::<Sha256>::new_from_slice(key.expose_secret()).expect("HMAC takes a key of any length")
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
    fn what_is_sealed_opens_as_itself_alone() {
        let (ann, bob, random) = ([1; 16], [2; 16], Random::seeded(1));
        let sealed = keyring(1).seal(Sealed::SecondFactor, &ann, b"moss", &random);
        let opened = |keys: u8, what, about| keyring(keys).unseal(what, about, &sealed);
        let clear = opened(1, Sealed::SecondFactor, &ann).expect("ours");
        assert_eq!((clear.expose_secret(), sealed[0]), (&b"moss"[..], KEY_ID));
        assert!(opened(1, Sealed::SecondFactor, &bob).is_none());
        assert!(opened(1, Sealed::Mail, &ann).is_none());
        assert!(opened(2, Sealed::SecondFactor, &ann).is_none());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(keyring(1).unseal(Sealed::SecondFactor, &ann, &changed).is_none(), "{place}");
            assert!(keyring(1).unseal(Sealed::SecondFactor, &ann, &sealed[..place]).is_none(), "{place}");
        }
        assert_ne!(sealed, keyring(1).seal(Sealed::SecondFactor, &ann, b"moss", &random));
    }

    #[test]
    fn what_is_sealed_under_a_token_opens_with_that_token_alone() {
        let random = Random::seeded(1);
        let [parent, other, child] = [(); 3].map(|()| Secret::fresh(SecretKind::Refresh, &random));
        let (id, clear) = ([1; 16], child.expose().as_bytes());
        let sealed = seal_under(&parent, &id, clear, &random);
        assert_eq!(unseal_under(&parent, &id, &sealed).expect("its own").expose_secret(), clear);
        assert!(unseal_under(&other, &id, &sealed).is_none());
        assert!(unseal_under(&child, &id, &sealed).is_none());
        assert!(unseal_under(&parent, &[2; 16], &sealed).is_none());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(unseal_under(&parent, &id, &changed).is_none(), "{place}");
            assert!(unseal_under(&parent, &id, &sealed[..place]).is_none(), "{place}");
        }
        assert!(!sealed.windows(8).any(|piece| clear.windows(8).any(|told| told == piece)));
        assert_ne!(sealed, seal_under(&parent, &id, clear, &random));
    }

    #[test]
    fn a_short_code_has_another_digest_for_everybody() {
        let digest = |keys, of, code| keyring(keys).short_code_digest(&of, code);
        let ann = digest(1, [1; 16], "123456");
        assert_eq!(ann, digest(1, [1; 16], "123456"));
        assert!(
            [digest(1, [2; 16], "123456"), digest(2, [1; 16], "123456"), digest(1, [1; 16], "123457")]
                .iter()
                .all(|other| *other != ann)
        );
    }

    #[test]
    fn a_short_master_secret_is_refused() {
        assert!(Keyring::new(&vec![1; 31].into()).is_err());
    }
}
