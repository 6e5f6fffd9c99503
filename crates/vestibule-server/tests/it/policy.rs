//! `policy`: what a file would change, applying it, asking why; and that nothing but a server's start or `apply` writes
//! the policy.

use serde_json::{Value, json};
use testkit::{TestDb, db_test};

use crate::host::{Host, PASSWORD, cloud_costs};

/// A policy of its own: readers of plans, and who may buy them.
const PLANS: &str = r#"
permissions = [
  { action = "view", resource = "plans" },
  { action = "buy", resource = "plans", explicit = true },
]

[[groups]]
slug = "readers"
name = "Readers"
permissions = ["view:plans"]
scope = ["eu"]

[[groups]]
slug = "buyers"
name = "Buyers"
permissions = ["buy:plans", { action = "view", resource = "plans", constraints = { max_amount = 5 } }]
scope = "all"
"#;

fn planning(db: &TestDb) -> Host {
    let host = Host::on(db).with("VESTIBULE_POLICY_FILE", "policy.toml");
    host.write("policy.toml", PLANS);
    let host = host.administered();
    host.fed(&["user", "create", "--username", "ann", "--group", "readers", "--stdin"], PASSWORD).ok();
    host
}

fn plan(host: &Host) -> Value {
    host.json(&["policy", "plan", "--json"])
}

fn is_empty(plan: &Value) -> bool {
    plan.as_object().expect("a plan").values().all(|part| part.is_null() || part.as_array().is_some_and(Vec::is_empty))
}

/// The JSON of an answer that ended with this code.
#[track_caller]
fn explained(host: &Host, code: i32, args: &[&str]) -> Value {
    let ran = host.run(&[&["policy", "explain"], args, &["--json"]].concat());
    assert_eq!(ran.code, code, "{args:?} {ran:?}");
    serde_json::from_str(&ran.stdout).expect("JSON")
}

db_test!(a_plan_tells_who_gains_and_loses_what_and_changes_nothing, |db: TestDb| async move {
    let host = planning(&db);
    assert!(is_empty(&plan(&host)), "{}", plan(&host));
    assert_eq!(host.run(&["policy", "plan"]).ok(), "Nothing would change.\n");

    let changed = PLANS.replace(r#"permissions = ["view:plans"]"#, r#"permissions = ["edit:plans"]"#).replace(
        r#"{ action = "buy", resource = "plans", explicit = true },"#,
        r#"{ action = "buy", resource = "plans", explicit = true }, { action = "edit", resource = "plans" },"#,
    );
    host.write("policy.toml", &changed);
    let before = plan(&host);
    assert_eq!(before["permissions_added"], json!(["edit:plans"]));
    let readers = &before["groups_changed"][0];
    assert_eq!(readers["slug"], "readers");
    assert_eq!(readers["gains"], json!([{"action": "edit", "resource": "plans"}]));
    assert_eq!(readers["loses"], json!([{"action": "view", "resource": "plans"}]));
    let effect = before["accounts"].as_array().unwrap().iter().find(|effect| effect["label"] == "ann").cloned();
    let effect = effect.expect("ann is among them");
    assert_eq!(effect["gains"], readers["gains"]);
    assert_eq!(effect["loses"], readers["loses"]);
    assert_eq!((&effect["scope_before"], &effect["scope_after"]), (&json!(["eu"]), &json!(["eu"])));
    let said = host.run(&["policy", "plan"]).ok();
    for line in ["  + edit:plans", "  ~ readers", "  ann", "    - view:plans"] {
        assert!(said.lines().any(|said| said == line), "{line:?}: {said}");
    }
    assert_eq!(plan(&host), before, "looking changes nothing");
    explained(&host, 0, &["ann", "view", "plans", "--scope", "eu"]);
});

