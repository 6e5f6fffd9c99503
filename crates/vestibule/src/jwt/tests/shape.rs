//! The text of a token: whatever is not exactly what was signed is refused, and no text panics.

use proptest::prelude::*;

use super::*;

#[test]
fn a_token_with_any_character_changed_or_missing_is_refused() {
    for key in EACH.map(Key::fresh) {
        let (good, verifier) = (key.good(), verifier(&[&key]));
        let refused = |token: &str| assert!(verifier.verify(token, now()).is_none(), "{token}");
        for place in 0..good.len() {
            refused(&good[..place]);
            refused(&good[place + 1..]);
            for other in ["A", "z", ".", "=", "\n", "é"] {
                let mut changed = good.clone();
                changed.replace_range(place..=place, other);
                assert!(changed == good || verifier.verify(&changed, now()).is_none(), "{changed}");
            }
        }
        for around in [format!(" {good}"), format!("{good} "), format!("Bearer {good}"), format!("{good}.{good}")] {
            refused(&around);
        }
    }
}

#[test]
fn base64_has_one_spelling() {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for key in EACH.map(Key::fresh) {
        let good = key.good();
        let last = ALPHABET.iter().position(|&digit| Some(&digit) == good.as_bytes().last()).unwrap();
        assert_eq!(last % 16, 0, "64 bytes leave four bits of the last digit unused");
        for unused in 1..16 {
            let alias = format!("{}{}", &good[..good.len() - 1], char::from(ALPHABET[last + unused]));
            assert!(!reads(&[&key], &alias), "{alias}");
        }
        let padded: Vec<String> = good.split('.').map(|part| format!("{part}=")).collect();
        let standard = good.replace('-', "+").replace('_', "/");
        for token in [padded.join("."), format!("{good}=="), standard] {
            assert!(token == good || !reads(&[&key], &token), "{token}");
        }
    }
}

#[test]
fn a_signature_of_another_form_is_refused() {
    let der = |half: &[u8]| [&[0x02, 33, 0][..], half].concat();
    for key in EACH.map(Key::fresh) {
        let good = key.good();
        let (message, _) = good.rsplit_once('.').unwrap();
        let pair = &key.pair;
        let text = jsonwebtoken::crypto::sign(message.as_bytes(), &pair.encoding(), pair.algorithm().in_jwt()).unwrap();
        let raw = jsonwebtoken::DecodingKey::from_ed_components(&text).unwrap();
        let raw = raw.try_get_as_bytes().unwrap().to_vec();
        let sequence = [&[0x30, 70][..], &der(&raw[..32]), &der(&raw[32..])].concat();
        let forms = [vec![0; 64], vec![0xff; 64], vec![], raw[..63].to_vec(), [&raw[..], &[0]].concat(), sequence];
        assert!(reads(&[&key], &format!("{message}.{}", base64url(&raw))));
        for form in forms {
            assert!(!reads(&[&key], &format!("{message}.{}", base64url(&form))), "{form:?}");
        }
    }
}

#[test]
fn a_giant_token_is_refused_unread() {
    let key = Key::fresh(SigningAlgorithm::EdDsa);
    let padded = |chars: usize| key.sign(&key.header(), &with(claims(), "padding", json!("x".repeat(chars))));
    let fits = padded(5_000);
    assert!(fits.len() <= 8192 && reads(&[&key], &fits));
    for giant in [padded(6_000), padded(1_000_000)] {
        assert!(giant.len() > 8192);
        assert_eq!((reads(&[&key], &giant), AccessTokenVerifier::kid_of(&giant)), (false, None));
    }
}

#[test]
fn claims_that_are_not_known_mean_nothing_and_those_that_are_come_once() {
    let key = Key::fresh(SigningAlgorithm::EdDsa);
    let more = with(with(claims(), "admin", json!(true)), "cnf", json!({"jkt": "x"}));
    assert!(key.reads(&key.header(), &more));
    let (header, said) = (key.header().to_string(), claims().to_string());
    let twice = |name: &str, value: &str| said.replacen('{', &format!("{{\"{name}\":{value},"), 1);
    for (name, value) in [("exp", "1"), ("sub", "\"018f0000-0000-7000-8000-0000000000ff\""), ("aud", "\"*\"")] {
        assert!(!reads(&[&key], &key.sign_text(&header, &twice(name, value))), "{name}");
    }
    let alg_twice = header.replacen('{', "{\"alg\":\"none\",", 1);
    assert!(!reads(&[&key], &key.sign_text(&alg_twice, &said)));
}

#[test]
fn claims_of_another_form_are_refused() {
    let key = Key::fresh(SigningAlgorithm::EdDsa);
    for name in ["sub", "jti", "sid", "sv", "groups", "amr"] {
        assert!(!key.reads(&key.header(), &without(claims(), name)), "{name} is missing");
        for odd in [json!(""), json!("x"), json!(-1.5), json!([1]), json!({}), Value::Null] {
            assert!(!key.reads(&key.header(), &with(claims(), name, odd.clone())), "{name}: {odd}");
        }
    }
    let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
    for text in ["", "null", "[]", "1", "\"x\"", "{}", "{", &deep] {
        assert!(!reads(&[&key], &key.sign_text(&key.header().to_string(), text)));
        assert!(!reads(&[&key], &key.sign_text(text, &claims().to_string())));
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let key = Key::fresh(SigningAlgorithm::EdDsa);
        for token in [text, parts.join(".")] {
            prop_assert!(!reads(&[&key], &token));
            prop_assert!(AccessTokenVerifier::kid_of(&token).is_none_or(|kid| kid != key.kid.to_string()));
        }
    }

    #[test]
    fn no_header_panics(header in "\\PC*", claims in "\\PC*") {
        let key = Key::fresh(SigningAlgorithm::EdDsa);
        prop_assert!(!reads(&[&key], &key.sign_text(&header, &claims)));
    }
}
