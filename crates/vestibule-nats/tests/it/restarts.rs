//! A server that goes away and comes back, with writers that never stop asking: what was acknowledged is there
//! afterwards, what could not be done said so soon, and nobody has to help.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use testkit::{NatsServer, Stand, TestDb};
use vestibule::directory::{DirectoryRole, SignPub};
use vestibule::{AuditFilter, AuditOutcome, Caller, Error, NewDirectoryInvite, PageRequest, Register};

use crate::store::{nats_test, stand_on, streams};

/// Longer than an answer may take.
const SOON: Duration = Duration::from_secs(8);

/// What writers were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) members: HashMap<String, SignPub>,
    pub(crate) unavailable: usize,
    pub(crate) slowest: Duration,
    servers_die: bool,
}

impl Told {
    /// How many are members so far. Until this is said, every answer must be that another one is.
    pub(crate) fn servers_die_from_now_on(&mut self) -> usize {
        self.servers_die = true;
        self.members.len()
    }

    fn note(&mut self, handle: String, registered: vestibule::Result<Register>, took: Duration) {
        self.slowest = self.slowest.max(took);
        match registered {
            Ok(Register::Done(member)) => {
                self.members.insert(handle, member.sign_pub);
            }
            Err(Error::Unavailable { .. }) if self.servers_die => self.unavailable += 1,
            other => panic!("neither done nor out of reach: {other:?}"),
        }
    }
}

/// Registers one wallet after the other until told to stop.
#[expect(clippy::disallowed_methods, reason = "a stopwatch: how long a refusal took is what is tested")]
pub(crate) async fn write(stand: Arc<Stand>, name: usize, stop: Arc<AtomicBool>, told: Arc<Mutex<Told>>) {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        count += 1;
        let (wallet, handle) = (stand.wallet(), format!("writer-{name}-{count}"));
        let started = Instant::now();
        let new = NewDirectoryInvite { handle: handle.clone(), role: DirectoryRole::Member, expires_at: None };
        let registered = match stand.engine().create_directory_invite(&Caller::host("root"), new).await {
            Ok(invite) => wallet.try_register(stand.engine(), &invite).await,
            Err(why) => Err(why),
        };
        let took = started.elapsed();
        told.lock().expect("nobody panicked").note(handle, registered, took);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Everybody who was told so is a member.
pub(crate) async fn all_are_there(stand: &Stand, told: &Told) {
    for (handle, sign_pub) in &told.members {
        let member = stand.engine().directory_member_by_handle(handle).await.expect("what was acknowledged is there");
        assert_eq!(member.sign_pub, *sign_pub);
    }
}

pub(crate) async fn works_again(stand: &Stand) {
    for _ in 0..200 {
        if stand.engine().list_directory_members(PageRequest::first()).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the directory does not come back");
}

/// Writers go on while the server goes and comes again, four times.
async fn survives(db: TestDb, end: impl AsyncFn(&mut NatsServer)) {
    let mut server = NatsServer::start().await;
    let stand = Arc::new(stand_on(db, &server.url()).await);
    let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Told::default())));
    let writers: Vec<_> =
        (0..4).map(|name| tokio::spawn(write(stand.clone(), name, stop.clone(), told.clone()))).collect();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        told.lock().expect("nobody panicked").servers_die_from_now_on();
        end(&mut server).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.restart().await;
        works_again(&stand).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("every answer was one that may be");
    }
    let told = std::mem::take(&mut *told.lock().expect("nobody panicked"));
    assert!(told.members.len() > 20 && told.unavailable > 0, "{} {}", told.members.len(), told.unavailable);
    assert!(told.slowest < SOON, "{:?}", told.slowest);
    all_are_there(&stand, &told).await;
}

nats_test!(nothing_acknowledged_is_lost_when_the_server_is_killed_under_load, |db: TestDb| {
    survives(db, async |server: &mut NatsServer| server.kill())
});

nats_test!(nothing_acknowledged_is_lost_when_the_server_is_stopped_under_load, |db: TestDb| {
    survives(db, async |server: &mut NatsServer| server.stop().await)
});

nats_test!(writes_fail_clearly_while_the_server_is_away_and_reads_too, |db: TestDb| async move {
    let mut server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    let (engine, ann) = (stand.engine(), stand.wallet());
    let pending = stand.invite("pending").await;
    ann.register(engine, &stand.invite("ann").await).await;
    let token = ann.sign_in(engine).await.expect("she is a member").token;
    server.kill();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let new = NewDirectoryInvite { handle: "bob".to_owned(), role: DirectoryRole::Member, expires_at: None };
    let host = Caller::host("root");
    let tried = [
        engine.create_directory_invite(&host, new).await.map(drop),
        engine.cancel_directory_invite(&host, pending.invite.id).await,
        stand.wallet().try_register(engine, &pending).await.map(drop),
        engine.delete_directory_member(&host, &ann.sign_pub().to_hex()).await,
        engine.list_directory_members(PageRequest::first()).await.map(drop),
        engine.wallet(&token).await.map(drop),
    ];
    for refused in tried {
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    }
    server.restart().await;
    works_again(&stand).await;
    assert!(engine.wallet(&token).await.expect("an answer").is_some());
    stand.wallet().register(engine, &pending).await;
    let unknown = AuditFilter { outcome: Some(AuditOutcome::Unknown), ..AuditFilter::default() };
    let rows = engine.list_audit(&unknown, PageRequest::first()).await.expect("the log").items;
    assert!(rows.is_empty(), "what was not begun is not in doubt: {rows:?}");
});

nats_test!(an_act_that_the_server_did_not_answer_is_unknown_in_the_log, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let stand = stand_on(db, &server.url()).await;
    // The bucket goes while the connection stays: the write is sent, and nobody acknowledges it.
    streams(&server.url()).await.delete_stream("KV_VESTIBULE_directory_invites").await.expect("it is deleted");
    let new = NewDirectoryInvite { handle: "ann".to_owned(), role: DirectoryRole::Member, expires_at: None };
    let refused = stand.engine().create_directory_invite(&Caller::host("root"), new).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    let unknown = AuditFilter { outcome: Some(AuditOutcome::Unknown), ..AuditFilter::default() };
    let rows = stand.engine().list_audit(&unknown, PageRequest::first()).await.expect("the log").items;
    let told: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.target_label.as_deref(), row.outcome)).collect();
    assert_eq!(told, [("directory_invite.created", Some("ann"), AuditOutcome::Unknown)]);
    let done = AuditFilter {
        action: Some("directory_invite.created".to_owned()),
        outcome: Some(AuditOutcome::Refused),
        ..AuditFilter::default()
    };
    assert!(stand.engine().list_audit(&done, PageRequest::first()).await.expect("the log").items.is_empty());
});
