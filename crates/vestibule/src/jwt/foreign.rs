//! Tokens that others sign (RFC 7515), verified by the keys they publish (RFC 7517). The algorithm must be one that the
//! signer publishes and that we know, and the key one that is made for it: a token never chooses how it is verified.
//! Neither an unsigned token nor one under a shared secret is ever looked at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

/// Longer ones are not read.
const MAX_CHARS: usize = 64 * 1024;
/// More keys than anybody publishes.
const MAX_KEYS: usize = 100;

/// Why a token was not verified; the word is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// It names a key that is not among those given.
    UnknownKey,
    Bad(&'static str),
}

/// A public key of somebody else.
#[derive(Clone, Debug)]
pub(crate) struct ForeignKey {
    kid: Option<String>,
    /// The one algorithm that it is for, where its owner says so.
    alg: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    Es384,
    EdDsa,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Published {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Bytes as RFC 7515 writes them, without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The keys of a published set that signatures can be verified by; none: it is no set.
pub(crate) fn foreign_keys(json: &[u8]) -> Option<Vec<ForeignKey>> {
    let set: KeySet = serde_json::from_slice(json).ok()?;
    let published = set.keys.into_iter().take(MAX_KEYS).filter_map(|key| serde_json::from_value(key).ok());
    Some(published.filter_map(ForeignKey::read).collect())
}

/// The payload of a token that one of these keys signed, with one of these algorithms.
pub(crate) fn verify_foreign(token: &str, algorithms: &[String], keys: &[ForeignKey]) -> Result<Vec<u8>, Unverified> {
    let malformed = Unverified::Bad("id_token_malformed");
    if token.len() > MAX_CHARS {
        return Err(malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(malformed)?;
    let (header, payload) = message.split_once('.').ok_or(malformed)?;
    let header: Header = decoded(header).and_then(|header| serde_json::from_slice(&header).ok()).ok_or(malformed)?;
    let (payload, signature) = (decoded(payload).ok_or(malformed)?, decoded(signature).ok_or(malformed)?);
    if header.crit.is_some() {
        return Err(malformed); // no extension is understood here (RFC 7515, section 4.1.11)
    }
    let algorithm = Algorithm::named(&header.alg).filter(|_| algorithms.contains(&header.alg));
    let algorithm = algorithm.ok_or(Unverified::Bad("id_token_algorithm"))?;
    let mut fitting = keys.iter().filter(|key| key.is_for(algorithm, &header.alg));
    let key = match &header.kid {
        Some(kid) => fitting.find(|key| key.kid.as_ref() == Some(kid)).ok_or(Unverified::UnknownKey)?,
        // A token without the name of its key is good where there is one key that it can mean.
        None => match (fitting.next(), fitting.next()) {
            (Some(key), None) => key,
            (Some(_), Some(_)) => return Err(Unverified::Bad("id_token_key_unnamed")),
            (None, _) => return Err(Unverified::UnknownKey),
        },
    };
    match key.verifies(algorithm, message.as_bytes(), &signature) {
        true => Ok(payload),
        false => Err(Unverified::Bad("id_token_signature")),
    }
}

impl Algorithm {
    fn named(name: &str) -> Option<Algorithm> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "PS256" => Some(Algorithm::Ps256),
            "ES256" => Some(Algorithm::Es256),
            "ES384" => Some(Algorithm::Es384),
            "EdDSA" => Some(Algorithm::EdDsa),
            _ => None,
        }
    }
}

impl ForeignKey {
    fn read(published: Published) -> Option<ForeignKey> {
        if published.used_for.as_deref().is_some_and(|used_for| used_for != "sig") {
            return None;
        }
        let part = |text: &Option<String>| text.as_deref().and_then(decoded);
        let whole = |text: &Option<String>, bytes: usize| part(text).filter(|part| part.len() == bytes);
        let point = |bytes: usize| Some([vec![4], whole(&published.x, bytes)?, whole(&published.y, bytes)?].concat());
        let material = match (published.kty.as_str(), published.crv.as_deref()) {
            ("RSA", None) => Material::Rsa { n: part(&published.n)?, e: part(&published.e)? },
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(whole(&published.x, 32)?),
            (_, _) => return None,
        };
        Some(ForeignKey { kid: published.kid, alg: published.alg, material })
    }

    fn is_for(&self, algorithm: Algorithm, name: &str) -> bool {
        let fits = match &self.material {
            Material::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::P384(_) => algorithm == Algorithm::Es384,
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
        };
        fits && self.alg.as_deref().is_none_or(|alg| alg == name)
    }

    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.material {
            Material::Rsa { n, e } => {
                let rules =
                    if algorithm == Algorithm::Ps256 { &RSA_PSS_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA256 };
                RsaPublicKeyComponents { n, e }.verify(rules, message, signature)
            }
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Material::P384(point) => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature),
            Material::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        };
        verified.is_ok()
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
