//! The settings as an operator meets them: every refusal names its setting, no secret is ever shown.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use vestibule::SignUpMode;
use vestibule_web::Limits;

use super::layers::DEFAULTS;
use super::*;

mod directory;
mod mail;
mod oauth;
mod tokens;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

type Environment<'a> = &'a [(&'a str, &'a str)];

fn environment(pairs: Environment) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn load(pairs: Environment) -> Result<Settings, Problems> {
    Settings::load(None, environment(pairs))
}

fn written(text: &str) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, text).unwrap();
    (dir, file)
}

fn load_file(text: &str, pairs: Environment) -> Result<Settings, Problems> {
    let (_dir, file) = written(text);
    Settings::load(Some(&file), environment(pairs))
}

/// The one problem there is, as the operator reads it.
fn the_problem(loaded: Result<Settings, Problems>) -> String {
    let Problems(problems) = loaded.expect_err("it must be refused");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

#[track_caller]
fn refused(pairs: Environment, setting: &str) {
    let problem = the_problem(load(pairs));
    assert!(problem.starts_with(setting), "{problem}");
}

#[test]
fn the_reference_gives_the_defaults_of_engine_and_web() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.engine.public_url.as_str(), "http://localhost:8080/");
    assert_eq!(settings.web.limits, Limits::default());
    assert!(settings.web.trusted_proxies.is_empty() && settings.web.cookie_domain.is_none());
    assert_eq!(format!("{:?}", settings.engine), format!("{:?}", Config::default()));
    assert_eq!(settings.database.url.expose_secret(), "sqlite://vestibule.db");
    assert!(settings.database.secret.is_none() && settings.admin.is_none());
    assert_eq!(settings.log.format, LogFormat::Text);
}

