//! Servers as processes on a test's database, and a client that speaks JSON to them.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use testkit::{Server, TestDb};

use crate::host::PASSWORD;

const BINARY: &str = env!("CARGO_BIN_EXE_vestibule");
const SECRET: &str = "a master secret that every node of the test shares";

/// A node with cheap hashes and no rate limits, on a database that others may share.
pub async fn node(db: &TestDb) -> Server {
    node_with(db, &[("VESTIBULE_PASSWORD_ARGON2_MEMORY_KIB", "8"), ("VESTIBULE_PASSWORD_ARGON2_ITERATIONS", "1")]).await
}

/// A node with settings of its own, and no rate limits.
pub async fn node_with(db: &TestDb, settings: &[(&str, &str)]) -> Server {
    let mut all = vec![
        ("VESTIBULE_DATABASE_URL", db.url.as_str()),
        ("VESTIBULE_SECRET", SECRET),
        ("VESTIBULE_LIMITS_SIGN_IN", "off"),
        ("VESTIBULE_LIMITS_SIGN_UP", "off"),
        ("VESTIBULE_LIMITS_PASSWORD_RESET", "off"),
        ("VESTIBULE_LIMITS_CODES", "off"),
        ("VESTIBULE_LIMITS_SENSITIVE", "off"),
        ("VESTIBULE_LOG_FILTER", "warn"),
    ];
    all.extend(settings);
    Server::start(BINARY, &all).await
}

/// Runs a command of the binary beside the servers, on the same database.
pub fn command(db: &TestDb, args: &[&str]) -> String {
    command_with(db, args, &[])
}

/// The same, with settings of its own.
pub fn command_with(db: &TestDb, args: &[&str], settings: &[(&str, &str)]) -> String {
    let mut environment = vec![("VESTIBULE_DATABASE_URL", db.url.as_str()), ("VESTIBULE_SECRET", SECRET)];
    environment.extend(settings);
    let output = std::process::Command::new(BINARY).args(args).env_clear().envs(environment).output();
    let output = output.expect("the binary runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Posts JSON.
pub async fn post(client: &Client, server: &str, path: &str, body: Value) -> reqwest::Result<Response> {
    client.post(format!("{server}/api/v1{path}")).json(&body).send().await
}

/// Signs up; the token.
pub async fn sign_up(client: &Client, server: &str, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = post(client, server, "/sign-up", body).await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let body: Value = answer.json().await.expect("JSON");
    body["token"].as_str().expect("a token").to_owned()
}

/// The status of a session check.
pub async fn check(client: &Client, server: &str, token: &str) -> u16 {
    let answer = client.get(format!("{server}/api/v1/session")).bearer_auth(token).send().await;
    answer.expect("an answer").status().as_u16()
}