db_test!(what_is_applied_is_what_was_planned_and_once, |db: TestDb| async move {
    let host = planning(&db);
    host.write("policy.toml", &PLANS.replace(r#"scope = ["eu"]"#, r#"scope = ["us"]"#));
    let planned = plan(&host);
    assert!(host.run(&["policy", "apply"]).failed(2).contains("--yes"));
    assert_eq!(plan(&host), planned, "without a yes nothing was done");
    assert_eq!(host.json(&["policy", "apply", "--yes", "--json"]), planned);
    assert!(is_empty(&plan(&host)));
    explained(&host, 1, &["ann", "view", "plans", "--scope", "eu"]);
    explained(&host, 0, &["ann", "view", "plans", "--scope", "us"]);
    let rows = || host.json(&["audit", "list", "--json", "--action", "policy.applied"])["items"].clone();
    let applied = rows();
    assert_eq!(applied[0]["actor_kind"], "host", "{applied}");
    assert_eq!(host.run(&["policy", "apply", "--yes"]).ok(), "Nothing would change.\n");
    assert_eq!(rows(), applied, "nothing was applied the second time");
});

db_test!(another_file_may_be_tried_and_applied, |db: TestDb| async move {
    let host = planning(&db);
    host.write("other.toml", &format!("default_group = \"readers\"\n{PLANS}"));
    let said = host.run(&["policy", "plan", "--file", "other.toml"]).ok();
    assert!(said.contains("Whoever signs up joins readers") && said.contains("No account gains"), "{said}");
    assert!(is_empty(&plan(&host)));
    let applied = host.run(&["policy", "apply", "--file", "other.toml", "--yes"]);
    assert!(applied.stderr.contains("policy_file (VESTIBULE_POLICY_FILE) is policy.toml"), "{applied:?}");
    assert!(applied.ok().contains("The policy in force is other.toml."));
    assert_eq!(host.json(&["group", "show", "readers", "--json"])["is_default"], true);
    assert_eq!(plan(&host)["default_group"], "members");
    host.write("other.toml", "[[groups]]\nslug = \"x\"\n");
    for command in ["plan", "apply"] {
        let said = host.run(&["policy", command, "--file", "other.toml"]).failed(2);
        assert!(said.contains("--file: other.toml: groups[0] \"x\": name: it is missing"), "{said}");
    }
});

db_test!(a_group_with_members_leaves_by_apply_and_not_by_a_start, |db: TestDb| async move {
    let host = planning(&db).with("VESTIBULE_LISTEN", "127.0.0.1:0");
    let (rest, _) = PLANS.split_once("[[groups]]\nslug = \"readers\"").expect("it has readers");
    let buyers = &PLANS[PLANS.find("[[groups]]\nslug = \"buyers\"").expect("it has buyers")..];
    host.write("policy.toml", &format!("{rest}{buyers}"));
    let said = host.run(&["serve"]).failed(2);
    assert!(said.contains("readers") && said.contains("vestibule policy apply"), "{said}");
    let planned = plan(&host);
    assert_eq!(planned["groups_removed"], json!([{"slug": "readers", "member_count": 1}]));
    assert!(host.run(&["policy", "plan"]).ok().contains("- readers (members: 1)"));
    host.run(&["policy", "apply", "--yes"]).ok();
    assert!(host.run(&["group", "show", "readers"]).failed(2).contains("there is no group readers"));
    explained(&host, 1, &["ann", "view", "plans", "--scope", "eu"]);
});

db_test!(a_command_with_other_settings_leaves_the_policy_alone, |db: TestDb| async move {
    let host = planning(&db);
    let elsewhere = Host::on(&db);
    for args in [&["user", "list"][..], &["group", "list"], &["policy", "plan"], &["doctor"]] {
        elsewhere.run(args).ok();
    }
    elsewhere.fed(&["admin", "create", "--username", "other", "--stdin"], PASSWORD).ok();
    assert!(is_empty(&plan(&host)), "{}", plan(&host));
    assert_eq!(plan(&elsewhere)["permissions_removed"], json!(["buy:plans", "view:plans"]));
});

db_test!(the_doctor_says_which_policy_and_whether_the_database_has_it, |db: TestDb| async move {
    let host = planning(&db);
    let said = host.run(&["doctor"]).ok();
    assert!(said.lines().any(|line| line == "ok   policy         policy.toml: 39 permissions, 4 groups"), "{said}");
    host.write("policy.toml", "");
    let said = host.run(&["doctor"]).ok();
    let warning = said.lines().find(|line| line.starts_with("warn policy ")).unwrap_or_else(|| panic!("{said}"));
    assert!(warning.contains("37 permissions, 2 groups") && warning.contains("`vestibule policy plan`"), "{said}");
    assert!(warning.contains("the next start is refused, as readers has members"), "{said}");
    let findings = host.json(&["doctor", "--json"]);
    let policy = findings.as_array().unwrap().iter().find(|finding| finding["check"] == "policy").unwrap();
    assert_eq!((&policy["ok"], &policy["warning"]), (&true.into(), &true.into()));
    host.write("policy.toml", "x = 1");
    let broken = host.run(&["doctor"]);
    assert!(broken.stdout.contains("FAIL settings ") && broken.stdout.contains("policy.toml: x"), "{broken:?}");
    broken.failed(1);
});

#[test]
fn a_broken_file_stops_every_command_and_names_the_place() {
    let host = Host::new().with("VESTIBULE_POLICY_FILE", "mine.toml");
    for (text, place) in [
        ("permissions = [", "mine.toml: TOML parse error at line 1, column 16"),
        ("colour = 1", "mine.toml: colour: the key is unknown"),
        ("[[groups]]\nslug = \"x\"\nname = \"X\"\npermissions = [\"fly:moon\"]", {
            "mine.toml: groups[0] \"x\": permissions[0]: fly:moon matches nothing"
        }),
    ] {
        host.write("mine.toml", text);
        for args in [&["serve"][..], &["config", "check"], &["config", "show"], &["migrate", "up"], &["user", "list"]] {
            let said = host.run(args).failed(2);
            assert!(said.contains(&format!("policy_file (VESTIBULE_POLICY_FILE): {place}")), "{args:?}: {said}");
        }
    }
    assert_eq!(host.files(), ["mine.toml"]);
    std::fs::remove_file(host.path("mine.toml")).unwrap();
    assert!(host.run(&["serve"]).failed(2).contains("mine.toml cannot be read"));
    assert!(Host::new().with("VESTIBULE_POLICY_FILE", "").run(&["config", "check"]).failed(2).contains("is empty"));
    let shown = Host::new().with("VESTIBULE_POLICY_FILE", &cloud_costs()).run(&["config", "show"]).ok();
    assert!(shown.lines().any(|line| line.contains("policy_file") && line.contains("cloud-costs.toml")), "{shown}");
}

/// An instance under the worked example: Ann buys, Stan is a standard user, root administers.
fn buying(db: &TestDb) -> Host {
    let host = Host::on(db).with("VESTIBULE_POLICY_FILE", &cloud_costs()).administered();
    host.fed(&["user", "create", "--username", "ann", "--email", "ann@example.com", "--stdin"], PASSWORD).ok();
    host.fed(&["user", "create", "--username", "stan", "--group", "standard-users", "--stdin"], PASSWORD).ok();
    host.run(&["user", "add-to-group", "ann", "purchaser", "--break-glass"]).ok();
    host
}

db_test!(a_question_is_answered_by_exit_code, |db: TestDb| async move {
    let host = buying(&db);
    let rows: [(i32, &[&str]); 20] = [
        (0, &["root", "delete", "users"]),
        (0, &["root", "cancel", "purchases"]),
        (1, &["root", "execute", "purchases"]),
        (1, &["root", "approve", "purchases", "--owner", "other"]),
        (1, &["root", "fly", "purchases"]),
        (0, &["ann", "execute", "purchases"]),
        (0, &["ann@example.com", "approve", "purchases", "--owner", "other"]),
        (0, &["ann", "execute", "purchases", "--scope", "account-1", "--scope", "account-2"]),
        (1, &["ann", "cancel", "purchases", "--owner", "self"]),
        (1, &["ann", "execute", "ri-exchange"]),
        (0, &["stan", "update", "purchases", "--owner", "self"]),
        (1, &["stan", "update", "purchases", "--owner", "other"]),
        (1, &["stan", "update", "purchases"]),
        (1, &["stan", "cancel", "purchases", "--owner", "nobody"]),
        (0, &["stan", "revoke", "purchases", "--scope", "account-1"]),
        (2, &["nobody", "view", "plans"]),
        (2, &["ann", "view", "plans", "--context", "[1]"]),
        (2, &["ann", "view", "plans", "--context", "{"]),
        (2, &["ann", "view", "plans", "--owner", "everybody"]),
        (2, &["ann", "view"]),
    ];
    for (code, args) in rows {
        let ran = host.run(&[&["policy", "explain"], args].concat());
        assert_eq!(ran.code, code, "{args:?} {ran:?}");
        let word = ["allowed: ", "denied: ", ""][usize::try_from(code).unwrap()];
        assert!(ran.stdout.starts_with(word) && ran.stdout.is_empty() == (code == 2), "{args:?} {ran:?}");
    }
    let unheard = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut allowed = host.command(&["policy", "explain", "root", "delete", "users"]);
    let status = allowed.stdout(unheard).stderr(std::process::Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(2), "what cannot be told is no yes");
    let away = Host::new().with("VESTIBULE_DATABASE_URL", "sqlite://nowhere.db");
    away.run(&["policy", "explain", "ann", "view", "plans"]).failed(2);
});

db_test!(an_answer_says_why, |db: TestDb| async move {
    let host = buying(&db);
    let allowed = explained(&host, 0, &["ann", "execute", "purchases"]);
    assert_eq!((&allowed["allowed"], &allowed["code"]), (&true.into(), &"granted".into()));
    assert_eq!(allowed["reason"], "granted by execute:purchases of group purchaser");
    assert_eq!((&allowed["grant"]["group"], &allowed["near_misses"]), (&"purchaser".into(), &json!([])));

    let denied = explained(&host, 1, &["root", "execute", "purchases"]);
    assert_eq!((&denied["allowed"], &denied["reason"]), (&false.into(), &"no grant allows execute:purchases".into()));
    let miss = &denied["near_misses"][0];
    assert_eq!((&miss["permission"]["action"], &miss["group"]), (&"admin".into(), &"administrators".into()));
    assert_eq!(miss["missing"], json!([{"code": "explicit_grant", "permission": "execute:purchases"}]));
    let said = host.run(&["policy", "explain", "root", "execute", "purchases"]).stdout;
    let line = "  admin:*, group administrators: execute:purchases must be granted by its own name";
    assert_eq!(said.lines().nth(1), Some(line), "{said}");

    let unowned = explained(&host, 1, &["stan", "cancel", "purchases"]);
    assert_eq!(unowned["near_misses"][0]["missing"], json!([{"code": "ownership", "is_recorded": false}]));
    host.run(&["user", "disable", "ann"]).ok();
    let inactive = explained(&host, 1, &["ann", "execute", "purchases"]);
    assert_eq!(inactive["code"], "account_inactive", "{inactive}");
});

db_test!(what_a_request_states_is_held_against_the_limits, |db: TestDb| async move {
    let host = planning(&db);
    host.run(&["user", "add-to-group", "ann", "buyers", "--break-glass"]).ok();
    host.run(&["user", "remove-from-group", "ann", "readers"]).ok();
    let view = |context: &'static str| ["ann", "view", "plans", "--context", context];
    explained(&host, 0, &view(r#"{"amount": 5}"#));
    let above = explained(&host, 1, &view(r#"{"amount": 6}"#));
    let missing = json!([{"code": "above", "dimension": "max_amount", "stated": 6, "limit": 5}]);
    assert_eq!(above["near_misses"][0]["missing"], missing);
    let unstated = explained(&host, 1, &["ann", "view", "plans"]);
    assert_eq!(unstated["near_misses"][0]["missing"][0]["code"], "unstated");
    let held = host.run(&["user", "permissions", "ann"]).ok();
    assert!(held.contains("view:plans (max_amount: 5)"), "{held}");
});
