//! The audit log: who did what, in pages that neither skip nor repeat.

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{ActorKind, AuditFilter, KeyExpiry, NewServiceKey, PageRequest, ProfileEdit};

use crate::holders::{host, last_done};
use crate::people::{administrator, by, sign_up};
use crate::programs::{acting, by_session, jwt, key, principal, tokens_of};

db_test!(a_row_says_who_what_whom_and_from_where, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let request = vestibule::RequestId::fresh(t.engine.now(), t.engine.random());
    let mut caller = by(&root);
    (caller.ip, caller.request_id) = (Some("192.0.2.7".parse().expect("an address")), Some(request));
    t.engine.disable_account(&caller, ann.id).await.expect("disabled");
    let filter = AuditFilter { action: Some("account.disabled".into()), ..AuditFilter::default() };
    let rows = t.engine.list_audit(&filter, PageRequest::first()).await.expect("the log").items;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.actor_kind, row.actor_id, row.actor_label.as_str()), (ActorKind::Account, Some(root.id.0), "root"));
    assert_eq!((row.target_id, row.target_label.as_deref()), (Some(ann.id.0), Some("ann@example.com")));
    assert_eq!((row.ip.as_deref(), row.request_id), (Some("192.0.2.7"), Some(request)));
});

db_test!(an_edit_is_written_with_what_it_was_and_what_it_is, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let edit = ProfileEdit { name: Some(Some("Ann Lee".into())), username: None };
    t.clock.advance(std::time::Duration::from_secs(1));
    t.engine.edit_profile(&by(&ann), ann.id, edit).await.expect("edited");
    let rows = t.engine.list_audit(&AuditFilter::default(), PageRequest::first()).await.expect("the log").items;
    let details = &rows[0].details.0;
    assert_eq!((details["before"]["name"].as_str(), details["after"]["name"].as_str()), (None, Some("Ann Lee")));
});

db_test!(pages_neither_skip_nor_repeat_rows_of_one_instant, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for n in 0..13 {
        sign_up(&t.engine, &format!("person{n}@example.com")).await; // the clock stands still
    }
    let policy = 1; // was written when the engine was built, at the same instant
    let (mut ids, mut page) = (Vec::new(), PageRequest { limit: 4, cursor: None });
    loop {
        let rows = t.engine.list_audit(&AuditFilter::default(), page).await.expect("the log");
        ids.extend(rows.items.iter().map(|row| row.id));
        let Some(next) = rows.next_cursor else { break };
        page = PageRequest::parse(Some("4"), Some(&next)).expect("our own cursor");
    }
    assert_eq!(ids.len(), policy + 39, "an account, a mail and a session for each");
    ids.dedup();
    assert_eq!(ids.len(), policy + 39);
});

db_test!(a_row_says_by_which_key_or_token_an_account_acted, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let id = ann.account.account.id;
    let (made, issued) = (key(&t.engine, &ann, None).await, tokens_of(&t.engine, &ann).await);
    let rows = t.engine.list_audit(&AuditFilter::default(), PageRequest::first()).await.expect("the log").items;
    let begun = rows.iter().find(|row| row.action == "token.issued").expect("a row").details.0["chain"].clone();
    let by_key = acting(&*principal(&t.engine, made.token.expose()).await);
    let by_token = acting(&*principal(&t.engine, jwt(&issued)).await);
    for (caller, expected) in [
        (by_key, serde_json::json!({ "api_key": made.key.id })),
        (by_token, serde_json::json!({ "access_token": begun })),
        (by_session(&t.engine, &ann).await, serde_json::Value::Null),
    ] {
        t.clock.advance(std::time::Duration::from_secs(1));
        let edit = ProfileEdit { name: Some(Some(format!("Ann {expected}"))), username: None };
        t.engine.edit_profile(&caller, id, edit).await.expect("edited");
        assert_eq!(last_done(&t.engine, "account.edited").await.details.0["by"], expected);
    }
});

db_test!(the_first_signing_key_and_the_end_of_a_key_are_written_down, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    tokens_of(&t.engine, &ann).await;
    tokens_of(&t.engine, &ann).await;
    let filter = AuditFilter { action: Some("signing_key.created".into()), ..AuditFilter::default() };
    let rows = t.engine.list_audit(&filter, PageRequest::first()).await.expect("the log").items;
    let [row] = rows.as_slice() else { panic!("once: {rows:?}") };
    let kid = t.engine.list_signing_keys().await.expect("keys")[0].id;
    assert_eq!((row.actor_kind, &row.details.0["kid"]), (ActorKind::System, &serde_json::json!(kid)));
    let made = key(&t.engine, &ann, None).await.key;
    let details = last_done(&t.engine, "api_key.created").await.details.0;
    assert_eq!(details["expires_at"], serde_json::json!(made.expires_at.expect("a year")));
    let new = NewServiceKey { name: "S".into(), expiry: KeyExpiry::Never, ..NewServiceKey::default() };
    t.engine.create_service_key(&host(), new).await.expect("the host can");
    let details = last_done(&t.engine, "service_key.created").await.details.0;
    assert!(details.as_object().is_some_and(|details| details["expires_at"].is_null()), "{details}");
});
