//! Where the directory of wallets is kept, and how wallets register.

use vestibule::DirectoryConfig;
use vestibule_nats::JetStreamConfig;

use super::key::Key;
use super::layers::Layers;
use super::mask;
use super::parse;
use super::problem::Problem;

/// Where the directory is.
#[derive(Clone, Debug)]
pub enum DirectoryStore {
    /// In the database.
    Sql,
    /// In buckets of NATS JetStream.
    JetStream(JetStreamConfig),
}

#[derive(Clone, Copy)]
enum Backend {
    Sql,
    JetStream,
}

const BACKENDS: [(&str, Backend); 2] = [("sql", Backend::Sql), ("jetstream", Backend::JetStream)];
const REPLICAS: [(&str, usize); 3] = [("1", 1), ("3", 3), ("5", 5)];
const SCHEMES: [&str; 2] = ["nats://", "tls://"];

/// What the engine is told.
pub fn read(layers: &Layers) -> Result<DirectoryConfig, Problem> {
    Ok(DirectoryConfig { require_proof: layers.read(Key::DirectoryRequireProof, parse::flag)? })
}

/// Where the directory is kept.
pub fn store(layers: &Layers) -> Result<DirectoryStore, Problem> {
    let backend = layers.read(Key::DirectoryBackend, |text| parse::word(&BACKENDS, text))?;
    let replicas = layers.read(Key::DirectoryReplicas, |text| parse::word(&REPLICAS, text))?;
    let url = layers.given(Key::DirectoryNatsUrl)?.map(|text| text.trim().to_owned());
    match (backend, url) {
        (Backend::Sql, None) => Ok(DirectoryStore::Sql),
        (Backend::Sql, Some(_)) => {
            let why = format!("does nothing while {} is sql", Key::DirectoryBackend.name());
            Err(Problem::of(Key::DirectoryNatsUrl, why))
        }
        (Backend::JetStream, None) => {
            Err(Problem::of(Key::DirectoryBackend, format!("jetstream needs {}", Key::DirectoryNatsUrl.name())))
        }
        (Backend::JetStream, Some(url)) => {
            let is_good = |one: &str| SCHEMES.iter().any(|scheme| one.trim().starts_with(scheme));
            if !url.split(',').all(is_good) {
                let why = "must be nats://… or tls://…, several with commas between";
                return Err(Problem::of(Key::DirectoryNatsUrl, why));
            }
            Ok(DirectoryStore::JetStream(JetStreamConfig { url, replicas }))
        }
    }
}

/// The servers for people, their passwords masked.
pub fn shown(urls: &str) -> String {
    urls.split(',').map(mask::url).collect::<Vec<_>>().join(",")
}
