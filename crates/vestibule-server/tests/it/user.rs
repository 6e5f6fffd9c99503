//! `user`: every verb, by id, username and e-mail address.

use testkit::{TestDb, db_test};

use crate::host::{Host, PASSWORD};

fn with_ann(db: &TestDb) -> Host {
    let host = Host::on(db).administered();
    host.fed(&["user", "create", "--email", "ann@example.com", "--username", "ann", "--stdin"], PASSWORD).ok();
    host
}

/// What stands beside a name in a table.
pub fn row<'a>(table: &'a str, name: &str) -> &'a str {
    let line = table.lines().find_map(|line| line.trim().strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {table}")).trim()
}

db_test!(a_user_is_made_found_and_shown, |db: TestDb| async move {
    let host = with_ann(&db);
    let ann = host.json(&["user", "show", "ann", "--json"]);
    assert_eq!((&ann["email"], &ann["state"]), (&"ann@example.com".into(), &"active".into()));
    assert_eq!(ann["groups"][0]["slug"], "members");
    for who in ["ANN@example.com", ann["id"].as_str().unwrap()] {
        assert_eq!(host.json(&["user", "show", who, "--json"]), ann);
    }
    let shown = host.run(&["user", "show", "ann"]).ok();
    assert!(shown.contains("ann@example.com") && row(&shown, "two-step sign-in") == "off", "{shown}");
    assert!(host.run(&["user", "show", "nobody"]).failed(1).contains("there is no account nobody"));
    assert!(host.run(&["user", "show", "00000000-0000-7000-8000-000000000000"]).failed(1).contains("no account"));
    assert!(!host.run(&["user", "show", "ann", "--json"]).ok().contains("argon2"));
});

db_test!(a_list_is_filtered_and_paged, |db: TestDb| async move {
    let host = with_ann(&db);
    host.fed(&["user", "create", "--username", "bob", "--group", "members", "--stdin"], PASSWORD).ok();
    let names = |args: &[&str]| -> Vec<String> {
        let list = host.json(args);
        list["items"].as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["user", "list", "--json"]), ["bob", "ann", "root"]);
    assert_eq!(names(&["user", "list", "--json", "--search", "example"]), ["ann"]);
    assert_eq!(names(&["user", "list", "--json", "--group", "administrators"]), ["root"]);
    assert!(names(&["user", "list", "--json", "--state", "disabled"]).is_empty());
    host.run(&["user", "list", "--state", "sleepy"]).failed(2);
    assert!(host.run(&["user", "list", "--group", "nobodies"]).failed(2).contains("members"));
    let page = host.json(&["user", "list", "--json", "--limit", "2"]);
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(names(&["user", "list", "--json", "--cursor", cursor]), ["root"]);
    assert!(host.run(&["user", "list", "--limit", "2"]).ok().contains(cursor));
});

db_test!(a_user_is_disabled_enabled_and_unlocked, |db: TestDb| async move {
    let host = with_ann(&db);
    let state = || host.json(&["user", "show", "ann", "--json"])["state"].clone();
    host.run(&["user", "disable", "ann"]).ok();
    assert_eq!(state(), "disabled");
    host.run(&["user", "enable", "ann"]).ok();
    assert_eq!(state(), "active");
    assert!(host.run(&["user", "unlock", "ann"]).ok().contains("is not locked"));
    for args in [["user", "disable", "nobody"], ["user", "unlock", "nobody"], ["user", "sessions", "nobody"]] {
        host.run(&args).failed(1);
    }
});

db_test!(the_last_administrator_stays, |db: TestDb| async move {
    let host = with_ann(&db);
    assert!(host.run(&["user", "disable", "root"]).failed(1).contains("administrator must remain"));
    assert!(host.run(&["user", "delete", "root", "--yes"]).failed(1).contains("administrator must remain"));
    assert_eq!(host.json(&["user", "show", "root", "--json"])["state"], "active");
});

db_test!(deleting_asks_first, |db: TestDb| async move {
    let host = with_ann(&db);
    assert!(host.run(&["user", "delete", "ann"]).failed(2).contains("--yes"));
    host.run(&["user", "show", "ann"]).ok();
    assert!(host.run(&["user", "delete", "ann", "--yes"]).ok().contains("is deleted"));
    host.run(&["user", "show", "ann"]).failed(1);
    let log = host.json(&["audit", "list", "--json", "--action", "account.deleted"]);
    assert_eq!(log["items"][0]["target_label"], "ann@example.com", "the log keeps the name");
});

db_test!(sessions_are_listed_and_ended, |db: TestDb| async move {
    let host = with_ann(&db);
    assert_eq!(host.json(&["user", "sessions", "ann", "--json"])["items"].as_array().unwrap().len(), 0);
    assert!(host.run(&["user", "sign-out", "ann"]).ok().contains("sessions ended: 0"));
});
