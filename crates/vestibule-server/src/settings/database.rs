//! Which database, and the master secret that goes with it. PostgreSQL is shared by nodes, so its secret must be
//! said; SQLite is one machine's, so its secret can lie beside the file.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use vestibule::MIN_SECRET_BYTES;

use super::key::Key;
use super::layers::Layers;
use super::mask;
use super::master_secret;
use super::problem::Problem;

/// The database and the master secret.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its URL, which may hold a password.
    pub url: SecretString,
    /// The master secret, if it was said.
    pub secret: Option<SecretSlice<u8>>,
}

impl Database {
    /// Reads both, and refuses PostgreSQL without a secret.
    pub fn read(layers: &Layers) -> Result<Database, Problem> {
        let url = layers.read(Key::DatabaseUrl, url)?;
        let secret = match layers.get(Key::Secret) {
            Some(_) => Some(layers.read(Key::Secret, secret)?),
            None if sqlite_file(url.expose_secret()).is_some() => None,
            None => {
                let why = "is required with PostgreSQL, the same on every node: `openssl rand -hex 32` makes one";
                return Err(Problem::of(Key::Secret, why));
            }
        };
        Ok(Database { url, secret })
    }

    /// The database file, with SQLite.
    pub fn sqlite_file(&self) -> Option<&Path> {
        sqlite_file(self.url.expose_secret()).map(Path::new)
    }

    /// Why there is no database yet, for commands that are not to make one.
    pub fn absence(&self) -> Option<String> {
        let file = self.sqlite_file().filter(|file| !master_secret::has_data(file))?;
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Some(format!(
            "there is no database at {}: `vestibule serve` or `vestibule migrate up` makes it; if yours is elsewhere, \
             set database_url (VESTIBULE_DATABASE_URL) or give --config",
            file.display()
        ))
    }

    /// Where the master secret lies when none was said.
    pub fn secret_file(&self) -> Option<PathBuf> {
        let mut name = self.sqlite_file()?.as_os_str().to_owned();
        name.push(".secret");
        Some(name.into())
    }

    /// The URL for people, its password masked.
    pub fn shown(&self) -> String {
        shown(self.url.expose_secret())
    }
}

/// A database URL for people: the path of a file, or a server with its password masked.
pub fn shown(text: &str) -> String {
    if sqlite_file(text).is_some() { text.to_owned() } else { mask::url(text) }
}

fn url(text: &str) -> Result<SecretString, String> {
    let text = text.trim();
    let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if sqlite_file(text).is_some() && text.contains(['%', '?']) {
        let why =
            "must have neither % nor ? in the path of the file: a space is written as it is, and no parameter is taken";
        return Err(why.to_owned());
    }
    if is_postgres || sqlite_file(text).is_some_and(|file| !file.is_empty() && !file.contains(":memory:")) {
        return Ok(text.into());
    }
    Err("must be sqlite://FILE or postgres://user:password@host/database".to_owned())
}

fn secret(text: &str) -> Result<SecretSlice<u8>, String> {
    if text.len() < MIN_SECRET_BYTES {
        return Err(format!("must be at least {MIN_SECRET_BYTES} bytes long: `openssl rand -hex 32` makes one"));
    }
    Ok(text.as_bytes().to_vec().into())
}

fn sqlite_file(url: &str) -> Option<&str> {
    Some(url.trim().strip_prefix("sqlite:")?.trim_start_matches("//"))
}