#[test]
fn the_reference_speaks_of_every_setting_and_variable() {
    let words: BTreeSet<&str> = DEFAULTS.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    for key in Key::ALL {
        let last = key.name().rsplit('.').next().unwrap();
        let is_listed = DEFAULTS.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{last} = ")));
        assert!(is_listed && words.contains(key.env()), "{key:?}");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let file = "sign_up = \"closed\"\n[session]\nidle_hours = 2\n[limits]\nsign_in = \"7/60\"\n";
    let settings = load_file(file, &[("VESTIBULE_SESSION_TTL_HOURS", "3")]).unwrap();
    assert_eq!(settings.engine.sign_up, SignUpMode::Closed);
    assert_eq!(settings.engine.session.idle, Duration::from_secs(3 * 3600));
    assert_eq!(settings.engine.session.absolute, Duration::from_secs(30 * 24 * 3600));
    assert_eq!(settings.web.limits.sign_in, "7/60".parse().ok());
    assert_eq!(settings.web.limits.sign_in_global, Limits::default().sign_in_global);
}

#[test]
fn lists_read_alike_from_both() {
    let from_file = load_file("trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nemail_domains = [\"Example.com\"]\n", &[]);
    let pairs = [("VESTIBULE_TRUSTED_PROXIES", "10.0.0.0/8, ::1"), ("VESTIBULE_EMAIL_DOMAINS", "example.com")];
    for settings in [from_file.unwrap(), load(&pairs).unwrap()] {
        let proxies: Vec<String> = settings.web.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
        assert_eq!(settings.engine.email_domains, ["example.com"]);
    }
}

#[test]
fn unknown_names_in_the_file_are_all_named() {
    let file = "lisen = \"x\"\n[session]\nidle_hour = 1\n[smtp]\nurl = \"x\"\n";
    let Problems(problems) = load_file(file, &[]).expect_err("three unknown names");
    let names: Vec<&str> = problems.iter().map(|problem| problem.setting.as_str()).collect();
    assert_eq!(names, ["lisen", "session.idle_hour", "smtp"]);
}

#[test]
fn unknown_variables_are_named_and_exempt_ones_are_not() {
    refused(&[("VESTIBULE_SIGNUP", "closed")], "VESTIBULE_SIGNUP: ");
    refused(&[("VESTIBULE_LISTEN_FILE", "/x")], "VESTIBULE_LISTEN_FILE: ");
    refused(&[("VESTIBULE_", "x")], "VESTIBULE_: ");
    let exempt = [("VESTIBULE_CONFIG", "x"), ("VESTIBULE_TEST_POSTGRES", "x"), ("VESTIBULED", "x"), ("HOME", "/")];
    assert!(load(&exempt).is_ok());
}

#[test]
fn a_file_that_is_broken_or_absent_is_refused_without_quoting_it() {
    let problem = the_problem(load_file("listen = \"127.0.0.1:1\"\nsecret = \"hunter2-hunter2\n", &[]));
    assert!(problem.starts_with("settings file, line 2: ") && !problem.contains("hunter2"), "{problem}");
    let absent = the_problem(Settings::load(Some(Path::new("/nonexistent/v.toml")), []));
    assert!(absent.starts_with("/nonexistent/v.toml: "), "{absent}");
    for (text, setting) in [
        ("listen = 1.5", "listen (VESTIBULE_LISTEN)"),
        ("email_domains = [1]", "email_domains (VESTIBULE_EMAIL_DOMAINS)"),
        ("email_domains = [\"a.example,b.example\"]", "email_domains"),
        ("[listen]\nport = 1", "listen"),
        ("session = 1", "session"),
    ] {
        let problem = the_problem(load_file(text, &[]));
        assert!(problem.starts_with(setting), "{problem}");
    }
}

#[test]
fn a_secret_may_lie_in_a_file_and_nothing_else_may() {
    let (_dir, file) = written(&format!("{SECRET}\n"));
    let settings = load(&[("VESTIBULE_SECRET_FILE", file.to_str().unwrap())]).unwrap();
    assert_eq!(settings.database.secret.unwrap().expose_secret(), SECRET.as_bytes());
    let secret: Vec<&str> = Key::ALL.iter().filter(|key| key.is_secret()).map(|key| key.name()).collect();
    assert_eq!(
        secret,
        [
            "database_url",
            "secret",
            "smtp_url",
            "admin.password",
            "oauth.github.client_secret",
            "oauth.oidc",
            "directory.nats_url"
        ]
    );
    refused(&[("VESTIBULE_SECRET_FILE", "/nonexistent")], "secret (VESTIBULE_SECRET): /nonexistent cannot be read");
}

#[test]
fn a_secret_said_twice_is_refused() {
    let (_dir, file) = written(SECRET);
    let pairs = [("VESTIBULE_SECRET", SECRET), ("VESTIBULE_SECRET_FILE", file.to_str().unwrap())];
    let problem = the_problem(load(&pairs));
    assert!(problem.contains("VESTIBULE_SECRET and VESTIBULE_SECRET_FILE are both set"), "{problem}");
}

#[test]
fn the_secret_of_the_file_gives_way_to_the_environments() {
    let other = SECRET.replace('0', "z");
    let settings = load_file(&format!("secret = {SECRET:?}"), &[("VESTIBULE_SECRET", &other)]).unwrap();
    assert_eq!(settings.database.secret.unwrap().expose_secret(), other.as_bytes());
}

#[test]
fn postgres_needs_a_secret_and_every_secret_needs_length() {
    let url = ("VESTIBULE_DATABASE_URL", "postgres://ann:hunter2@db/v");
    refused(&[url], "secret (VESTIBULE_SECRET): is required with PostgreSQL");
    refused(&[url, ("VESTIBULE_SECRET", &SECRET[1..])], "secret (VESTIBULE_SECRET): must be at least 32 bytes");
    refused(&[("VESTIBULE_SECRET", "")], "secret (VESTIBULE_SECRET)");
    assert!(load(&[url, ("VESTIBULE_SECRET", SECRET)]).is_ok());
}

#[test]
fn a_database_is_a_sqlite_file_or_postgres() {
    for bad in [
        "",
        "mysql://x/y",
        "vestibule.db",
        "sqlite:",
        "sqlite://",
        "sqlite::memory:",
        "sqlite://?mode=rwc",
        "sqlite://a%20b.db",
        "sqlite://v.db?mode=memory",
    ] {
        refused(&[("VESTIBULE_DATABASE_URL", bad)], "database_url (VESTIBULE_DATABASE_URL)");
    }
    let file = |url: &str| load(&[("VESTIBULE_DATABASE_URL", url)]).unwrap().database.secret_file().unwrap();
    assert_eq!(file("sqlite:///data/v.db"), Path::new("/data/v.db.secret"));
    assert_eq!(file("sqlite:v.db"), Path::new("v.db.secret"));
}

#[test]
fn plain_http_is_for_this_machine_alone() {
    for bad in ["http://accounts.example.com", "", "accounts.example.com", "https://example.com/?a=b"] {
        refused(&[("VESTIBULE_PUBLIC_URL", bad)], "public_url (VESTIBULE_PUBLIC_URL): ");
    }
    assert!(load(&[("VESTIBULE_PUBLIC_URL", "https://example.com/accounts")]).is_ok());
}

#[test]
fn a_cookie_domain_covers_the_public_url() {
    let with = |url, domain| load(&[("VESTIBULE_PUBLIC_URL", url), ("VESTIBULE_SESSION_COOKIE_DOMAIN", domain)]);
    let settings = with("https://id.example.com", "example.com").unwrap();
    assert_eq!(settings.web.cookie_domain.as_deref(), Some("example.com"));
    assert_eq!(with("https://id.example.com", " ").unwrap().web.cookie_domain, None);
    for (url, domain) in [
        ("https://id.example.com", "example.org"),
        ("https://id.example.com", "ample.com"),
        ("https://id.example.com", "com"),
        ("http://localhost:8080", "localhost"),
    ] {
        let problem = the_problem(with(url, domain));
        assert!(problem.starts_with("session.cookie_domain (VESTIBULE_SESSION_COOKIE_DOMAIN): "), "{problem}");
    }
}

#[test]
fn a_session_is_never_idle_longer_than_it_lives() {
    let pairs = [("VESTIBULE_SESSION_TTL_HOURS", "25"), ("VESTIBULE_SESSION_ABSOLUTE_DAYS", "1")];
    refused(&pairs, "session.idle_hours (VESTIBULE_SESSION_TTL_HOURS): is longer than session.absolute_days");
    let pairs = [("VESTIBULE_SESSION_TTL_HOURS", "24"), ("VESTIBULE_SESSION_ABSOLUTE_DAYS", "1")];
    assert!(load(&pairs).is_ok());
}

#[test]
fn an_administrator_is_named_whole_or_not_at_all() {
    let (username, email, password) = (
        ("VESTIBULE_ADMIN_USERNAME", "root"),
        ("VESTIBULE_ADMIN_EMAIL", "r@example.com"),
        ("VESTIBULE_ADMIN_PASSWORD", "p"),
    );
    refused(&[username], "admin.password (VESTIBULE_ADMIN_PASSWORD): is missing");
    refused(&[email], "admin.password (VESTIBULE_ADMIN_PASSWORD): is missing");
    refused(&[password], "admin.password (VESTIBULE_ADMIN_PASSWORD): is set without a name");
    refused(&[("VESTIBULE_ADMIN_USERNAME", "r!"), password], "admin.username (VESTIBULE_ADMIN_USERNAME)");
    refused(&[("VESTIBULE_ADMIN_EMAIL", "root"), password], "admin.email (VESTIBULE_ADMIN_EMAIL)");
    refused(&[("VESTIBULE_ADMIN_PASSWORD", ""), username], "admin.password (VESTIBULE_ADMIN_PASSWORD): is empty");
    let admin = load(&[username, email, password]).unwrap().admin.unwrap();
    assert_eq!((admin.username.as_deref(), admin.email.as_deref()), (Some("root"), Some("r@example.com")));
}

#[test]
fn zero_empty_and_nonsense_are_refused_by_name() {
    let numbers = [
        Key::SessionIdleHours,
        Key::SessionAbsoluteDays,
        Key::PasswordQueue,
        Key::PasswordMinLength,
        Key::PasswordArgon2MemoryKib,
        Key::PasswordArgon2Iterations,
        Key::PasswordArgon2Parallelism,
    ];
    let limits = Key::ALL.iter().filter(|key| key.name().starts_with("limits.")).copied();
    for key in numbers.into_iter().chain(limits) {
        for value in ["0", "0/60", "60/0", "", "-1", "many", "99999999999999999999"] {
            refused(&[(key.env(), value)], &format!("{} ({})", key.name(), key.env()));
        }
    }
    for (key, value) in [
        (Key::Listen, "localhost"),
        (Key::Listen, ""),
        (Key::SignUp, "invited"),
        (Key::SignUp, ""),
        (Key::EmailDomains, "example.com,,example.org"),
        (Key::EmailDomains, "ann@example.com"),
        (Key::EmailDomains, "com"),
        (Key::PasswordMinScore, "5"),
        (Key::PasswordRequireClasses, "yes"),
        (Key::RequireVerifiedEmail, "yes"),
        (Key::RequireVerifiedEmail, ""),
        (Key::MailNewDeviceNotice, ""),
        (Key::LogFormat, "xml"),
        (Key::LogFilter, ""),
        (Key::LogFilter, "vestibule=loud"),
    ] {
        refused(&[(key.env(), value)], &format!("{} ({})", key.name(), key.env()));
    }
}

#[test]
fn proxies_are_networks_and_never_everybody() {
    for bad in ["10.0.0.0/33", "proxy", "10.0.0.1,,::1", "0.0.0.0/0", "::/0"] {
        refused(&[("VESTIBULE_TRUSTED_PROXIES", bad)], "trusted_proxies (VESTIBULE_TRUSTED_PROXIES): ");
    }
}

#[test]
fn off_on_the_short_name_of_a_limit_turns_its_three_off() {
    let limits = load(&[("VESTIBULE_LIMITS_SIGN_IN", "off")]).unwrap().web.limits;
    assert_eq!(limits, Limits { sign_in: None, sign_in_identifier: None, sign_in_global: None, ..Limits::default() });
    let limits = load_file("[limits]\nsign_up = \"off\"\nsign_up_global = \"5/60\"\n", &[]).unwrap().web.limits;
    assert_eq!(limits, Limits { sign_up: None, sign_up_identifier: None, sign_up_global: None, ..Limits::default() });
    let limits = load(&[("VESTIBULE_LIMITS_PASSWORD_RESET", "off")]).unwrap().web.limits;
    let (password_reset, password_reset_identifier, password_reset_global) = (None, None, None);
    let no_mail = Limits { password_reset, password_reset_identifier, password_reset_global, ..Limits::default() };
    assert_eq!(limits, no_mail);
    let limits = load(&[("VESTIBULE_LIMITS_SIGN_IN_GLOBAL", "off")]).unwrap().web.limits;
    assert_eq!(limits, Limits { sign_in_global: None, ..Limits::default() });
}

#[test]
fn all_problems_are_told_at_once() {
    let pairs = [("VESTIBULE_LISTEN", "x"), ("VESTIBULE_SIGN_UP", "x"), ("VESTIBULE_LOG_FORMAT", "x")];
    let Problems(problems) = load(&pairs).expect_err("three problems");
    assert_eq!(problems.len(), 3);
}

#[test]
fn a_value_that_is_not_utf8_is_refused() {
    let value = OsString::from_vec(vec![0xff]);
    let problem = the_problem(Settings::load(None, [("VESTIBULE_LISTEN".into(), value)]));
    assert_eq!(problem, "listen (VESTIBULE_LISTEN): is not UTF-8");
}

#[test]
fn the_policy_is_built_in_unless_a_file_is_named() {
    let built_in = load(&[]).unwrap().policy;
    assert_eq!((built_in.to_string().as_str(), built_in.policy.groups().len()), ("built in", 2));
    let (_dir, file) = written("[[groups]]\nslug = \"a\"\nname = \"A\"\n");
    let path = file.to_str().unwrap();
    let chosen = load(&[("VESTIBULE_POLICY_FILE", path)]).unwrap().policy;
    assert_eq!((chosen.to_string().as_str(), chosen.policy.groups().len()), (path, 3));
    let (_dir, broken) = written("[[groups]]\nslug = \"a\"\n");
    let path = broken.to_str().unwrap();
    let problem = the_problem(load_file(&format!("policy_file = {path:?}"), &[]));
    assert_eq!(problem, format!("policy_file (VESTIBULE_POLICY_FILE): {path}: groups[0] \"a\": name: it is missing"));
    refused(&[("VESTIBULE_POLICY_FILE", "")], "policy_file (VESTIBULE_POLICY_FILE): is empty");
    refused(&[("VESTIBULE_POLICY_FILE", "/nonexistent")], "policy_file (VESTIBULE_POLICY_FILE): /nonexistent cannot");
}

#[test]
fn nothing_shows_a_secret() {
    let pairs = [
        ("VESTIBULE_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2"),
        ("VESTIBULE_ADMIN_USERNAME", "root"),
        ("VESTIBULE_ADMIN_PASSWORD", "hunter2"),
        ("VESTIBULE_SMTP_URL", "smtps://mailer:hunter2@mail.example.com"),
        ("VESTIBULE_DATABASE_URL", "postgres://ann:hunter2@db/v?sslmode=require&password=hunter2"),
    ];
    let layers = Layers::gather(None, environment(&pairs)).unwrap();
    let all: Vec<String> = Key::ALL.iter().filter_map(|&key| shown(&layers, key)).collect();
    assert!(!all.concat().contains("hunter2"), "{all:?}");
    let url = shown(&layers, Key::DatabaseUrl).unwrap();
    assert_eq!(url, "postgres://ann:********@db/v?sslmode=require&password=********");
    assert_eq!(shown(&layers, Key::SmtpUrl).unwrap(), "smtps://mailer:********@mail.example.com");
    assert!(!format!("{:?}", Settings::read(&layers).unwrap()).contains("hunter2"));
    assert_eq!(layers.get(Key::Secret).unwrap().source, Source::Environment);
}

#[test]
fn a_secret_is_made_once_for_its_owner_alone() {
    let dir = TempDir::new().unwrap();
    let database = dir.path().join("v.db");
    let url = format!("sqlite://{}", database.display());
    let settings = load(&[("VESTIBULE_DATABASE_URL", &url)]).unwrap();
    let first = master_secret::obtain(&settings.database).unwrap();
    let again = master_secret::obtain(&settings.database).unwrap();
    assert_eq!(first.expose_secret(), again.expose_secret());
    assert_eq!(first.expose_secret().len(), 64);
    let file = settings.database.secret_file().unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left behind");
}

#[test]
fn a_lost_secret_is_not_replaced_for_a_database_that_has_data() {
    let dir = TempDir::new().unwrap();
    let database = dir.path().join("v.db");
    std::fs::write(&database, "data").unwrap();
    let url = format!("sqlite://{}", database.display());
    let settings = load(&[("VESTIBULE_DATABASE_URL", &url)]).unwrap();
    let why = master_secret::obtain(&settings.database).expect_err("it is lost");
    assert!(why.to_string().contains("is gone"), "{why}");
    std::fs::write(settings.database.secret_file().unwrap(), "short\n").unwrap();
    assert!(master_secret::obtain(&settings.database).is_err());
}
