//! Signing in: one answer and one hash for every cause of refusal, and nothing proven survives a change meanwhile.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{Error, ProfileEdit, SignIn};

use crate::people::{OTHER, PASSWORD, account, administrator, by, change_password, sign_up, signs_in, try_sign_in};

db_test!(a_person_signs_in_by_address_or_username_in_any_case, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let edit = ProfileEdit { username: Some(Some("Ann.Lee".into())), ..ProfileEdit::default() };
    t.engine.edit_profile(&by(&ann), ann.id, edit).await.expect("a free username");
    for identifier in ["ann@example.com", " ANN@example.COM ", "ann.lee", "ANN.LEE"] {
        assert!(signs_in(&t.engine, identifier, PASSWORD).await.is_some(), "{identifier}");
    }
    for identifier in ["", "ann", "lee", "ann@example.org", "%", "ann.lee\0"] {
        assert!(signs_in(&t.engine, identifier, PASSWORD).await.is_none(), "{identifier:?}");
    }
});

db_test!(unknown_disabled_locked_and_wrong_cost_one_hash_and_get_one_answer, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    for name in ["wrong", "disabled", "locked"] {
        sign_up(&t.engine, &format!("{name}@example.com")).await;
    }
    let disabled = t.engine.find_account("disabled@example.com").await.expect("an answer").expect("it is there");
    t.engine.disable_account(&by(&root), disabled.account.id).await.expect("disabled");
    for _ in 0..5 {
        assert!(signs_in(&t.engine, "locked@example.com", OTHER).await.is_none());
    }
    let tries = [
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("disabled@example.com", PASSWORD),
        ("locked@example.com", PASSWORD),
        ("wrong@example.com", OTHER),
    ];
    for (identifier, password) in tries {
        let before = t.engine.password_hashes();
        let outcome = try_sign_in(&t.engine, identifier, password).await;
        assert!(matches!(outcome, Ok(SignIn::Refused)), "{identifier}: {outcome:?}");
        assert_eq!(t.engine.password_hashes() - before, 1, "{identifier}");
    }
});

db_test!(a_sign_in_racing_a_disable_leaves_no_live_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = sign_up(&t.engine, &email).await.account.account;
        let results = race(5, |i| {
            let (engine, email, root, id) = (t.engine.clone(), email.clone(), by(&root), ann.id);
            async move {
                if i == 0 {
                    engine.disable_account(&root, id).await.expect("disabled");
                    return None;
                }
                signs_in(&engine, &email, PASSWORD).await
            }
        })
        .await;
        for signed_in in results.into_iter().flatten() {
            assert!(t.engine.session(&signed_in.token).await.expect("an answer").is_none(), "round {round}");
        }
    }
});

db_test!(a_sign_in_with_the_old_password_racing_its_change_leaves_no_live_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for round in 0..25 {
        let email = format!("ann{round}@example.com");
        let ann = sign_up(&t.engine, &email).await;
        let (ann, engine) = (std::sync::Arc::new(ann), t.engine.clone());
        let signed_in = race(4, |i| {
            let (engine, email, ann) = (engine.clone(), email.clone(), ann.clone());
            async move {
                if i == 0 {
                    change_password(&engine, &ann, OTHER).await;
                    return None;
                }
                signs_in(&engine, &email, PASSWORD).await
            }
        })
        .await;
        for old in signed_in.into_iter().flatten() {
            assert!(t.engine.session(&old.token).await.expect("an answer").is_none(), "round {round}");
        }
        assert!(signs_in(&t.engine, &email, PASSWORD).await.is_none());
        assert!(signs_in(&t.engine, &email, OTHER).await.is_some());
    }
});

db_test!(a_flood_beyond_the_queue_is_shed_and_counts_nothing, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| {
        config.password.queue = 4;
        config.password.argon2_memory_kib = 4096;
    })
    .await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let outcomes = race(60, |_| {
        let engine = t.engine.clone();
        async move { try_sign_in(&engine, "ann@example.com", PASSWORD).await }
    })
    .await;
    let shed = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Unavailable { .. }))).count();
    let served = outcomes.iter().filter(|outcome| matches!(outcome, Ok(SignIn::Done(_)))).count();
    assert!(shed > 0 && served > 0 && shed + served == 60, "{shed} shed, {served} served");
    let after = account(&t.engine, ann.id).await;
    assert_eq!((after.failed_attempts, after.locked_until), (0, None));
});

db_test!(right_passwords_never_lock_however_many_come_at_once, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    let outcomes = race(100, |_| {
        let engine = t.engine.clone();
        async move { signs_in(&engine, "ann@example.com", PASSWORD).await.is_some() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|signed_in| **signed_in).count(), 100);
    assert_eq!(account(&t.engine, ann.id).await.failed_attempts, 0);
});

db_test!(a_hash_of_older_parameters_is_renewed_by_the_next_sign_in, |db: TestDb| async move {
    let old = TestEngine::new(&db).await;
    let ann = sign_up(&old.engine, "ann@example.com").await.account.account;
    let new = TestEngine::with(&db, |config| config.password.argon2_memory_kib = 64).await;
    let before = new.engine.password_hashes();
    assert!(signs_in(&new.engine, "ann@example.com", PASSWORD).await.is_some());
    assert_eq!(new.engine.password_hashes() - before, 2, "verified, and hashed anew");
    assert!(signs_in(&new.engine, "ann@example.com", PASSWORD).await.is_some());
    assert_eq!(new.engine.password_hashes() - before, 3, "only verified");
    let mut connection = new.engine.db().read().await.expect("a connection");
    let sql = "SELECT hash FROM passwords WHERE account_id = $1";
    let (hash,): (String,) = connection.one(sql, &[&ann.id]).await.expect("a hash");
    assert!(hash.contains("m=64,"), "{hash}");
});

db_test!(signing_in_says_when_it_was, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    t.clock.advance(Duration::from_secs(90));
    signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    assert_eq!(account(&t.engine, ann.id).await.last_login_at, Some(t.engine.now()));
});
