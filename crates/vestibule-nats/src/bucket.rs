//! One key-value bucket, as far as the directory needs one: read a key as the leader has it, write or purge it if it is
//! still as it was read, read everything. A server that is away is `Unavailable` at once; one that does not answer, soon.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::context::{Context, PublishErrorKind};
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::{Client, HeaderMap, HeaderValue, Message, header};
use futures_util::StreamExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vestibule::{Error, Result};

/// What a purge says of itself, as every client of such buckets understands it.
const OPERATION: &str = "KV-Operation";
const PURGE: &str = "PURGE";
const ROLLUP_OF_KEY: &str = "sub";
/// When to come again while the server is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How many entries come at once where everything is read.
const AT_ONCE: usize = 500;
/// How often a change is tried whose key others keep changing.
pub(crate) const TRIES: usize = 16;

/// A bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    client: Client,
    context: Context,
    stream: Stream,
    prefix: String,
}

/// What a key holds: a value or nothing, and the revision that a change must name.
#[derive(Debug)]
pub(crate) struct Held<T> {
    pub value: Option<T>,
    pub revision: u64,
}

impl Bucket {
    pub(crate) fn new(client: Client, context: Context, stream: Stream, name: &str) -> Bucket {
        Bucket { client, context, stream, prefix: format!("$KV.{name}.") }
    }

    /// Refuses to begin what the server is not there for.
    pub(crate) fn require_connection(&self) -> Result<()> {
        match self.client.connection_state() {
            State::Connected => Ok(()),
            State::Pending | State::Disconnected => Err(away("the connection is down")),
        }
    }

    /// What a key holds, as the leader of the bucket has it.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Held<T>> {
        self.require_connection()?;
        match self.stream.get_last_raw_message_by_subject(&self.subject(key)).await {
            Ok(message) => {
                let value = read(key, &message.headers, &message.payload)?;
                Ok(Held { value, revision: message.sequence })
            }
            Err(why) if why.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(Held { value: None, revision: 0 }),
            Err(why) => Err(away(why)),
        }
    }

    /// Writes a key if its revision is still this one, 0 where it never was; none: it is another.
    pub(crate) async fn put<T: Serialize + Sync>(&self, key: &str, value: &T, revision: u64) -> Result<Option<u64>> {
        let value = serde_json::to_vec(value).map_err(Error::internal)?;
        self.publish(key, HeaderMap::new(), value, revision).await
    }

    /// Takes a key away, with everything that it held, if its revision is still this one; false: it is another.
    pub(crate) async fn purge(&self, key: &str, revision: u64) -> Result<bool> {
        let mut headers = HeaderMap::new();
        headers.insert(OPERATION, PURGE);
        headers.insert(header::NATS_ROLLUP, ROLLUP_OF_KEY);
        Ok(self.publish(key, headers, Vec::new(), revision).await?.is_some())
    }

    /// Everything that is held, with its key, in no order. What was written by another node a moment ago may be missing
    /// where the bucket has replicas.
    pub(crate) async fn all<T: DeserializeOwned>(&self) -> Result<Vec<(String, T)>> {
        self.require_connection()?;
        let config = pull::Config {
            filter_subject: self.subject(">"),
            deliver_policy: DeliverPolicy::LastPerSubject,
            ack_policy: AckPolicy::None,
            inactive_threshold: Duration::from_secs(30),
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self.stream.create_consumer(config).await.map_err(away)?;
        let mut left = consumer.cached_info().num_pending;
        let mut all = Vec::new();
        while left > 0 {
            let before = left;
            let mut messages = consumer.fetch().max_messages(AT_ONCE).messages().await.map_err(away)?;
            while let Some(message) = messages.next().await {
                let message = message.map_err(away)?;
                left = message.info().map_err(away)?.pending;
                let Message { subject, headers, payload, .. } = message.message;
                let key = subject.strip_prefix(self.prefix.as_str()).unwrap_or(&subject).to_owned();
                all.extend(read(&key, &headers.unwrap_or_default(), &payload)?.map(|value| (key, value)));
            }
            if left == before {
                return Err(away("a list did not arrive"));
            }
        }
        Ok(all)
    }

    async fn publish(&self, key: &str, mut headers: HeaderMap, value: Vec<u8>, revision: u64) -> Result<Option<u64>> {
        self.require_connection()?;
        headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(revision));
        let sent = self.context.publish_with_headers(self.subject(key), headers, value.into()).await.map_err(away)?;
        match sent.await {
            Ok(ack) => Ok(Some(ack.sequence)),
            Err(why) if why.kind() == PublishErrorKind::WrongLastSequence => Ok(None),
            Err(why) => Err(away(why)),
        }
    }

    fn subject(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

/// A store that is out of reach: what was asked for may have been done all the same.
pub(crate) fn away(why: impl std::fmt::Display) -> Error {
    tracing::warn!("the directory on JetStream does not answer: {why}");
    Error::Unavailable { retry_after: RETRY_AFTER }
}

/// What a message says that its key holds.
fn read<T: DeserializeOwned>(key: &str, headers: &HeaderMap, value: &[u8]) -> Result<Option<T>> {
    if headers.get(OPERATION).is_some() {
        return Ok(None); // deleted or purged
    }
    let value = serde_json::from_slice(value);
    value.map(Some).map_err(|why| Error::internal(format!("{key} in the directory cannot be read: {why}")))
}
