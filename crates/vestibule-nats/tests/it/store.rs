//! A directory on a server of its own, and a hand that reaches into its buckets.

use std::pin::Pin;
use std::sync::Arc;

use async_nats::ConnectOptions;
use async_nats::jetstream::{self, kv};
use serde_json::{Value, json};
use testkit::{NatsServer, Stand, Store, TestDb};
use vestibule::directory::Directory;
use vestibule::{DirectoryInviteId, Error};
use vestibule_nats::{JetStreamConfig, JetStreamDirectory};

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A test that needs a NATS server, on a database of its own.
macro_rules! nats_test {
    ($name:ident, $test:expr) => {
        #[test]
        #[ignore = "needs NATS: run cargo xtask test"]
        fn $name() {
            testkit::run(testkit::TestDb::sqlite(), $test);
        }
    };
}
pub(crate) use nats_test;

/// What people type to get to the instance of a test.
pub(crate) const PUBLIC_URL: &str = "http://localhost:8080";

/// A directory on a server.
pub(crate) struct JetStream {
    url: String,
    replicas: usize,
    _servers: Box<dyn Send + Sync>,
}

impl JetStream {
    /// A directory on three servers, which are there as long as `servers` is.
    pub(crate) fn cluster(url: &str, servers: impl Send + Sync + 'static) -> JetStream {
        JetStream { url: url.to_owned(), replicas: 3, _servers: Box::new(servers) }
    }
}

/// A directory on a server of its own.
pub(crate) async fn stand(db: TestDb) -> Stand {
    let server = NatsServer::start().await;
    Stand::on(db, Box::new(JetStream { url: server.url(), replicas: 1, _servers: Box::new(server) })).await
}

/// A directory on a server that the test keeps in its own hands.
pub(crate) async fn stand_on(db: TestDb, url: &str) -> Stand {
    Stand::on(db, Box::new(JetStream { url: url.to_owned(), replicas: 1, _servers: Box::new(()) })).await
}

/// What the directory is told.
pub(crate) fn config(url: &str, replicas: usize) -> JetStreamConfig {
    JetStreamConfig { url: url.to_owned(), replicas, public_url: PUBLIC_URL.to_owned() }
}

/// The directory at a URL.
pub(crate) async fn open(url: &str, replicas: usize) -> JetStreamDirectory {
    let config = config(url, replicas);
    // Servers that have only just begun may not have found each other yet.
    for _ in 0..100 {
        if let Ok(directory) = JetStreamDirectory::connect(&config).await {
            return directory;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    JetStreamDirectory::connect(&config).await.expect("the server serves")
}

/// Why a directory does not open.
pub(crate) async fn why(config: &JetStreamConfig) -> String {
    said(JetStreamDirectory::connect(config).await)
}

/// What a refusal says.
pub(crate) fn said(opened: vestibule::Result<JetStreamDirectory>) -> String {
    match opened {
        Err(Error::Setup(why)) => why,
        other => panic!("it must not open: {other:?}"),
    }
}

/// Any other client of the servers at a URL.
pub(crate) async fn streams(url: &str) -> jetstream::Context {
    let (mut options, mut servers) = (ConnectOptions::new(), Vec::new());
    for server in url.split(',') {
        let (login, address) = match server.trim_start_matches("nats://").split_once('@') {
            Some((login, address)) => (login.split_once(':'), address),
            None => (None, server),
        };
        if let Some((user, password)) = login {
            options = options.user_and_password(user.to_owned(), password.to_owned());
        }
        servers.push(address);
    }
    jetstream::new(options.connect(servers).await.expect("the server answers"))
}

/// One of the buckets, as any other client sees it.
pub(crate) async fn bucket(url: &str, name: &str) -> kv::Store {
    streams(url).await.get_key_value(format!("VESTIBULE_directory_{name}")).await.expect("the bucket is there")
}

/// Changes an entry as no program of ours would.
pub(crate) async fn tamper(url: &str, name: &str, key: &str, change: impl FnOnce(&mut Value)) {
    let bucket = bucket(url, name).await;
    let entry = bucket.get(key).await.expect("an answer").expect("the entry is there");
    let mut value: Value = serde_json::from_slice(&entry).expect("it is JSON");
    change(&mut value);
    bucket.put(key, value.to_string().into()).await.expect("it is written");
}

impl Store for JetStream {
    fn open(&self) -> Later<'_, Option<Arc<dyn Directory>>> {
        Box::pin(async { Some(Arc::new(open(&self.url, self.replicas).await) as Arc<dyn Directory>) })
    }

    fn spoil(&self, invite: DirectoryInviteId) -> Later<'_, ()> {
        Box::pin(async move {
            let key = format!("i.{invite}");
            tamper(&self.url, "invites", &key, |value| value["expires_at"] = json!("tomorrow")).await;
        })
    }
}
