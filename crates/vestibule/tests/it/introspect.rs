//! Asking about a token says what is true at that moment and is no use of it; a reported token ends at once, and its
//! owner hears of it.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{BreakGlass, Introspection, MailKind, NewServiceKey, PageRequest, Presented, Vestibule};

use crate::authenticators::logged;
use crate::holders::{cloud_costs, group, host, last_done, permissions};
use crate::people::{PASSWORD, count_mailed, live, nobody, sign_up, signs_in};
use crate::programs::{assert_dead, by_session, jwt, key, opens, refreshed, tokens_for_password, tokens_of};

const ANN: &str = "ann@example.com";
const HOUR: Duration = Duration::from_secs(3600);

async fn ask(engine: &Vestibule, token: &str) -> Introspection {
    engine.introspect(token).await.expect("an answer")
}

async fn report(engine: &Vestibule, token: &str) {
    engine.report_token(&nobody(), token).await.expect("always well");
}

db_test!(every_kind_of_token_is_known_for_what_it_is_and_as_long_as_it_lives, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    let members = vec!["members".to_owned()];
    let (issued, made) = (tokens_of(&t.engine, &ann).await, key(&t.engine, &ann, Some(&[])).await);
    for (token, kind) in [
        (ann.token.expose(), "session"),
        (jwt(&issued), "access_token"),
        (issued.refresh_token.expose(), "refresh_token"),
        (made.token.expose(), "api_key"),
    ] {
        let said = ask(&t.engine, token).await;
        let who = said.principal.expect("somebody's");
        assert_eq!((said.active, said.token_type, said.abilities), (true, Some(kind), None));
        assert_eq!((who.id, who.email.as_deref(), who.email_verified), (id, Some(ANN), false), "{kind}");
        let (groups, permissions) = if kind == "api_key" { (vec![], Some(vec![])) } else { (members.clone(), None) };
        assert_eq!((who.groups, who.permissions), (groups, permissions), "{kind}");
    }
    let new = NewServiceKey { name: "S".into(), abilities: vec!["introspect".into()], ..NewServiceKey::default() };
    let service = t.engine.create_service_key(&host(), new).await.expect("the host can");
    let said = ask(&t.engine, service.token.expose()).await;
    assert_eq!((said.active, said.token_type, said.principal), (true, Some("service_key"), None));
    assert_eq!(said.abilities, Some(vec!["introspect".to_owned()]));
    refreshed(&t.engine, issued.refresh_token.expose()).await.expect("the next pair");
    assert!(!ask(&t.engine, issued.refresh_token.expose()).await.active, "it was used");
    t.engine.disable_account(&host(), id).await.expect("disabled");
    t.engine.revoke_service_key(&host(), service.key.id).await.expect("revoked");
    let ended = [ann.token.expose(), jwt(&issued), made.token.expose(), service.token.expose()];
    for token in ended.into_iter().chain(["", "x", "a.b.c", "vst_key_x"]) {
        let said = serde_json::to_value(ask(&t.engine, token).await).expect("JSON");
        assert_eq!(said, serde_json::json!({ "active": false }), "{token}: and nothing else is said");
    }
});

db_test!(asking_is_no_use_of_a_session_or_a_key, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.session.idle = HOUR).await;
    let ann = sign_up(&t.engine, ANN).await;
    let made = key(&t.engine, &ann, None).await;
    t.clock.advance(HOUR - Duration::from_secs(1));
    assert!(ask(&t.engine, ann.token.expose()).await.active && ask(&t.engine, made.token.expose()).await.active);
    t.engine.flush_touches().await.expect("written");
    t.clock.advance(Duration::from_secs(1));
    assert!(!ask(&t.engine, ann.token.expose()).await.active, "the hour was over");
    let keys = t.engine.list_api_keys(ann.account.account.id, PageRequest::first()).await.expect("a list").items;
    assert_eq!(keys[0].last_used_at, None);
});

db_test!(a_reported_token_ends_at_once_and_its_owner_hears_of_it_once, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    let (first, second) = (tokens_for_password(&t.engine, ANN).await, tokens_for_password(&t.engine, ANN).await);
    let used = refreshed(&t.engine, second.refresh_token.expose()).await.expect("the next pair");
    let made = key(&t.engine, &ann, None).await;
    let other = key(&t.engine, &ann, None).await;
    for (n, token) in
        [jwt(&first), second.refresh_token.expose(), made.token.expose(), ann.token.expose()].into_iter().enumerate()
    {
        for node in [&t, &there] {
            report(&node.engine, token).await;
        }
        assert_eq!(logged(&t.engine, id, "token.reported").await, (n + 1, 0), "each once");
        assert_eq!(count_mailed(&t.engine, ANN, MailKind::TokenReported).await, n + 1);
    }
    assert_dead(&t.engine, &first, "by its access token").await;
    assert_dead(&t.engine, &used, "by a refresh token that was used").await;
    assert!(matches!(t.engine.principal(made.token.expose()).await, Ok(Presented::Revoked)));
    assert!(live(&t.engine, &ann).await.is_none());
    assert!(opens(&t.engine, other.token.expose()).await, "no other ends");
    for text in ["", "x", "vst_key_x", "a.b.c", ann.account.account.id.to_string().as_str()] {
        report(&t.engine, text).await;
    }
    assert_eq!(logged(&t.engine, id, "token.reported").await, (4, 0));
    let new = NewServiceKey { name: "S".into(), ..NewServiceKey::default() };
    let service = t.engine.create_service_key(&host(), new).await.expect("the host can");
    t.clock.advance(Duration::from_millis(1));
    report(&t.engine, service.token.expose()).await;
    assert!(matches!(t.engine.service_key(&service.token).await, Ok(Presented::Revoked)));
    assert_eq!(last_done(&t.engine, "token.reported").await.details.0["what"], "service key");
});

