//! Access tokens that are none: forged, tampered with, of another issuer or for another audience, or late.

use std::time::Duration;

use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use serde_json::{Value, json};
use testkit::{PASSWORD, TestApp, TestDb, db_test};
use vestibule::{Caller, Config, Db, SignIn, SignInForm, Vestibule};

use crate::programs::{Tokens, is_live};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64url(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let padded = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        let digits = [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift) as usize & 63]));
        text.extend(digits.iter().take(chunk.len() + 1));
    }
    text
}

fn from_base64url(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let digit = |c: &u8| ALPHABET.iter().position(|known| known == c).expect("a digit of base64url");
        let bits = chunk.iter().fold(0, |bits, c| bits << 6 | digit(c)) << (6 * (4 - chunk.len()));
        bytes.extend(&u32::try_from(bits).expect("24 bits").to_be_bytes()[1..chunk.len()]);
    }
    bytes
}

/// A token in its parts.
struct Parts {
    header: Value,
    claims: Value,
    signature: String,
}

impl Parts {
    fn of(token: &str) -> Parts {
        let parts: Vec<&str> = token.split('.').collect();
        let read = |part: &str| serde_json::from_slice(&from_base64url(part)).expect("JSON");
        Parts { header: read(parts[0]), claims: read(parts[1]), signature: parts[2].to_owned() }
    }

    fn message(&self) -> String {
        format!("{}.{}", base64url(self.header.to_string().as_bytes()), base64url(self.claims.to_string().as_bytes()))
    }

    /// With the signature that it came with.
    fn unsigned(&self) -> String {
        format!("{}.{}", self.message(), self.signature)
    }

    /// With a signature of another key.
    fn signed(&self, key: &Ed25519KeyPair) -> String {
        let message = self.message();
        format!("{message}.{}", base64url(key.sign(message.as_bytes()).as_ref()))
    }

    fn with_header(mut self, name: &str, value: Value) -> Parts {
        self.header[name] = value;
        self
    }

    fn with_claim(mut self, name: &str, value: Value) -> Parts {
        self.claims[name] = value;
        self
    }
}

fn own_key() -> Ed25519KeyPair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key")
}

/// A token of the same accounts and keys, by an instance that is set up in another way.
async fn by_another(db: &TestDb, app: &TestApp, change: impl FnOnce(&mut Config)) -> String {
    let mut config = app.engine.config().clone();
    change(&mut config);
    let connection = Db::connect(&db.url).await.expect("the test's database opens");
    let builder = Vestibule::builder(connection, SecretSlice::from(vec![7; 32])).config(config);
    let builder = builder.clock(app.clock.clone()).random(app.engine.random().clone());
    let other = builder.build().await.expect("an engine can be built");
    let password = SecretString::from(PASSWORD);
    let form = SignInForm { identifier: "ann@example.com".into(), password, mfa_code: None };
    let issued = other.issue_tokens_by_password(&Caller::anonymous(), form).await.expect("an answer");
    let SignIn::Done(issued) = issued else { panic!("no tokens: {issued:?}") };
    issued.access_token.expose_secret().to_owned()
}

