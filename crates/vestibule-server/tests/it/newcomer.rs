//! The first minutes of somebody new, as the README tells them, over JSON.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, db_test};

use crate::host::PASSWORD;
use crate::node::{check, node, post};

db_test!(sign_up_sign_in_look_sign_out, |db: TestDb| async move {
    let server = node(&db).await;
    let (client, url) = (Client::new(), server.url());
    let person = json!({ "email": "ann@example.com", "password": PASSWORD });
    assert_eq!(post(&client, &url, "/sign-up", person).await.expect("an answer").status(), 201);
    let form = json!({ "identifier": "ann@example.com", "password": PASSWORD });
    let answer = post(&client, &url, "/sign-in", form).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let signed_in: Value = answer.json().await.expect("JSON");
    let token = signed_in["token"].as_str().expect("a token").to_owned();
    let csrf_token = signed_in["csrf_token"].as_str().expect("a CSRF token").to_owned();
    assert_eq!(check(&client, &url, &token).await, 200);
    // The same token as a cookie needs the CSRF token for whatever changes something.
    let by_cookie = || client.post(format!("{url}/api/v1/sign-out")).header("cookie", format!("vestibule={token}"));
    let refused = by_cookie().send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let problem: Value = refused.json().await.expect("JSON");
    assert_eq!(problem["code"], "csrf_token_invalid");
    let signed_out = by_cookie().header("x-csrf-token", csrf_token).send().await.expect("an answer");
    assert_eq!(signed_out.status(), StatusCode::NO_CONTENT);
    assert_eq!(check(&client, &url, &token).await, 401);
});

db_test!(the_setup_token_on_the_terminal_makes_the_first_administrator, |db: TestDb| async move {
    let server = node(&db).await;
    let (client, url) = (Client::new(), server.url());
    let printed = server.lines().join("\n");
    let token = printed.split_whitespace().find(|word| word.starts_with("vst_set_")).expect("it is printed");
    let form = json!({ "setup_token": token, "email": "root@example.com", "password": PASSWORD });
    let answer = post(&client, &url, "/setup", form).await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let root: Value = answer.json().await.expect("JSON");
    let users = client.get(format!("{url}/api/v1/admin/users")).bearer_auth(root["token"].as_str().expect("a token"));
    assert_eq!(users.send().await.expect("an answer").status(), 200);
    let armed: Value =
        client.get(format!("{url}/api/v1/setup")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(armed["armed"], false);
});
