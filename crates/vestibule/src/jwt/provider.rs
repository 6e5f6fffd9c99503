//! The cryptography under the JWTs, from ring: EdDSA and ES256, and nothing else. What is not one of the two is refused
//! before any key is looked at.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::jwk::{EllipticCurve, ThumbprintHash};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use secrecy::{ExposeSecret as _, SecretSlice};

use super::SigningAlgorithm;
use crate::error::{Error, Result};

/// A pair of keys to sign with; the private half is wiped and never shown.
#[derive(Clone, Debug)]
pub(crate) struct KeyPair {
    algorithm: SigningAlgorithm,
    pkcs8: SecretSlice<u8>,
    public: Vec<u8>,
}

enum Signing {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
}

struct Verifying {
    algorithm: Algorithm,
    key: DecodingKey,
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Signing::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        if key.family() != algorithm.family() {
            return Err(ErrorKind::InvalidKeyFormat.into());
        }
        Ok(Box::new(Verifying { algorithm: *algorithm, key: key.clone() }))
    },
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Err(ErrorKind::UnsupportedAlgorithm.into()),
        rsa_pub_components_from_public_key: |_| Err(ErrorKind::UnsupportedAlgorithm.into()),
        ec_pub_components_from_private_key: |key, _| match Signing::new(Algorithm::ES256, key)? {
            Signing::Es256(pair) => {
                let point = pair.public_key().as_ref();
                Ok((EllipticCurve::P256, point[1..33].to_vec(), point[33..65].to_vec()))
            }
            Signing::EdDsa(_) => Err(ErrorKind::InvalidEcdsaKey.into()),
        },
        ed_pub_components_from_private_key: |key, _| match Signing::new(Algorithm::EdDSA, key)? {
            Signing::EdDsa(pair) => Ok(pair.public_key().as_ref().to_vec()),
            Signing::Es256(_) => Err(ErrorKind::InvalidEddsaKey.into()),
        },
        compute_digest: |bytes, hash| match hash == ThumbprintHash::SHA256 {
            true => Ok(digest::digest(&digest::SHA256, bytes).as_ref().to_vec()),
            false => Err(ErrorKind::UnsupportedAlgorithm.into()),
        },
    },
};

/// Makes this the process's cryptography for JWTs, unless the program around us chose one already.
pub(crate) fn install() {
    _ = PROVIDER.install_default(); // another one is as good
}

impl KeyPair {
    /// A fresh pair, by the operating system's randomness.
    pub(crate) fn fresh(algorithm: SigningAlgorithm) -> Result<KeyPair> {
        let random = SystemRandom::new();
        let unmade = |_| Error::internal("the operating system gave no randomness for a signing key");
        let pkcs8 = match algorithm {
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random).map_err(unmade)?,
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(unmade)?
            }
        };
        KeyPair::read(algorithm, SecretSlice::from(pkcs8.as_ref().to_vec()))
    }

    /// The pair in a private key (PKCS#8).
    pub(crate) fn read(algorithm: SigningAlgorithm, pkcs8: SecretSlice<u8>) -> Result<KeyPair> {
        let signing = Signing::new(algorithm.in_jwt(), pkcs8.expose_secret()).map_err(Error::internal)?;
        let public = match &signing {
            Signing::EdDsa(pair) => pair.public_key().as_ref().to_vec(),
            Signing::Es256(pair) => pair.public_key().as_ref().to_vec(),
        };
        Ok(KeyPair { algorithm, pkcs8, public })
    }

    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The public half: 32 bytes, or an uncompressed point.
    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    /// The private half (PKCS#8), to be sealed.
    pub(crate) fn private(&self) -> &[u8] {
        self.pkcs8.expose_secret()
    }

    pub(super) fn encoding(&self) -> EncodingKey {
        match self.algorithm {
            SigningAlgorithm::EdDsa => EncodingKey::from_ed_der(self.pkcs8.expose_secret()),
            SigningAlgorithm::Es256 => EncodingKey::from_ec_der(self.pkcs8.expose_secret()),
        }
    }
}

impl Signing {
    fn new(algorithm: Algorithm, pkcs8: &[u8]) -> JwtResult<Signing> {
        if algorithm == Algorithm::EdDSA {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8);
            return pair.map(Signing::EdDsa).map_err(|_| ErrorKind::InvalidEddsaKey.into());
        }
        if algorithm == Algorithm::ES256 {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new());
            return pair.map(Signing::Es256).map_err(|_| ErrorKind::InvalidEcdsaKey.into());
        }
        Err(ErrorKind::UnsupportedAlgorithm.into())
    }
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match self {
            Signing::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Signing::Es256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| SignatureError::new())?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        match self {
            Signing::EdDsa(_) => Algorithm::EdDSA,
            Signing::Es256(_) => Algorithm::ES256,
        }
    }
}

impl Verifier<Vec<u8>> for Verifying {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let bytes = self.key.try_get_as_bytes().map_err(|_| SignatureError::new())?;
        let verified = if self.algorithm == Algorithm::EdDSA {
            UnparsedPublicKey::new(&ED25519, bytes).verify(message, signature)
        } else if self.algorithm == Algorithm::ES256 {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes).verify(message, signature)
        } else {
            return Err(SignatureError::new());
        };
        verified.map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
