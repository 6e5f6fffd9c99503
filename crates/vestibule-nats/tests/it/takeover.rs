//! What a crash leaves in the buckets, and the rule by which somebody else takes a handle over: only where no member was
//! made of it, and not within a minute.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::kv;
use serde_json::json;
use testkit::{NatsServer, Stand, TestDb, Wallet, race};
use vestibule::directory::SignPub;
use vestibule::{Caller, Code, Digest, Error, PageRequest, Register, Timestamp};

use crate::store::{bucket, nats_test, open, stand_on, tamper};

const MINUTE: Duration = Duration::from_secs(60);

fn key_of_handle(handle: &str) -> String {
    format!("h.{}", Digest::of(handle.as_bytes()).to_hex())
}

async fn claim_by_hand(members: &kv::Store, handle: &str, sign_pub: &SignPub, at: Timestamp) {
    let value = json!({ "sign_pub": sign_pub, "claimed_at": at.to_rfc3339() });
    members.create(key_of_handle(handle), value.to_string().into()).await.expect("nobody has it");
}

async fn has(members: &kv::Store, key: &str) -> bool {
    members.get(key).await.expect("an answer").is_some()
}

async fn end(stand: &Stand, wallet: &Wallet, handle: &str) -> Register {
    wallet.try_register(stand.engine(), &stand.invite(handle).await).await.expect("an answer")
}

nats_test!(a_handle_that_a_crash_left_claimed_is_free_after_a_minute, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let members = bucket(&server.url(), "members").await;
    let (crashed, ann, bob) = (stand.wallet(), stand.wallet(), stand.wallet());
    claim_by_hand(&members, "ann", &crashed.sign_pub(), stand.engine().now()).await;

    assert_eq!(end(&stand, &ann, "Ann").await, Register::Refused(Code::UserExists));
    stand.t.clock.advance(MINUTE);
    assert_eq!(end(&stand, &ann, "Ann").await, Register::Refused(Code::UserExists), "not after exactly a minute");
    assert!(matches!(stand.engine().directory_member_by_handle("ann").await, Err(Error::NotFound)));
    stand.t.clock.advance(Duration::from_micros(1));
    assert!(matches!(end(&stand, &ann, "Ann").await, Register::Done(_)));
    let there = stand.engine().directory_member_by_handle("ann").await.expect("she is there");
    assert_eq!(there.sign_pub, ann.sign_pub());

    stand.t.clock.advance(10 * MINUTE);
    assert_eq!(end(&stand, &bob, "ann").await, Register::Refused(Code::UserExists), "a member's handle is never free");
    let late = stand.invite("late").await;
    crashed.register(stand.engine(), &late).await;
});

nats_test!(a_member_counts_only_while_its_handle_names_it, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let engine = stand.engine();
    let (ann, bob) = (stand.wallet(), stand.wallet());
    ann.register(engine, &stand.invite("ann").await).await;
    let token = ann.sign_in(engine).await.expect("she is a member").token;
    let bob_key = bob.sign_pub().to_hex();
    tamper(&server.url(), "members", &key_of_handle("ann"), |value| value["sign_pub"] = json!(bob_key)).await;

    assert!(matches!(engine.directory_member(&ann.sign_pub().to_hex()).await, Err(Error::NotFound)));
    assert!(matches!(engine.directory_member_by_handle("ann").await, Err(Error::NotFound)));
    assert!(engine.list_directory_members(PageRequest::first()).await.expect("a list").items.is_empty());
    assert!(engine.wallet(&token).await.expect("an answer").is_none());
    assert!(ann.sign_in(engine).await.is_none());
    // What was left of her does not keep her out.
    let member = ann.register(engine, &stand.invite("other").await).await;
    assert_eq!(engine.directory_member(&ann.sign_pub().to_hex()).await.expect("she is back"), member);
});

