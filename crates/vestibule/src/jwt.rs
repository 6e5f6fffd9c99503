//! Access tokens: JWTs (RFC 7519) of the profile of RFC 9068, signed with EdDSA or ES256. The algorithm and the type
//! are pinned: a token is good only if it is signed by one of our keys, named by `kid`, with that key's algorithm. No
//! key is ever taken from a token. Times are checked against the clock that is passed.

mod foreign;
mod provider;
mod verifier;
mod wallet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::text_enum;
use crate::error::{Error, Result};
use crate::id::{AccountId, ChainId, SigningKeyId};

pub(crate) use foreign::{ForeignKey, Unverified, base64url, foreign_keys, verify_foreign};
pub use jsonwebtoken::jwk::JwkSet;
pub(crate) use provider::{KeyPair, install};
pub use verifier::AccessTokenVerifier;
pub(crate) use verifier::published;
pub use wallet::WalletClaims;

/// The type in the header of access tokens (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";

/// What a kind of token says, and by what it is told from the others.
pub(crate) trait Claims: Serialize + serde::de::DeserializeOwned {
    /// The type in the header.
    const TYPE: &str;

    /// When it was signed, when it begins, and when it ends.
    fn times(&self) -> (i64, i64, i64);
}

impl Claims for AccessClaims {
    const TYPE: &str = TYPE;

    fn times(&self) -> (i64, i64, i64) {
        (self.iat, self.nbf, self.exp)
    }
}

text_enum! {
    /// How tokens are signed.
    SigningAlgorithm {
        /// Ed25519 (RFC 8037).
        EdDsa = "EdDSA",
        /// ECDSA with P-256 and SHA-256 (RFC 7518).
        Es256 = "ES256",
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who signed it: the public URL of the instance.
    pub iss: String,
    /// Whose it is.
    pub sub: AccountId,
    /// For whom it is.
    pub aud: String,
    /// When it ends, in seconds; never later than its chain.
    pub exp: i64,
    /// When it was signed, in seconds.
    pub iat: i64,
    /// When it begins, in seconds.
    pub nbf: i64,
    /// Its id.
    pub jti: Uuid,
    /// The refresh chain that it belongs to.
    pub sid: ChainId,
    /// The version of the account that it was issued under.
    pub sv: i64,
    /// The slugs of its owner's groups: of very many the first ones, as far as 4096 characters reach, so that a token is
    /// never longer than a verifier reads. Whoever needs them all asks for them.
    pub groups: Vec<String>,
    /// How its owner proved who they are (RFC 8176): `pwd`, a password; `otp`, a secret that is good once, be it mailed,
    /// of an app, or for recovery; `fed`, a login elsewhere; `mfa`, two of these.
    pub amr: Vec<String>,
}

impl SigningAlgorithm {
    fn in_jwt(self) -> jsonwebtoken::Algorithm {
        match self {
            SigningAlgorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            SigningAlgorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        }
    }
}

/// Signs claims with a key.
pub(crate) fn sign<C: Claims>(key: &KeyPair, kid: SigningKeyId, claims: &C) -> Result<String> {
    let mut header = jsonwebtoken::Header::new(key.algorithm().in_jwt());
    header.typ = Some(C::TYPE.to_owned());
    header.kid = Some(kid.to_string());
    jsonwebtoken::encode(&header, claims, &key.encoding()).map_err(Error::internal)
}

#[cfg(test)]
mod tests;
