//! Tokens as an attacker would make them (RFC 8725): each differs from a good one in one thing, and is refused for it.
//! What is forged is signed by the right key wherever that makes it more tempting.

mod keys;
mod shape;

use serde_json::{Value, json};

use super::*;
use crate::random::Random;
use crate::time::Timestamp;

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "https://api.example.com";
/// The present, in seconds.
const NOW: i64 = 1_800_000_000;
const EACH: [SigningAlgorithm; 2] = [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256];

/// A key, and what it is called.
struct Key {
    kid: SigningKeyId,
    pair: KeyPair,
}

impl Key {
    fn fresh(algorithm: SigningAlgorithm) -> Key {
        install();
        let kid = SigningKeyId::fresh(now(), &Random::system());
        Key { kid, pair: KeyPair::fresh(algorithm).unwrap() }
    }

    fn published(&self) -> jsonwebtoken::jwk::Jwk {
        published(self.kid, self.pair.algorithm(), self.pair.public()).unwrap()
    }

    fn header(&self) -> Value {
        json!({"typ": TYPE, "alg": self.pair.algorithm().as_str(), "kid": self.kid})
    }

    /// A text with the signature of this key, whatever its header says.
    fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        let algorithm = self.pair.algorithm().in_jwt();
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.pair.encoding(), algorithm).unwrap();
        format!("{message}.{signature}")
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    fn good(&self) -> String {
        self.sign(&self.header(), &claims())
    }

    fn reads(&self, header: &Value, claims: &Value) -> bool {
        reads(&[self], &self.sign(header, claims))
    }
}

fn now() -> Timestamp {
    Timestamp(NOW * 1_000_000)
}

fn claims() -> Value {
    let id = |last: u8| format!("018f0000-0000-7000-8000-0000000000{last:02x}");
    json!({
        "iss": ISSUER, "sub": id(1), "aud": AUDIENCE, "exp": NOW + 900, "iat": NOW, "nbf": NOW, "jti": id(2),
        "sid": id(3), "sv": 4, "groups": ["administrators", "purchaser"], "amr": ["pwd", "otp", "mfa"],
    })
}

/// An object with another value of one name.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name).unwrap();
    object
}

fn verifier(keys: &[&Key]) -> AccessTokenVerifier {
    AccessTokenVerifier::new(ISSUER, AUDIENCE, &JwkSet { keys: keys.iter().map(|key| key.published()).collect() })
}

fn reads(keys: &[&Key], token: &str) -> bool {
    verifier(keys).verify(token, now()).is_some()
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = |three: &[u8]| {
        let bits = (0..3).fold(0_usize, |bits, place| bits << 8 | usize::from(*three.get(place).unwrap_or(&0)));
        (0..=three.len()).map(move |place| char::from(ALPHABET[bits >> (18 - 6 * place) & 63])).collect::<Vec<_>>()
    };
    bytes.chunks(3).flat_map(digits).collect()
}

#[test]
fn what_is_signed_reads_back_by_either_algorithm() {
    for algorithm in EACH {
        let key = Key::fresh(algorithm);
        let said: AccessClaims = serde_json::from_value(claims()).unwrap();
        let token = sign(&key.pair, key.kid, &said).unwrap();
        assert_eq!(verifier(&[&key]).verify(&token, now()), Some(said));
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(serde_json::to_value(header).unwrap(), key.header());
        assert_eq!(AccessTokenVerifier::kid_of(&token), Some(key.kid.to_string()));
        assert!(reads(&[&key], &key.good()), "the tests' own way of signing is as good");
    }
}

#[test]
fn a_token_that_says_it_needs_no_signature_is_refused() {
    for key in EACH.map(Key::fresh) {
        for none in ["none", "None", "NONE", "nOnE", "", " "] {
            let signed = key.sign(&with(key.header(), "alg", json!(none)), &claims());
            let (message, _) = signed.rsplit_once('.').unwrap();
            for token in [signed.clone(), format!("{message}."), message.to_owned()] {
                assert!(!reads(&[&key], &token), "{none:?}: {token}");
            }
        }
        for absent in [without(key.header(), "alg"), with(key.header(), "alg", Value::Null)] {
            assert!(!key.reads(&absent, &claims()), "{absent}");
        }
        let good = key.good();
        let (message, signature) = good.rsplit_once('.').unwrap();
        for stripped in [format!("{message}."), message.to_owned(), format!("{message}.{signature}.")] {
            assert!(!reads(&[&key], &stripped), "{stripped}");
        }
    }
}

