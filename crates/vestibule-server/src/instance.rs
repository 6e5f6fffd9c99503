//! Opening an instance: settings, then the master secret, then the database and the engine on it.
//! The secret comes before the database: a database that has data has a secret already. Serving, `migrate up` and
//! `admin create` make what is not there; every other command finds it, or is refused without having made anything.
//! Only serving writes the policy of its settings over the one that is there, and makes or mends the buckets of the
//! directory: a command that was run with other settings than the server's must not change what anybody may do.

use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretSlice};
use vestibule::{Builder, Db, Error, MigrationState, Vestibule};
use vestibule_nats::JetStreamDirectory;

use crate::failure::Usage;
use crate::settings::{DirectoryStore, Problems, Settings, master_secret};

/// The settings from the file and this process's environment.
pub fn settings(file: Option<&Path>) -> Result<Settings, Problems> {
    Settings::load(file, std::env::vars_os())
}

/// Runs a command on the instance that is there, and closes it however the command ends.
pub async fn with_engine<T>(
    file: Option<&Path>,
    command: impl AsyncFnOnce(&Vestibule) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    closing(open(&settings(file)?).await?, command).await
}

/// Runs a command on an instance, and closes it however the command ends.
pub async fn closing<T>(
    engine: Vestibule,
    command: impl AsyncFnOnce(&Vestibule) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let done = command(&engine).await;
    engine.db().close().await;
    done
}

/// The engine of a server: the database and its secret made if they are not there, its schema brought up to date, and
/// the policy of the settings written to it.
pub async fn begin(settings: &Settings) -> anyhow::Result<Vestibule> {
    let builder = made(settings).await?;
    let builder = match &settings.directory {
        DirectoryStore::Sql => builder,
        DirectoryStore::JetStream(config) => builder.directory(Arc::new(JetStreamDirectory::connect(config).await?)),
    };
    Ok(builder.build().await?)
}

/// The engine of a command that may come before the first start: as `begin`, but a policy that is there stays.
pub async fn begin_beside(settings: &Settings) -> anyhow::Result<Vestibule> {
    Ok(made(settings).await?.only_if_new().build().await?)
}

/// The engine on a database that is there and has this binary's schema.
pub async fn open(settings: &Settings) -> anyhow::Result<Vestibule> {
    Ok(existing(settings).await?.only_if_new().build().await?)
}

/// The same, for a command about the directory of wallets, wherever that is kept. Other commands do not wait for it.
pub async fn open_with_directory(settings: &Settings) -> anyhow::Result<Vestibule> {
    let builder = existing(settings).await?;
    let builder = match &settings.directory {
        DirectoryStore::Sql => builder,
        DirectoryStore::JetStream(config) => builder.directory(Arc::new(JetStreamDirectory::open(config).await?)),
    };
    Ok(builder.only_if_new().build().await?)
}

/// The same, for a command that compares or explains the policy and must not have written it.
pub async fn open_to_look(settings: &Settings) -> anyhow::Result<Vestibule> {
    Ok(existing(settings).await?.without_policy().build().await?)
}

async fn existing(settings: &Settings) -> anyhow::Result<Builder> {
    require_database(settings)?;
    let secret = master_secret::existing(&settings.database)?;
    let db = connect(settings).await?;
    require_nothing_pending(&db).await?;
    Ok(builder(settings, db, secret))
}

/// On the database that the settings name, made if it is not there, as its secret is.
async fn made(settings: &Settings) -> anyhow::Result<Builder> {
    let secret = master_secret::obtain(&settings.database)?;
    Ok(builder(settings, connect(settings).await?, secret))
}

fn builder(settings: &Settings, db: Db, secret: SecretSlice<u8>) -> Builder {
    Vestibule::builder(db, secret).config(settings.engine.clone()).policy(settings.policy.policy.clone())
}

/// Refuses a database that is not there, before anything makes it.
pub fn require_database(settings: &Settings) -> Result<(), Usage> {
    settings.database.absence().map_or(Ok(()), |why| Err(Usage(why)))
}

/// A schema that is newer than this binary is left to the engine to refuse, which changes nothing then.
async fn require_nothing_pending(db: &Db) -> anyhow::Result<()> {
    let migrations = db.migrations().await?;
    let pending = pending(&migrations);
    if pending > 0 && migrations.iter().all(MigrationState::is_known) {
        return Err(Usage(format!("{pending} migrations are pending: run `vestibule migrate up`")).into());
    }
    Ok(())
}

/// How many of this binary's migrations a database lacks.
pub fn pending(migrations: &[MigrationState]) -> usize {
    migrations.iter().filter(|migration| !migration.applied).count()
}

/// The database alone, its schema as it is.
pub async fn connect(settings: &Settings) -> anyhow::Result<Db> {
    match Db::connect(settings.database.url.expose_secret()).await {
        Ok(db) => Ok(db),
        Err(Error::Unavailable { .. }) => anyhow::bail!("the database does not answer: {}", settings.database.shown()),
        Err(why) => Err(why.into()),
    }
}
