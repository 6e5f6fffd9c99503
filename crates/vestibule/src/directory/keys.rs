//! Public keys of members: 64 digits of lower-case hexadecimal, canonical, and not of low order. Two texts are never one
//! key, and no key is one with which everybody signs or agrees.

use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::code::Code;
use crate::db::sql_newtype;

/// 2^255 - 19, little-endian: coordinates are below it.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};
/// How much of its hash a key is compared by.
const FINGERPRINT_BYTES: usize = 16;
/// The bit above a coordinate: a sign in Ed25519, nothing in X25519.
const TOP_BIT: u8 = 0x80;

macro_rules! public_key {
    ($(#[$doc:meta])* $name:ident, $is_good:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Reads a key.
            pub fn parse(text: &str) -> Result<$name, Code> {
                let bytes = unhex(text).ok_or(Code::PublicKeyInvalid)?;
                if $is_good(&bytes) { Ok($name(bytes)) } else { Err(Code::PublicKeyInvalid) }
            }

            /// Its bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// In hexadecimal.
            pub fn to_hex(self) -> String {
                hex(&self.0)
            }

            fn stored(&self) -> String {
                self.to_hex()
            }

            fn from_stored(text: String) -> Result<$name, &'static str> {
                $name::parse(&text).map_err(|_| "a public key is 64 digits, canonical and not of low order")
            }
        }

        sql_newtype!($name as String, $name::stored, $name::from_stored);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

public_key! {
    /// An Ed25519 public key (RFC 8032): what a member is known by, and what its signatures are checked with.
    SignPub, is_good_signing_key
}

public_key! {
    /// An X25519 public key (RFC 7748): what others encrypt to.
    KexPub, is_good_agreement_key
}

impl SignPub {
    /// What people compare it by: the first 16 bytes of the SHA-256 of its 32, as eight groups of four digits.
    pub fn fingerprint(&self) -> String {
        let hash = Sha256::digest(self.0);
        let groups: Vec<String> = hash[..FINGERPRINT_BYTES].chunks(2).map(hex).collect();
        groups.join(" ")
    }

    /// Whether this is its holder's signature of a text: 128 digits of lower-case hexadecimal, checked strictly.
    pub(crate) fn has_signed(&self, text: &str, signature: &str) -> bool {
        let Some(signature) = unhex::<64>(signature) else { return false };
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        key.verify_strict(text.as_bytes(), &ed25519_dalek::Signature::from_bytes(&signature)).is_ok()
    }
}

fn is_good_signing_key(bytes: &[u8; 32]) -> bool {
    let mut y = *bytes;
    y[31] &= !TOP_BIT;
    is_below_p(&y) && VerifyingKey::from_bytes(bytes).is_ok_and(|key| !key.is_weak())
}

fn is_good_agreement_key(bytes: &[u8; 32]) -> bool {
    // Every scalar is a multiple of eight, which takes a point of low order to nothing.
    let agreed = || StaticSecret::from([1; 32]).diffie_hellman(&PublicKey::from(*bytes));
    is_below_p(bytes) && agreed().was_contributory()
}

/// Whether a little-endian number is below the prime, its top bit included.
fn is_below_p(bytes: &[u8; 32]) -> bool {
    bytes.iter().rev().lt(P.iter().rev())
}

/// The bytes that exactly so many digits of lower-case hexadecimal stand for.
fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    /// The points of order 1, 2, 4 and 8 on Ed25519, canonical ones and others.
    const LOW_ED25519: [&str; 8] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ];
    /// The points of low order on Curve25519 and on its twist (RFC 7748, section 6.1).
    const LOW_X25519: [&str; 5] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    /// Coordinates that are not below the prime: it, some above it, and all with the bit above a coordinate.
    const NOT_CANONICAL: [&str; 5] = [
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];

    fn signing(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    #[test]
    fn a_key_of_somebody_reads_back() {
        for seed in 0..50 {
            let sign = hex(signing(seed).verifying_key().as_bytes());
            assert_eq!(SignPub::parse(&sign).expect("a key").to_string(), sign);
            let kex = hex(PublicKey::from(&StaticSecret::from([seed; 32])).as_bytes());
            assert_eq!(KexPub::parse(&kex).expect("a key").to_string(), kex);
        }
    }

    #[test]
    fn a_fingerprint_is_the_half_of_a_hash_in_groups_of_four() {
        // RFC 8032, section 7.1, test 1; its hash by sha256sum.
        let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let fingerprint = SignPub::parse(key).expect("a key").fingerprint();
        assert_eq!(fingerprint, "21fe 31df a154 a261 626b f854 046f d227");
    }

    #[test]
    fn keys_of_low_order_are_refused() {
        for text in LOW_ED25519 {
            assert_eq!(SignPub::parse(text), Err(Code::PublicKeyInvalid), "{text}");
        }
        for text in LOW_X25519 {
            assert_eq!(KexPub::parse(text), Err(Code::PublicKeyInvalid), "{text}");
        }
    }

    #[test]
    fn keys_written_in_another_way_are_refused() {
        let good = hex(signing(1).verifying_key().as_bytes());
        let kex = hex(PublicKey::from(&StaticSecret::from([1; 32])).as_bytes());
        for text in NOT_CANONICAL {
            assert_eq!(SignPub::parse(text), Err(Code::PublicKeyInvalid), "{text}");
            assert_eq!(KexPub::parse(text), Err(Code::PublicKeyInvalid), "{text}");
        }
        let mut top_bit = unhex::<32>(&kex).expect("digits");
        top_bit[31] |= TOP_BIT;
        assert!(KexPub::parse(&hex(&top_bit)).is_err());
        let not_on_the_curve = "0200000000000000000000000000000000000000000000000000000000000000";
        let ill = [&good.to_uppercase(), &good[..63], &format!("{good}0"), &format!("0x{}", &good[2..]), "", "é"];
        for text in ill.into_iter().chain([not_on_the_curve]) {
            assert_eq!(SignPub::parse(text), Err(Code::PublicKeyInvalid), "{text}");
        }
        for text in [&kex.to_uppercase(), &kex[..63], &format!("{kex}0"), &format!(" {}", &kex[1..]), ""] {
            assert_eq!(KexPub::parse(text), Err(Code::PublicKeyInvalid), "{text}");
        }
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_text() {
        let (ann, bob) = (signing(1), signing(2));
        let key = |of: &SigningKey| SignPub::parse(&hex(of.verifying_key().as_bytes())).expect("a key");
        let signature = hex(&ann.sign(b"moss").to_bytes());
        assert!(key(&ann).has_signed("moss", &signature));
        assert!(!key(&bob).has_signed("moss", &signature));
        assert!(!key(&ann).has_signed("Moss", &signature));
        let mut changed = unhex::<64>(&signature).expect("digits");
        changed[63] |= 0xe0; // a scalar that is not reduced
        for text in [&hex(&changed), &signature[2..], &signature.to_uppercase(), ""] {
            assert!(!key(&ann).has_signed("moss", text), "{text}");
        }
    }
}
