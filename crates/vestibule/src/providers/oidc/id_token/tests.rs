//! ID tokens as an attacker would make them: each differs from a good one in one thing, and is refused for it.

mod rsa;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _,
};
use serde_json::json;

use super::*;
use crate::jwt::{base64url, foreign_keys};

const NOW: i64 = 1_800_000_000;
const EXPECTED: Expected<'static> =
    Expected { issuer: "https://login.example.com", client_id: "us", nonce: "n-0S6", now: NOW };

/// A provider with a key of each kind.
struct Signer {
    ed: Ed25519KeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
}

impl Signer {
    fn fresh() -> Signer {
        let random = SystemRandom::new();
        let ec = |rules: &'static EcdsaSigningAlgorithm| {
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(rules, &random).unwrap();
            EcdsaKeyPair::from_pkcs8(rules, pkcs8.as_ref(), &random).unwrap()
        };
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Signer {
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
            p256: ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
        }
    }

    fn published(&self) -> Value {
        let point = |kid: &str, curve: &str, pair: &EcdsaKeyPair| {
            let (x, y) = pair.public_key().as_ref()[1..].split_at((pair.public_key().as_ref().len() - 1) / 2);
            json!({"kty": "EC", "kid": kid, "crv": curve, "x": base64url(x), "y": base64url(y), "use": "sig"})
        };
        json!({"keys": [
            {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": base64url(self.ed.public_key().as_ref()), "alg": "EdDSA"},
            point("p256", "P-256", &self.p256),
            point("p384", "P-384", &self.p384),
            {"kty": "RSA", "kid": "rsa", "n": rsa::MODULUS, "e": "AQAB"},
            {"kty": "oct", "kid": "shared", "k": "c2hhcmVk"},
            "no key",
        ]})
    }

    fn keys(&self) -> Vec<ForeignKey> {
        foreign_keys(self.published().to_string().as_bytes()).unwrap()
    }

    /// A text with this header and these claims, signed by the key that the name says.
    fn sign(&self, with: &str, header: &Value, claims: &Value) -> String {
        let text = |part: &Value| base64url(part.to_string().as_bytes());
        let message = format!("{}.{}", text(header), text(claims));
        let ec = |pair: &EcdsaKeyPair| pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec();
        let signature = match with {
            "ed" => self.ed.sign(message.as_bytes()).as_ref().to_vec(),
            "p256" => ec(&self.p256),
            "p384" => ec(&self.p384),
            _ => Vec::new(),
        };
        format!("{message}.{}", base64url(&signature))
    }
}

fn claims(change: Value) -> Value {
    let mut claims = json!({"iss": EXPECTED.issuer, "sub": "ann", "aud": "us", "nonce": EXPECTED.nonce,
                            "exp": NOW + 300, "iat": NOW, "email": "ann@example.com", "email_verified": true});
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name)
        } else {
            claims[name] = value.clone();
            None
        };
    }
    claims
}

fn every_algorithm() -> Vec<String> {
    // What a provider publishes is not what is believed: the last three never are.
    ["EdDSA", "ES256", "ES384", "RS256", "PS256", "HS256", "none", "RS1"].map(str::to_owned).to_vec()
}

fn read(signer: &Signer, token: &str) -> Result<IdClaims, Unverified> {
    verify(token, (&every_algorithm(), &signer.keys()), &EXPECTED)
}

fn read_claims(change: Value) -> Result<IdClaims, Unverified> {
    let signer = Signer::fresh();
    read(&signer, &signer.sign("ed", &json!({"alg": "EdDSA", "kid": "ed"}), &claims(change)))
}

#[test]
fn a_good_token_says_who_somebody_is_under_every_algorithm() {
    let signer = Signer::fresh();
    for (alg, kid) in [("EdDSA", "ed"), ("ES256", "p256"), ("ES384", "p384")] {
        let token = signer.sign(kid, &json!({"alg": alg, "kid": kid}), &claims(json!({"auth_time": NOW - 5})));
        let read = read(&signer, &token).unwrap();
        assert_eq!((read.sub.as_str(), read.auth_time), ("ann", Some(NOW - 5)), "{alg}");
        assert!(read.person.is_email_verified());
    }
    for token in [rsa::RS256, rsa::PS256] {
        assert_eq!(read(&signer, token).unwrap().sub, "248289761001");
        let algorithms = ["EdDSA".to_owned()];
        let refused = verify(token, (&algorithms, &signer.keys()), &EXPECTED).unwrap_err();
        assert_eq!(refused, Unverified::Bad("id_token_algorithm"), "only what the provider publishes");
    }
}

#[test]
fn a_token_without_a_signature_or_under_a_public_key_as_secret_is_refused() {
    let signer = Signer::fresh();
    for alg in ["none", "None", "HS256", "RS1", ""] {
        let unsigned = signer.sign("nobody", &json!({"alg": alg, "kid": "ed"}), &claims(json!({})));
        assert_eq!(read(&signer, &unsigned).unwrap_err(), Unverified::Bad("id_token_algorithm"), "{alg:?}");
    }
    // The classic: the public key, which everybody has, as the shared secret.
    let (header, body) = (json!({"alg": "HS256", "kid": "rsa"}), claims(json!({})));
    let message = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(body.to_string().as_bytes()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, rsa::MODULUS.as_bytes());
    let forged = format!("{message}.{}", base64url(ring::hmac::sign(&key, message.as_bytes()).as_ref()));
    assert_eq!(read(&signer, &forged).unwrap_err(), Unverified::Bad("id_token_algorithm"));
}

