//! Service keys: what one may do is the abilities that were put on it, letter by letter, for as long as they are there.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{Code, CreatedServiceKey, Error, KeyExpiry, NewServiceKey, PageRequest, Presented, Secret, Vestibule};

use crate::authenticators::logged;
use crate::holders::{ALL, holder, host, last_done, last_refusal};
use crate::people::{administrator, by, nobody, sign_up};
use crate::programs::{key, opens, within_a_second};

fn new(abilities: &[&str]) -> NewServiceKey {
    let abilities = abilities.iter().map(|slug| (*slug).to_owned()).collect();
    NewServiceKey { name: "A service".into(), abilities, expiry: KeyExpiry::Usual }
}

async fn service(engine: &Vestibule, abilities: &[&str]) -> CreatedServiceKey {
    engine.create_service_key(&host(), new(abilities)).await.expect("the host can")
}

/// The abilities of a live key; none: it is not live.
async fn abilities(engine: &Vestibule, token: &Secret) -> Option<Vec<String>> {
    match engine.service_key(token).await.expect("an answer") {
        Presented::Live(key) => Some(key.abilities.clone()),
        Presented::Revoked | Presented::Expired | Presented::Unknown => None,
    }
}

db_test!(abilities_are_compared_letter_by_letter, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for slug in ["report", "report-all", "view.users"] {
        t.engine.create_ability(&host(), slug, "Reports").await.expect("made");
    }
    for (has, lacks) in [("report", "report-all"), ("report-all", "report"), ("introspect", "evaluate")] {
        let made = service(&t.engine, &[has]).await;
        let found = abilities(&t.engine, &made.token).await.expect("live");
        assert!(found.iter().any(|slug| slug == has) && !found.iter().any(|slug| slug == lacks));
        assert_eq!(found, made.key.abilities);
    }
    assert_eq!(abilities(&t.engine, &service(&t.engine, &[]).await.token).await, Some(vec![]), "nothing is nothing");
    for unknown in ["Report", "REPORT", "repor", "report ", "report*", "*", "admin:*", "view:users", ""] {
        let refused = t.engine.create_service_key(&host(), new(&[unknown])).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{unknown}: {refused:?}");
        let bad = t.engine.create_ability(&host(), unknown, "Bad").await;
        assert!(["repor", "report "].contains(&unknown) || matches!(bad, Err(Error::Invalid(_))), "{unknown}: {bad:?}");
    }
    let twice = t.engine.create_ability(&host(), "report", "Again").await;
    assert!(matches!(twice, Err(Error::Conflict(Code::SlugInUse))), "{twice:?}");
});

db_test!(a_service_key_lasts_a_year_unless_never_is_chosen, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let usual = service(&t.engine, &[]).await;
    let a_year = t.engine.now().plus(t.engine.config().tokens.api_key);
    assert_eq!(usual.key.expires_at, Some(a_year));
    let never = NewServiceKey { expiry: KeyExpiry::Never, ..new(&[]) };
    let never = t.engine.create_service_key(&host(), never).await.expect("made");
    assert_eq!(never.key.expires_at, None);
    t.clock.advance(t.engine.config().tokens.api_key);
    assert!(matches!(t.engine.service_key(&usual.token).await, Ok(Presented::Expired)), "it ends at its end");
    assert!(matches!(t.engine.service_key(&never.token).await, Ok(Presented::Live(_))));
});

db_test!(a_key_is_told_no_more_than_who_made_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let gaia = holder(&t.engine, "gaia", &["create:service-keys"], ALL).await;
    let root = holder(&t.engine, "root", &["admin:*"], ALL).await;
    for (ability, need) in [("evaluate", "view:groups"), ("introspect", "view:users")] {
        let refused = t.engine.create_service_key(&by(&gaia), new(&[ability])).await;
        let Err(Error::Forbidden(why)) = refused else { panic!("{ability}: {refused:?}") };
        assert_eq!((why.code, why.permission.as_str()), (Code::Ceiling, need));
        let able = holder(&t.engine, ability, &["create:service-keys", need], ALL).await;
        t.engine.create_service_key(&by(&able), new(&[ability])).await.expect("who is told may give it");
        t.engine.create_service_key(&by(&root), new(&[ability])).await.expect("who is told all may");
    }
    t.engine.create_ability(&by(&gaia), "print", "Print").await.expect("made");
    t.engine.create_service_key(&by(&gaia), new(&["print"])).await.expect("what others ask for is told nothing");
    assert_eq!(t.engine.list_service_keys(PageRequest::first()).await.expect("a page").items.len(), 5);
});

db_test!(a_service_key_is_nobodys_account_and_an_accounts_key_no_service, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let of_ann = key(&t.engine, &ann, None).await;
    let made = service(&t.engine, &["introspect", "evaluate"]).await;
    assert!(!opens(&t.engine, made.token.expose()).await);
    for token in [&of_ann.token, &ann.token] {
        assert!(matches!(t.engine.service_key(token).await, Ok(Presented::Unknown)));
    }
});

