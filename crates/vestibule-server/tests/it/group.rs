//! `group`, and who is in one: looking, joining, leaving, and what takes a second person.

use serde_json::Value;
use testkit::{TestDb, db_test};

use crate::host::{Host, PASSWORD, cloud_costs};

/// An instance under the worked example, with an administrator and Ann, who is a viewer.
fn buying(db: &TestDb) -> Host {
    let host = Host::on(db).with("VESTIBULE_POLICY_FILE", &cloud_costs()).administered();
    host.fed(&["user", "create", "--username", "ann", "--group", "viewers", "--stdin"], PASSWORD).ok();
    host
}

fn groups_of(host: &Host, who: &str) -> Vec<String> {
    let account = host.json(&["user", "show", who, "--json"]);
    let groups = account["groups"].as_array().expect("an account has groups").iter();
    groups.map(|group| group["slug"].as_str().expect("a slug").to_owned()).collect()
}

/// The newest row of an action.
fn newest(host: &Host, action: &str) -> Value {
    host.json(&["audit", "list", "--json", "--action", action])["items"][0].clone()
}

db_test!(groups_are_listed_and_shown, |db: TestDb| async move {
    let host = buying(&db);
    let list = host.json(&["group", "list", "--json"]);
    let slugs: Vec<&str> = list["items"].as_array().unwrap().iter().map(|g| g["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs.len(), 9);
    let page = host.json(&["group", "list", "--json", "--limit", "8"]);
    let rest = host.json(&["group", "list", "--json", "--cursor", page["next_cursor"].as_str().unwrap()]);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert!(
        host.run(&["group", "list"]).ok().lines().any(|line| line.contains("purchaser") && line.contains("policy"))
    );

    let purchaser = host.json(&["group", "show", "purchaser", "--json"]);
    assert_eq!(purchaser["id"], "00000000-0000-5000-8000-000000000007");
    assert_eq!(purchaser["permissions"][0], serde_json::json!({"action": "execute", "resource": "purchases"}));
    assert_eq!((&purchaser["scope"], &purchaser["member_count"]), (&"all".into(), &0.into()));
    assert_eq!((&purchaser["system_managed"], &purchaser["is_default"]), (&true.into(), &false.into()));
    assert_eq!(host.json(&["group", "show", purchaser["id"].as_str().unwrap(), "--json"]), purchaser);
    let shown = host.run(&["group", "show", "viewers"]).ok();
    assert!(shown.contains("view:accounts") && shown.contains("kept by"), "{shown}");
    assert!(host.run(&["group", "show", "nobodies"]).failed(2).contains("there are: administrators, "));
});

db_test!(a_user_joins_and_leaves, |db: TestDb| async move {
    let host = buying(&db);
    let said = host.run(&["user", "add-to-group", "ann", "plan-authors"]).ok();
    assert_eq!(said, "ann is in plan-authors.\n");
    assert_eq!(groups_of(&host, "ann"), ["plan-authors", "viewers"]);
    assert_eq!(newest(&host, "group_member.added")["details"]["group"], "plan-authors");
    host.run(&["user", "add-to-group", "ann", "plan-authors"]).ok();
    assert!(host.run(&["user", "remove-from-group", "ann", "plan-authors"]).ok().contains("no longer in plan-authors"));
    assert_eq!(groups_of(&host, "ann"), ["viewers"]);
    let again = host.run(&["user", "remove-from-group", "ann", "plan-authors"]).failed(1);
    assert!(again.contains("ann is not in plan-authors"), "{again}");
    assert!(host.run(&["user", "add-to-group", "nobody", "viewers"]).failed(1).contains("there is no account nobody"));
    assert!(host.run(&["user", "add-to-group", "ann", "nobodies"]).failed(2).contains("there is no group nobodies"));
    let last = host.run(&["user", "remove-from-group", "root", "administrators"]).failed(1);
    assert!(last.contains("administrator must remain"), "{last}");
});

db_test!(spending_takes_a_second_person_or_a_broken_glass, |db: TestDb| async move {
    let host = buying(&db);
    let refused = host.run(&["user", "add-to-group", "ann", "purchaser"]).failed(1);
    assert!(refused.contains("execute:purchases") && refused.contains("--break-glass"), "{refused}");
    assert!(refused.contains("in the console"), "{refused}");
    assert_eq!(groups_of(&host, "ann"), ["viewers"]);
    let row = newest(&host, "group_member.added");
    assert_eq!((&row["outcome"], &row["actor_kind"]), (&"refused".into(), &"host".into()), "{row}");

    let broken = host.run(&["user", "add-to-group", "ann", "purchaser", "--break-glass"]);
    assert!(broken.stderr.contains("*** BREAK GLASS: ann is in purchaser"), "{broken:?}");
    assert_eq!(broken.ok(), "ann is in purchaser.\n");
    assert_eq!(groups_of(&host, "ann"), ["purchaser", "viewers"]);
    let row = newest(&host, "group_member.added");
    assert_eq!((&row["outcome"], &row["details"]["break_glass"]), (&"done".into(), &true.into()), "{row}");
    assert_eq!((&row["target_label"], &row["details"]["group"]), (&"ann".into(), &"purchaser".into()));
    host.run(&["policy", "explain", "ann", "execute", "purchases"]).ok();
});

db_test!(a_new_user_is_put_in_no_group_that_takes_a_second_person, |db: TestDb| async move {
    let host = buying(&db);
    let create = ["user", "create", "--username", "bob", "--group", "viewers", "--group", "purchaser", "--stdin"];
    let refused = host.fed(&create, PASSWORD).failed(1);
    assert!(refused.contains("execute:purchases") && refused.contains("without that group"), "{refused}");
    host.run(&["user", "show", "bob"]).failed(1);
    host.fed(&["user", "create", "--username", "bob", "--stdin"], PASSWORD).ok();
    assert_eq!(groups_of(&host, "bob"), ["members"], "the default group of the policy");
});

db_test!(what_a_user_may_do_is_told_with_its_group, |db: TestDb| async move {
    let host = buying(&db);
    let held = host.json(&["user", "permissions", "ann", "--json"]);
    let permissions = held["permissions"].as_array().unwrap();
    assert_eq!(permissions.len(), 5, "{held}");
    assert!(permissions.iter().all(|held| held["group"] == "viewers" && held["action"] == "view"), "{held}");
    assert_eq!(held["scope"], "all");
    let root = host.json(&["user", "permissions", "root", "--json"]);
    let named = |action: &str| {
        let mut held = root["permissions"].as_array().unwrap().iter();
        held.find(|held| held["action"] == action && held["resource"] == "purchases").cloned()
    };
    assert_eq!(named("cancel-any").expect("a wildcard gives it")["via"], "admin:*");
    assert_eq!(named("execute"), None, "no wildcard gives it");
    let shown = host.run(&["user", "permissions", "ann"]).ok();
    assert!(shown.contains("view:plans") && shown.ends_with("Scope: all\n"), "{shown}");
    host.run(&["user", "disable", "ann"]).ok();
    assert_eq!(host.run(&["user", "permissions", "ann"]).ok(), "No permissions.\nScope: none\n");
    host.run(&["user", "permissions", "nobody"]).failed(1);
});
