//! Changing and setting passwords.

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{Caller, ChangePassword, Code, Error, PasswordChange};

use crate::people::{OTHER, PASSWORD, account, administrator, by, change_password, live, sign_up, signs_in};

db_test!(changing_the_password_keeps_this_session_under_a_new_token_and_ends_the_others, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let here = sign_up(&t.engine, "ann@example.com").await;
    let there = signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    live(&t.engine, &there).await.expect("cached");
    let version = account(&t.engine, here.account.account.id).await.session_version;
    let ChangePassword::Done(fresh) = change_password(&t.engine, &here, OTHER).await else { panic!("right") };
    assert!(live(&t.engine, &there).await.is_none(), "the other session has ended");
    assert!(live(&t.engine, &here).await.is_none(), "the old token of this one too");
    assert_eq!(live(&t.engine, &fresh).await.expect("the new one lives").session_id, here.session.id);
    assert_eq!(account(&t.engine, here.account.account.id).await.session_version, version + 1);
    assert!(signs_in(&t.engine, "ann@example.com", PASSWORD).await.is_none());
    assert!(signs_in(&t.engine, "ann@example.com", OTHER).await.is_some());
});

db_test!(neither_the_current_password_nor_the_last_five_can_be_chosen_again, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let mut ann = sign_up(&t.engine, "ann@example.com").await;
    let passwords: Vec<String> = (0..7).map(|n| format!("harbour-moss-Kettle-{n}x")).collect();
    let mut current = PASSWORD.to_owned();
    for next in &passwords[..6] {
        t.clock.advance(std::time::Duration::from_secs(1));
        let session = live(&t.engine, &ann).await.expect("signed in");
        let caller = by(&ann.account.account);
        for used in [PASSWORD, &current] {
            let change = PasswordChange { current: current.as_str().into(), new: used.into(), revoke_api_keys: false };
            let refused = t.engine.change_password(&caller, &session, change).await;
            if current == PASSWORD || used == current {
                assert!(matches!(&refused, Err(Error::Invalid(errors)) if errors.0[0].code == Code::PasswordReused));
            } else {
                assert!(refused.is_err(), "{used} is one of the last five");
            }
        }
        let change =
            PasswordChange { current: current.as_str().into(), new: next.as_str().into(), revoke_api_keys: false };
        let changed = t.engine.change_password(&caller, &session, change).await;
        let Ok(ChangePassword::Done(fresh)) = changed else { panic!("{changed:?}") };
        (ann, current) = (*fresh, next.clone());
    }
    let session = live(&t.engine, &ann).await.expect("signed in");
    let change = PasswordChange { current: current.as_str().into(), new: PASSWORD.into(), revoke_api_keys: false };
    let forgotten = t.engine.change_password(&by(&ann.account.account), &session, change).await;
    assert!(matches!(forgotten, Ok(ChangePassword::Done(_))), "six passwords ago: {forgotten:?}");
    assert_eq!(account(&t.engine, ann.account.account.id).await.failed_attempts, 0);
});

db_test!(a_password_that_cannot_be_chosen_changes_nothing_and_counts_nothing, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let session = live(&t.engine, &ann).await.expect("signed in");
    for _ in 0..6 {
        let change = PasswordChange { current: PASSWORD.into(), new: "short".into(), revoke_api_keys: false };
        let refused = t.engine.change_password(&by(&ann.account.account), &session, change).await;
        let Err(Error::Invalid(errors)) = refused else { panic!("{refused:?}") };
        assert_eq!((errors.0[0].field, errors.0[0].code), ("new_password", Code::PasswordTooShort));
    }
    assert!(live(&t.engine, &ann).await.is_some());
    assert_eq!(account(&t.engine, ann.account.account.id).await.failed_attempts, 0);
});

db_test!(a_password_set_for_somebody_ends_their_sessions_and_lifts_the_lock, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let id = ann.account.account.id;
    for _ in 0..5 {
        signs_in(&t.engine, "ann@example.com", OTHER).await;
    }
    t.engine.set_password(&by(&root), id, "willow-Anchor-9-fig".into()).await.expect("set");
    assert!(live(&t.engine, &ann).await.is_none());
    assert!(signs_in(&t.engine, "ann@example.com", "willow-Anchor-9-fig").await.is_some());
    t.engine.set_password(&Caller::host("root"), root.id, "granite-Pelican-3".into()).await.expect("the host may");
    let own = t.engine.set_password(&by(&root), root.id, "granite-Pelican-4".into()).await;
    assert!(matches!(own, Err(Error::Conflict(Code::OwnAccount))), "{own:?}");
});

db_test!(setting_a_password_enables_nobody, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    t.engine.disable_account(&by(&root), ann.id).await.expect("disabled");
    t.engine.set_password(&by(&root), ann.id, OTHER.into()).await.expect("set");
    assert!(signs_in(&t.engine, "ann@example.com", OTHER).await.is_none());
});

db_test!(an_embedding_program_is_told_of_every_changed_password, |db: TestDb| async move {
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let t = TestEngine::new(&db).await;
    let engine = {
        let (database, told) = (vestibule::Db::connect(&db.url).await.expect("it opens"), told.clone());
        let builder = vestibule::Vestibule::builder(database, vec![7; 32].into()).config(t.engine.config().clone());
        let builder = builder.on_password_changed(move |account| told.lock().expect("not poisoned").push(account));
        builder.build().await.expect("it builds")
    };
    let ann = sign_up(&engine, "ann@example.com").await;
    let id = ann.account.account.id;
    change_password(&engine, &ann, OTHER).await;
    engine.set_password(&Caller::host("root"), id, "willow-Anchor-9-fig".into()).await.expect("set");
    let refused = engine.set_password(&Caller::host("root"), id, "short".into()).await;
    assert!(refused.is_err());
    assert_eq!(*told.lock().expect("not poisoned"), [id, id]);
});