nats_test!(nothing_is_left_of_what_is_deleted_or_refused, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let members = bucket(&server.url(), "members").await;
    let ann = stand.wallet();
    let key = ann.sign_pub().to_hex();
    ann.register(stand.engine(), &stand.invite("ann").await).await;
    assert_eq!(end(&stand, &ann, "second").await, Register::Refused(Code::UserExists));
    assert!(!has(&members, &key_of_handle("second")).await, "the handle that was not needed is free at once");
    stand.engine().delete_directory_member(&Caller::host("root"), &key).await.expect("deleted");
    assert!(!has(&members, &key_of_handle("ann")).await && !has(&members, &format!("m.{key}")).await);
    let status = members.entry(format!("m.{key}")).await.expect("an answer").expect("it says that it was purged");
    assert_eq!((status.operation, status.value.len()), (kv::Operation::Purge, 0));
});

nats_test!(a_delete_that_stopped_half_way_frees_the_handle_in_the_end, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let members = bucket(&server.url(), "members").await;
    let (ann, bob) = (stand.wallet(), stand.wallet());
    ann.register(stand.engine(), &stand.invite("ann").await).await;
    members.purge(format!("m.{}", ann.sign_pub())).await.expect("purged");
    assert!(matches!(stand.engine().directory_member_by_handle("ann").await, Err(Error::NotFound)));
    stand.t.clock.advance(MINUTE + Duration::from_micros(1));
    assert!(matches!(end(&stand, &bob, "ann").await, Register::Done(_)));
});

nats_test!(the_buckets_are_read_from_their_leader_and_hold_one_revision, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let _stand = stand_on(db, &server.url()).await;
    for name in ["members", "invites"] {
        let bucket = bucket(&server.url(), name).await;
        let mut stream = bucket.stream.clone();
        let config = &stream.info().await.expect("an answer").config;
        assert!(!config.allow_direct && config.allow_rollup && config.deny_delete);
        assert_eq!((config.max_messages_per_subject, config.num_replicas), (1, 1));
    }
});

// 200 rounds: a registration goes on while another node, to which its claim looks old, takes the handle over.
nats_test!(taking_over_never_makes_two_members_of_one_handle, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let members = bucket(&server.url(), "members").await;
    let ahead = stand.t.node_ahead(2 * MINUTE, Some(Arc::new(open(&server.url(), 1).await))).await;
    let mut taken_over = 0;
    for round in 0..200 {
        let handle = format!("round-{round}");
        let (slow, quick) = (stand.wallet(), stand.wallet());
        let (first, second) = (stand.invite(&handle).await, stand.invite(&handle).await);
        let engine = stand.engine().clone();
        let pair = Arc::new([(slow.clone(), first, engine.clone()), (quick.clone(), second, ahead.engine.clone())]);
        let ends = race(2, |i| {
            let pair = pair.clone();
            async move {
                let (wallet, invite, engine) = &pair[i];
                tokio::time::sleep(Duration::from_micros(if i == 1 { 250 * (round % 20) } else { 0 })).await;
                wallet.try_register(engine, invite).await.expect("an answer")
            }
        })
        .await;
        let done: Vec<_> = ends.iter().map(|end| matches!(end, Register::Done(_))).collect();
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "round {round}: {ends:?}");
        let there = engine.directory_member_by_handle(&handle).await.expect("somebody is there");
        let winner = if done[0] { &slow } else { &quick };
        assert_eq!(there.sign_pub, winner.sign_pub(), "round {round}: who was told so is the member");
        let loser = if done[0] { &quick } else { &slow };
        let gone = engine.directory_member(&loser.sign_pub().to_hex()).await;
        assert!(matches!(gone, Err(Error::NotFound)), "round {round}: {gone:?}");
        // What was made and taken back says so: it was in the middle when the other came.
        taken_over +=
            usize::from(members.entry(format!("m.{}", slow.sign_pub())).await.expect("an answer").is_some() && done[1]);
    }
    assert!(taken_over > 0, "some registrations were in the middle when the other came");
});