db_test!(a_deleted_ability_leaves_its_keys_here_at_once_and_there_within_a_second, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    for round in 0..3 {
        let slug = format!("reports-{round}");
        let ability = t.engine.create_ability(&host(), &slug, "Reports").await.expect("made");
        let made = service(&t.engine, &["introspect", &slug]).await;
        let both = Some(vec!["introspect".to_owned(), slug.clone()]);
        assert_eq!(abilities(&t.engine, &made.token).await, both);
        assert_eq!(abilities(&there.engine, &made.token).await, both);
        t.engine.delete_ability(&host(), ability.id).await.expect("deleted");
        let one = Some(vec!["introspect".to_owned()]);
        assert_eq!(abilities(&t.engine, &made.token).await, one, "at once");
        within_a_second("there", async || abilities(&there.engine, &made.token).await == one).await;
        t.engine.revoke_service_key(&host(), made.key.id).await.expect("revoked");
        t.engine.revoke_service_key(&host(), made.key.id).await.expect("twice is no harm");
        assert!(matches!(t.engine.service_key(&made.token).await, Ok(Presented::Revoked)), "at once");
        within_a_second("there", async || abilities(&there.engine, &made.token).await.is_none()).await;
    }
    for ability in t.engine.list_abilities().await.expect("a list").into_iter().filter(|ability| ability.built_in) {
        let refused = t.engine.delete_ability(&host(), ability.id).await;
        assert!(matches!(&refused, Err(Error::Forbidden(why)) if why.code == Code::SystemManaged), "{refused:?}");
    }
});

db_test!(a_key_made_while_its_ability_is_deleted_does_not_have_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let slug = format!("x{round}");
        let ability = t.engine.create_ability(&host(), &slug, "X").await.expect("made").id;
        let made = race(2, |i| {
            let (engine, slug) = (t.engine.clone(), slug.clone());
            async move {
                if i == 0 {
                    engine.delete_ability(&host(), ability).await.expect("deleted");
                    return None;
                }
                match engine.create_service_key(&host(), new(&[&slug])).await {
                    Ok(made) => {
                        engine.service_key(&made.token).await.expect("an answer");
                        Some(made)
                    }
                    Err(Error::Invalid(_)) => None,
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
        .await;
        for made in made.iter().flatten() {
            assert_eq!(abilities(&t.engine, &made.token).await, Some(vec![]), "round {round}");
        }
    }
});

db_test!(a_service_key_ends_at_its_end_exactly_and_its_uses_are_noted, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let hour = Duration::from_secs(3600);
    let end = t.engine.now().plus(hour);
    let expiring = NewServiceKey { expiry: KeyExpiry::At(end), ..new(&[]) };
    let made = t.engine.create_service_key(&host(), expiring).await.expect("made");
    assert!(abilities(&t.engine, &made.token).await.is_some());
    t.clock.advance(hour - Duration::from_micros(1));
    crate::programs::heard(&t).await;
    assert!(abilities(&t.engine, &made.token).await.is_some());
    t.engine.flush_touches().await.expect("written");
    let keys = t.engine.list_service_keys(PageRequest::first()).await.expect("a list").items;
    assert_eq!(keys[0].last_used_at, Some(t.engine.now()));
    t.clock.advance(Duration::from_micros(1));
    assert!(matches!(t.engine.service_key(&made.token).await, Ok(Presented::Expired)));
    let past = NewServiceKey { expiry: KeyExpiry::At(end), ..new(&[]) };
    assert!(matches!(t.engine.create_service_key(&host(), past).await, Err(Error::Invalid(_))));
});

db_test!(service_keys_and_abilities_are_for_whoever_may, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let creator = holder(&t.engine, "creator", &["create:service-keys"], "all").await;
    let ender = holder(&t.engine, "ender", &["delete:service-keys"], "all").await;
    let made = t.engine.create_service_key(&by(&root), new(&["evaluate"])).await.expect("an administrator may");
    assert_eq!(made.key.created_by, Some(root.id));
    assert_eq!(last_done(&t.engine, "service_key.created").await.actor_id, Some(root.id.0));
    let ability = t.engine.create_ability(&by(&creator), "reports", "Reports").await.expect("a creator may");
    t.engine.create_service_key(&by(&creator), new(&["reports"])).await.expect("and this");
    for caller in [by(&ender), nobody()] {
        let tried = [
            t.engine.create_service_key(&caller, new(&[])).await.map(drop),
            t.engine.create_ability(&caller, "more", "More").await.map(drop),
        ];
        assert!(tried.iter().all(|tried| matches!(tried, Err(Error::Forbidden(_) | Error::Denied(_)))), "{tried:?}");
    }
    t.clock.advance(Duration::from_millis(1));
    let refused = t.engine.revoke_service_key(&by(&creator), made.key.id).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let row = last_refusal(&t.engine).await;
    assert_eq!((row.action.as_str(), row.actor_id), ("service_key.revoked", Some(creator.id.0)));
    assert!(matches!(t.engine.delete_ability(&by(&creator), ability.id).await, Err(Error::Forbidden(_))));
    t.engine.revoke_service_key(&by(&ender), made.key.id).await.expect("may end them");
    t.engine.delete_ability(&by(&ender), ability.id).await.expect("and abilities");
    assert_eq!(logged(&t.engine, root.id, "service_key.created").await, (0, 0), "it is nobody's account");
});
