//! Signing keys: nodes share one, a rotation leaves what was signed before good until it ends, and only the host rotates.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{Db, Error, KeysBefore, SigningAlgorithm, SigningKey, Vestibule};

use crate::holders::{host, last_done};
use crate::people::{administrator, by, nobody, sign_up};
use crate::programs::{heard, jwt, opens, read_elsewhere, refreshed, tokens_of, within_a_second};

const HOUR: Duration = Duration::from_secs(3600);

async fn signing(engine: &Vestibule) -> Vec<SigningKey> {
    let keys = engine.list_signing_keys().await.expect("keys");
    keys.into_iter().filter(|key| key.retired_at.is_none()).collect()
}

db_test!(two_nodes_that_need_the_first_key_at_once_make_one, |db: TestDb| async move {
    let one = TestEngine::new(&db).await;
    let two = one.second_node().await;
    sign_up(&one.engine, "ann@example.com").await;
    assert!(one.engine.list_signing_keys().await.expect("keys").is_empty(), "none before one is needed");
    let kids = race(16, |i| {
        let node = if i % 2 == 0 { one.engine.clone() } else { two.engine.clone() };
        async move {
            if i % 4 < 2 {
                let issued = crate::programs::tokens_for_password(&node, "ann@example.com").await;
                assert!(opens(&node, jwt(&issued)).await);
            }
            let keys = node.jwks().await.expect("keys").keys;
            keys.into_iter().map(|key| key.common.key_id.expect("each is named")).collect::<Vec<_>>()
        }
    })
    .await;
    assert!(kids.iter().all(|of| of.len() == 1 && *of == kids[0]), "{kids:?}");
    assert_eq!(signing(&one.engine).await.len(), 1);
});

db_test!(rotations_at_once_leave_one_key_that_signs, |db: TestDb| async move {
    let one = TestEngine::new(&db).await;
    let two = one.second_node().await;
    one.engine.jwks().await.expect("the first key");
    for round in 0..10 {
        let rotated = race(6, |i| {
            let node = if i % 2 == 0 { one.engine.clone() } else { two.engine.clone() };
            async move {
                match node.rotate_keys(&host(), KeysBefore::Retired).await {
                    Ok(key) => Some(key.id),
                    Err(Error::Setup(_)) => None,
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
        .await;
        assert!(rotated.iter().any(Option::is_some), "somebody does");
        let left = signing(&one.engine).await;
        assert_eq!(left.len(), 1, "round {round}");
        assert!(rotated.contains(&Some(left[0].id)), "one of those that were just made");
    }
});

db_test!(what_was_signed_before_a_rotation_is_good_until_it_ends, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let before = tokens_of(&t.engine, &ann).await;
    assert!(opens(&there.engine, jwt(&before)).await);
    let rotated = t.engine.rotate_keys(&host(), KeysBefore::Retired).await.expect("rotated");
    assert_eq!(last_done(&t.engine, "signing_key.rotated").await.details.0["kid"], serde_json::json!(rotated.id));
    t.clock.advance(Duration::from_secs(60));
    let after = refreshed(&t.engine, before.refresh_token.expose()).await.expect("the next pair");
    assert!(jwt(&after).split('.').next() != jwt(&before).split('.').next(), "by another key");
    for node in [&t, &there] {
        heard(node).await;
        assert!(opens(&node.engine, jwt(&before)).await && opens(&node.engine, jwt(&after)).await);
        assert!(read_elsewhere(&node.engine, jwt(&before)).await.is_some());
    }
    t.clock.advance(Duration::from_secs(14 * 60) - Duration::from_micros(1));
    assert!(opens(&t.engine, jwt(&before)).await && read_elsewhere(&t.engine, jwt(&before)).await.is_some());
    t.clock.advance(Duration::from_micros(1));
    assert!(!opens(&t.engine, jwt(&before)).await && read_elsewhere(&t.engine, jwt(&before)).await.is_none());
    assert_eq!(t.engine.jwks().await.expect("keys").keys.len(), 2);
    t.clock.advance(HOUR - Duration::from_secs(15 * 60));
    assert_eq!(t.engine.jwks().await.expect("keys").keys.len(), 1, "an hour after it was retired");
    t.engine.sweep().await.expect("swept");
    assert_eq!(t.engine.list_signing_keys().await.expect("keys").len(), 1);
});

db_test!(a_rotation_may_change_the_algorithm, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let before = tokens_of(&t.engine, &ann).await;
    let mut config = t.engine.config().clone();
    config.tokens.algorithm = SigningAlgorithm::Es256;
    let database = Db::connect(&db.url).await.expect("it opens");
    let builder = Vestibule::builder(database, vec![7; 32].into()).clock(t.clock.clone()).config(config);
    let other = builder.build().await.expect("it builds");
    other.rotate_keys(&host(), KeysBefore::Retired).await.expect("rotated");
    let left = signing(&other).await;
    assert_eq!((left.len(), left[0].algorithm), (1, SigningAlgorithm::Es256));
    let after = tokens_of(&other, &ann).await;
    assert!(opens(&other, jwt(&before)).await && opens(&other, jwt(&after)).await);
    assert!(read_elsewhere(&t.engine, jwt(&after)).await.is_some(), "whoever reads the keys anew reads both");
});

db_test!(only_the_host_rotates_keys, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    t.engine.jwks().await.expect("the first key");
    for caller in [by(&root), nobody()] {
        let refused = t.engine.rotate_keys(&caller, KeysBefore::Retired).await;
        assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
    }
    assert_eq!(t.engine.list_signing_keys().await.expect("keys").len(), 1);
});

db_test!(what_a_withdrawn_key_signed_is_good_nowhere_and_soon, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let before = tokens_of(&t.engine, &ann).await;
    for node in [&t, &there] {
        assert!(opens(&node.engine, jwt(&before)).await, "known here, and cached");
    }
    let key = t.engine.rotate_keys(&host(), KeysBefore::Withdrawn).await.expect("rotated");
    assert!(!opens(&t.engine, jwt(&before)).await, "here at once");
    within_a_second("the other node", async || !opens(&there.engine, jwt(&before)).await).await;
    let published = t.engine.list_signing_keys().await.expect("keys");
    assert_eq!(published.iter().map(|key| key.id).collect::<Vec<_>>(), [key.id]);
    assert!(read_elsewhere(&t.engine, jwt(&before)).await.is_none());
    let details = last_done(&t.engine, "signing_key.rotated").await.details.0;
    assert_eq!((&details["withdrawn"], details["retired"].as_array().map(Vec::len)), (&true.into(), Some(1)));
    let after = refreshed(&t.engine, before.refresh_token.expose()).await.expect("the chain goes on");
    for node in [&t, &there] {
        assert!(opens(&node.engine, jwt(&after)).await, "by the new key");
    }
});