db_test!(of_a_rotated_key_a_report_ends_the_secret_that_was_found, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    let caller = by_session(&t.engine, &ann).await;
    let first = key(&t.engine, &ann, None).await;
    let second = t.engine.rotate_api_key(&caller, id, first.key.id, HOUR).await.expect("rotated");
    assert!(opens(&t.engine, first.token.expose()).await && opens(&t.engine, second.token.expose()).await);
    report(&t.engine, first.token.expose()).await;
    assert!(matches!(t.engine.principal(first.token.expose()).await, Ok(Presented::Expired)), "the one that was found");
    assert!(opens(&t.engine, second.token.expose()).await, "the one after it was not found");
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::TokenReported).await, 1);
    report(&t.engine, first.token.expose()).await;
    assert!(opens(&t.engine, second.token.expose()).await, "what opens nothing ends nothing");
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::TokenReported).await, 1);
    let third = t.engine.rotate_api_key(&caller, id, first.key.id, HOUR).await.expect("rotated");
    report(&t.engine, third.token.expose()).await;
    for token in [&second.token, &third.token] {
        assert!(!opens(&t.engine, token.expose()).await, "the key has ended, with the secret before as well");
    }
});

db_test!(sixty_reports_at_once_all_end_what_they_report, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let mut issued = Vec::new();
    for _ in 0..60 {
        issued.push(tokens_of(&t.engine, &ann).await);
    }
    let cold = t.second_node().await;
    testkit::race(60, |i| {
        let (engine, token) = (cold.engine.clone(), jwt(&issued[i]).to_owned());
        async move { report(&engine, &token).await }
    })
    .await;
    for (n, issued) in issued.iter().enumerate() {
        assert!(!opens(&cold.engine, jwt(issued)).await, "{n}: here at once");
        assert!(refreshed(&t.engine, issued.refresh_token.expose()).await.is_none(), "{n}");
    }
    assert_eq!(logged(&t.engine, ann.account.account.id, "token.reported").await, (60, 0));
});

db_test!(a_key_that_was_found_while_its_owner_is_disabled_does_not_come_back_with_them, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    let (found, kept) = (key(&t.engine, &ann, None).await, key(&t.engine, &ann, None).await);
    t.engine.disable_account(&host(), id).await.expect("disabled");
    report(&t.engine, found.token.expose()).await;
    assert_eq!(logged(&t.engine, id, "token.reported").await, (1, 0));
    t.engine.enable_account(&host(), id).await.expect("enabled");
    assert!(matches!(t.engine.principal(found.token.expose()).await, Ok(Presented::Revoked)));
    assert!(opens(&t.engine, kept.token.expose()).await, "the other does");
});

db_test!(asking_while_an_account_is_deleted_is_an_answer, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    for round in 0..25 {
        let address = format!("person{round}@example.com");
        let person = sign_up(&t.engine, &address).await;
        let (issued, id) = (tokens_for_password(&t.engine, &address).await, person.account.account.id);
        testkit::race(9, |i| {
            let engine = if i % 2 == 0 { t.engine.clone() } else { there.engine.clone() };
            let token = issued.refresh_token.expose().to_owned();
            async move {
                if i == 4 {
                    return engine.delete_account(&host(), id).await.expect("deleted");
                }
                let said = engine.introspect(&token).await;
                assert!(said.is_ok(), "{round}: {said:?}");
            }
        })
        .await;
        assert!(!ask(&t.engine, issued.refresh_token.expose()).await.active);
    }
});

db_test!(of_a_limited_key_it_is_said_what_it_may_and_not_who_its_owner_is, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let team = group(&t.engine, "team", &["view:plans {\"max_amount\": 100}", "view:recommendations"], "").await;
    t.engine.add_member(&host(), team, ann.account.account.id, BreakGlass::No).await.expect("added");
    let ann = signs_in(&t.engine, ANN, PASSWORD).await.expect("signed in");
    let (all, some) =
        (key(&t.engine, &ann, None).await, key(&t.engine, &ann, Some(&["view:plans {\"max_amount\": 7}"])).await);
    let whole = ask(&t.engine, all.token.expose()).await.principal.expect("somebody's");
    assert_eq!((whole.permissions, whole.groups.contains(&"team".to_owned())), (None, true), "it inherits");
    let limited = ask(&t.engine, some.token.expose()).await.principal.expect("somebody's");
    assert_eq!((limited.permissions, limited.groups), (Some(permissions(&["view:plans {\"max_amount\": 7}"])), vec![]));
    t.engine.remove_member(&host(), team, ann.account.account.id).await.expect("removed");
    let left = ask(&t.engine, some.token.expose()).await.principal.expect("somebody's");
    assert_eq!(left.permissions, Some(vec![]), "no more than its owner may");
});
