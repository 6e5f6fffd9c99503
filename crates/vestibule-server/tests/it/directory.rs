//! The directory of wallets: its commands, and a program of somebody else's that knows the documentation and nothing
//! more, on each store.

use std::process::Command;

use reqwest::Client;
use serde_json::{Value, json};
use testkit::{NatsServer, Server, TestDb, Wallet, db_test, python, sink_test};
use vestibule::Random;

use crate::host::Host;
use crate::node::{command_with, node_with};

const DOCUMENTATION: &str = include_str!("../../../../docs/directory.md");

/// The program in the documentation.
fn program() -> &'static str {
    let (_, rest) = DOCUMENTATION.split_once("```python\n").expect("there is one");
    rest.split_once("```").expect("it ends").0
}

async fn get(client: &Client, url: String, bearer: &str) -> (u16, Value) {
    let answer = client.get(url).bearer_auth(bearer).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// Invites, has the program register and sign in, and looks at what came of it.
async fn a_stranger_joins(db: &TestDb, server: &Server, settings: &[(&str, &str)]) {
    let url = server.url();
    let settings = [settings, &[("VESTIBULE_PUBLIC_URL", url.as_str())]].concat();
    let run = |args: &[&str]| command_with(db, args, &settings);
    let token = run(&["directory", "invite", "create", "Ann", "--role", "admin"]);
    let ran = Command::new(python()).args(["-c", program(), &server.url(), token.trim()]).output();
    let ran = ran.expect("Python starts");
    let issued: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!((&issued["member"]["handle"], &issued["expires_in"]), (&json!("Ann"), &json!(900)));
    let (key, token) = (&issued["member"]["sign_pub"], issued["token"].as_str().expect("a token"));
    let key = key.as_str().expect("a key");

    let client = Client::new();
    let keys = format!("{}/api/v1/directory/keys/ann", server.url());
    assert_eq!(get(&client, keys.clone(), token).await.1["sign_pub"], key);
    let members: Value = serde_json::from_str(&run(&["directory", "member", "list", "--json"])).expect("JSON");
    assert_eq!((&members["items"][0]["sign_pub"], &members["items"][0]["role"]), (&json!(key), &json!("admin")));
    let fingerprint = members["items"][0]["fingerprint"].as_str().expect("a fingerprint");
    assert!(run(&["directory", "member", "list"]).contains(fingerprint));
    let invites: Value = serde_json::from_str(&run(&["directory", "invite", "list", "--json"])).expect("JSON");
    assert_eq!((&invites["items"][0]["state"], &invites["items"][0]["used_sign_pub"]), (&json!("used"), &json!(key)));

    let service = run(&["service-key", "create", "--name", "bus", "--ability", "directory:read"]);
    let member = format!("{}/api/v1/directory/members/{key}", server.url());
    assert_eq!(get(&client, member.clone(), service.trim()).await.1["status"], "active");
    assert_eq!(run(&["directory", "member", "revoke", key]), "Ann is revoked.\n");
    assert_eq!(get(&client, member.clone(), service.trim()).await.1["status"], "revoked");
    assert_eq!(get(&client, keys, token).await.0, 401, "and its token is worth nothing at once");
    assert_eq!(run(&["directory", "member", "activate", key]), "Ann is active.\n");
    assert_eq!(run(&["directory", "member", "delete", key, "--yes"]), "Ann is deleted.\n");
    assert_eq!(get(&client, member, service.trim()).await.0, 404);
}

sink_test!(a_stranger_joins_by_the_documentation_alone, |db: TestDb| async move {
    let server = node_with(&db, &[]).await;
    a_stranger_joins(&db, &server, &[]).await;
});

db_test!(an_invite_is_printed_alone_as_its_token_or_as_a_link, |db: TestDb| async move {
    let host = Host::on(&db);
    host.run(&["migrate", "up"]).ok();
    let made = host.run(&["directory", "invite", "create", "ann"]);
    assert!(made.stdout.starts_with("vst_dir_") && !made.stderr.contains("vst_dir_"), "{made:?}");
    made.ok();
    let made = host.run(&["directory", "invite", "create", "bob", "--link"]);
    assert!(made.stdout.starts_with("http://localhost:8080/directory/join#vst_dir_"), "{made:?}");
    assert!(made.stdout.lines().count() == 1 && !made.stderr.contains("vst_dir_"), "{made:?}");
    made.ok();
});

#[test]
#[ignore = "needs NATS and Python: run cargo xtask test"]
fn a_stranger_joins_a_directory_on_jetstream() {
    testkit::run(TestDb::sqlite(), |db| async move {
        let nats = NatsServer::start_with_config("authorization { user: ann, password: \"hunter/2\" }").await;
        let url = nats.url_for("ann:hunter%2F2");
        let settings = [("VESTIBULE_DIRECTORY_BACKEND", "jetstream"), ("VESTIBULE_NATS_URL", url.as_str())];
        let server = node_with(&db, &settings).await;
        a_stranger_joins(&db, &server, &settings).await;
        assert!(!server.lines().iter().any(|line| line.contains("hunter")), "{:?}", server.lines());
    });
}

#[test]
#[ignore = "needs NATS: run cargo xtask test"]
fn requests_are_told_to_come_again_while_jetstream_is_away() {
    testkit::run(TestDb::sqlite(), |db| async move {
        let mut nats = NatsServer::start().await;
        let url = nats.url();
        let settings = [("VESTIBULE_DIRECTORY_BACKEND", "jetstream"), ("VESTIBULE_NATS_URL", url.as_str())];
        let server = node_with(&db, &settings).await;
        let key = command_with(&db, &["service-key", "create", "--name", "bus", "--ability", "directory:read"], &[]);
        let (client, nobody) = (Client::new(), Wallet::fresh(&Random::seeded(1)).sign_pub());
        let ask = async || {
            let asked = client.get(format!("{}/api/v1/directory/members/{nobody}", server.url()));
            asked.bearer_auth(key.trim()).send().await.expect("an answer")
        };
        assert_eq!(ask().await.status(), 404);
        nats.kill();
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let away = ask().await;
        assert_eq!((away.status().as_u16(), away.headers()["retry-after"].to_str().expect("text")), (503, "1"));
        assert_eq!(client.get(format!("{}/readyz", server.url())).send().await.expect("an answer").status(), 200);
        nats.restart().await;
        for _ in 0..100 {
            if ask().await.status() == 404 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it does not come back");
    });
}
