//! A directory on a server of its own, and a hand that reaches into its buckets.

use std::pin::Pin;
use std::sync::Arc;

use async_nats::jetstream::{self, kv};
use serde_json::{Value, json};
use testkit::{NatsServer, Stand, Store, TestDb};
use vestibule::DirectoryInviteId;
use vestibule::directory::Directory;
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

/// A directory on a server.
pub(crate) struct JetStream {
    url: String,
    replicas: usize,
    _server: Option<NatsServer>,
}

impl JetStream {
    /// A directory on three servers that the test keeps in its own hands.
    pub(crate) fn cluster(url: &str) -> JetStream {
        JetStream { url: url.to_owned(), replicas: 3, _server: None }
    }
}

/// A directory on a server of its own.
pub(crate) async fn stand(db: TestDb) -> Stand {
    let server = NatsServer::start().await;
    Stand::on(db, Box::new(JetStream { url: server.url(), replicas: 1, _server: Some(server) })).await
}

/// A directory on a server that the test keeps in its own hands.
pub(crate) async fn stand_on(db: TestDb, url: &str) -> Stand {
    Stand::on(db, Box::new(JetStream { url: url.to_owned(), replicas: 1, _server: None })).await
}

/// The directory at a URL.
pub(crate) async fn open(url: &str, replicas: usize) -> JetStreamDirectory {
    let config = JetStreamConfig { url: url.to_owned(), replicas };
    // Servers that have only just begun may not have found each other yet.
    for _ in 0..100 {
        if let Ok(directory) = JetStreamDirectory::connect(&config).await {
            return directory;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    JetStreamDirectory::connect(&config).await.expect("the server serves")
}

/// One of the buckets, as any other client sees it.
pub(crate) async fn bucket(url: &str, name: &str) -> kv::Store {
    let client = async_nats::connect(url).await.expect("the server answers");
    jetstream::new(client).get_key_value(format!("VESTIBULE_directory_{name}")).await.expect("the bucket is there")
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