#[test]
fn a_token_chooses_neither_its_key_nor_how_it_is_verified() {
    let signer = Signer::fresh();
    let body = claims(json!({}));
    let refused = |with: &str, header: Value| read(&signer, &signer.sign(with, &header, &body)).unwrap_err();
    assert_eq!(refused("ed", json!({"alg": "EdDSA", "kid": "other"})), Unverified::UnknownKey);
    assert_eq!(refused("ed", json!({"alg": "EdDSA", "kid": "p256"})), Unverified::UnknownKey);
    assert_eq!(refused("p256", json!({"alg": "ES384", "kid": "p384"})), Unverified::Bad("id_token_signature"));
    assert_eq!(refused("p256", json!({"alg": "ES256", "kid": "ed"})), Unverified::UnknownKey);
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&[9; 32])});
    assert_eq!(
        refused("nobody", json!({"alg": "EdDSA", "kid": "ed", "jwk": jwk})),
        Unverified::Bad("id_token_signature")
    );
    let critical = json!({"alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false});
    assert_eq!(refused("ed", critical), Unverified::Bad("id_token_malformed"));
    assert_eq!(refused("ed", json!({"kid": "ed"})), Unverified::Bad("id_token_malformed"));
    assert!(read(&signer, &signer.sign("ed", &json!({"alg": "EdDSA"}), &body)).is_ok(), "one key that it can mean");
    let twice = json!({"keys": [signer.published()["keys"][0], signer.published()["keys"][0]]});
    let twice = foreign_keys(twice.to_string().as_bytes()).unwrap();
    let unnamed = signer.sign("ed", &json!({"alg": "EdDSA"}), &body);
    let refused = verify(&unnamed, (&every_algorithm(), &twice), &EXPECTED).unwrap_err();
    assert_eq!(refused, Unverified::Bad("id_token_key_unnamed"));
}

#[test]
fn a_token_for_somebody_else_or_another_time_is_refused() {
    let refused = |change: Value, why: &'static str| {
        assert_eq!(read_claims(change.clone()).unwrap_err(), Unverified::Bad(why), "{change}");
    };
    for issuer in ["https://login.example.com/", "https://LOGIN.example.com", "http://login.example.com", ""] {
        refused(json!({"iss": issuer}), "id_token_issuer");
    }
    for audience in [json!("them"), json!(["them"]), json!(["us", "them"]), json!([]), json!("us ")] {
        refused(json!({"aud": audience}), "id_token_audience");
    }
    refused(json!({"azp": "them"}), "id_token_audience");
    refused(json!({"aud": ["us", "them"], "azp": "them"}), "id_token_audience");
    assert!(read_claims(json!({"aud": ["us", "them"], "azp": "us"})).is_ok());
    for nonce in [json!("n-0S7"), json!(""), Value::Null] {
        refused(json!({"nonce": nonce}), "id_token_nonce");
    }
    for change in [json!({"exp": NOW - 61}), json!({"iat": NOW + 61}), json!({"nbf": NOW + 61}), json!({"exp": 0})] {
        refused(change, "id_token_time");
    }
    assert!(read_claims(json!({"exp": NOW - 59, "iat": NOW + 59})).is_ok(), "clocks differ a little");
    for subject in ["", "a\nb", &"x".repeat(256)] {
        refused(json!({"sub": subject}), "id_token_subject");
    }
    for change in
        [json!({"exp": null}), json!({"iat": null}), json!({"sub": null}), json!({"sub": 7}), json!({"aud": null})]
    {
        refused(change, "id_token_malformed");
    }
}

#[test]
fn a_changed_token_is_refused() {
    let signer = Signer::fresh();
    let token = signer.sign("ed", &json!({"alg": "EdDSA", "kid": "ed"}), &claims(json!({})));
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(read(&signer, &changed).is_err(), "{place}");
    }
    for text in ["", ".", "..", "a.b.c", &token[..token.len() - 2], &format!("{token}."), &format!("{token}=")] {
        assert!(read(&signer, text).is_err(), "{text}");
    }
}

#[test]
fn an_address_is_verified_only_when_the_provider_says_so() {
    let is_verified = |said: Value| read_claims(json!({"email_verified": said})).unwrap().person.is_email_verified();
    assert!(is_verified(json!(true)) && is_verified(json!("true")));
    for said in [json!(false), json!("false"), json!(1), json!("yes"), json!("True"), Value::Null, json!([true])] {
        assert!(!is_verified(said.clone()), "{said}");
    }
    let unsaid = PersonClaims { email: Some("ann@example.com".to_owned()), ..PersonClaims::default() };
    let said = PersonClaims { email_verified: Some(Value::Bool(true)), ..PersonClaims::default() };
    assert!(!unsaid.or(said).is_email_verified(), "what one source says of its address proves nothing of another's");
}
