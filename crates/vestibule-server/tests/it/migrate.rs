//! `migrate`: how far the schema is, and bringing it up to date; and that nothing else does.

use serde_json::Value;
use testkit::{TestDb, db_test};
use vestibule::Db;

use crate::host::{Host, PASSWORD};

fn applied(status: &Value) -> Vec<bool> {
    let migrations = status.as_array().expect("a list").iter();
    migrations.map(|migration| migration["applied"].as_bool().expect("applied or not")).collect()
}

/// What an operator may run beside the server.
const COMMANDS: [&[&str]; 15] = [
    &["admin", "list"],
    &["admin", "reset-password", "root", "--stdin"],
    &["user", "list"],
    &["user", "create", "--username", "ann", "--stdin"],
    &["user", "sign-out", "root"],
    &["audit", "list"],
    &["audit", "export"],
    &["setup-token"],
    &["user", "permissions", "root"],
    &["user", "add-to-group", "root", "members", "--break-glass"],
    &["group", "list"],
    &["group", "show", "members"],
    &["policy", "plan"],
    &["policy", "apply", "--yes"],
    &["policy", "explain", "root", "view", "users"],
];

/// Marks the database as one that a newer binary has migrated.
async fn from_the_future(db: &TestDb) {
    let database = Db::connect(&db.url).await.expect("it opens");
    let mut tx = database.write().await.expect("a transaction");
    let row = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
               VALUES (9999, 'from the future', TRUE, $1, 0)";
    tx.exec(row, &[&vec![0u8; 4]]).await.expect("a row");
    tx.commit().await.expect("committed");
    database.close().await;
}

db_test!(status_tells_what_is_pending_and_up_applies_it, |db: TestDb| async move {
    // A database that is there and empty.
    Db::connect(&db.url).await.expect("it opens").close().await;
    let host = Host::on(&db);
    let before = host.json(&["migrate", "status", "--json"]);
    assert!(before.as_array().is_some_and(|all| all.len() >= 4), "{before}");
    assert!(applied(&before).iter().all(|applied| !applied), "asking changes nothing");
    assert_eq!(host.json(&["migrate", "status", "--json"]), before);
    let said = host.run(&["migrate", "up"]).ok();
    assert!(said.contains(&format!("up to date: {} migrations", applied(&before).len())), "{said}");
    assert!(applied(&host.json(&["migrate", "status", "--json"])).iter().all(|applied| *applied));
    assert_eq!(host.run(&["migrate"]).ok(), said);
    assert!(host.run(&["migrate", "status"]).ok().contains("applied"));
});

db_test!(no_other_command_migrates, |db: TestDb| async move {
    Db::connect(&db.url).await.expect("it opens").close().await;
    let host = Host::on(&db);
    for args in COMMANDS {
        let said = host.fed(args, PASSWORD).failed(2);
        assert!(said.contains("pending: run `vestibule migrate up`"), "{args:?}: {said}");
    }
    assert!(host.run(&["doctor"]).stdout.contains("migrations pending"));
    assert!(applied(&host.json(&["migrate", "status", "--json"])).iter().all(|applied| !applied));
    host.administered().run(&["admin", "list"]).ok();
});

db_test!(a_schema_that_is_newer_is_listed_and_refused, |db: TestDb| async move {
    let host = Host::on(&db).with("VESTIBULE_LISTEN", "127.0.0.1:0").administered();
    from_the_future(&db).await;
    let status = host.json(&["migrate", "status", "--json"]);
    let last = status.as_array().and_then(|all| all.last()).expect("a list");
    assert_eq!((&last["version"], &last["applied"]), (&9999.into(), &true.into()));
    assert_eq!(last["name"], "unknown to this binary");
    assert!(host.run(&["migrate", "status"]).ok().contains("unknown to this binary"));
    for args in COMMANDS.into_iter().chain([&["migrate", "up"][..], &["serve"]]) {
        let said = host.fed(args, PASSWORD).failed(2);
        assert!(said.contains("9999") && said.contains("run a newer vestibule"), "{args:?}: {said}");
    }
    assert!(host.run(&["doctor"]).stdout.contains("migration 9999 is unknown to this binary"));
});

db_test!(a_schema_that_was_altered_is_refused, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let database = Db::connect(&db.url).await.expect("it opens");
    let mut tx = database.write().await.expect("a transaction");
    let touched = tx.exec("UPDATE _sqlx_migrations SET checksum = $1 WHERE version = 2", &[&vec![0u8; 4]]).await;
    assert_eq!(touched.expect("a statement"), 1);
    tx.commit().await.expect("committed");
    database.close().await;
    for args in [&["admin", "list"][..], &["migrate", "status"], &["migrate", "up"]] {
        let said = host.run(args).failed(2);
        assert!(said.contains("migration 2") && said.contains("altered"), "{args:?}: {said}");
    }
    let said = host.run(&["doctor"]).stdout;
    assert!(said.lines().any(|line| line.starts_with("FAIL schema") && line.contains("altered")), "{said}");
});

#[test]
fn only_what_begins_an_instance_makes_a_database() {
    let host = Host::new();
    for args in COMMANDS.into_iter().chain([&["migrate", "status"][..]]) {
        let said = host.fed(args, PASSWORD).failed(2);
        let file = host.path("vestibule.db");
        assert!(said.contains(&format!("no database at {}", file.display())), "{args:?}: {said}");
        assert!(said.contains("`vestibule serve`") && said.contains("--config"), "{args:?}: {said}");
        assert!(host.files().is_empty(), "{args:?}: {:?}", host.files());
    }
    // An empty file is no database either, and stays empty.
    host.write("vestibule.db", "");
    host.run(&["admin", "list"]).failed(2);
    host.run(&["doctor"]).failed(1);
    assert_eq!(host.files(), ["vestibule.db"]);
    assert_eq!(std::fs::metadata(host.path("vestibule.db")).expect("it is there").len(), 0);
    for args in [&["migrate"][..], &["migrate", "up"], &["admin", "create", "--username", "root", "--stdin"]] {
        let host = Host::new();
        host.fed(args, PASSWORD).ok();
        assert_eq!(host.files(), ["vestibule.db", "vestibule.db.secret"], "{args:?}");
    }
}