#[test]
fn a_public_key_is_nobodys_secret() {
    use hmac::{Hmac, KeyInit as _, Mac as _};

    for key in EACH.map(Key::fresh) {
        let jwk = serde_json::to_value(key.published()).unwrap();
        let texts = [jwk["x"].as_str().unwrap().to_owned(), jwk.to_string(), key.kid.to_string(), String::new()];
        let secrets = texts.iter().map(|text| text.as_bytes()).chain([key.pair.public()]);
        for secret in secrets {
            let header = with(key.header(), "alg", json!("HS256")).to_string();
            let message = format!("{}.{}", base64url(header.as_bytes()), base64url(claims().to_string().as_bytes()));
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
            mac.update(message.as_bytes());
            let token = format!("{message}.{}", base64url(&mac.finalize().into_bytes()));
            assert!(!reads(&[&key], &token));
        }
    }
}

#[test]
fn a_key_verifies_by_its_own_algorithm_alone() {
    let [ed, es] = EACH.map(Key::fresh);
    let both = [&ed, &es];
    assert!(both.iter().all(|key| reads(&both, &key.good())));
    for (one, other) in [(&ed, &es), (&es, &ed)] {
        let says = |kid: &Key, alg: &Key| json!({"typ": TYPE, "alg": alg.pair.algorithm().as_str(), "kid": kid.kid});
        for header in [says(other, one), says(one, other), says(other, other)] {
            assert!(!reads(&both, &one.sign(&header, &claims())), "{header}");
        }
        for alg in ["RS256", "PS256", "ES384", "ES512", "HS256", "eddsa", "es256", "EdDSA ", "Ed25519"] {
            assert!(!one.reads(&with(one.header(), "alg", json!(alg)), &claims()), "{alg}");
        }
    }
}

#[test]
fn a_token_names_one_of_our_keys_and_is_signed_by_it() {
    for algorithm in EACH {
        let (ours, also_ours, forged) = (Key::fresh(algorithm), Key::fresh(algorithm), Key::fresh(algorithm));
        let both = [&ours, &also_ours];
        assert!(both.iter().all(|key| reads(&both, &key.good())));
        assert!(!reads(&both, &forged.good()), "a key that is not ours");
        let named = |kid: Value| with(ours.header(), "kid", kid);
        assert!(!reads(&both, &forged.sign(&ours.header(), &claims())), "a key that is not ours, by our name");
        assert!(!reads(&both, &ours.sign(&named(json!(also_ours.kid)), &claims())), "another of our keys");
        let upper = ours.kid.to_string().to_uppercase();
        for kid in [json!(""), json!(upper), json!("../../dev/null"), json!("' OR 1=1"), json!(0), Value::Null] {
            assert!(!ours.reads(&named(kid.clone()), &claims()), "{kid}");
        }
        assert!(!ours.reads(&without(ours.header(), "kid"), &claims()), "no name");
    }
}

