//! The other side of the directory, on the command line: keys in a file of their owner's, registering by an invite, and
//! signing in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use reqwest::Client;
use serde_json::Value;
use testkit::{Server, TestDb, db_test};

use crate::host::{Host, is_private};
use crate::node::{command, node};

/// The token of a new invite.
fn invite(db: &TestDb, handle: &str) -> String {
    command(db, &["directory", "invite", "create", handle]).trim().to_owned()
}

fn link(url: &str, token: &str) -> String {
    format!("{url}/directory/join#{token}")
}

fn register<'a>(invite: &'a str, file: &'a str) -> [&'a str; 6] {
    ["directory", "register", "--invite", invite, "--key-file", file]
}

fn sign_in(file: &str) -> [&str; 4] {
    ["directory", "sign-in", "--key-file", file]
}

async fn keys_of(server: &Server, handle: &str, token: &str) -> (u16, Value) {
    let url = format!("{}/api/v1/directory/keys/{handle}", server.url());
    let answer = Client::new().get(url).bearer_auth(token.trim()).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

db_test!(a_wallet_registers_by_its_link_and_signs_in, |db: TestDb| async move {
    let (server, wallet) = (node(&db).await, Host::new());
    let registered = wallet.run(&register(&link(&server.url(), &invite(&db, "Ann")), "ann.json"));
    let members = command(&db, &["directory", "member", "list", "--json"]);
    let members: Value = serde_json::from_str(&members).expect("JSON");
    let fingerprint = members["items"][0]["fingerprint"].as_str().expect("a fingerprint");
    assert!(registered.stderr.contains(fingerprint), "both sides see the same: {registered:?}");
    let key = registered.ok();
    assert!(is_private(&wallet.path("ann.json")), "for its owner alone");
    let file: Value = serde_json::from_str(&fs::read_to_string(wallet.path("ann.json")).unwrap()).expect("JSON");
    assert_eq!((file["sign_pub"].as_str(), file["url"].as_str()), (Some(key.trim()), Some(server.url().as_str())));

    let token = wallet.run(&sign_in("ann.json")).ok();
    let (status, keys) = keys_of(&server, "ann", &token).await;
    assert_eq!((status, &keys["sign_pub"], &keys["kex_pub"]), (200, &file["sign_pub"], &file["kex_pub"]));
    assert_eq!(wallet.files(), ["ann.json"], "no database, no secret, no settings of Vestibule's");

    command(&db, &["directory", "member", "revoke", key.trim()]);
    let refused = wallet.run(&sign_in("ann.json")).failed(1);
    assert!(refused.contains("vestibule: "), "{refused}");
    assert_eq!(keys_of(&server, "ann", &token).await.0, 401);
});

db_test!(a_token_alone_needs_an_address_and_may_come_by_standard_input, |db: TestDb| async move {
    let (server, wallet, token) = (node(&db).await, Host::new(), invite(&db, "ann"));
    let refused = wallet.run(&register(&token, "ann.json")).failed(2);
    assert!(refused.contains("--url") && !refused.contains(&token), "{refused}");
    assert!(wallet.files().is_empty(), "nothing was begun");
    let url = server.url();
    let args = ["directory", "register", "--invite", "-", "--url", &url, "--key-file", "ann.json"];
    let key = wallet.fed(&args, &token).ok();
    assert_eq!(key.trim().len(), 64);
    wallet.run(&sign_in("ann.json")).ok();
});

db_test!(whoever_asks_twice_keeps_its_keys, |db: TestDb| async move {
    let (server, wallet) = (node(&db).await, Host::new());
    let link = link(&server.url(), &invite(&db, "ann"));
    wallet.run(&register(&link, "ann.json")).ok();
    let before = fs::read(wallet.path("ann.json")).unwrap();
    let again = wallet.run(&register(&link, "ann.json")).failed(1);
    assert!(again.contains("sign-in --key-file ann.json"), "what to do if the answer was lost: {again}");
    assert_eq!(fs::read(wallet.path("ann.json")).unwrap(), before);
    wallet.run(&sign_in("ann.json")).ok();
    // Another wallet has the same handle: its keys are kept for the next invite.
    let taken = wallet.run(&register(&format!("{}/directory/join#{}", server.url(), invite(&db, "ANN")), "bob.json"));
    assert!(taken.failed(1).contains("kept in bob.json"));
    let bobs = fs::read(wallet.path("bob.json")).unwrap();
    let key =
        wallet.run(&register(&format!("{}/directory/join#{}", server.url(), invite(&db, "bob")), "bob.json")).ok();
    assert_eq!(fs::read(wallet.path("bob.json")).unwrap(), bobs);
    assert!(String::from_utf8(bobs).unwrap().contains(key.trim()));
});

db_test!(whoever_starts_twice_at_once_has_one_wallet, |db: TestDb| async move {
    let (server, wallet) = (node(&db).await, Host::new());
    let links: Vec<_> = (0..6).map(|n| link(&server.url(), &invite(&db, &format!("ann-{n}")))).collect();
    let start =
        |link: &String| wallet.command(&register(link, "ann.json")).stderr(Stdio::null()).spawn().expect("it runs");
    let started: Vec<_> = links.iter().map(start).collect();
    let ended = started.into_iter().map(|mut one| one.wait().expect("it ends").code());
    let mut codes: Vec<_> = ended.map(|code| code.expect("an exit code")).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 1, 1, 1, 1, 1], "the same keys, which are registered once");
    assert_eq!(wallet.files(), ["ann.json"], "and nothing half written beside");
    wallet.run(&sign_in("ann.json")).ok();
});

