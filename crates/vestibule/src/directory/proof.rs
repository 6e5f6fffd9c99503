//! What wallets sign: a few lines, the first of which says what for, so that no signature serves two ends, and the
//! second where, so that none serves two instances.

use crate::directory::{KexPub, SignPub};
use crate::secret::Digest;

/// What a wallet signs to register: that it holds its key, for this invite and these keys. `token` is the SHA-256 of the
/// invite's token.
pub fn register_statement(public_url: &str, token: &Digest, sign_pub: &SignPub, kex_pub: &KexPub) -> String {
    format!("vestibule-directory-register-v1\n{public_url}\n{}\n{sign_pub}\n{kex_pub}", token.to_hex())
}

/// What a wallet signs to sign in.
pub fn sign_in_statement(public_url: &str, sign_pub: &SignPub, nonce: &str) -> String {
    format!("vestibule-directory-sign-in-v1\n{public_url}\n{sign_pub}\n{nonce}")
}
