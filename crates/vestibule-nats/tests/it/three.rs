//! The suite once more, on three servers that keep three copies. They are shared by the tests that run at one time, each
//! of which has an account of its own: there a write that meets another is refused in other words, and whoever loses a
//! race must not hear that nobody is there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use testkit::{NatsServer, Stand, TestDb, directory_suite};
use tokio::sync::Mutex;
use vestibule_nats::JetStreamDirectory;

use crate::store::{JetStream, config, nats_test, open, said, streams};

const ACCOUNTS: usize = 64;

/// The servers, while a test has them.
static SHARED: Mutex<Weak<Three>> = Mutex::const_new(Weak::new());

struct Three {
    servers: Vec<NatsServer>,
    accounts: AtomicUsize,
}

impl Three {
    /// Those that another test uses, or new ones.
    async fn shared() -> Arc<Three> {
        let mut shared = SHARED.lock().await;
        if let Some(three) = shared.upgrade() {
            return three;
        }
        let account = |i| format!("a{i} {{ jetstream: enabled, users: [ {{ user: u{i}, password: \"p{i}\" }} ] }}\n");
        let accounts: String = (0..ACCOUNTS).map(account).collect();
        let servers = NatsServer::cluster_with_config(3, &format!("accounts {{\n{accounts}}}")).await;
        let three = Arc::new(Three { servers, accounts: AtomicUsize::new(0) });
        *shared = Arc::downgrade(&three);
        three
    }

    /// Where nobody else has a directory.
    fn url(&self) -> String {
        let i = self.accounts.fetch_add(1, Ordering::Relaxed);
        assert!(i < ACCOUNTS, "there are no more accounts");
        let urls: Vec<String> = self.servers.iter().map(|server| server.url_for(&format!("u{i}:p{i}"))).collect();
        urls.join(",")
    }
}

async fn stand(db: TestDb) -> Stand {
    let three = Three::shared().await;
    Stand::on(db, Box::new(JetStream::cluster(&three.url(), three))).await
}

directory_suite!(nats_test, stand);

nats_test!(whoever_starts_last_does_not_change_how_many_copies_there_are, |_: TestDb| async move {
    let three = Three::shared().await;
    let url = three.url();
    let _directory = open(&url, 3).await;
    let why = said(JetStreamDirectory::connect(&config(&url, 1)).await);
    let expected = "directory.replicas: it says 1, and the stream KV_VESTIBULE_directory_members has 3; change the \
                    setting, or the stream by `nats stream edit KV_VESTIBULE_directory_members --replicas 1`";
    assert_eq!(why, expected);
    JetStreamDirectory::open(&config(&url, 1)).await.expect("a command changes nothing");
    let stream = streams(&url).await.get_stream("KV_VESTIBULE_directory_members").await.expect("it is there");
    assert_eq!(stream.cached_info().config.num_replicas, 3);
});
