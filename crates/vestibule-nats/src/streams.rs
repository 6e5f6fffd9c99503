//! The streams behind the buckets. A server makes one that is missing, and mends what can be mended without a loss; what
//! cannot, it refuses by name: another number of replicas, another instance's directory, a form that would lose members.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{Context, CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType, Stream};
use vestibule::{Error, Result};

use crate::connect::JetStreamConfig;

/// What a stream says of whose directory it is.
const PUBLIC_URL: &str = "vestibule.public_url";
/// How often a stream is looked at that others make or change at the same time.
const LOOKS: usize = 4;

/// The stream of a bucket, made or mended.
pub(crate) async fn prepared(context: &Context, bucket: &str, config: &JetStreamConfig) -> Result<Stream> {
    let wanted = wanted(bucket, config);
    for _ in 0..LOOKS {
        let Some(stream) = find(context, &wanted.name).await? else {
            make(context, &wanted).await?;
            continue;
        };
        let there = &stream.cached_info().config;
        require_owner(there, &config.public_url)?;
        require_replicas(there, config.replicas)?;
        require_form(there)?;
        let mended = mended(there, &wanted);
        let wrong = differences(there, &mended);
        if wrong.is_empty() {
            return Ok(stream);
        }
        tracing::warn!("the stream {} had another form than the directory needs: {}", wanted.name, wrong.join(", "));
        context.update_stream(&mended).await.map_err(|why| {
            let (name, wrong) = (&wanted.name, wrong.join(", "));
            refused(format!("the stream {name} there cannot be given the form it needs ({wrong}): {why}"))
        })?;
    }
    Err(refused(format!("the stream {} there is changed again and again by somebody else", wanted.name)))
}

/// The stream of a bucket, as it is.
pub(crate) async fn existing(context: &Context, bucket: &str, config: &JetStreamConfig) -> Result<Stream> {
    let name = name(bucket);
    let found = find(context, &name).await?;
    let stream = found.ok_or_else(|| refused(format!("there is no stream {name} yet: `vestibule serve` makes it")))?;
    let there = &stream.cached_info().config;
    require_owner(there, &config.public_url)?;
    require_form(there)?;
    Ok(stream)
}

