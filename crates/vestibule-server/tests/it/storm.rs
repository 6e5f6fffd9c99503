//! What was answered is there after a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use testkit::{TestDb, db_test};

use crate::host::PASSWORD;
use crate::node::{node, post};

db_test!(every_sign_up_that_was_answered_survives_kill_9, |db: TestDb| async move {
    let mut server = node(&db).await;
    let client = Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
    for round in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        let mut storm = Vec::new();
        for task in 0..16 {
            let (client, url, stop) = (client.clone(), server.url(), stop.clone());
            storm.push(tokio::spawn(async move {
                let mut answered = Vec::new();
                for n in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let email = format!("person-{round}-{task}-{n}@example.com");
                    let body = json!({ "email": email, "password": PASSWORD });
                    match post(&client, &url, "/sign-up", body).await {
                        Ok(answer) if answer.status() == 201 => answered.push(email),
                        Ok(answer) => panic!("{}", answer.status()),
                        Err(_) => break, // the server is gone
                    }
                }
                answered
            }));
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.kill();
        stop.store(true, Ordering::SeqCst);
        let mut answered = Vec::new();
        for task in storm {
            answered.extend(task.await.expect("a task ends in order"));
        }
        assert!(answered.len() > 16, "only {} sign-ups before the crash", answered.len());
        server.restart().await;
        for email in answered {
            let body = json!({ "identifier": email, "password": PASSWORD });
            let answer = post(&client, &server.url(), "/sign-in", body).await.expect("an answer");
            assert_eq!(answer.status(), 200, "{email} was answered 201 and is gone");
        }
    }
});
