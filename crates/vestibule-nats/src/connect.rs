//! Getting to the server: a connection that heals by itself, a server that is new enough, and the streams behind the
//! buckets as the directory needs them.

use std::time::Duration;

use async_nats::jetstream::context::{Context, ContextBuilder};
use async_nats::{Client, ConnectErrorKind, Event};
use vestibule::{Error, Result};

use crate::JetStreamDirectory;
use crate::bucket::{Bucket, PATIENCE};
use crate::servers::Servers;
use crate::streams;

const MEMBERS: &str = "VESTIBULE_directory_members";
const INVITES: &str = "VESTIBULE_directory_invites";
/// The oldest server that serves.
const OLDEST: (u64, u64) = (2, 11);
/// How long at most until the next try to connect.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How often a silent connection is tried.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Where the directory is, and whose.
#[derive(Clone)]
pub struct JetStreamConfig {
    /// The servers, `nats://` or `tls://`, with commas between: each with the same user and password, or with a token in
    /// the user's place, or with neither.
    pub url: String,
    /// How many servers of a cluster keep each entry: 1, 3 or 5.
    pub replicas: usize,
    /// What people type to get to this instance. A directory is one instance's, and no other's.
    pub public_url: String,
}

impl std::fmt::Debug for JetStreamConfig {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut config = f.debug_struct("JetStreamConfig");
        config.field("replicas", &self.replicas).field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl JetStreamConfig {
    /// Refuses servers that cannot be meant, without asking any.
    pub fn check(&self) -> Result<()> {
        Servers::parse(&self.url).map(drop)
    }
}

impl JetStreamDirectory {
    /// For a server: connects, makes what is missing, and mends what can be mended without a loss.
    pub async fn connect(config: &JetStreamConfig) -> Result<JetStreamDirectory> {
        let (client, context) = reach(config).await?;
        let members = streams::prepared(&context, MEMBERS, config).await?;
        let invites = streams::prepared(&context, INVITES, config).await?;
        Ok(JetStreamDirectory {
            invites: Bucket::new(client.clone(), context.clone(), invites, INVITES),
            members: Bucket::new(client, context, members, MEMBERS),
        })
    }

    /// For a command beside a server, which may have been given other settings: finds what is there, and changes nothing.
    pub async fn open(config: &JetStreamConfig) -> Result<JetStreamDirectory> {
        let (client, context) = reach(config).await?;
        let members = streams::existing(&context, MEMBERS, config).await?;
        let invites = streams::existing(&context, INVITES, config).await?;
        Ok(JetStreamDirectory {
            invites: Bucket::new(client.clone(), context.clone(), invites, INVITES),
            members: Bucket::new(client, context, members, MEMBERS),
        })
    }
}

/// A server that serves.
async fn reach(config: &JetStreamConfig) -> Result<(Client, Context)> {
    let servers = Servers::parse(&config.url)?;
    let options = servers
        .options()
        .name("vestibule")
        .connection_timeout(PATIENCE)
        .request_timeout(Some(PATIENCE))
        .ping_interval(PING_EVERY)
        .max_reconnects(None)
        .reconnect_delay_callback(|tries| RETRY_EVERY.min(Duration::from_millis(50 * tries as u64)))
        .event_callback(|event| async move { note(&event) });
    let client = options.connect(&servers.addresses[..]).await.map_err(|why| {
        Error::Setup(if why.kind() == ConnectErrorKind::AuthorizationViolation {
            "directory.nats_url: the NATS server there lets nobody in by this user and password, or token".to_owned()
        } else {
            format!("directory.nats_url: no NATS server answers as it should there: {why}")
        })
    })?;
    if servers.has_login() && !client.server_info().auth_required {
        tracing::warn!("directory.nats_url has a user, but the NATS server there asks nobody who they are");
    }
    require_server(&client)?;
    let context = ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE).build(client.clone());
    Ok((client, context))
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

fn note(event: &Event) {
    let is_trouble = matches!(event, Event::Disconnected | Event::ServerError(_) | Event::ClientError(_));
    if is_trouble {
        tracing::error!("the NATS server of the directory: {event}");
    } else {
        tracing::info!("the NATS server of the directory: {event}");
    }
}