fn name(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// How a stream is made.
fn wanted(bucket: &str, config: &JetStreamConfig) -> Config {
    Config {
        name: name(bucket),
        description: Some("Vestibule's directory of wallets".to_owned()),
        subjects: vec![format!("$KV.{bucket}.>")],
        max_messages_per_subject: 1,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        num_replicas: config.replicas,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: false, // or a replica that is behind might answer
        metadata: [(PUBLIC_URL.to_owned(), config.public_url.clone())].into(),
        ..Config::default()
    }
}

async fn find(context: &Context, name: &str) -> Result<Option<Stream>> {
    match context.get_stream(name).await {
        Ok(stream) => Ok(Some(stream)),
        Err(why) => match why.kind() {
            GetStreamErrorKind::JetStream(why) if why.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            GetStreamErrorKind::JetStream(_)
            | GetStreamErrorKind::Request
            | GetStreamErrorKind::EmptyName
            | GetStreamErrorKind::InvalidStreamName => {
                Err(refused(format!("the NATS server there does not say what the stream {name} is like: {why}")))
            }
        },
    }
}

/// Makes a stream, unless somebody else was first.
async fn make(context: &Context, wanted: &Config) -> Result<()> {
    match context.create_stream(wanted).await {
        Ok(_) => Ok(()),
        Err(why) => match why.kind() {
            CreateStreamErrorKind::JetStream(why) if why.error_code() == ErrorCode::STREAM_NAME_EXIST => Ok(()),
            CreateStreamErrorKind::JetStream(_)
            | CreateStreamErrorKind::EmptyStreamName
            | CreateStreamErrorKind::InvalidStreamName
            | CreateStreamErrorKind::DomainAndExternalSet
            | CreateStreamErrorKind::JetStreamUnavailable
            | CreateStreamErrorKind::TimedOut
            | CreateStreamErrorKind::Response
            | CreateStreamErrorKind::NotFound
            | CreateStreamErrorKind::ResponseParse => {
                Err(refused(format!("the stream {} cannot be made there: {why}", wanted.name)))
            }
        },
    }
}

/// One that does not say whose it is was made before that was said.
fn require_owner(there: &Config, public_url: &str) -> Result<()> {
    match there.metadata.get(PUBLIC_URL) {
        Some(owner) if owner != public_url => Err(refused(format!(
            "the stream {name} there is the directory of {owner}, and `public_url` is {public_url} here; if that is not \
             what it is for your server, put it right; give each instance a NATS account of its own; and if your public \
             URL has changed, say so to both streams: `nats stream edit … --metadata {PUBLIC_URL}={public_url}`",
            name = there.name
        ))),
        Some(_) | None => Ok(()),
    }
}

/// To keep fewer copies, or to make more, is for a person to decide and not for whoever starts last.
fn require_replicas(there: &Config, replicas: usize) -> Result<()> {
    let (name, kept) = (&there.name, there.num_replicas);
    match kept == replicas {
        true => Ok(()),
        false => Err(Error::Setup(format!(
            "directory.replicas: it says {replicas}, and the stream {name} has {kept}; change the setting, or the \
             stream by `nats stream edit {name} --replicas {replicas}`"
        ))),
    }
}

/// What no update can change, or none without a loss.
fn require_form(there: &Config) -> Result<()> {
    let is_right = [
        ("storage must be file", there.storage == StorageType::File),
        ("retention must be limits", there.retention == RetentionPolicy::Limits),
        ("persist_mode must be default", there.persist_mode != Some(PersistenceMode::Async)),
        ("sealed must be off", !there.sealed),
        ("deny_purge must be off", !there.deny_purge),
        ("mirror must be empty", there.mirror.is_none()),
        ("sources must be empty", there.sources.as_ref().is_none_or(Vec::is_empty)),
        ("subject_transform must be empty", there.subject_transform.is_none()),
    ];
    let wrong: Vec<&str> = is_right.into_iter().filter(|(_, is_right)| !is_right).map(|(what, _)| what).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let (name, wrong) = (&there.name, wrong.join(", "));
    Err(refused(format!("the stream {name} there cannot keep the directory: {wrong}")))
}

/// What is there, with what it needs. A limit of its size may stay: where nothing old is discarded it refuses new entries.
fn mended(there: &Config, wanted: &Config) -> Config {
    let mut metadata = there.metadata.clone();
    metadata.extend(wanted.metadata.clone());
    Config {
        subjects: wanted.subjects.clone(),
        max_messages_per_subject: wanted.max_messages_per_subject,
        max_age: Duration::ZERO,
        discard: wanted.discard,
        discard_new_per_subject: false,
        no_ack: false,
        allow_rollup: wanted.allow_rollup,
        deny_delete: wanted.deny_delete,
        allow_direct: wanted.allow_direct,
        metadata,
        ..there.clone()
    }
}

/// The names of what is mended.
fn differences(there: &Config, mended: &Config) -> Vec<&'static str> {
    let is_same = [
        ("subjects", there.subjects == mended.subjects),
        ("max_msgs_per_subject", there.max_messages_per_subject == mended.max_messages_per_subject),
        ("max_age", there.max_age == mended.max_age),
        ("discard", there.discard == mended.discard),
        ("discard_new_per_subject", there.discard_new_per_subject == mended.discard_new_per_subject),
        ("no_ack", there.no_ack == mended.no_ack),
        ("allow_rollup_hdrs", there.allow_rollup == mended.allow_rollup),
        ("deny_delete", there.deny_delete == mended.deny_delete),
        ("allow_direct", there.allow_direct == mended.allow_direct),
        ("metadata", there.metadata == mended.metadata),
    ];
    is_same.into_iter().filter(|(_, is_same)| !is_same).map(|(what, _)| what).collect()
}

fn refused(why: String) -> Error {
    Error::Setup(format!("directory.nats_url: {why}"))
}
