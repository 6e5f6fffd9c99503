//! Floods of sign-ins: answered whole and in order of arrival up to the queue, shed beyond it, and nothing else goes
//! without an answer meanwhile.

use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use testkit::{Server, TestDb, db_test, race};
use vestibule::Clock;

use crate::host::PASSWORD;
use crate::node::{check, node_with, post, sign_up};

const PEOPLE: usize = 256;

struct Answer {
    status: u16,
    retry_after: Option<String>,
    at: Duration,
}

/// So many sign-ins at once, each right and each somebody else's, sent in order with a pause between them.
async fn flood(client: &Client, server: &Server, n: usize, pause: Duration) -> Vec<Answer> {
    let clock = Clock::system();
    race(n, |i| {
        let (client, url, clock) = (client.clone(), server.url(), clock.clone());
        async move {
            tokio::time::sleep(pause * u32::try_from(i).expect("a small number")).await;
            let body = json!({ "identifier": format!("person{}@example.com", i % PEOPLE), "password": PASSWORD });
            let answer = post(&client, &url, "/sign-in", body).await.expect("an answer");
            let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
            let retry_after = retry_after.map(str::to_owned);
            Answer { status: answer.status().as_u16(), retry_after, at: clock.monotonic() }
        }
    })
    .await
}

/// How many places the answers are out of the order in which they were asked for, on average; a third of their number
/// when there is no order at all.
fn disorder(answers: &[Answer]) -> usize {
    let mut order: Vec<usize> = (0..answers.len()).collect();
    order.sort_by_key(|&i| answers[i].at);
    order.iter().enumerate().map(|(place, &asked)| place.abs_diff(asked)).sum::<usize>() / answers.len()
}

/// The most memory that the process has held, in KiB.
fn peak_memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux says so");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

db_test!(a_flood_is_answered_whole_and_in_order_up_to_the_queue_and_shed_beyond_it, |db: TestDb| async move {
    let memory_kib: u64 = if cfg!(debug_assertions) { 4096 } else { 19_456 };
    // A trusted proxy may have as many connections as it likes, and this client has a thousand.
    let settings = [
        ("VESTIBULE_PASSWORD_ARGON2_MEMORY_KIB", memory_kib.to_string()),
        ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
    ];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = node_with(&db, &settings).await;
    let client = Client::builder().timeout(Duration::from_secs(60)).build().expect("a client");
    let mut token = String::new();
    for n in 0..PEOPLE {
        token = sign_up(&client, &server.url(), &format!("person{n}@example.com")).await;
    }
    let answers = flood(&client, &server, 256, Duration::from_millis(1)).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "256 fit into the queue");
    let disorder = disorder(&answers);
    assert!(disorder < 256 / 3 / 2, "the answers are {disorder} places out of order on average");

    let before = peak_memory(&server);
    let checks = tokio::spawn({
        let (client, url, token) = (client.clone(), server.url(), token.clone());
        async move {
            let clock = Clock::system();
            let mut took = Vec::new();
            for _ in 0..20 {
                let started = clock.monotonic();
                assert_eq!(check(&client, &url, &token).await, 200);
                took.push(clock.monotonic() - started);
            }
            took.sort_unstable();
            took[took.len() / 2]
        }
    });
    let answers = flood(&client, &server, 1000, Duration::ZERO).await;
    let (served, shed): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(shed.iter().all(|answer| answer.status == 503 && answer.retry_after.is_some()));
    assert!(served.len() >= 320, "the queue was served: {}", served.len());
    assert!(!shed.is_empty(), "what is beyond the queue is shed");
    let first = answers.iter().map(|answer| answer.at).min().expect("answers");
    let last = served.iter().map(|answer| answer.at).max().expect("some were served");
    let usual_check = checks.await.expect("every check was answered");
    assert!(usual_check * 4 < last - first, "a check took {usual_check:?}, the flood {:?}", last - first);
    // A block for each core was there before; a thousand connections may take the rest, a thousand blocks could not.
    let grown = peak_memory(&server) - before;
    assert!(grown < 100 * memory_kib, "the flood took {grown} KiB");
});
