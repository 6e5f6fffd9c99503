//! `vestibule org`: finding organizations, giving an orphan an admin, deleting one.

use serde_json::Value;
use testkit::{TestDb, TestEngine, db_test};
use vestibule::{AccountId, OrganizationId};

use crate::host::{Host, PASSWORD};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// An administrator; Ann, who administers an organization; and Bob. The organization's id.
async fn harbour(db: &TestDb) -> (Host, String) {
    let host = Host::on(db).administered();
    for name in ["ann", "bob"] {
        host.fed(&["user", "create", "--username", name, "--group", "members", "--stdin"], PASSWORD).ok();
    }
    let engine = TestEngine::new(db).await.engine.clone();
    let ann: AccountId =
        host.json(&["user", "show", "ann", "--json"])["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let org = OrganizationId::fresh(engine.now(), engine.random());
    let mut tx = engine.db().write().await.expect("a transaction");
    let sql = "INSERT INTO organizations (id, name, created_at, updated_at, created_by)
               VALUES ($1, 'Harbour Works', $2, $2, $3)";
    tx.exec(sql, &[&org, &engine.now(), &ann]).await.expect("inserted");
    let sql = "INSERT INTO organization_members (organization_id, account_id, role, created_at)
               VALUES ($1, $2, 'admin', $3)";
    tx.exec(sql, &[&org, &ann, &engine.now()]).await.expect("inserted");
    tx.commit().await.expect("committed");
    (host, org.to_string())
}

fn orphans(host: &Host) -> Vec<Value> {
    let list = host.json(&["org", "list", "--orphaned", "--json"]);
    list["items"].as_array().expect("items").clone()
}

db_test!(an_orphan_is_found_and_given_an_admin, |db: TestDb| async move {
    let (host, org) = harbour(&db).await;
    assert!(host.run(&["org", "list"]).ok().contains("Harbour Works"));
    assert!(orphans(&host).is_empty());
    let refused = host.run(&["org", "name-admin", &org, "bob"]).failed(1);
    assert!(refused.contains("Somebody administers this organization."), "{refused}");
    host.run(&["user", "disable", "ann"]).ok();
    let found = orphans(&host);
    assert_eq!((found.len(), &found[0]["id"]), (1, &org.as_str().into()));
    let shown = host.json(&["org", "show", &org, "--json"]);
    assert_eq!((&shown["name"], &shown["member_count"]), (&"Harbour Works".into(), &1.into()));
    assert_eq!((&shown["members"][0]["role"], &shown["members"][0]["is_active"]), (&"admin".into(), &false.into()));
    let shown = host.run(&["org", "show", &org]).ok();
    assert!(shown.contains("ann") && shown.contains("not active"), "{shown}");
    assert!(host.run(&["org", "name-admin", &org, "ann"]).failed(1).contains("There is no such account."));
    assert!(host.run(&["org", "name-admin", &org, "carl"]).failed(1).contains("there is no account carl"));
    assert_eq!(host.run(&["org", "name-admin", &org, "bob"]).ok(), "bob administers Harbour Works.\n");
    assert!(orphans(&host).is_empty());
    let row = host.json(&["audit", "list", "--json", "--action", "organization.admin_named"])["items"][1].clone();
    assert_eq!((&row["outcome"], &row["organization_id"]), (&"refused".into(), &org.as_str().into()), "{row}");
});

db_test!(an_organization_is_deleted_on_the_host, |db: TestDb| async move {
    let (host, org) = harbour(&db).await;
    assert!(host.run(&["org", "delete", &org]).failed(2).contains("--yes"));
    assert_eq!(host.run(&["org", "delete", &org, "--yes"]).ok(), "Harbour Works is deleted.\n");
    for args in [vec!["org", "show", &org], vec!["org", "delete", &org, "--yes"], vec!["org", "show", NOBODY]] {
        assert!(host.run(&args).failed(1).contains("there is no organization"));
    }
    assert!(host.run(&["org", "show", "harbour"]).failed(2).contains("is not an organization's id"));
    assert!(host.json(&["org", "list", "--json"])["items"].as_array().expect("items").is_empty());
    host.run(&["user", "show", "ann"]).ok();
});
