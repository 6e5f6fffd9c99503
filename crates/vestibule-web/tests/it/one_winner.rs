//! Whatever works once has one winner, however many present it at the same moment.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, TestApp, db_test, race};
use vestibule::{MEMBERS, MailKind};

use crate::letters;

const ROUNDS: usize = 25;
const RACERS: usize = 30;
const ANN: &str = "ann@example.com";

/// Who got `won`; everybody else got `lost`.
fn winner(answers: &[Answer], won: u16, lost: (u16, &str)) -> usize {
    let winners: Vec<usize> = (0..answers.len()).filter(|n| answers[*n].status == won).collect();
    assert_eq!(winners.len(), 1, "{:?}", answers.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>());
    for answer in answers.iter().filter(|answer| answer.status != won) {
        assert_eq!(answer.problem(), (lost.0, lost.1.to_owned()));
    }
    winners[0]
}

fn password(round: usize, racer: usize) -> String {
    format!("harbour-moss-{round}-{racer}-Kettle")
}

async fn signs_in(app: &TestApp, identifier: &str, password: &str) -> bool {
    let body = json!({"identifier": identifier, "password": password});
    app.post("/api/v1/sign-in").json(body).await.status == 200
}

/// How many sessions the owner of one has.
async fn sessions(app: &TestApp, token: &str) -> usize {
    let body = app.get("/api/v1/me/sessions?limit=100").bearer(token).await.json();
    body["items"].as_array().expect("items").len()
}

db_test!(a_reset_has_one_winner, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    for round in 0..ROUNDS {
        app.clock.advance(Duration::from_secs(61));
        let token = letters::link(&app, "/api/v1/password/forgot", ANN).await;
        let answers = race(RACERS, |n| {
            let body = json!({"token": token, "new_password": password(round, n)});
            app.post("/api/v1/password/reset").json(body).into_future()
        })
        .await;
        let won = winner(&answers, 204, (410, "token_invalid"));
        assert!(signs_in(&app, ANN, &password(round, won)).await, "{round}");
        assert!(!signs_in(&app, ANN, &password(round, (won + 1) % RACERS)).await, "{round}");
    }
});

db_test!(a_magic_link_has_one_winner, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    for round in 0..ROUNDS {
        let token = letters::link(&app, "/api/v1/magic-link", ANN).await;
        let answers =
            race(RACERS, |_| app.post("/api/v1/magic-link/redeem").json(json!({ "token": token })).into_future()).await;
        let won = winner(&answers, 200, (410, "token_invalid"));
        let session = answers[won].session_cookie().expect("a session");
        assert_eq!(sessions(&app, session).await, round + 1, "one more, and the first proof ended the one before");
    }
});

db_test!(an_invitation_has_one_winner, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for round in 0..ROUNDS {
        let email = format!("ann{round}@example.com");
        let body = json!({"email": email, "group_ids": [MEMBERS.to_string()]});
        let made = app.post("/api/v1/admin/users").bearer(&root.token).json(body).await.json();
        let token = letters::token_in(made["invite_url"].as_str().expect("a link"));
        let answers = race(RACERS, |n| {
            let body = json!({"token": token, "new_password": password(round, n)});
            app.post("/api/v1/password/reset").json(body).into_future()
        })
        .await;
        let won = winner(&answers, 204, (410, "token_invalid"));
        assert!(signs_in(&app, &email, &password(round, won)).await, "{round}");
        assert!(!signs_in(&app, &email, &password(round, (won + 1) % RACERS)).await, "{round}");
    }
});

db_test!(a_change_of_address_has_one_winner, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    for round in 0..ROUNDS {
        let new = format!("ann{round}@example.org");
        let body = json!({"new_email": new, "password": PASSWORD});
        let asked = app.post("/api/v1/email/change").bearer(&ann.token).json(body).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        let token = letters::token(&app, &new, MailKind::EmailChange).await;
        let answers = race(RACERS, |_| {
            let call = app.post("/api/v1/email/change/confirm").bearer(&ann.token);
            call.json(json!({ "token": token })).into_future()
        })
        .await;
        winner(&answers, 204, (410, "token_invalid"));
        assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.json()["email"], new.as_str());
        let told: usize = letters::kinds(&app, &previous(round)).await.iter().filter(is_told).count();
        assert_eq!(told, 1, "{round}: the old address is told once");
    }
});

fn previous(round: usize) -> String {
    round.checked_sub(1).map_or_else(|| ANN.to_owned(), |before| format!("ann{before}@example.org"))
}

fn is_told(kind: &&MailKind) -> bool {
    **kind == MailKind::EmailChanged
}

db_test!(a_mailed_code_has_one_winner, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    let mut seen = Vec::<String>::new();
    for round in 0..ROUNDS {
        app.clock.advance(Duration::from_secs(15 * 60)); // who came too late has locked the account
        let code = letters::code(&app, ANN).await;
        let answers = race(RACERS, |_| {
            let body: Value = json!({"email": ANN, "code": code});
            app.post("/api/v1/email-code/redeem").json(body).into_future()
        })
        .await;
        let won = winner(&answers, 200, (401, "code_invalid"));
        seen.push(answers[won].session_cookie().expect("a session").to_owned());
        assert_eq!(sessions(&app, seen.last().expect("one")).await, round + 1);
    }
});

db_test!(a_proof_of_an_address_has_one_winner, |db| async move {
    let app = TestApp::new(&db).await;
    for round in 0..ROUNDS {
        let email = format!("ann{round}@example.com");
        app.sign_up(&email).await;
        let token = letters::token(&app, &email, MailKind::VerifyEmail).await;
        let answers =
            race(RACERS, |_| app.post("/api/v1/email/verify").json(json!({ "token": token })).into_future()).await;
        let won = winner(&answers, 204, (410, "token_invalid"));
        let session = answers[won].session_cookie().expect("the first proof signs in");
        assert_eq!(sessions(&app, session).await, 1, "{round}");
    }
});

db_test!(a_recovery_code_has_one_winner, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let careful = crate::careful::Careful::enrol(&app, &ann).await;
    for code in &careful.recovery_codes {
        let answers = race(RACERS, |_| {
            let body = json!({"identifier": ANN, "password": PASSWORD, "mfa_code": code});
            app.post("/api/v1/sign-in").json(body).into_future()
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        app.clock.advance(Duration::from_secs(15 * 60)); // who came too late has locked the account
    }
});