db_test!(a_token_that_we_did_not_sign_is_nobody, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let good = Tokens::by_password(&app, "ann@example.com").await.access;
    let parts = || Parts::of(&good);
    assert_eq!((&parts().header["alg"], &parts().header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    let published = app.get("/.well-known/jwks.json").await.json();
    let public = from_base64url(published["keys"][0]["x"].as_str().expect("a public key"));
    let hs256 = parts().with_header("alg", json!("HS256"));
    let mac = |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), hs256.message().as_bytes());
    let own = own_key();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(own.public_key().as_ref()), "kid": "mine"});
    let none = parts().with_header("alg", json!("none"));
    let elsewhere = || parts().with_header("jku", json!("https://evil.example/jwks.json"));
    let forged = [
        ("none, unsigned", format!("{}.", none.message())),
        ("none, with the signature", none.unsigned()),
        ("None", format!("{}.", parts().with_header("alg", json!("None")).message())),
        ("HS256 by the public key", format!("{}.{}", hs256.message(), base64url(mac(&public).as_ref()))),
        ("HS256 by nothing", format!("{}.{}", hs256.message(), base64url(mac(b"").as_ref()))),
        ("no signature", format!("{}.", parts().message())),
        ("another key under our name", parts().signed(&own)),
        ("another key under its name", parts().with_header("kid", json!("mine")).signed(&own)),
        ("a kid that is a path", parts().with_header("kid", json!("../../etc/passwd")).signed(&own)),
        ("a kid that is SQL", parts().with_header("kid", json!("' OR 1=1 --")).signed(&own)),
        ("a jku", elsewhere().signed(&own)),
        ("a jku, its kid", elsewhere().with_header("kid", json!("mine")).signed(&own)),
        ("a jwk", parts().with_header("jwk", jwk).with_header("kid", json!("mine")).signed(&own)),
        ("an x5u", parts().with_header("x5u", json!("https://evil.example/cert")).signed(&own)),
        ("another type", parts().with_header("typ", json!("JWT")).signed(&own)),
        ("another algorithm", parts().with_header("alg", json!("ES256")).unsigned()),
        ("two parts", good.rsplit_once('.').expect("three parts").0.to_owned()),
        ("four parts", format!("{good}.x")),
        ("dots", "..".to_owned()),
        ("a long one", format!("{good}{}", "A".repeat(10_000))),
    ];
    for (what, token) in &forged {
        assert!(!is_live(&app, token).await, "{what}");
    }
    assert!(is_live(&app, &good).await, "none of it harmed the good one");
});

db_test!(a_token_that_was_tampered_with_is_nobody, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.sign_up("ann@example.com").await;
    let good = Tokens::by_password(&app, "ann@example.com").await.access;
    let far = Parts::of(&good).claims["exp"].as_i64().expect("a number") + 3600;
    let rows = [
        ("sub", json!(root.account_id.to_string())),
        ("groups", json!(["administrators"])),
        ("iss", json!("https://evil.example")),
        ("aud", json!(["https://evil.example", "http://localhost:8080"])),
        ("exp", json!(far)),
        ("exp", json!(far.to_string())),
        ("exp", json!(-1)),
        ("exp", json!(0)),
        ("exp", json!(1e300)),
        ("exp", json!(null)),
        ("exp", json!("never")),
        ("sv", json!(99)),
    ];
    for (claim, value) in rows {
        let tampered = Parts::of(&good).with_claim(claim, value.clone());
        assert!(!is_live(&app, &tampered.unsigned()).await, "{claim}: {value}");
        assert!(!is_live(&app, &tampered.signed(&own_key())).await, "{claim}: {value}, signed anew");
    }
    assert!(is_live(&app, &good).await);
});

db_test!(a_token_of_another_issuer_or_for_another_audience_is_nobody, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let alike = by_another(&db, &app, |_| {}).await;
    assert!(is_live(&app, &alike).await, "its keys are ours");
    let of = by_another(&db, &app, |config| {
        config.tokens.audience = Some("http://localhost:8080".into());
        config.public_url = "https://elsewhere.example".parse().expect("a URL");
    });
    let of = of.await;
    assert_eq!(Parts::of(&of).claims["iss"], "https://elsewhere.example");
    assert!(!is_live(&app, &of).await, "another issuer");
    let meant = by_another(&db, &app, |config| config.tokens.audience = Some("https://billing.example".into())).await;
    assert_eq!(Parts::of(&meant).claims["aud"], "https://billing.example");
    assert!(!is_live(&app, &meant).await, "another audience");
});

db_test!(a_token_ends_to_the_second, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let tokens = Tokens::by_password(&app, "ann@example.com").await;
    app.clock.advance(Duration::from_secs(15 * 60 - 1));
    assert!(tokens.is_live(&app).await);
    app.clock.advance(Duration::from_secs(1));
    assert!(!tokens.is_live(&app).await);
});
