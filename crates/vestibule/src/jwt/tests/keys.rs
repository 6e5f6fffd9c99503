//! Keys: what is published is what the standards say and nothing of the private half, and a set of hostile keys makes
//! nobody panic and no token good.

use secrecy::SecretSlice;
use serde_json::from_value;

use super::*;

/// The private and the public key of RFC 8032, section 7.1, test 1, which RFC 8037 uses as well.
const PRIVATE: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// The public key of RFC 7515, appendix A.3.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

fn known_key() -> Key {
    install();
    let hex = format!("302e020100300506032b657004220420{PRIVATE}"); // PKCS#8 (RFC 8410)
    let byte = |place: usize| u8::from_str_radix(&hex[place..place + 2], 16).unwrap();
    let pkcs8: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    let pair = KeyPair::read(SigningAlgorithm::EdDsa, SecretSlice::from(pkcs8)).unwrap();
    Key { kid: SigningKeyId::fresh(now(), &Random::seeded(1)), pair }
}

#[test]
fn a_signature_is_that_of_the_standard() {
    let signed = known_key().sign_text(r#"{"alg":"EdDSA"}"#, "Example of Ed25519 signing");
    let (_, signature) = signed.rsplit_once('.').unwrap();
    // RFC 8037, appendix A.4
    let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(signature, expected);
}

#[test]
fn a_key_is_published_as_the_standards_say() {
    let ed = known_key();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": PUBLIC, "use": "sig", "alg": "EdDSA", "kid": ed.kid});
    assert_eq!(serde_json::to_value(ed.published()).unwrap(), jwk);
    let point = jsonwebtoken::DecodingKey::from_ec_components(X, Y).unwrap();
    let es = published(ed.kid, SigningAlgorithm::Es256, point.try_get_as_bytes().unwrap()).unwrap();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "use": "sig", "alg": "ES256", "kid": ed.kid});
    assert_eq!(serde_json::to_value(&es).unwrap(), jwk);
    let set = serde_json::to_value(JwkSet { keys: vec![es] }).unwrap();
    assert_eq!(set, json!({ "keys": [jwk] }));
}

#[test]
fn a_published_set_read_back_verifies() {
    let [ed, es] = EACH.map(Key::fresh);
    let text = serde_json::to_string(&JwkSet { keys: vec![ed.published(), es.published()] }).unwrap();
    let verifier = AccessTokenVerifier::new(ISSUER, AUDIENCE, &serde_json::from_str(&text).unwrap());
    for key in [ed, es] {
        assert!(verifier.knows(&key.kid.to_string()) && verifier.verify(&key.good(), now()).is_some());
    }
    assert!(!verifier.knows(""));
}

#[test]
fn the_private_half_is_never_shown() {
    for key in EACH.map(Key::fresh).into_iter().chain([known_key()]) {
        let private = key.pair.private();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let digits = |bytes: &[u8]| format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
        let verifier = verifier(&[&key]);
        let shown = format!("{:?} {verifier:?} {}", key.pair, json!(key.published()));
        // Somewhere in there is the seed or the scalar, of 32 bytes; the public half may be as well, and is no secret.
        for piece in private.windows(8).filter(|piece| !key.pair.public().windows(8).any(|public| public == *piece)) {
            for told in [hex(piece), hex(piece).to_uppercase(), digits(piece), base64url(piece)[..10].to_owned()] {
                assert!(!shown.contains(&told), "{told} in {shown}");
            }
        }
        assert!(shown.contains("REDACTED"), "{shown}");
        let jwk = serde_json::to_value(key.published()).unwrap();
        assert!(["d", "k", "p", "q"].iter().all(|name| jwk.get(name).is_none()), "{jwk}");
    }
}

#[test]
fn a_private_key_that_is_none_is_an_error() {
    install();
    let [ed, es] = EACH.map(Key::fresh);
    for (algorithm, other) in [(SigningAlgorithm::EdDsa, &es), (SigningAlgorithm::Es256, &ed)] {
        let own = if algorithm == SigningAlgorithm::EdDsa { &ed } else { &es };
        let whole = own.pair.private();
        for bytes in [other.pair.private(), b"", b"moss", &whole[1..], &whole[..whole.len() - 1]] {
            assert!(KeyPair::read(algorithm, SecretSlice::from(bytes.to_vec())).is_err());
        }
        assert_eq!(KeyPair::read(algorithm, SecretSlice::from(whole.to_vec())).unwrap().public(), own.pair.public());
        for bytes in [&b""[..], b"moss", &[4; 64], &[2; 33], &[9; 65]] {
            assert!(published(own.kid, algorithm, bytes).is_err(), "{bytes:?}");
        }
    }
}

