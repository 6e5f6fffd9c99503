//! `config`, and what every command makes of settings and of its command line.

use serde_json::Value;
use vestibule::{Db, Error};

use crate::host::Host;

fn value_of<'a>(shown: &'a Value, key: &str) -> (&'a Value, &'a str) {
    let mut entries = shown.as_array().expect("a list").iter();
    let entry = entries.find(|entry| entry["key"] == key).expect("every setting is shown");
    (&entry["value"], entry["source"].as_str().expect("every value comes from somewhere"))
}

#[test]
fn show_tells_each_value_and_where_it_comes_from() {
    let host = Host::new()
        .with("VESTIBULE_CONFIG", "mine.toml")
        .with("VESTIBULE_LISTEN", "127.0.0.1:9999")
        .with("VESTIBULE_LIMITS_SIGN_IN", "off");
    host.write("mine.toml", "listen = \"127.0.0.1:1\"\nsign_up = \"closed\"\n");
    let shown = host.json(&["config", "show", "--json"]);
    assert_eq!(value_of(&shown, "listen"), (&"127.0.0.1:9999".into(), "environment"));
    assert_eq!(value_of(&shown, "sign_up"), (&"closed".into(), "file"));
    assert_eq!(value_of(&shown, "session.idle_hours"), (&"24".into(), "default"));
    assert_eq!(value_of(&shown, "limits.sign_in_global"), (&"off".into(), "environment"));
    assert_eq!(value_of(&shown, "secret"), (&Value::Null, "default"));
    let table = host.run(&["config", "show"]).ok();
    assert!(table.contains("VESTIBULE_SESSION_TTL_HOURS") && table.contains("session.idle_hours"), "{table}");
}

#[test]
fn no_command_shows_a_secret() {
    let host = Host::new()
        .with("VESTIBULE_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2")
        .with("VESTIBULE_DATABASE_URL", "postgres://ann:hunter2@127.0.0.1:1/v")
        .with("VESTIBULE_SMTP_URL", "smtp://mailer:hunter2@127.0.0.1:1")
        .with("VESTIBULE_ADMIN_USERNAME", "root")
        .with("VESTIBULE_ADMIN_PASSWORD", "hunter2");
    for args in [&["config", "show"][..], &["config", "show", "--json"], &["config", "check"], &["doctor"], &["serve"]]
    {
        let ran = host.run(args);
        assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"), "{args:?} {ran:?}");
    }
    let shown = host.run(&["config", "show"]).ok();
    assert!(shown.contains("postgres://ann:********@127.0.0.1:1/v"), "{shown}");
    assert!(shown.contains("smtp://mailer:********@127.0.0.1:1"), "{shown}");
}

#[test]
fn show_tells_what_follows_from_mail() {
    let verified = |host: Host| {
        let shown = host.json(&["config", "show", "--json"]);
        let (value, source) = value_of(&shown, "require_verified_email");
        (value.as_str().expect("it always has a value").to_owned(), source.to_owned())
    };
    let mailing = || Host::new().with("VESTIBULE_SMTP_URL", "smtp://127.0.0.1:1");
    assert_eq!(verified(Host::new()), ("false".into(), "default".into()));
    assert_eq!(verified(mailing()), ("true".into(), "default".into()));
    let off = mailing().with("VESTIBULE_REQUIRE_VERIFIED_EMAIL", "false");
    assert_eq!(verified(off), ("false".into(), "environment".into()));
}

#[test]
fn nothing_starts_that_would_ask_for_what_nobody_can_give() {
    let host = Host::new()
        .with("VESTIBULE_PUBLIC_URL", "https://id.example.com")
        .with("VESTIBULE_REQUIRE_VERIFIED_EMAIL", "true");
    for args in [&["serve"][..], &["config", "check"], &["migrate", "up"]] {
        let said = host.run(args).failed(2);
        assert!(said.contains("require_verified_email (VESTIBULE_REQUIRE_VERIFIED_EMAIL): "), "{args:?}: {said}");
    }
    assert!(host.files().is_empty());
    host.with("VESTIBULE_SMTP_URL", "smtps://mail.example.com").run(&["config", "check"]).ok();
}

