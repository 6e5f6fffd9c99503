//! Two processes on one database: one first administrator, and revocation that crosses over within a second.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{TestDb, db_test, race};
use vestibule::Clock;

use crate::host::PASSWORD;
use crate::node::{check, command, node, node_with, post, sign_up};

/// Asks as whoever holds the token; the status and the JSON.
async fn ask(server: &str, method: Method, path: &str, token: &str, body: Value) -> (u16, Value) {
    let asked = Client::new().request(method, format!("{server}/api/v1{path}")).bearer_auth(token).json(&body);
    let answer = asked.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// Whether whoever holds the token may read the audit log there.
async fn audits(server: &str, token: &str) -> u16 {
    ask(server, Method::GET, "/admin/audit-log", token, Value::Null).await.0
}

/// How long the server went on showing the audit log to whoever holds the token.
async fn forbidden_after(server: &str, token: &str) -> Duration {
    let clock = Clock::system();
    while audits(server, token).await == 200 {
        assert!(clock.monotonic() < Duration::from_secs(20), "never forbidden");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = clock.monotonic();
    assert_eq!(audits(server, token).await, 403, "signed in, and not permitted");
    took
}

/// The first administrator's token.
async fn set_up(db: &TestDb, server: &str) -> String {
    let said = command(db, &["setup-token"]);
    let token = said.split_whitespace().find(|word| word.starts_with("vst_set_")).expect("a token");
    let body = json!({ "setup_token": token, "username": "root", "password": PASSWORD });
    let answer = post(&Client::new(), server, "/setup", body).await.expect("an answer");
    let body: Value = answer.json().await.expect("JSON");
    body["token"].as_str().expect("a token").to_owned()
}

async fn sign_in(server: &str, identifier: &str) -> String {
    let body = json!({ "identifier": identifier, "password": PASSWORD });
    let answer = post(&Client::new(), server, "/sign-in", body).await.expect("an answer");
    let body: Value = answer.json().await.expect("JSON");
    body["token"].as_str().expect("a token").to_owned()
}

/// How long the server went on taking the token.
async fn refused_after(client: &Client, server: &str, token: &str) -> Duration {
    let clock = Clock::system();
    while check(client, server, token).await == 200 {
        assert!(clock.monotonic() < Duration::from_secs(20), "never refused");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    clock.monotonic()
}

db_test!(a_hundred_setups_at_once_over_two_processes_make_one_administrator, |db: TestDb| async move {
    let (one, two) = (node(&db).await, node(&db).await);
    let client = Client::new();
    let database = vestibule::Db::connect(&db.url).await.expect("it opens");
    for round in 0..25 {
        let said = command(&db, &["setup-token"]);
        let token = said.split_whitespace().find(|word| word.starts_with("vst_set_")).expect("a token").to_owned();
        let statuses = race(100, |i| {
            let (client, token) = (client.clone(), token.clone());
            let server = if i % 2 == 0 { one.url() } else { two.url() };
            async move {
                let body = json!({ "setup_token": token, "username": format!("root-{i}"), "password": PASSWORD });
                post(&client, &server, "/setup", body).await.expect("an answer").status().as_u16()
            }
        })
        .await;
        let made = statuses.iter().filter(|status| **status == 201).count();
        assert_eq!(made, 1, "round {round}: {statuses:?}");
        assert!(statuses.iter().all(|status| [201, 403, 409].contains(status)), "round {round}: {statuses:?}");
        let mut tx = database.write().await.expect("a transaction");
        let (administrators,): (i64,) = tx.one("SELECT COUNT(*) FROM group_members", &[]).await.expect("a count");
        assert_eq!(administrators, 1, "round {round}");
        tx.exec("DELETE FROM accounts", &[]).await.expect("for the next round");
        tx.commit().await.expect("committed");
    }
});

db_test!(a_disabled_account_is_refused_on_the_other_process_within_a_second, |db: TestDb| async move {
    let (one, two) = (node(&db).await, node(&db).await);
    let client = Client::new();
    let ann = sign_up(&client, &one.url(), "ann@example.com").await;
    let bob = sign_up(&client, &one.url(), "bob@example.com").await;
    assert_eq!(check(&client, &one.url(), &ann).await, 200);
    assert_eq!(check(&client, &two.url(), &ann).await, 200);
    assert_eq!(check(&client, &two.url(), &bob).await, 200);
    // From the command line: a third process, which neither server hears of but through the database.
    command(&db, &["user", "disable", "ann@example.com"]);
    for server in [one.url(), two.url()] {
        let took = refused_after(&client, &server, &ann).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    let signed_out = client.post(format!("{}/api/v1/sign-out", one.url())).bearer_auth(&bob).send().await;
    assert_eq!(signed_out.expect("an answer").status(), 204);
    assert_eq!(check(&client, &one.url(), &bob).await, 401, "at once where it was done");
    let took = refused_after(&client, &two.url(), &bob).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
});

db_test!(a_group_that_changes_at_one_process_changes_at_the_other_within_a_second, |db: TestDb| async move {
    let (one, two) = (node(&db).await, node(&db).await);
    let root = set_up(&db, &one.url()).await;
    let auditors = json!({ "name": "Auditors", "permissions": [{ "action": "view", "resource": "audit" }] });
    let (status, group) = ask(&one.url(), Method::POST, "/admin/groups", &root, auditors.clone()).await;
    assert_eq!(status, 201, "{group}");
    let path = format!("/admin/groups/{}", group["id"].as_str().expect("an id"));

    let before = sign_up(&Client::new(), &two.url(), "ann@example.com").await;
    assert_eq!(audits(&two.url(), &before).await, 403);
    let (_, ann) = ask(&two.url(), Method::GET, "/me", &before, Value::Null).await;
    let joined =
        ask(&one.url(), Method::POST, &format!("{path}/members"), &root, json!({ "account_id": ann["id"] })).await;
    assert_eq!(joined.0, 201, "{joined:?}");
    let took = refused_after(&Client::new(), &two.url(), &before).await;
    assert!(took < Duration::from_secs(1), "a session from before is not worth more than it was: {took:?}");

    let ann = sign_in(&two.url(), "ann@example.com").await;
    for server in [one.url(), two.url()] {
        assert_eq!(audits(&server, &ann).await, 200);
    }
    let emptied = ask(&one.url(), Method::PATCH, &path, &root, json!({ "permissions": [] })).await;
    assert_eq!(emptied.0, 200, "{emptied:?}");
    assert_eq!(audits(&one.url(), &ann).await, 403, "at once where it was done");
    let took = forbidden_after(&two.url(), &ann).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
});

db_test!(a_policy_that_is_applied_by_a_command_is_in_force_everywhere_within_a_second, |db: TestDb| async move {
    let dir = TempDir::new().expect("a directory");
    let file = dir.path().join("policy.toml");
    let text = "[[groups]]\nslug = 'members'\nname = 'Members'\npermissions = ['view:audit']\n";
    std::fs::write(&file, text).expect("it is writable");
    let settings = [("VESTIBULE_POLICY_FILE", file.to_str().expect("a plain path"))];
    let (one, two) = (node_with(&db, &settings).await, node_with(&db, &settings).await);
    let ann = sign_up(&Client::new(), &one.url(), "ann@example.com").await;
    for server in [one.url(), two.url()] {
        assert_eq!(audits(&server, &ann).await, 200);
    }
    // With other settings than the servers': the policy that is built in.
    command(&db, &["policy", "apply", "--yes"]);
    for server in [one.url(), two.url()] {
        let took = forbidden_after(&server, &ann).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
});