/// One of our keys as others might publish it, to no good.
fn hostile(key: &Key, other: &Key) -> Vec<Value> {
    let own = serde_json::to_value(key.published()).unwrap();
    let foreign = serde_json::to_value(other.published()).unwrap();
    let x = own["x"].as_str().unwrap();
    let edited = |name: &str, value: Value| with(own.clone(), name, value);
    let mut all: Vec<Value> = [
        "",
        "A",
        "====",
        "é",
        &x[..42],
        &x[1..],
        &format!("{x}A"),
        &format!("{x}="),
        &"A".repeat(43),
        &"_".repeat(43),
        &"A".repeat(100_000),
    ]
    .iter()
    .map(|text| edited("x", json!(text)))
    .collect();
    all.extend(["", "oct", "RSA", "EC2", "AKP"].iter().map(|kty| edited("kty", json!(kty))));
    all.extend(["P-384", "P-521", "X25519", "Ed448", "secp256k1"].iter().map(|crv| edited("crv", json!(crv))));
    all.extend(["HS256", "RS256", "none", ""].iter().map(|alg| edited("alg", json!(alg))));
    all.extend([edited("alg", foreign["alg"].clone()), edited("crv", foreign["crv"].clone())]);
    all.extend([edited("kty", foreign["kty"].clone()), edited("use", json!("enc")), edited("use", json!(""))]);
    all.extend([edited("kid", json!("another")), without(own.clone(), "kid")]);
    all.push(json!({"kty": "RSA", "n": x, "e": "AQAB", "alg": "RS256", "kid": key.kid}));
    all.push(json!({"kty": "RSA", "n": "", "e": "", "kid": key.kid}));
    all.push(json!({"kty": "oct", "k": x, "alg": "HS256", "kid": key.kid}));
    all.push(json!({"kid": key.kid}));
    all.push(with(foreign.clone(), "kid", json!(key.kid)));
    if let Some(y) = own.get("y").and_then(Value::as_str) {
        let moved = |x: String, y: String| with(edited("x", json!(x)), "y", json!(y));
        all.extend(["", &y[..42], x, &"A".repeat(43)].iter().map(|text| edited("y", json!(text))));
        all.extend([moved(y.to_owned(), x.to_owned()), moved(format!("{x}{y}"), String::new())]);
        let point = &key.pair.public()[1..];
        all.extend([31, 33, 63].map(|begin| moved(base64url(&point[..begin]), base64url(&point[begin..]))));
        all.extend([moved("A".repeat(43), "A".repeat(43)), without(own.clone(), "y")]);
    }
    all
}

#[test]
fn hostile_keys_make_no_token_good_and_nobody_panic() {
    let [ed, es] = EACH.map(Key::fresh);
    for (key, other) in [(&ed, &es), (&es, &ed)] {
        for jwk in hostile(key, other) {
            let set: JwkSet = from_value(json!({ "keys": [jwk] })).unwrap();
            let verifier = AccessTokenVerifier::new(ISSUER, AUDIENCE, &set);
            assert!(verifier.verify(&key.good(), now()).is_none(), "{jwk}");
            let says_other = with(key.header(), "alg", json!(other.pair.algorithm().as_str()));
            assert!(verifier.verify(&key.sign(&says_other, &claims()), now()).is_none(), "{jwk}");
        }
    }
}

#[test]
fn keys_that_cannot_be_read_are_left_out_of_their_set() {
    let [ed, es] = EACH.map(Key::fresh);
    for (key, other) in [(&ed, &es), (&es, &ed)] {
        let kid = key.kid.to_string();
        let usable = |jwk: &Value| verifier_of(std::slice::from_ref(jwk)).knows(&kid);
        let unusable: Vec<Value> = hostile(key, other).into_iter().filter(|jwk| !usable(jwk)).collect();
        assert!(unusable.len() > 20, "{}", unusable.len());
        let set: Vec<Value> = unusable.into_iter().chain([json!(key.published())]).collect();
        assert!(verifier_of(&set).verify(&key.good(), now()).is_some());
    }
}

#[test]
fn of_two_keys_of_one_name_the_first_counts() {
    for algorithm in EACH {
        let (ours, forged) = (Key::fresh(algorithm), Key::fresh(algorithm));
        let same_name = with(json!(forged.published()), "kid", json!(ours.kid));
        let by_forged = forged.sign(&ours.header(), &claims());
        let verifier = verifier_of(&[json!(ours.published()), same_name]);
        assert!(verifier.verify(&ours.good(), now()).is_some());
        assert!(verifier.verify(&by_forged, now()).is_none());
    }
}

#[test]
fn without_keys_nothing_is_good() {
    let key = Key::fresh(SigningAlgorithm::EdDsa);
    assert!(verifier_of(&[]).verify(&key.good(), now()).is_none());
}

fn verifier_of(keys: &[Value]) -> AccessTokenVerifier {
    AccessTokenVerifier::new(ISSUER, AUDIENCE, &from_value(json!({ "keys": keys })).unwrap())
}