#[test]
fn a_key_that_comes_with_a_token_is_not_looked_at() {
    for algorithm in EACH {
        let (ours, forged) = (Key::fresh(algorithm), Key::fresh(algorithm));
        let jwk = serde_json::to_value(forged.published()).unwrap();
        let renamed = with(jwk.clone(), "kid", json!(ours.kid));
        let brought = [
            ("jwk", jwk),
            ("jwk", renamed),
            ("jku", json!("https://evil.example.com/jwks.json")),
            ("x5u", json!("https://evil.example.com/cert.pem")),
            ("x5c", json!(["MIIB"])),
        ];
        for (name, value) in brought {
            for kid in [json!(ours.kid), json!(forged.kid)] {
                let header = with(with(ours.header(), "kid", kid), name, value.clone());
                assert!(!reads(&[&ours], &forged.sign(&header, &claims())), "{header}");
            }
        }
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    for key in EACH.map(Key::fresh) {
        for crit in [json!(["exp"]), json!(["b64"]), json!(["urn:example:unknown"]), json!([])] {
            let header = with(with(key.header(), "crit", crit), "b64", json!(false));
            assert!(!key.reads(&header, &claims()), "{header}");
        }
    }
}

#[test]
fn another_kind_of_token_is_refused() {
    for key in EACH.map(Key::fresh) {
        for typ in ["JWT", "jwt", "", "at+jwt ", "id+jwt", "dpop+jwt", "secevent+jwt", "at"] {
            assert!(!key.reads(&with(key.header(), "typ", json!(typ)), &claims()), "{typ}");
        }
        assert!(!key.reads(&without(key.header(), "typ"), &claims()));
        assert!(key.reads(&with(key.header(), "typ", json!("AT+JWT")), &claims()), "media types have no case");
    }
}

#[test]
fn a_time_is_a_number_of_seconds_and_nothing_else() {
    let key = Key::fresh(SigningAlgorithm::EdDsa);
    let odd = [
        json!(NOW as f64 + 800.5),
        json!((NOW + 800) as f64),
        json!((NOW + 800).to_string()),
        json!(1e30),
        json!(u64::MAX),
        json!(-1),
        json!(i64::MIN),
        json!(true),
        json!([NOW + 800]),
        json!({"seconds": NOW}),
        Value::Null,
    ];
    for name in ["exp", "nbf", "iat"] {
        assert!(!key.reads(&key.header(), &without(claims(), name)), "{name} is missing");
        for value in &odd {
            if name == "iat" && value.as_i64().is_some() {
                continue; // any time in the past will do
            }
            assert!(!key.reads(&key.header(), &with(claims(), name, value.clone())), "{name}: {value}");
        }
    }
}

#[test]
fn a_token_is_good_from_its_beginning_until_its_end() {
    let key = Key::fresh(SigningAlgorithm::EdDsa);
    let reads = |name: &str, seconds: i64| key.reads(&key.header(), &with(claims(), name, json!(seconds)));
    let seen = |name, each: [i64; 4]| each.map(|seconds| reads(name, seconds));
    assert_eq!(seen("exp", [0, NOW - 1, NOW, NOW + 1]), [false, false, false, true]);
    for name in ["nbf", "iat"] {
        assert_eq!(seen(name, [0, NOW + 60, NOW + 61, i64::MAX]), [true, true, false, false], "{name}");
    }
    let eternal = key.sign(&key.header(), &with(claims(), "exp", json!(i64::MAX)));
    let at = |micros| verifier(&[&key]).verify(&eternal, Timestamp(micros)).is_some();
    assert_eq!([i64::MIN, -1, 0, now().0, i64::MAX].map(at), [false, false, false, true, true]);
}

#[test]
fn a_token_of_or_for_somebody_else_is_refused() {
    let key = Key::fresh(SigningAlgorithm::EdDsa);
    for (name, ours) in [("iss", ISSUER), ("aud", AUDIENCE)] {
        assert!(!key.reads(&key.header(), &without(claims(), name)), "{name} is missing");
        let others = [
            json!("https://evil.example.com"),
            json!(format!("{ours}/")),
            json!(format!("{ours}.evil.example.com")),
            json!(ours.to_uppercase()),
            json!(format!(" {ours}")),
            json!(""),
            json!([ours]),
            json!([ours, "https://evil.example.com"]),
            json!([]),
            json!({"is": ours}),
            Value::Null,
        ];
        for other in others {
            assert!(!key.reads(&key.header(), &with(claims(), name, other.clone())), "{name}: {other}");
        }
    }
    assert!(!key.reads(&key.header(), &with(with(claims(), "iss", json!(AUDIENCE)), "aud", json!(ISSUER))), "swapped");
}
