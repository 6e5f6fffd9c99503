//! `doctor`: what is wrong, by line and by exit code, without changing anything.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::host::{Host, Ran};

fn failing(ran: &Ran) -> Vec<String> {
    let findings: Vec<Value> = serde_json::from_str(&ran.stdout).expect("JSON");
    findings
        .iter()
        .filter(|finding| finding["ok"] == false)
        .map(|f| f["check"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn a_sound_instance_passes() {
    let host = Host::with_administrator();
    let said = host.run(&["doctor"]).ok();
    for check in ["settings", "secret", "database", "schema", "administrator"] {
        assert!(said.lines().any(|line| line.starts_with("ok") && line.contains(check)), "{said}");
    }
    assert_eq!(said.lines().count(), 5);
}

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

    let host = Host::new();
    host.run(&["migrate", "status"]).ok();
    let pending = host.run(&["doctor", "--json"]);
    assert_eq!((pending.code, failing(&pending)), (1, vec!["schema".to_owned()]));
    host.run(&["migrate", "up"]).ok();
    let nobody = host.run(&["doctor", "--json"]);
    assert_eq!((nobody.code, failing(&nobody)), (1, vec!["administrator".to_owned()]));

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
