//! Two processes on one database: one first administrator, and revocation that crosses over within a second.

use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use testkit::{TestDb, db_test, race};
use vestibule::Clock;

use crate::host::PASSWORD;
use crate::node::{check, command, node, post, sign_up};

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
