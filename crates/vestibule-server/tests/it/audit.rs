//! `audit`: the log, by page and whole.

use serde_json::Value;
use testkit::{TestDb, db_test};

use crate::host::{Host, PASSWORD};

fn actions(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("a page has items");
    items.iter().map(|row| row["action"].as_str().expect("a row has an action")).collect()
}

db_test!(a_list_is_filtered_and_names_the_host, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    host.fed(&["user", "create", "--username", "ann", "--stdin"], PASSWORD).ok();
    host.run(&["user", "disable", "ann"]).ok();
    let all = host.json(&["audit", "list", "--json"]);
    assert_eq!(actions(&all), ["account.disabled", "account.created", "account.created", "policy.applied"]);
    let rows = all["items"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["outcome"] == "done"), "{all}");
    let actors: Vec<&str> = rows.iter().map(|row| row["actor_kind"].as_str().unwrap()).collect();
    assert_eq!(actors, ["host", "host", "host", "system"], "the policy is written with the database");
    let about = host.json(&["audit", "list", "--json", "--account", "ann", "--action", "account.created"]);
    assert_eq!(actions(&about), ["account.created"]);
    assert_eq!(about["items"][0]["target_label"], "ann");
    assert!(actions(&host.json(&["audit", "list", "--json", "--outcome", "refused"])).is_empty());
    host.run(&["audit", "list", "--outcome", "perhaps"]).failed(2);
    assert!(host.run(&["audit", "list"]).ok().contains("account.disabled"));
});

db_test!(an_account_that_is_gone_is_still_found_by_its_id, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    host.fed(&["user", "create", "--username", "ann", "--stdin"], PASSWORD).ok();
    let ann = host.json(&["user", "show", "ann", "--json"])["id"].as_str().unwrap().to_owned();
    host.run(&["user", "delete", &ann, "--yes"]).ok();
    let log = host.json(&["audit", "list", "--json", "--account", &ann]);
    assert_eq!(actions(&log), ["account.deleted", "account.created"]);
});

db_test!(an_export_is_every_row_on_a_line_of_its_own, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    for n in 0..105 {
        host.run(&["user", if n % 2 == 0 { "unlock" } else { "sign-out" }, "root"]).ok();
    }
    let export = host.run(&["audit", "export"]).ok();
    let rows: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: std::collections::BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rows.len());
    assert!(rows.len() > 100, "more than a page: {}", rows.len());
    assert_eq!(rows.last().unwrap()["action"], "policy.applied", "newest first");
});
