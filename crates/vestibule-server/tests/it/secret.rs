//! The master secret that SQLite may do without being told.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};

use crate::host::{Host, Ran, is_private};

#[test]
fn processes_that_start_together_make_one_secret() {
    for _ in 0..10 {
        let host = Host::new();
        let start = |_| host.command(&["migrate", "up"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let children: Vec<Child> = (0..4).map(start).collect();
        for child in children {
            Ran::from(child.wait_with_output().unwrap()).ok();
        }
        let secret = std::fs::read_to_string(host.path("vestibule.db.secret")).unwrap();
        assert_eq!(secret.trim().len(), 64);
        assert!(is_private(&host.path("vestibule.db.secret")) && is_private(&host.path("vestibule.db")));
        let files: BTreeSet<String> = host.files().into_iter().collect();
        let strangers = files.iter().filter(|name| !name.starts_with("vestibule.db"));
        assert_eq!(strangers.count() + files.iter().filter(|name| name.contains(".secret.")).count(), 0, "{files:?}");
    }
}

#[test]
fn the_secret_outlives_a_restart_and_is_never_made_twice() {
    let host = Host::new().administered();
    let secret = std::fs::read(host.path("vestibule.db.secret")).unwrap();
    host.run(&["admin", "list"]).ok();
    assert_eq!(std::fs::read(host.path("vestibule.db.secret")).unwrap(), secret);
    std::fs::remove_file(host.path("vestibule.db.secret")).unwrap();
    let said = host.run(&["admin", "list"]).failed(2);
    assert!(said.contains("vestibule.db.secret is gone"), "{said}");
    assert!(!host.path("vestibule.db.secret").exists());
}
