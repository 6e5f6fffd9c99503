//! Access tokens in somebody else's hands (PyJWT), who knows our public keys and nothing more.

use std::process::{Command, Output};

use reqwest::Client;
use serde_json::{Value, json};
use testkit::{Server, TestDb, python, sink_test};

use crate::node::{command, node_with, post, sign_up};

/// Verifies a token by the keys that are published, and prints what it says; or fails.
const VERIFY: &str = "import json, sys, jwt
keys, token, issuer, audience = sys.argv[1:]
key = next(key for key in jwt.PyJWKSet.from_json(keys).keys if key.key_id == jwt.get_unverified_header(token)['kid'])
claims = jwt.decode(token, key.key, algorithms=['EdDSA', 'ES256'], issuer=issuer, audience=audience,
                    options={'require': ['exp', 'nbf', 'iss', 'aud', 'sub']})
assert jwt.get_unverified_header(token)['typ'] == 'at+jwt'
print(json.dumps(claims))";

fn verify(keys: &str, token: &str, issuer: &str, audience: &str) -> Output {
    Command::new(python()).args(["-c", VERIFY, keys, token, issuer, audience]).output().expect("Python starts")
}

async fn keys(client: &Client, server: &Server) -> String {
    let answer = client.get(format!("{}/.well-known/jwks.json", server.url())).send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["cache-control"].as_bytes()),
        (200, &b"public, max-age=60"[..])
    );
    answer.text().await.expect("text")
}

async fn access_token(client: &Client, server: &Server, session: &str) -> String {
    let request = client.post(format!("{}/api/v1/token", server.url())).bearer_auth(session);
    let answer = request.json(&json!({"grant_type": "session"})).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.expect("JSON");
    body["access_token"].as_str().expect("a token").to_owned()
}

/// Verifies tokens from before and after a rotation by keys from before and after it.
async fn verifies(db: TestDb, algorithm: &str) {
    let audience = "https://api.example.com";
    let settings = [("VESTIBULE_TOKENS_ALGORITHM", algorithm), ("VESTIBULE_TOKENS_AUDIENCE", audience)];
    let server = node_with(&db, &settings).await;
    let (client, issuer) = (Client::new(), server.url());
    let issuer = issuer.as_str();
    let session = sign_up(&client, &server.url(), "ann@example.com").await;
    let (old, old_keys) = (access_token(&client, &server, &session).await, keys(&client, &server).await);
    let said = verify(&old_keys, &old, issuer, audience);
    let claims: Value = serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(issuer), &json!(audience)));
    assert_eq!(claims["groups"], json!(["members"]));

    command(&db, &["keys", "rotate"]);
    let (new, new_keys) = (access_token(&client, &server, &session).await, keys(&client, &server).await);
    assert!(verify(&new_keys, &new, issuer, audience).status.success(), "the new key is published");
    assert!(verify(&new_keys, &old, issuer, audience).status.success(), "and the old one still is");
    assert!(!verify(&old_keys, &new, issuer, audience).status.success(), "which did not sign");
    let (head, rest) = new.split_once('.').expect("a header");
    let other = old.split('.').next_back().expect("a signature");
    let body = rest.split('.').next().expect("a body");
    for (token, issuer, audience) in [
        (format!("{head}.{body}.{other}"), issuer, audience),
        (new.clone(), "https://evil.example", audience),
        (new.clone(), issuer, "https://other.example.com"),
    ] {
        assert!(!verify(&new_keys, &token, issuer, audience).status.success(), "{issuer} {audience}");
    }
    let refused = post(&client, &server.url(), "/token", json!({"grant_type": "session"})).await.expect("an answer");
    assert_eq!(refused.status(), 401);
}

sink_test!(a_stranger_verifies_our_tokens_by_eddsa, |db: TestDb| async move { verifies(db, "EdDSA").await });

sink_test!(a_stranger_verifies_our_tokens_by_es256, |db: TestDb| async move { verifies(db, "ES256").await });
