//! Where the directory of wallets is kept, and how wallets register.

use url::Url;
use vestibule::DirectoryConfig;
use vestibule_nats::JetStreamConfig;

use super::address;
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

/// What the engine is told.
pub fn read(layers: &Layers) -> Result<DirectoryConfig, Problem> {
    Ok(DirectoryConfig { require_proof: layers.read(Key::DirectoryRequireProof, parse::flag)? })
}

/// Where the directory of the instance at this public URL is kept.
pub fn store(layers: &Layers, public_url: &Url) -> Result<DirectoryStore, Problem> {
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
            let public_url = public_url.as_str().trim_end_matches('/').to_owned();
            let config = JetStreamConfig { url, replicas, public_url };
            config.check().map_err(|why| Problem::of(Key::DirectoryNatsUrl, address::why(why)))?;
            Ok(DirectoryStore::JetStream(config))
        }
    }
}

/// The servers for people, their passwords and tokens masked.
pub fn shown(urls: &str) -> String {
    if urls.split(',').any(|one| !one.contains("://")) {
        return mask::MASK.to_owned(); // a comma, it may be, of a password
    }
    urls.split(',').map(server).collect::<Vec<_>>().join(",")
}

fn server(text: &str) -> String {
    let masked = mask::url(text);
    match Url::parse(&masked) {
        Ok(mut url) if !url.username().is_empty() && url.password().is_none() => {
            // A user without a password is a token.
            url.set_username(mask::MASK).map_or_else(|()| mask::MASK.to_owned(), |()| url.into())
        }
        Ok(_) | Err(_) => masked,
    }
}
