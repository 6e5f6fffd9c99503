//! Everything that a bucket holds. It is read by a consumer that is there for this one list; what is changed meanwhile
//! comes a second time, and the last that is said of a key is what counts.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::Message;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use futures_util::StreamExt as _;
use tokio::time::timeout;
use vestibule::Result;

use crate::bucket::{Bucket, PATIENCE, away, is_gone};
use crate::tries::Tries;

/// How many entries come at once.
const AT_ONCE: usize = 500;
/// How long a list waits for what a replica does not have yet.
const A_WHILE: Duration = Duration::from_millis(50);
/// When a consumer goes that nobody took away.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

/// What keys hold.
pub(crate) type Entries = HashMap<String, Vec<u8>>;

/// How far a list is.
struct Reading {
    entries: Entries,
    left: u64,
    reached: u64,
}

impl Bucket {
    /// Everything that is held, with its key: at least all that was acknowledged before this began.
    pub(crate) async fn all(&self) -> Result<Entries> {
        self.require_connection()?;
        let last = self.last().await?;
        let config = pull::Config {
            filter_subject: self.subject(">"),
            deliver_policy: DeliverPolicy::LastPerSubject,
            ack_policy: AckPolicy::None,
            inactive_threshold: FORGOTTEN_AFTER,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self.stream.create_consumer(config).await.map_err(away)?;
        let entries = self.read_by(&consumer, last).await;
        if entries.is_ok()
            && let Err(why) = self.stream.delete_consumer(&consumer.cached_info().name).await
        {
            tracing::debug!("the consumer of a list goes in {FORGOTTEN_AFTER:?}: {why}");
        }
        entries
    }

    /// Reads on until it has come to `last`: the replica that has the consumer may be behind.
    async fn read_by(&self, consumer: &PullConsumer, mut last: u64) -> Result<Entries> {
        let (entries, left) = (Entries::new(), consumer.cached_info().num_pending);
        let (mut reading, mut tries) = (Reading { entries, left, reached: 0 }, Tries::default());
        while reading.left > 0 || reading.reached < last {
            let some = timeout(PATIENCE, self.read_some(consumer, &mut reading)).await;
            match some.map_err(|_| away("a list does not arrive"))? {
                // In a cluster our server may not have heard of a consumer that was only just made on another.
                Err(why) if !tries.next().await => return Err(away(why)),
                Err(_) => {}
                Ok(()) if reading.left == 0 && reading.reached < last => {
                    last = self.still(last).await?;
                    if reading.reached < last && !tries.next().await {
                        return Err(away("a replica stays behind"));
                    }
                }
                Ok(()) => {}
            }
        }
        Ok(reading.entries)
    }

    /// Reads what comes at once, or waits a while where nothing is left.
    async fn read_some(&self, consumer: &PullConsumer, reading: &mut Reading) -> Result<(), async_nats::Error> {
        let fetch = consumer.fetch().max_messages(AT_ONCE);
        let fetch = if reading.left > 0 { fetch } else { fetch.max_messages(1).expires(A_WHILE) };
        let mut messages = fetch.messages().await?;
        let mut left = 0;
        while let Some(message) = messages.next().await {
            let message = message?;
            let info = message.info()?;
            (left, reading.reached) = (info.pending, info.stream_sequence);
            self.note(message.message, &mut reading.entries);
        }
        reading.left = left;
        Ok(())
    }

    fn note(&self, message: Message, entries: &mut Entries) {
        let Message { subject, headers, payload, .. } = message;
        let key = subject.strip_prefix(self.prefix.as_str()).unwrap_or(&subject);
        if headers.is_some_and(|headers| is_gone(&headers)) {
            entries.remove(key);
        } else {
            entries.insert(key.to_owned(), payload.to_vec());
        }
    }

    /// The last message, as the leader has it.
    async fn last(&self) -> Result<u64> {
        Ok(self.stream.get_info().await.map_err(away)?.state.last_sequence)
    }

    /// The message that was the last, or what is the last now if it has gone; 0 if that was taken out by hand.
    async fn still(&self, last: u64) -> Result<u64> {
        match self.stream.get_raw_message(last).await {
            Ok(_) => Ok(last),
            Err(why) if why.kind() == LastRawMessageErrorKind::NoMessageFound => {
                Ok(Some(self.last().await?).filter(|now| *now != last).unwrap_or(0))
            }
            Err(why) => Err(away(why)),
        }
    }
}

/// An entry of a list. One that cannot be read is left out, and everybody else is in the list all the same.
pub(crate) fn in_list<T>(key: &str, entry: Result<T>) -> Option<T> {
    entry.map_err(|why| tracing::error!(error = ?why, "{key} in the directory cannot be read, and is in no list")).ok()
}
