//! `migrate`: how far the schema is, and bringing it up to date.

use serde_json::Value;

use crate::host::Host;

fn applied(status: &Value) -> Vec<bool> {
    let migrations = status.as_array().expect("a list").iter();
    migrations.map(|migration| migration["applied"].as_bool().expect("applied or not")).collect()
}

#[test]
fn status_tells_what_is_pending_and_up_applies_it() {
    let host = Host::new();
    let before = host.json(&["migrate", "status", "--json"]);
    assert!(before.as_array().is_some_and(|all| all.len() >= 4), "{before}");
    assert!(applied(&before).iter().all(|applied| !applied), "asking changes nothing");
    assert_eq!(host.json(&["migrate", "status", "--json"]), before);
    let said = host.run(&["migrate", "up"]).ok();
    assert!(said.contains(&format!("up to date: {} migrations", applied(&before).len())), "{said}");
    assert!(applied(&host.json(&["migrate", "status", "--json"])).iter().all(|applied| *applied));
    assert_eq!(host.run(&["migrate"]).ok(), said);
    assert!(host.run(&["migrate", "status"]).ok().contains("applied"));
}