db_test!(a_server_that_is_away_costs_nothing, |db: TestDb| async move {
    let (mut server, wallet) = (node(&db).await, Host::new());
    let (url, token) = (server.url(), invite(&db, "ann"));
    server.kill();
    let silent = wallet.run(&register(&link(&url, &token), "ann.json")).failed(1);
    assert!(silent.contains(&format!("no answer from {url}")) && silent.contains("kept in ann.json"), "{silent}");
    assert!(!silent.contains(&token), "{silent}");
    server.restart().await;
    wallet.run(&register(&link(&url, &token), "ann.json")).ok();
    let elsewhere = wallet.run(&register(&link("http://127.0.0.1:1", &token), "ann.json")).failed(2);
    assert!(elsewhere.contains(&url), "keys are for the address that they were made for: {elsewhere}");
});

#[test]
fn a_file_that_others_can_reach_or_that_is_damaged_is_refused() {
    let wallet = Host::new();
    let missing = wallet.run(&sign_in("none.json")).failed(1);
    assert!(missing.contains("cannot read none.json"), "{missing}");
    let file = wallet.write("open.json", "{}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let open = wallet.run(&sign_in("open.json")).failed(2);
    assert!(open.contains("chmod 600 open.json"), "{open}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let zeros = "0".repeat(64);
    let lying = format!(
        r#"{{"url":"http://127.0.0.1:1","sign_key":"{zeros}","sign_pub":"{zeros}","kex_key":"{zeros}","kex_pub":"{zeros}"}}"#
    );
    for text in ["{}", "", &lying, "[", &"x".repeat(100_000)] {
        fs::write(&file, text).unwrap();
        let damaged = wallet.run(&sign_in("open.json")).failed(2);
        assert!(damaged.contains("no keys in it, or is damaged"), "{damaged}");
    }
}

#[test]
fn a_directory_is_never_asked_in_the_clear() {
    let wallet = Host::new();
    let token = "vst_dir_00000000000000000000000000000000000000000000000000";
    let refused = wallet.run(&register(&link("http://id.example.com", token), "ann.json")).failed(2);
    assert!(refused.contains("must be https"), "{refused}");
    let refused = wallet.run(&register(&link("https://id.example.com", token), "ann.json")).failed(2);
    assert!(refused.contains("not all of it"), "{refused}");
    assert!(wallet.files().is_empty());
}
