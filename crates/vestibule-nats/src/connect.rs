//! Getting to the server: a connection that heals by itself, a server that is new enough, and buckets that are set up as
//! the directory needs them, made where they are missing.

use std::time::Duration;

use async_nats::jetstream::context::{Context, ContextBuilder};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use async_nats::{Client, ConnectOptions, Event};
use vestibule::{Error, Result};

use crate::JetStreamDirectory;
use crate::bucket::Bucket;

const MEMBERS: &str = "VESTIBULE_directory_members";
const INVITES: &str = "VESTIBULE_directory_invites";
/// The oldest server that serves.
const OLDEST: (u64, u64) = (2, 11);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long at most until the next try to connect.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How often a silent connection is tried.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Where the directory is.
#[derive(Clone)]
pub struct JetStreamConfig {
    /// The servers, `nats://` or `tls://`, with commas between.
    pub url: String,
    /// How many servers of a cluster keep each entry: 1, 3 or 5.
    pub replicas: usize,
}

impl std::fmt::Debug for JetStreamConfig {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JetStreamConfig").field("replicas", &self.replicas).finish_non_exhaustive()
    }
}

impl JetStreamDirectory {
    /// Connects, and makes sure of the server and of the buckets.
    pub async fn connect(config: &JetStreamConfig) -> Result<JetStreamDirectory> {
        let servers: Vec<&str> = config.url.split(',').map(str::trim).collect();
        let options = ConnectOptions::new()
            .name("vestibule")
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(PING_EVERY)
            .max_reconnects(None)
            .reconnect_delay_callback(|tries| RETRY_EVERY.min(Duration::from_millis(50 * tries as u64)))
            .event_callback(|event| async move { note(&event) });
        let client = options.connect(servers).await.map_err(|why| {
            Error::Setup(format!("directory.nats_url: no NATS server answers as it should there: {why}"))
        })?;
        require_server(&client)?;
        let context = ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE).build(client.clone());
        let members = bucket(&client, &context, MEMBERS, config.replicas).await?;
        let invites = bucket(&client, &context, INVITES, config.replicas).await?;
        Ok(JetStreamDirectory { invites, members })
    }
}

fn require_server(client: &Client) -> Result<()> {
    let info = client.server_info();
    let mut numbers = info.version.split(['.', '-']).map(|number| number.parse::<u64>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < OLDEST {
        let (major, minor) = OLDEST;
        return Err(Error::Setup(format!(
            "directory.nats_url: the NATS server there is {}; the directory needs {major}.{minor} or newer",
            info.version
        )));
    }
    match info.jetstream {
        true => Ok(()),
        false => Err(Error::Setup("directory.nats_url: JetStream is off in the NATS server there".to_owned())),
    }
}

async fn bucket(client: &Client, context: &Context, name: &str, replicas: usize) -> Result<Bucket> {
    let stream = stream(context, name, replicas).await.map_err(|why| {
        Error::Setup(format!("directory.nats_url: the bucket {name} cannot be made with {replicas} replicas: {why}"))
    })?;
    Ok(Bucket::new(client.clone(), context.clone(), stream, name))
}

/// The stream behind a bucket, made or brought to this form.
async fn stream(context: &Context, name: &str, replicas: usize) -> Result<Stream, async_nats::Error> {
    let config = Config {
        name: format!("KV_{name}"),
        description: Some("Vestibule's directory of wallets".to_owned()),
        subjects: vec![format!("$KV.{name}.>")],
        max_messages_per_subject: 1,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        num_replicas: replicas,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: false, // or a replica that is behind might answer
        ..Config::default()
    };
    context.create_or_update_stream(config.clone()).await?;
    Ok(context.get_stream(&config.name).await?)
}

fn note(event: &Event) {
    let is_trouble = matches!(event, Event::Disconnected | Event::ServerError(_) | Event::ClientError(_));
    if is_trouble {
        tracing::error!("the NATS server of the directory: {event}");
    } else {
        tracing::info!("the NATS server of the directory: {event}");
    }
}
