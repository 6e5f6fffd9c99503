//! Acts that stop for a while, or for good, between two of their writes, and what others may do meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use testkit::{NatsServer, Stand, TestDb, TestEngine};
use vestibule::{AuditFilter, AuditOutcome, Caller, Code, Error, PageRequest, Register};

use crate::line::{Fate, Line};
use crate::store::{nats_test, open, stand_on};

const MINUTE: Duration = Duration::from_secs(60);

/// Another node, whose line to the server the test has in its hands.
async fn node_on(stand: &Stand, line: &Line) -> TestEngine {
    stand.t.second_node_with(Some(Arc::new(open(&line.url, 1).await))).await
}

nats_test!(a_delete_that_stalls_takes_no_later_member_away, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let line = Line::to(&server).await;
    let slow = node_on(&stand, &line).await;
    let ann = stand.wallet();
    let key = ann.sign_pub().to_hex();
    ann.register(stand.engine(), &stand.invite("ann").await).await;
    stand.t.clock.advance(2 * MINUTE);

    line.decide(|said| if said.contains("PURGE") { Fate::Last } else { Fate::Pass });
    let deleting = {
        let (engine, key) = (slow.engine.clone(), key.clone());
        tokio::spawn(async move { engine.delete_directory_member(&Caller::host("root"), &key).await })
    };
    line.holds().await;
    assert!(matches!(stand.engine().directory_member(&key).await, Err(Error::NotFound)));
    let member = ann.register(stand.engine(), &stand.invite("ann").await).await;
    line.go_on();
    deleting.await.expect("it ends").expect("she was deleted, once");

    assert_eq!(stand.engine().directory_member(&key).await.expect("she came again"), member);
    assert_eq!(stand.engine().directory_member_by_handle("ann").await.expect("by her handle"), member);
});

nats_test!(a_member_that_a_crash_left_unconfirmed_is_one, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let engine = stand.engine();
    let line = Line::to(&server).await;
    let dying = node_on(&stand, &line).await;
    let (ann, bob) = (stand.wallet(), stand.wallet());
    let invite = stand.invite("ann").await;

    line.decide(|said| if said.contains("HPUB $KV.VESTIBULE_directory_members.m.") { Fate::Last } else { Fate::Pass });
    let registered = ann.try_register(&dying.engine, &invite).await;
    assert!(matches!(registered, Err(Error::Unavailable { .. })), "{registered:?}");
    let member = engine.directory_member_by_handle("ann").await.expect("both of her entries are there");
    assert_eq!(engine.directory_member(&ann.sign_pub().to_hex()).await.expect("by her key"), member);
    let unknown = AuditFilter { outcome: Some(AuditOutcome::Unknown), ..AuditFilter::default() };
    assert_eq!(engine.list_audit(&unknown, PageRequest::first()).await.expect("the log").items.len(), 1);

    stand.t.clock.advance(2 * MINUTE);
    for (wallet, handle) in [(&bob, "ANN"), (&ann, "other")] {
        let end = wallet.try_register(engine, &stand.invite(handle).await).await.expect("an answer");
        assert_eq!(end, Register::Refused(Code::UserExists), "{handle}");
    }
    assert_eq!(engine.directory_member_by_handle("ann").await.expect("she stays"), member);
    engine.delete_directory_member(&Caller::host("root"), &ann.sign_pub().to_hex()).await.expect("deleted");
    bob.register(engine, &stand.invite("ann").await).await;
});

#[expect(clippy::disallowed_methods, reason = "a stopwatch: how long a refusal took is what is tested")]
async fn a_list_ends(stand: &Stand, lost: &'static str, line: &Line) {
    let slow = node_on(stand, line).await;
    line.decide(move |said| if said.contains(lost) { Fate::Lost } else { Fate::Pass });
    let started = Instant::now();
    let list = slow.engine.list_directory_members(PageRequest::first()).await;
    assert!(matches!(list, Err(Error::Unavailable { .. })), "{list:?}");
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    line.go_on();
    assert_eq!(slow.engine.list_directory_members(PageRequest::first()).await.expect("it is back").items.len(), 1);
}

nats_test!(a_list_that_does_not_come_is_given_up_soon, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let line = Line::to(&server).await;
    stand.wallet().register(stand.engine(), &stand.invite("ann").await).await;
    a_list_ends(&stand, "CONSUMER.MSG.NEXT", &line).await;
});
