//! `keys`, `key` and `service-key`: made, listed and ended by whoever runs the host.

use serde_json::Value;
use testkit::{TestDb, db_test};
use vestibule::{Caller, Db, NewApiKey, NewBot, Presented, Secret, SecretKind, SignIn, SignInForm, Vestibule};

use crate::host::{Host, PASSWORD, SECRET};

async fn engine(db: &TestDb) -> Vestibule {
    let database = Db::connect(&db.url).await.expect("it opens");
    Vestibule::builder(database, SECRET.as_bytes().to_vec().into()).build().await.expect("an engine")
}

#[test]
fn signing_keys_are_rotated_and_the_one_before_stays_published() {
    let host = Host::new();
    host.run(&["migrate", "up"]).ok();
    assert_eq!(host.json(&["keys", "list", "--json"]).as_array().map(Vec::len), Some(0));
    let first = host.run(&["keys", "rotate"]).ok();
    assert!(first.contains(" signs from now on, by EdDSA."), "{first}");
    let second = host.with("VESTIBULE_TOKENS_ALGORITHM", "ES256");
    second.run(&["keys", "rotate"]).ok();
    let listed = second.json(&["keys", "list", "--json"]);
    let keys = listed.as_array().expect("a list");
    let shape = |key: &Value| (key["algorithm"].as_str().map(str::to_owned), key["retired_at"].is_null());
    assert_eq!(
        keys.iter().map(shape).collect::<Vec<_>>(),
        [(Some("ES256".into()), true), (Some("EdDSA".into()), false)]
    );
    assert!(first.contains(keys[1]["kid"].as_str().expect("a kid")));
    assert!(second.run(&["keys", "list"]).ok().contains(keys[0]["kid"].as_str().expect("a kid")));
    let audit = second.json(&["audit", "list", "--action", "signing_key.rotated", "--json"]);
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(audit["items"][0]["actor_kind"], "host", "{audit}");
    let third = second.run(&["keys", "rotate", "--withdraw"]).ok();
    let left = second.json(&["keys", "list", "--json"]);
    assert_eq!(left.as_array().map(Vec::len), Some(1), "{left}");
    assert!(third.contains(left[0]["kid"].as_str().expect("a kid")));
    let audit = second.json(&["audit", "list", "--action", "signing_key.rotated", "--json"]);
    let withdrawn = |n: usize| audit["items"][n]["details"]["withdrawn"].as_bool();
    assert_eq!((withdrawn(0), withdrawn(1)), (Some(true), Some(false)));
}

db_test!(a_service_key_is_printed_once_and_alone, |db: TestDb| async move {
    let host = Host::on(&db);
    host.run(&["migrate", "up"]).ok();
    let create = ["service-key", "create", "--name", "gateway", "--ability", "introspect", "--ability", "evaluate"];
    let made = host.run(&create);
    assert!(made.stderr.contains("gateway") && made.stderr.contains("evaluate, introspect"), "{made:?}");
    assert!(!made.stderr.contains("vst_svc_"), "{made:?}");
    let printed = made.ok();
    let token = printed.strip_suffix('\n').expect("a line");
    let secret = Secret::parse(SecretKind::ServiceKey, token).expect("the secret and nothing else");
    let engine = engine(&db).await;
    let Presented::Live(key) = engine.service_key(&secret).await.expect("an answer") else { panic!("it is live") };
    assert_eq!(key.abilities, ["evaluate", "introspect"]);

    let ending = host.run(&["service-key", "create", "--name", "brief", "--expires-in-days", "30"]);
    assert!(ending.stderr.contains("may: nothing"), "{ending:?}");
    let listed = host.json(&["service-key", "list", "--json"]);
    assert_eq!((&listed["items"][0]["name"], &listed["items"][1]["name"]), (&"brief".into(), &"gateway".into()));
    assert!(listed["items"][0]["expires_at"].is_string(), "{listed}");
    let life = key.expires_at.map(|end| end.0 - key.created_at.0);
    assert_eq!(life, Some(365 * 86_400_000_000), "a year, unless something else is said");
    let lasting = host.run(&["service-key", "create", "--name", "lasting", "--never-expires"]);
    assert!(lasting.ok().starts_with("vst_svc_"));
    assert!(host.json(&["service-key", "list", "--json"])["items"][0]["expires_at"].is_null());
    let table = host.run(&["service-key", "list"]).ok();
    assert!(table.contains("evaluate, introspect") && !table.contains(token) && !listed.to_string().contains(token));

    let id = key.id.to_string();
    host.run(&["service-key", "revoke", &id]).ok();
    host.run(&["service-key", "revoke", &id]).ok();
    assert!(host.json(&["service-key", "list", "--json"])["items"][2]["revoked_at"].is_string());
    engine.db().close().await;
    for wrong in [
        &["service-key", "create", "--name", "x", "--ability", "fly"][..],
        &["service-key", "create", "--name", " "],
        &["service-key", "revoke", "00000000-0000-7000-8000-000000000000"],
    ] {
        assert_eq!(host.run(wrong).failed(1).lines().count(), 1, "{wrong:?}");
    }
    for wrong in [
        &["service-key", "create"][..],
        &["service-key", "revoke", "x"],
        &["service-key", "create", "--name", "x", "--expires-in-days", "0"],
        &["service-key", "create", "--name", "x", "--expires-in-days", "9", "--never-expires"],
    ] {
        host.run(wrong).failed(2);
    }
});