#[test]
fn check_names_every_problem_and_exits_2() {
    let host = Host::new().with("VESTIBULE_SIGNUP", "closed").with("VESTIBULE_LISTEN_ON", "x");
    let said = host.run(&["config", "check"]).failed(2);
    assert!(said.contains("VESTIBULE_SIGNUP: ") && said.contains("VESTIBULE_LISTEN_ON: "), "{said}");
    let ran = Host::new().with("VESTIBULE_PUBLIC_URL", "http://example.com").run(&["config", "check", "--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["ok"], false);
    assert_eq!(answer["problems"][0]["setting"], "public_url (VESTIBULE_PUBLIC_URL)");
    ran.failed(2);
    assert_eq!(Host::new().json(&["config", "check", "--json"])["ok"], true);
}

#[test]
fn unknown_names_stop_every_command_before_it_touches_anything() {
    let host = Host::new().with("VESTIBULE_CONFIG", "mine.toml");
    host.write("mine.toml", "[session]\nidle_hour = 1\n");
    for args in [&["serve"][..], &["migrate", "up"], &["admin", "list"], &["setup-token"], &["healthcheck"]] {
        assert!(host.run(args).failed(2).contains("session.idle_hour"), "{args:?}");
    }
    assert_eq!(host.files(), ["mine.toml"]);
}

#[test]
fn postgres_without_a_secret_is_refused() {
    let host = Host::new().with("VESTIBULE_DATABASE_URL", "postgres://ann@127.0.0.1:1/v");
    for args in [&["serve"][..], &["migrate"], &["config", "check"]] {
        assert!(host.run(args).failed(2).contains("secret (VESTIBULE_SECRET)"), "{args:?}");
    }
}

#[test]
fn a_path_with_a_percent_sign_is_refused_and_one_with_a_space_is_taken() {
    let encoded = Host::new().with("VESTIBULE_DATABASE_URL", "sqlite://my%20db.db");
    for args in [&["serve"][..], &["migrate", "up"], &["admin", "list"], &["config", "check"]] {
        let said = encoded.run(args).failed(2);
        assert!(said.contains("database_url (VESTIBULE_DATABASE_URL): must have neither %"), "{args:?}: {said}");
    }
    assert!(encoded.files().is_empty());
    let plain = Host::new().with("VESTIBULE_DATABASE_URL", "sqlite://my db.db").administered();
    assert_eq!(plain.files(), ["my db.db", "my db.db.secret"]);
    plain.run(&["admin", "list"]).ok();
}

#[tokio::test]
async fn the_engine_takes_a_path_as_the_settings_do() {
    let host = Host::new();
    let url = |name: &str| format!("sqlite://{}", host.path(name).display());
    let refusal = Db::connect(&url("my%20db.db")).await.expect_err("it has %");
    assert!(matches!(&refusal, Error::Setup(text) if text.contains("must not have %")), "{refusal:?}");
    assert!(host.files().is_empty());
    Db::connect(&url("my db.db")).await.expect("it opens").close().await;
    assert_eq!(host.files(), ["my db.db"]);
}

#[test]
fn the_command_line_explains_itself() {
    let nothing = Host::new().run(&[]);
    assert_eq!(nothing.code, 2);
    assert!(nothing.stderr.contains("Usage: vestibule"), "{nothing:?}");
    assert!(Host::new().run(&["--help"]).ok().contains("setup-token"));
    assert!(Host::new().run(&["--version"]).ok().starts_with("vestibule "));
    Host::new().run(&["user", "teleport"]).failed(2);
    Host::new().run(&["user", "list", "--limit", "0"]).failed(2);
    assert!(Host::new().administered().run(&["user", "list", "--cursor", "x"]).failed(2).contains("--cursor"));
}
