//! The principal cache is never stale beyond the promise: at once on the node that revoked, within a second on
//! every other, and not believed at all when the feed cannot be read.

use std::sync::Arc;
use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{ADMINISTRATORS, Caller, Clock, MEMBERS, SignedIn, UserEdit, Vestibule, needs};

use crate::people::{PASSWORD, administrator, by, live, sign_up, signs_in};

/// Waits until the node refuses the session, and says how long that took.
async fn refused_after(node: &Vestibule, signed_in: &SignedIn) -> Duration {
    let clock = Clock::system();
    while live(node, signed_in).await.is_some() {
        assert!(clock.monotonic() < Duration::from_secs(20), "never refused");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    clock.monotonic()
}

db_test!(a_disabled_accounts_session_is_refused_at_once_here_and_within_a_second_there, |db: TestDb| async move {
    let here = TestEngine::system_clock(&db).await;
    let there = here.second_node().await;
    let root = administrator(&here.engine, "root").await.account;
    for round in 0..5 {
        let ann = sign_up(&here.engine, &format!("ann{round}@example.com")).await;
        live(&here.engine, &ann).await.expect("cached here");
        live(&there.engine, &ann).await.expect("cached there");
        here.engine.disable_account(&by(&root), ann.account.account.id).await.expect("disabled");
        assert!(live(&here.engine, &ann).await.is_none(), "at once");
        let took = refused_after(&there.engine, &ann).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
});

db_test!(a_check_racing_a_revocation_never_leaves_the_dead_session_cached, |db: TestDb| async move {
    let t = TestEngine::system_clock(&db).await;
    for round in 0..25 {
        let ann = Arc::new(sign_up(&t.engine, &format!("ann{round}@example.com")).await);
        let id = ann.account.account.id;
        race(12, |i| {
            let (engine, ann) = (t.engine.clone(), ann.clone());
            async move {
                if i == 5 {
                    engine.end_all_sessions(&Caller::host("root"), id).await.expect("ended");
                    assert!(live(&engine, &ann).await.is_none(), "from the moment of the answer");
                } else {
                    for _ in 0..20 {
                        live(&engine, &ann).await;
                    }
                }
            }
        })
        .await;
        assert!(live(&t.engine, &ann).await.is_none(), "round {round}");
    }
});

db_test!(two_hundred_revocations_on_two_nodes_are_all_seen_by_a_third, |db: TestDb| async move {
    let one = TestEngine::new(&db).await;
    let (two, third) = (one.second_node().await, one.second_node().await);
    let mut people = Vec::new();
    for n in 0..200 {
        people.push(sign_up(&one.engine, &format!("person{n}@example.com")).await);
    }
    for person in &people {
        assert!(live(&third.engine, person).await.is_some());
    }
    let ids: Vec<_> = people.iter().map(|person| person.account.account.id).collect();
    race(200, |i| {
        let node = if i % 2 == 0 { one.engine.clone() } else { two.engine.clone() };
        let id = ids[(i * 67) % 200];
        async move { node.end_all_sessions(&Caller::host("root"), id).await.expect("ended") }
    })
    .await;
    for person in &people {
        for node in [&one, &two, &third] {
            refused_after(&node.engine, person).await;
        }
    }
    let mut connection = one.engine.db().read().await.expect("a connection");
    let (rows, last): (i64, i64) = connection
        .one("SELECT COUNT(*), MAX(seq) FROM revocations WHERE seq > (SELECT MAX(seq) - 200 FROM revocations)", &[])
        .await
        .expect("a row");
    let (head,): (i64,) = connection.one("SELECT seq FROM feed", &[]).await.expect("a row");
    assert_eq!((rows, last), (200, head), "no gap");
});

db_test!(group_changes_are_seen_by_the_next_check, |db: TestDb| async move {
    let here = TestEngine::system_clock(&db).await;
    let there = here.second_node().await;
    let root = administrator(&here.engine, "root").await.account;
    let mut ann = sign_up(&here.engine, "ann@example.com").await;
    let id = ann.account.account.id;
    let groups = async |groups: Vec<vestibule::GroupId>| {
        let edit = UserEdit { group_ids: Some(groups), ..UserEdit::default() };
        here.engine.edit_user(&by(&root), id, edit).await.expect("edited");
    };
    for _ in 0..5 {
        live(&there.engine, &ann).await.expect("cached there");
        groups(vec![MEMBERS, ADMINISTRATORS]).await;
        assert!(live(&here.engine, &ann).await.is_none(), "no session from before becomes an administrator's");
        refused_after(&there.engine, &ann).await;
        ann = signs_in(&here.engine, "ann@example.com", PASSWORD).await.expect("signed in");
        assert!(live(&here.engine, &ann).await.expect("live").may(needs::VIEW_USERS));
        assert!(live(&there.engine, &ann).await.expect("live").may(needs::VIEW_USERS));
        groups(vec![MEMBERS]).await;
        assert!(!live(&here.engine, &ann).await.expect("live").may(needs::VIEW_USERS), "at the next check");
        let clock = Clock::system();
        while live(&there.engine, &ann).await.expect("live").may(needs::VIEW_USERS) {
            assert!(clock.monotonic() < Duration::from_secs(1), "within a second");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
});

db_test!(a_node_that_never_reads_the_feed_asks_the_database_every_time, |db: TestDb| async move {
    let here = TestEngine::new(&db).await;
    let deaf = {
        let database = vestibule::Db::connect(&db.url).await.expect("it opens");
        let builder = Vestibule::builder(database, vec![7; 32].into()).clock(here.clock.clone());
        builder.config(here.engine.config().clone()).build().await.expect("it builds") // and is never started
    };
    let ann = sign_up(&here.engine, "ann@example.com").await;
    assert!(live(&deaf, &ann).await.is_some());
    here.engine.end_all_sessions(&Caller::host("root"), ann.account.account.id).await.expect("ended");
    assert!(live(&deaf, &ann).await.is_none());
});

db_test!(a_rewound_feed_makes_every_node_forget_everybody, |db: TestDb| async move {
    let here = TestEngine::system_clock(&db).await;
    let there = here.second_node().await;
    for _ in 0..3 {
        let bob = sign_up(&here.engine, &format!("bob{}@example.com", here.engine.now().0)).await;
        here.engine.end_all_sessions(&Caller::host("root"), bob.account.account.id).await.expect("ended");
    }
    let ann = sign_up(&here.engine, "ann@example.com").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    live(&there.engine, &ann).await.expect("cached there");
    // As after restoring an older copy of the database, in which the session is gone and the feed is behind.
    let mut tx = here.engine.db().write().await.expect("a transaction");
    tx.exec("DELETE FROM revocations WHERE seq > 1", &[]).await.expect("deleted");
    tx.exec("UPDATE feed SET seq = 1", &[]).await.expect("rewound");
    tx.exec("DELETE FROM sessions", &[]).await.expect("deleted");
    tx.commit().await.expect("committed");
    refused_after(&there.engine, &ann).await;
});

db_test!(a_second_sign_in_is_unmoved_by_the_end_of_the_first, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let first = sign_up(&t.engine, "ann@example.com").await;
    let second = signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    let session = live(&t.engine, &first).await.expect("signed in");
    t.engine.sign_out(&by(&first.account.account), &session).await.expect("signed out");
    t.engine.sign_out(&by(&first.account.account), &session).await.expect("twice is no harm");
    assert!(live(&t.engine, &first).await.is_none());
    assert!(live(&t.engine, &second).await.is_some());
});
