//! The master secret beside a SQLite file: made once, on first start, readable by its owner alone.
//! It appears under its name complete or not at all, so that processes that start together agree on one.
//! It is never made anew for a database that has data: that would silently void what the lost one protects.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use secrecy::{SecretSlice, SecretString};
use vestibule::{MIN_SECRET_BYTES, Random};

use super::database::Database;
use super::key::Key;
use super::problem::{Problem, Problems};
use crate::{hex, private_file};

/// The master secret: the one that was said, else the one beside the database file, made now if this is its first use.
pub fn obtain(database: &Database) -> anyhow::Result<SecretSlice<u8>> {
    find(database, true)
}

/// The master secret of a database that is there: never made.
pub fn existing(database: &Database) -> anyhow::Result<SecretSlice<u8>> {
    find(database, false)
}

fn find(database: &Database, may_make: bool) -> anyhow::Result<SecretSlice<u8>> {
    if let Some(secret) = &database.secret {
        return Ok(secret.clone());
    }
    let (Some(database_file), Some(secret_file)) = (database.sqlite_file(), database.secret_file()) else {
        return Err(Problems::from(Problem::of(Key::Secret, "is required")).into());
    };
    // Asked in this order: whoever makes a database has made its secret before.
    let has_data = has_data(database_file);
    if let Some(secret) = read(&secret_file)? {
        return Ok(secret);
    }
    if has_data || !may_make {
        let why = format!(
            "{} has data, but its secret {} is gone: restore that file, or set a secret",
            database_file.display(),
            secret_file.display()
        );
        return Err(Problems::from(Problem::of(Key::Secret, why)).into());
    }
    let text = SecretString::from(format!("{}\n", hex::encode(&Random::system().bytes::<32>())));
    let made = private_file::create(&secret_file, &text);
    made.with_context(|| format!("cannot make the master secret {}", secret_file.display()))?;
    read(&secret_file)?.with_context(|| format!("{} vanished", secret_file.display()))
}

/// The secret in a file, if the file is there.
pub fn read(file: &Path) -> anyhow::Result<Option<SecretSlice<u8>>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why).with_context(|| format!("cannot read the master secret {}", file.display())),
    };
    let text = text.trim();
    if text.len() < MIN_SECRET_BYTES {
        let why = format!("{} holds fewer than {MIN_SECRET_BYTES} bytes", file.display());
        return Err(Problems::from(Problem::of(Key::Secret, why)).into());
    }
    Ok(Some(text.as_bytes().to_vec().into()))
}

/// Whether a database file has anything in it, or may have: one that cannot be looked at is not taken for absent.
pub fn has_data(database_file: &Path) -> bool {
    match fs::metadata(database_file) {
        Ok(file) => file.len() > 0,
        Err(why) => why.kind() != ErrorKind::NotFound,
    }
}
