//! `doctor`: what is wrong, by line and by exit code, without changing anything.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use testkit::{TestDb, db_test};
use vestibule::Db;

use crate::host::{Host, Ran};

pub fn failing(ran: &Ran) -> Vec<String> {
    let findings: Vec<Value> = serde_json::from_str(&ran.stdout).expect("JSON");
    findings
        .iter()
        .filter(|finding| finding["ok"] == false)
        .map(|f| f["check"].as_str().expect("a name").to_owned())
        .collect()
}

db_test!(a_sound_instance_passes, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let said = host.run(&["doctor"]).ok();
    for check in ["settings", "secret", "mail", "database", "schema", "policy", "administrator"] {
        assert!(said.lines().any(|line| line.starts_with("ok") && line.contains(check)), "{said}");
    }
    assert_eq!(said.lines().count(), 7);
});

db_test!(looking_changes_nothing, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let database = Db::connect(&db.url).await.expect("it opens");
    let mut tx = database.write().await.expect("a transaction");
    // What building an engine would mend.
    tx.exec("UPDATE groups SET name = 'touched'", &[]).await.expect("renamed");
    tx.commit().await.expect("committed");
    host.run(&["doctor"]).ok();
    let names: Vec<(String,)> =
        database.read().await.expect("a connection").all("SELECT DISTINCT name FROM groups", &[]).await.expect("rows");
    assert_eq!(names, [("touched".to_owned(),)]);
    database.close().await;
});

db_test!(an_administrator_who_cannot_act_is_none, |db: TestDb| async move {
    let host = Host::on(&db);
    host.run(&["migrate", "up"]).ok();
    let nobody = host.run(&["doctor", "--json"]);
    assert_eq!((nobody.code, failing(&nobody)), (1, vec!["administrator".to_owned()]));
    let host = host.administered();
    let database = Db::connect(&db.url).await.expect("it opens");
    let mut tx = database.write().await.expect("a transaction");
    tx.exec("UPDATE accounts SET state = 'disabled'", &[]).await.expect("disabled");
    tx.commit().await.expect("committed");
    database.close().await;
    assert_eq!(failing(&host.run(&["doctor", "--json"])), ["administrator"]);
});

#[test]
fn before_the_first_start_it_says_what_is_missing_and_makes_nothing() {
    let host = Host::new();
    let ran = host.run(&["doctor", "--json"]);
    assert_eq!((ran.code, failing(&ran)), (1, vec!["secret".to_owned(), "database".to_owned()]));
    assert!(host.files().is_empty());
    assert!(host.run(&["doctor"]).stdout.contains("FAIL "));
}

#[test]
fn each_fault_is_found() {
    let broken = Host::new().with("VESTIBULE_LISTEN", "x").run(&["doctor", "--json"]);
    assert_eq!((broken.code, failing(&broken)), (1, vec!["settings".to_owned()]));

    let host = Host::new().administered();
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(host.path("vestibule.db.secret"), open).unwrap();
    assert!(failing(&host.run(&["doctor", "--json"])).contains(&"secret".to_owned()));

    std::fs::remove_file(host.path("vestibule.db.secret")).unwrap();
    assert!(host.run(&["doctor"]).stdout.contains("vestibule.db.secret is gone"));
    assert!(!host.path("vestibule.db.secret").exists());

    let away = Host::new()
        .with("VESTIBULE_DATABASE_URL", "postgres://ann@127.0.0.1:1/v")
        .with("VESTIBULE_SECRET", "0123456789abcdef0123456789abcdef")
        .run(&["doctor", "--json"]);
    assert_eq!((away.code, failing(&away)), (1, vec!["database".to_owned()]));
}
