//! `admin`: what works when nobody can sign in.

use testkit::{TestDb, db_test};
use vestibule::Db;

use crate::host::{Host, PASSWORD};
use crate::user::row;

db_test!(an_administrator_is_made_and_listed, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let said = host.fed(&["admin", "create", "--email", "Ann@Example.com", "--name", "Ann", "--stdin"], PASSWORD).ok();
    assert!(said.contains("is an administrator"), "{said}");
    let list = host.json(&["admin", "list", "--json"]);
    let names: Vec<_> = list.as_array().unwrap().iter().map(|a| (&a["username"], &a["email"])).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(list[0]["name"], "Ann");
    assert_eq!(list[1]["username"], "root");
    assert_eq!(list[1]["groups"][0]["slug"], "administrators");
    assert!(host.run(&["admin", "list"]).ok().contains("root"));
});

db_test!(what_the_engine_refuses_is_told_by_its_field, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let said = host.fed(&["admin", "create", "--username", "other", "--stdin"], "short").failed(1);
    assert!(said.contains("password: "), "{said}");
    let said = host.fed(&["admin", "create", "--username", "root", "--stdin"], PASSWORD).failed(1);
    assert!(said.contains("taken"), "{said}");
    host.run(&["admin", "create", "--stdin"]).failed(2);
});

db_test!(a_password_comes_from_standard_input_or_a_terminal_and_nowhere_else, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let said = host.run(&["admin", "create", "--username", "other"]).failed(2);
    assert!(said.contains("--stdin"), "{said}");
    assert!(host.fed(&["admin", "create", "--username", "other", "--stdin"], "").failed(2).contains("first line"));
    host.run(&["admin", "create", "--username", "other", "--password", PASSWORD]).failed(2);
    assert_eq!(host.json(&["admin", "list", "--json"]).as_array().unwrap().len(), 1);
});

db_test!(a_reset_password_finds_its_administrator_and_is_audited_as_the_hosts, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let said = host.fed(&["admin", "reset-password", "root", "--stdin"], "copper-Lantern-19-fjord").ok();
    assert!(said.contains("root has a new password"), "{said}");
    assert!(host.fed(&["admin", "reset-password", "nobody", "--stdin"], PASSWORD).failed(1).contains("nobody"));
    assert!(host.fed(&["admin", "reset-password", "root", "--stdin"], "short").failed(1).contains("password"));
    let audit = host.json(&["audit", "list", "--json", "--action", "password.set"]);
    assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
    assert_eq!(audit["items"][0]["actor_kind"], "host");
    assert_eq!(audit["items"][0]["target_label"], "root");
    assert!(!audit["items"][0]["actor_label"].as_str().unwrap().is_empty());
});

db_test!(two_step_sign_in_survives_a_new_password_unless_it_is_cleared, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let database = Db::connect(&db.url).await.expect("it opens");
    let mut tx = database.write().await.expect("a transaction");
    let sql =
        "INSERT INTO second_factors (account_id, secret, last_step, enabled_at) SELECT id, $1, 0, 0 FROM accounts";
    tx.exec(sql, &[&vec![7_u8; 32]]).await.expect("it is on");
    tx.commit().await.expect("committed");
    database.close().await;
    let two_step = || row(&host.run(&["user", "show", "root"]).ok(), "two-step sign-in").to_owned();
    assert_eq!(two_step(), "on");
    let said = host.fed(&["admin", "reset-password", "root", "--clear-mfa", "--stdin"], "short").failed(1);
    assert!(said.contains("password: ") && two_step() == "on", "{said}");
    let said = host.fed(&["admin", "reset-password", "root", "--stdin"], "copper-Lantern-19-fjord").ok();
    assert!(said.contains("still on; --clear-mfa turns it off") && two_step() == "on", "{said}");
    let said = host.fed(&["admin", "reset-password", "root", "--clear-mfa", "--stdin"], "winter-Anvil-27-otter").ok();
    assert!(said.contains("Two-step sign-in is off.") && two_step() == "off", "{said}");
    assert_eq!(host.json(&["user", "show", "root", "--json"])["mfa_enabled"], false);
    let audit = host.json(&["audit", "list", "--json", "--action", "second_factor.reset"]);
    assert_eq!((audit["items"].as_array().unwrap().len(), &audit["items"][0]["actor_kind"]), (1, &"host".into()));
});
