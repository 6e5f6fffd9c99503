//! Verifying access tokens: by ourselves, and by other services that know nothing but our public keys.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, Jwk, JwkSet, KeyAlgorithm, OctetKeyPairParameters,
    PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use super::{AccessClaims, Claims, SigningAlgorithm};
use crate::error::{Error, Result};
use crate::id::SigningKeyId;
use crate::time::Timestamp;

/// Longer ones are none of ours.
const MAX_CHARS: usize = 8192;
/// How far a clock may be behind the one that signed, in seconds.
const LEEWAY_SECONDS: i64 = 60;
/// The length of 32 bytes in base64url: both curves have coordinates of that size, never shortened.
const COORDINATE_CHARS: usize = 43;

/// Verifies access tokens by public keys alone, without a call to anybody. What it cannot know is whether a token was
/// revoked since it was signed: it lives for minutes, as many as the settings of the issuer say.
#[derive(Clone, Debug)]
pub struct AccessTokenVerifier {
    issuer: String,
    audience: String,
    keys: Vec<(String, Algorithm, DecodingKey)>,
}

/// A public key as it is published (RFC 7517).
pub(crate) fn published(kid: SigningKeyId, algorithm: SigningAlgorithm, public: &[u8]) -> Result<Jwk> {
    let key = match algorithm {
        SigningAlgorithm::EdDsa => DecodingKey::from_ed_der(public),
        SigningAlgorithm::Es256 => DecodingKey::from_ec_der(public),
    };
    let mut jwk = Jwk::from_decoding_key(&key, Some(algorithm.in_jwt())).map_err(Error::internal)?;
    jwk.common.key_id = Some(kid.to_string());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(jwk)
}

/// A key of a set by its name and algorithm; none: it is not one that we could have signed with.
fn read(jwk: &Jwk) -> Option<(String, Algorithm, DecodingKey)> {
    let is_whole = |text: &str| text.len() == COORDINATE_CHARS;
    let is_ed = |pair: &OctetKeyPairParameters| pair.curve == EllipticCurve::Ed25519 && is_whole(&pair.x);
    let is_p256 = |point: &EllipticCurveKeyParameters| {
        point.curve == EllipticCurve::P256 && is_whole(&point.x) && is_whole(&point.y)
    };
    let (algorithm, named) = if matches!(&jwk.algorithm, AlgorithmParameters::OctetKeyPair(pair) if is_ed(pair)) {
        (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
    } else if matches!(&jwk.algorithm, AlgorithmParameters::EllipticCurve(point) if is_p256(point)) {
        (Algorithm::ES256, KeyAlgorithm::ES256)
    } else {
        return None;
    };
    let is_for_another_use = jwk.common.public_key_use.as_ref().is_some_and(|of| *of != PublicKeyUse::Signature);
    if is_for_another_use || jwk.common.key_algorithm.is_some_and(|said| said != named) {
        return None;
    }
    Some((jwk.common.key_id.clone()?, algorithm, DecodingKey::from_jwk(jwk).ok()?))
}

impl AccessTokenVerifier {
    /// Verifies what this issuer signed for this audience. Keys that cannot be read are left out.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: &JwkSet) -> AccessTokenVerifier {
        super::install();
        let keys = keys.keys.iter().filter_map(read).collect();
        AccessTokenVerifier { issuer: issuer.into(), audience: audience.into(), keys }
    }

    /// Whether it has a key of this name.
    pub fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|(known, _, _)| known == kid)
    }

    /// The name of the key in a token's header, if it has the form of a token of ours.
    pub(crate) fn kid_of(token: &str) -> Option<String> {
        if token.len() > MAX_CHARS {
            return None;
        }
        decode_header(token).ok()?.kid
    }

    /// What a token says, if it is good at this time.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<AccessClaims> {
        self.verify_as(token, &self.audience, now)
    }

    /// What a token of this kind says, if it is good for this audience at this time.
    pub(crate) fn verify_as<C: Claims>(&self, token: &str, audience: &str, now: Timestamp) -> Option<C> {
        if token.len() > MAX_CHARS {
            return None;
        }
        let header = decode_header(token).ok()?;
        if header.crit.is_some() {
            return None; // no extension is understood here (RFC 7515, section 4.1.11)
        }
        let kid = header.kid?;
        let (_, algorithm, key) = self.keys.iter().find(|(known, _, _)| *known == kid)?;
        if header.alg != *algorithm || !header.typ.is_some_and(|typ| typ.eq_ignore_ascii_case(C::TYPE)) {
            return None;
        }
        let mut validation = Validation::new(*algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        (validation.validate_exp, validation.validate_nbf) = (false, false); // by our clock, below
        let claims = decode::<C>(token, key, &validation).ok()?.claims;
        let now = now.0.div_euclid(1_000_000);
        let (iat, nbf, exp) = claims.times();
        let has_begun = nbf.max(iat) <= now.saturating_add(LEEWAY_SECONDS);
        (has_begun && now < exp).then_some(claims)
    }
}