db_test!(the_host_sees_and_revokes_a_users_key, |db: TestDb| async move {
    let host = Host::on(&db);
    host.run(&["migrate", "up"]).ok();
    for user in ["ann", "bob"] {
        host.fed(&["user", "create", "--username", user, "--stdin"], PASSWORD).ok();
    }
    let engine = engine(&db).await;
    let ann = engine.find_account("ann").await.expect("an answer").expect("ann").account.id;
    let new = NewApiKey { name: "laptop".into(), permissions: Some(Vec::new()), ..NewApiKey::default() };
    let made = engine.create_api_key(&Caller::host("root"), ann, new).await.expect("a key");
    let (id, token) = (made.key.id.to_string(), made.token.expose());

    let listed = host.json(&["key", "list", "ann", "--json"]);
    assert_eq!((listed["items"][0]["name"].as_str(), listed["items"][0]["id"].as_str()), (Some("laptop"), Some(&*id)));
    let table = host.run(&["key", "list", "ann"]).ok();
    assert!(table.contains("laptop") && table.contains("none") && !table.contains(token), "{table}");
    assert_eq!(host.json(&["key", "list", "bob", "--json"])["items"].as_array().map(Vec::len), Some(0));
    host.run(&["key", "revoke", "bob", &id]).failed(1);
    assert!(matches!(engine.principal(token).await, Ok(Presented::Live(_))));
    assert!(host.run(&["key", "revoke", "ann", &id]).ok().contains("is revoked"));
    assert!(host.json(&["key", "list", "ann", "--json"])["items"][0]["revoked_at"].is_string());
    engine.db().close().await;
    let audit = host.json(&["audit", "list", "--action", "api_key.revoked", "--json"]);
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(1), "{audit}");
    host.run(&["key", "list", "nobody"]).failed(1);
});

/// Somebody in a session that they open with their password.
async fn signed_in(engine: &Vestibule, username: &str) -> Caller {
    let form = SignInForm { identifier: username.into(), password: PASSWORD.into(), mfa_code: None };
    let SignIn::Done(signed_in) = engine.sign_in(&Caller::anonymous(), form).await.expect("an answer") else {
        panic!("{username} is not signed in")
    };
    let session = engine.session(&signed_in.token).await.expect("an answer").expect("a session");
    let caller = Caller::anonymous().acting_as(session.account_id, session.label.clone());
    Caller { credential: Some(session.credential), ..caller }
}

db_test!(the_host_sees_and_revokes_keys_of_organizations_and_of_bots, |db: TestDb| async move {
    let host = Host::on(&db);
    host.run(&["migrate", "up"]).ok();
    host.fed(&["user", "create", "--username", "ann", "--stdin"], PASSWORD).ok();
    let engine = engine(&db).await;
    let ann = signed_in(&engine, "ann").await;
    let org = engine.create_organization(&ann, "Acme").await.expect("anybody may").id;
    let named = |name: &str| NewApiKey { name: name.into(), ..NewApiKey::default() };
    let made = engine.create_organization_key(&ann, org, named("laptop")).await.expect("a member may");
    let new = NewBot { name: "Builder".into(), responsible_email: "a@b.example".into(), ..NewBot::default() };
    let bot = engine.create_bot(&ann, org, new).await.expect("an admin may");
    let listed = host.json(&["key", "list", "ann", "--json"]);
    assert_eq!(listed["items"][0]["organization_id"].as_str(), Some(&*org.to_string()), "{listed}");
    assert!(host.run(&["key", "list", "ann"]).ok().contains(&org.to_string()));
    let account = bot.bot.account_id.to_string();
    let listed = host.json(&["key", "list", &account, "--json"]);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    assert!(!host.run(&["user", "list"]).ok().contains("Builder"), "bots do not sign in");
    host.fed(&["admin", "reset-password", &account, "--stdin"], PASSWORD).failed(1);
    for (owner, key) in [("ann", &made), (account.as_str(), &bot.first)] {
        assert!(matches!(engine.principal(key.token.expose()).await, Ok(Presented::Live(_))));
        host.run(&["key", "revoke", owner, &key.key.id.to_string()]).ok();
        assert!(matches!(engine.principal(key.token.expose()).await, Ok(Presented::Revoked)));
    }
    engine.db().close().await;
});
