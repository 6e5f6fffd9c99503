//! `vestibule invite`: the host invites to an organization, lists what became of it, and calls it back.

use testkit::{TestDb, db_test};
use vestibule::{Caller, Config, Db, OrganizationId, OrganizationRole, SignUp, SignUpForm, Timestamp, Vestibule};

use crate::host::{Host, SECRET};

/// An organization, made behind the instance's back.
async fn organization(db: &TestDb) -> String {
    let database = Db::connect(&db.url).await.expect("it opens");
    let engine = Vestibule::builder(database, SECRET.as_bytes().to_vec().into()).build().await.expect("an engine");
    let id = OrganizationId::fresh(engine.now(), engine.random());
    let sql = "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ($1, 'Harbour Works', $2, $2)";
    let mut tx = engine.db().write().await.expect("a transaction");
    tx.exec(sql, &[&id, &Timestamp(1)]).await.expect("inserted");
    tx.commit().await.expect("committed");
    engine.db().close().await;
    id.to_string()
}

db_test!(the_host_invites_lists_and_calls_back, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let org = organization(&db).await;
    let made = host.run(&["invite", "create", &org, "--role", "admin", "--max-uses", "2"]);
    let (code, said) = (made.stdout.trim().to_owned(), made.stderr.clone());
    made.ok();
    assert!(code.len() == 8 && code.bytes().all(|b| b.is_ascii_alphanumeric()), "{code}");
    assert!(
        said.contains(OrganizationRole::Admin.as_str()) && said.contains(&format!("/invitations/{code}")),
        "{said}"
    );
    let long = host.run(&["invite", "create", &org, "--never-expires", "--email", "bob@example.com"]);
    assert_eq!(long.stdout.trim().len(), 12, "{}", long.stderr);
    assert!(long.stderr.contains("bob@example.com") && long.stderr.contains("no mail is sent"), "{}", long.stderr);
    let listed = host.json(&["invite", "list", &org, "--json"]);
    let items = listed["items"].as_array().expect("a list");
    assert_eq!((items.len(), &items[1]["max_uses"], &items[1]["by_host"]), (2, &2.into(), &true.into()));
    assert!(!listed.to_string().contains(&code));
    let id = items[1]["id"].as_str().expect("an id");
    host.run(&["invite", "revoke", id]).ok();
    assert!(host.run(&["invite", "list", &org]).ok().contains("revoked"));
    host.run(&["invite", "revoke", id]).failed(1);
    for wrong in [&["--max-uses", "0"][..], &["--role", "owner"], &["--expires-in-days", "0"]] {
        host.run(&[&["invite", "create", &org][..], wrong].concat()).failed(2);
    }
    host.run(&["invite", "create", "00000000-0000-7000-8000-000000000000"]).failed(1);
    host.run(&["invite", "list", "00000000-0000-7000-8000-000000000000"]).failed(1);
});

db_test!(uses_that_are_held_are_listed, |db: TestDb| async move {
    let host = Host::on(&db).administered();
    let org = organization(&db).await;
    let code = host.run(&["invite", "create", &org, "--max-uses", "1"]).stdout.trim().to_owned();
    let database = Db::connect(&db.url).await.expect("it opens");
    let engine = Vestibule::builder(database, SECRET.as_bytes().to_vec().into());
    let config = Config { require_verified_email: true, ..Config::default() };
    let engine = engine.config(config).build().await.expect("an engine");
    let (password, invitation_code) = (Some("harbour-moss-Kettle".into()), Some(code.into()));
    let form = SignUpForm { email: "bob@example.com".to_owned(), password, name: None, invitation_code };
    assert!(matches!(engine.sign_up(&Caller::anonymous(), form).await, Ok(SignUp::MailSent)));
    engine.db().close().await;
    let listed = host.json(&["invite", "list", &org, "--json"]);
    assert_eq!((&listed["items"][0]["use_count"], &listed["items"][0]["held"]), (&0.into(), &1.into()));
    let table = host.run(&["invite", "list", &org]).ok();
    let row: Vec<&str> = table.lines().last().expect("a row").split_whitespace().collect();
    assert!(table.contains("HELD") && row[3..5] == ["0/1", "1"], "{table}");
});
