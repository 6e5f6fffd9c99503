//! What was answered is there after a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use testkit::{Server, TestDb, db_test};
use vestibule::Clock;

use crate::host::PASSWORD;
use crate::node::{node, post};

/// So many answers make a storm.
pub const MANY: usize = 64;
const PATIENCE: Duration = Duration::from_secs(30);

/// Strangers sign up from sixteen sides, until there were enough answers, when the server is killed; who was answered.
pub async fn storm(
    server: &mut Server,
    round: usize,
    status: u16,
    mut is_enough: impl AsyncFnMut(usize) -> bool,
) -> Vec<String> {
    let client = Client::builder().timeout(PATIENCE).build().expect("a client");
    let count = Arc::new(AtomicUsize::new(0));
    let mut storm = Vec::new();
    for task in 0..16 {
        let (client, url, count) = (client.clone(), server.url(), count.clone());
        storm.push(tokio::spawn(async move {
            let mut answered = Vec::new();
            for n in 0.. {
                let email = format!("person-{round}-{task}-{n}@example.com");
                let body = json!({ "email": email, "password": PASSWORD });
                match post(&client, &url, "/sign-up", body).await {
                    Ok(answer) => assert_eq!(answer.status().as_u16(), status),
                    Err(_) => break, // the server is gone
                }
                answered.push(email);
                count.fetch_add(1, Ordering::SeqCst);
            }
            answered
        }));
    }
    let clock = Clock::system();
    while !is_enough(count.load(Ordering::SeqCst)).await {
        assert!(clock.monotonic() < PATIENCE, "only {} answers", count.load(Ordering::SeqCst));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.kill();
    let mut answered = Vec::new();
    for task in storm {
        answered.extend(task.await.expect("a task ends in order"));
    }
    answered
}

db_test!(every_sign_up_that_was_answered_survives_kill_9, |db: TestDb| async move {
    let mut server = node(&db).await;
    let client = Client::new();
    for round in 0..3 {
        let answered = storm(&mut server, round, 201, async |count| count > MANY).await;
        server.restart().await;
        for email in answered {
            let body = json!({ "identifier": email, "password": PASSWORD });
            let answer = post(&client, &server.url(), "/sign-in", body).await.expect("an answer");
            assert_eq!(answer.status(), 200, "{email} was answered 201 and is gone");
        }
    }
});
