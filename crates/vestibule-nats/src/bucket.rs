//! One key-value bucket, as far as the directory needs one: read a key as the leader has it, write or purge it if it is
//! still as it was read. A server that is away is `Unavailable` at once; one that does not answer, soon. Reading
//! everything is in `entries`.

use std::error::Error as _;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::{Context, PublishError, PublishErrorKind};
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{Client, HeaderMap, HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use vestibule::{Error, Result};

/// What a purge says of itself, as every client of such buckets understands it.
const OPERATION: &str = "KV-Operation";
const PURGE: &str = "PURGE";
const ROLLUP_OF_KEY: &str = "sub";
/// When to come again while the server is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    client: Client,
    context: Context,
    pub(crate) stream: Stream,
    pub(crate) prefix: String,
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
                let value = if is_gone(&message.headers) { None } else { Some(parsed(key, &message.payload)?) };
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

    async fn publish(&self, key: &str, mut headers: HeaderMap, value: Vec<u8>, revision: u64) -> Result<Option<u64>> {
        self.require_connection()?;
        headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(revision));
        let sent = self.context.publish_with_headers(self.subject(key), headers, value.into()).await.map_err(away)?;
        match sent.await {
            Ok(ack) => Ok(Some(ack.sequence)),
            Err(why) if is_another_revision(&why) => Ok(None),
            Err(why) => Err(away(why)),
        }
    }

    pub(crate) fn subject(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

/// A store that is out of reach: what was asked for may have been done all the same.
pub(crate) fn away(why: impl std::fmt::Display) -> Error {
    tracing::warn!("the directory on JetStream does not answer: {why}");
    Error::Unavailable { retry_after: RETRY_AFTER }
}

/// Whether a write was refused because its key has another revision, or is being given one at this moment: of a stream
/// with replicas the leader says no more than that, and whoever looks again may still see what was there before.
fn is_another_revision(why: &PublishError) -> bool {
    let code = why.source().and_then(|why| why.downcast_ref::<jetstream::Error>()).map(jetstream::Error::error_code);
    why.kind() == PublishErrorKind::WrongLastSequence || code == Some(ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT)
}

/// Whether a message says that its key was deleted or purged.
pub(crate) fn is_gone(headers: &HeaderMap) -> bool {
    headers.get(OPERATION).is_some()
}

/// What a key holds, as its record.
pub(crate) fn parsed<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T> {
    let value = serde_json::from_slice(value);
    value.map_err(|why| Error::internal(format!("{key} in the directory cannot be read: {why}")))
}
