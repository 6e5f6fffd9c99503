//! Opening an instance: settings, then the master secret, then the database and the engine on it.
//! The secret comes before the database: a database that has data has a secret already.

use std::path::Path;

use secrecy::ExposeSecret as _;
use vestibule::{Db, Error, Vestibule};

use crate::settings::{Problems, Settings, master_secret};

/// The settings from the file and this process's environment.
pub fn settings(file: Option<&Path>) -> Result<Settings, Problems> {
    Settings::load(file, std::env::vars_os())
}

/// Opens an instance for a command, and closes it however the command ends.
pub async fn with_engine<T>(
    file: Option<&Path>,
    command: impl AsyncFnOnce(&Vestibule) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let engine = open(&settings(file)?).await?;
    let done = command(&engine).await;
    engine.db().close().await;
    done
}

/// The engine on the database that the settings name, its schema brought up to date.
pub async fn open(settings: &Settings) -> anyhow::Result<Vestibule> {
    let secret = master_secret::obtain(&settings.database)?;
    let db = connect(settings).await?;
    Ok(Vestibule::builder(db, secret).config(settings.engine.clone()).build().await?)
}

/// The database alone, its schema as it is.
pub async fn connect(settings: &Settings) -> anyhow::Result<Db> {
    match Db::connect(settings.database.url.expose_secret()).await {
        Ok(db) => Ok(db),
        Err(Error::Unavailable { .. }) => anyhow::bail!("the database does not answer: {}", settings.database.shown()),
        Err(why) => Err(why.into()),
    }
}
