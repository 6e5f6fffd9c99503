//! Floods of sign-ins, with the real cost of a hash: answered whole up to the queue, shed beyond it, and nothing else
//! goes without an answer meanwhile.

use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use testkit::{Server, TestDb, db_test, race};
use vestibule::Clock;

use crate::host::PASSWORD;
use crate::node::{check, node_with, post, sign_up};

const PEOPLE: usize = 16;

struct Answer {
    status: u16,
    retry_after: Option<String>,
    at: Duration,
}

/// So many sign-ins at once, all right.
async fn flood(client: &Client, server: &Server, n: usize) -> Vec<Answer> {
    let clock = Clock::system();
    race(n, |i| {
        let (client, url, clock) = (client.clone(), server.url(), clock.clone());
        async move {
            let body = json!({ "identifier": format!("person{}@example.com", i % PEOPLE), "password": PASSWORD });
            let answer = post(&client, &url, "/sign-in", body).await.expect("an answer");
            let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
            let retry_after = retry_after.map(str::to_owned);
            Answer { status: answer.status().as_u16(), retry_after, at: clock.monotonic() }
        }
    })
    .await
}

/// The most memory that the process has held, in KiB.
fn peak_memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux says so");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

db_test!(a_flood_is_answered_whole_up_to_the_queue_and_shed_beyond_it, |db: TestDb| async move {
    let memory_kib = if cfg!(debug_assertions) { "4096" } else { "19456" };
    let server = node_with(&db, &[("VESTIBULE_PASSWORD_ARGON2_MEMORY_KIB", memory_kib)]).await;
    let client = Client::builder().timeout(Duration::from_secs(60)).build().expect("a client");
    let mut token = String::new();
    for n in 0..PEOPLE {
        token = sign_up(&client, &server.url(), &format!("person{n}@example.com")).await;
    }
    let answers = flood(&client, &server, 256).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "256 fit into the queue");

    let checks = tokio::spawn({
        let (client, url, token) = (client.clone(), server.url(), token.clone());
        async move {
            let mut slowest = Duration::ZERO;
            for _ in 0..20 {
                let clock = Clock::system();
                assert_eq!(check(&client, &url, &token).await, 200);
                slowest = slowest.max(clock.monotonic());
            }
            slowest
        }
    });
    let answers = flood(&client, &server, 1000).await;
    let (served, shed): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(shed.iter().all(|answer| answer.status == 503 && answer.retry_after.is_some()));
    assert!(served.len() >= 322, "the queue was served: {}", served.len());
    assert!(!shed.is_empty(), "what is beyond the queue is shed");
    let last = served.iter().map(|answer| answer.at).max().expect("some were served");
    let slowest = checks.await.expect("every check was answered");
    assert!(slowest < last, "a check took {slowest:?}, the whole flood {last:?}");
    let peak = peak_memory(&server);
    assert!(peak < 512 * 1024, "{peak} KiB");
});
