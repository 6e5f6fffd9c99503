//! Tokens of wallets: signed by the same keys as access tokens, with a type and an audience of their own, so that neither
//! ever passes for the other.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Claims;
use crate::directory::{DirectoryRole, Member};

/// What a wallet's token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletClaims {
    /// Who signed it: the public URL of the instance.
    pub iss: String,
    /// Whose it is: the signing key.
    pub sub: String,
    /// For whom it is: the directory of the instance.
    pub aud: String,
    /// When it ends, in seconds.
    pub exp: i64,
    /// When it was signed, in seconds.
    pub iat: i64,
    /// When it begins, in seconds.
    pub nbf: i64,
    /// Its id.
    pub jti: Uuid,
    /// What the member is called.
    pub handle: String,
    /// What the member is.
    pub role: DirectoryRole,
    /// The key that others encrypt to.
    pub kex_pub: String,
}

impl WalletClaims {
    /// Whether it is this member that they speak of, and nobody who had its key before.
    pub(crate) fn are_of(&self, member: &Member) -> bool {
        self.sub == member.sign_pub.to_hex()
            && self.kex_pub == member.kex_pub.to_hex()
            && self.handle == member.handle.as_str()
            && self.role == member.role
            && self.iat >= member.created_at.0.div_euclid(1_000_000)
    }
}

impl Claims for WalletClaims {
    const TYPE: &str = "vestibule-wallet+jwt";

    fn times(&self) -> (i64, i64, i64) {
        (self.iat, self.nbf, self.exp)
    }
}
