//! Lists: whole while others write, and with everybody else in them when one entry cannot be read.

use std::sync::Arc;

use serde_json::json;
use testkit::{NatsServer, TestDb};
use vestibule::directory::{InviteState, MemberStatus};
use vestibule::{Caller, Code, DirectoryInviteId, Error, PageRequest, Register};

use crate::line::{Fate, Line};
use crate::store::{bucket, nats_test, open, stand_on, streams, tamper};

nats_test!(an_entry_that_cannot_be_read_leaves_the_others_in_their_lists, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let engine = stand.engine();
    let (ann, bob, eve) = (stand.wallet(), stand.wallet(), stand.wallet());
    for (wallet, handle) in [(&ann, "ann"), (&bob, "bob"), (&eve, "eve")] {
        wallet.register(engine, &stand.invite(handle).await).await;
    }
    let (url, key) = (server.url(), |wallet: &testkit::Wallet| format!("m.{}", wallet.sign_pub()));
    tamper(&url, "members", &key(&bob), |value| value["kex_pub"] = json!("moss")).await;
    tamper(&url, "members", &key(&eve), |value| value["status"] = json!(7)).await;
    let members = bucket(&url, "members").await;
    for other in ["m.moss", "h.moss", "x.moss"] {
        members.put(other, "not JSON".into()).await.expect("it is written");
    }
    let listed = engine.list_directory_members(PageRequest::first()).await.expect("a list").items;
    assert_eq!(listed.iter().map(|member| member.sign_pub).collect::<Vec<_>>(), [ann.sign_pub()]);
    for damaged in [&bob, &eve] {
        let asked = engine.directory_member(&damaged.sign_pub().to_hex()).await;
        assert!(matches!(asked, Err(Error::Internal(_))), "what is there is never said not to be: {asked:?}");
    }
    for handle in ["bob", "eve"] {
        let asked = engine.directory_member_by_handle(handle).await;
        assert!(matches!(asked, Err(Error::Internal(_))), "{asked:?}");
    }

    let (good, bad) = (stand.invite("good").await.invite, stand.invite("bad").await.invite);
    tamper(&url, "invites", &format!("i.{}", bad.id), |value| value["handle"] = json!("")).await;
    let listed = engine.list_directory_invites(PageRequest::first()).await.expect("a list").items;
    let ids: Vec<DirectoryInviteId> = listed.iter().map(|invite| invite.id).collect();
    assert!(ids.len() == 4 && ids.contains(&good.id) && !ids.contains(&bad.id), "{ids:?}");
    let asked = engine.directory_invite(bad.id).await;
    assert!(matches!(asked, Err(Error::Internal(_))), "{asked:?}");
});

nats_test!(an_end_that_is_no_instant_is_over, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let engine = stand.engine();
    for end in
        [json!(0), json!(4_102_444_800_u64), json!(true), json!({}), json!(["2099-01-01T00:00:00Z"]), json!(null)]
    {
        let made = stand.invite("ann").await;
        let key = format!("i.{}", made.invite.id);
        tamper(&server.url(), "invites", &key, |value| value["expires_at"] = end.clone()).await;
        let kept = engine.directory_invite(made.invite.id).await.expect("it can be read");
        assert_eq!((kept.expires_at, kept.state(engine.now())), (None, InviteState::Expired), "{end}");
        let ended = stand.wallet().try_register(engine, &made).await.expect("an answer");
        assert_eq!(ended, Register::Refused(Code::InviteExpired), "{end}");
        engine.cancel_directory_invite(&Caller::host("root"), made.invite.id).await.expect("it is withdrawn");
    }
    assert_eq!(engine.list_directory_invites(PageRequest::first()).await.expect("a list").items.len(), 6);
});

nats_test!(what_changes_while_a_list_is_read_is_in_it_once, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let engine = stand.engine();
    let (ann, bob) = (stand.wallet(), stand.wallet());
    ann.register(engine, &stand.invite("ann").await).await;
    bob.register(engine, &stand.invite("bob").await).await;
    // So many more that one answer of the server does not hold them.
    let members = bucket(&server.url(), "members").await;
    let claim = json!({ "sign_pub": ann.sign_pub(), "claimed_at": engine.now().to_rfc3339() }).to_string();
    for i in 0..600 {
        members.put(format!("h.{i}"), claim.clone().into()).await.expect("it is written");
    }

    let line = Line::to(&server).await;
    let reading = stand.t.second_node_with(Some(Arc::new(open(&line.url, 1).await))).await;
    let mut asked = 0;
    line.decide(move |said| {
        asked += usize::from(said.contains("CONSUMER.MSG.NEXT"));
        if asked == 2 { Fate::Held } else { Fate::Pass }
    });
    let list = tokio::spawn(async move { reading.engine.list_directory_members(PageRequest::first()).await });
    line.holds().await;
    let host = Caller::host("root");
    engine.delete_directory_member(&host, &ann.sign_pub().to_hex()).await.expect("deleted");
    let bob = engine.set_directory_status(&host, &bob.sign_pub().to_hex(), MemberStatus::Revoked).await;
    line.go_on();
    let list = list.await.expect("it ends").expect("a list");
    assert_eq!(list.items, [bob.expect("revoked")]);
});

nats_test!(a_list_leaves_nothing_behind, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    stand.invite("ann").await;
    for _ in 0..3 {
        stand.engine().list_directory_invites(PageRequest::first()).await.expect("a list");
        stand.engine().list_directory_members(PageRequest::first()).await.expect("a list");
    }
    let streams = streams(&server.url()).await;
    for name in ["members", "invites"] {
        let stream = streams.get_stream(format!("KV_VESTIBULE_directory_{name}")).await.expect("it is there");
        assert_eq!(stream.cached_info().state.consumer_count, 0, "{name}");
    }
});

nats_test!(a_list_ends_where_the_last_entry_was_taken_out_by_hand, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let (first, last) = (stand.invite("first").await.invite, stand.invite("last").await.invite);
    let stream = streams(&server.url()).await.get_stream("KV_VESTIBULE_directory_invites").await;
    let purge = stream.expect("it is there").purge().filter(format!("$KV.VESTIBULE_directory_invites.i.{}", last.id));
    purge.await.expect("it is purged");
    let listed = stand.engine().list_directory_invites(PageRequest::first()).await.expect("a list").items;
    assert_eq!(listed, [first]);
});
