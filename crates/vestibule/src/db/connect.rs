//! Opening a database and bringing its schema up to this binary's: one folder of migrations for both databases,
//! applied by one node while the others wait, and refused when the database is ahead of the binary.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{AppliedMigration, MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqlSafeStr as _, SqlitePool};

use super::{Db, Pools};
use crate::error::{Error, Result};
use crate::principals::Epochs;

const READERS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 20;
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

const MIGRATIONS: [(&str, &str); 13] = [
    ("ground", include_str!("../../migrations/0001_ground.sql")),
    ("accounts", include_str!("../../migrations/0002_accounts.sql")),
    ("groups", include_str!("../../migrations/0003_groups.sql")),
    ("sessions", include_str!("../../migrations/0004_sessions.sql")),
    ("mail", include_str!("../../migrations/0005_mail.sql")),
    ("second factors", include_str!("../../migrations/0006_second_factors.sql")),
    ("permissions", include_str!("../../migrations/0007_permissions.sql")),
    ("tokens", include_str!("../../migrations/0008_tokens.sql")),
    ("service keys", include_str!("../../migrations/0009_service_keys.sql")),
    ("organizations", include_str!("../../migrations/0010_organizations.sql")),
    ("invitations", include_str!("../../migrations/0011_invitations.sql")),
    ("identities", include_str!("../../migrations/0012_identities.sql")),
    ("directory", include_str!("../../migrations/0013_directory.sql")),
];

/// What stands for the name of a migration that a newer binary has applied.
const UNKNOWN: &str = "unknown to this binary";

/// How far the schema of a database is: one migration, of this binary or of a newer one that was here before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// The migration's number, from 1.
    pub version: i64,
    /// What it makes; "unknown to this binary" where only the database knows.
    pub name: String,
    /// Whether this database has it.
    pub applied: bool,
}

impl MigrationState {
    /// Whether this binary has it. One that it has not is always applied: the schema is newer than the binary.
    pub fn is_known(&self) -> bool {
        self.name != UNKNOWN
    }
}

impl Db {
    /// Opens `sqlite://FILE` (made when it is not there, readable by its owner alone) or `postgres://…`.
    pub async fn connect(url: &str) -> Result<Db> {
        let pools = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres(url).await?
        } else if let Some(file) = url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//")) {
            sqlite(url, file).await?
        } else {
            return Err(Error::Setup("database_url must begin with sqlite:// or postgres://".to_owned()));
        };
        Ok(Db { pools, epochs: Arc::new(Epochs::default()) })
    }

    /// Applies what is missing. Any number of nodes may call it at once: one applies, the others wait and find it done.
    pub async fn migrate(&self) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
                migrator().run_direct(None, &mut *tx, false).await.map_err(explain)?;
                tx.commit().await?;
            }
            Pools::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                migrator().run_direct(None, &mut *connection, false).await.map_err(explain)?;
            }
        }
        Ok(())
    }

    /// Every migration this binary knows, and whether the database has it; then those that the database has besides.
    /// Changes nothing; refuses a migration that differs from this binary's.
    pub async fn migrations(&self) -> Result<Vec<MigrationState>> {
        let mut tx = self.write().await?;
        let applied = match tx.driver() {
            super::Driver::Sqlite(c) => applied(c).await,
            super::Driver::Postgres(c) => applied(c).await,
        }
        .map_err(explain)?;
        let known = migrator();
        let mut states = Vec::new();
        for Migration { version, description, checksum, .. } in known.iter() {
            let there = applied.iter().find(|there| there.version == *version);
            if there.is_some_and(|there| there.checksum != *checksum) {
                return Err(explain(MigrateError::VersionMismatch(*version)));
            }
            states.push(MigrationState { version: *version, name: description.to_string(), applied: there.is_some() });
        }
        let strangers = applied.iter().map(|there| there.version).filter(|version| !known.version_exists(*version));
        states.extend(strangers.map(|version| MigrationState { version, name: UNKNOWN.to_owned(), applied: true }));
        Ok(states)
    }
}

async fn applied<C: sqlx::migrate::Migrate>(connection: &mut C) -> Result<Vec<AppliedMigration>, MigrateError> {
    connection.ensure_migrations_table("_sqlx_migrations").await?;
    connection.list_applied_migrations("_sqlx_migrations").await
}

async fn postgres(url: &str) -> Result<Pools> {
    let options: PgConnectOptions =
        url.parse().map_err(|_| Error::Setup("database_url is not a PostgreSQL URL".into()))?;
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options.application_name("vestibule"))
        .await?;
    Ok(Pools::Postgres(pool))
}

async fn sqlite(url: &str, file: &str) -> Result<Pools> {
    if file.is_empty() || file.contains(":memory:") {
        return Err(Error::Setup("database_url must name a file: sqlite://vestibule.db".to_owned()));
    }
    if file.contains(['%', '?']) {
        let text =
            "database_url must not have % or ? in the path of the file: nothing is decoded, and no parameter is taken";
        return Err(Error::Setup(text.to_owned()));
    }
    let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file);
    made.map_err(|why| Error::Setup(format!("cannot open the database file {file}: {why}")))?;
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| Error::Setup("database_url is not a SQLite URL".to_owned()))?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE);
    // A connection to a file does not break while it lies idle, so it is not tried before each use.
    let pool = || SqlitePoolOptions::new().acquire_timeout(PATIENCE).test_before_acquire(false);
    let (writer, readers) = (pool().max_connections(1), pool().max_connections(READERS));
    let writer = patiently(writer, &options).await?;
    let readers = readers.connect_with(options.pragma("query_only", "ON")).await?;
    Ok(Pools::Sqlite { readers, writer })
}

/// Connects to a file that other processes may be making at this moment: while one turns on the write-ahead log, SQLite
/// tells the others that it is busy without waiting as long as it was asked to.
async fn patiently(pool: SqlitePoolOptions, options: &SqliteConnectOptions) -> Result<SqlitePool> {
    let mut tries = 100;
    loop {
        match pool.clone().connect_with(options.clone()).await.map_err(Error::from) {
            Err(Error::Unavailable { .. }) if tries > 0 => tokio::time::sleep(PATIENCE / 100).await,
            connected => return connected,
        }
        tries -= 1;
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().zip(1i64..).map(|((name, sql), version)| {
        Migration::new(version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Says a migration's refusal in words that tell what to do.
fn explain(why: MigrateError) -> Error {
    if let MigrateError::VersionMissing(version) = why {
        let text =
            format!("the database has migration {version}, which this binary does not know: run a newer vestibule");
        return Error::Setup(text);
    }
    if let MigrateError::VersionMismatch(version) = why {
        return Error::Setup(format!(
            "migration {version} in the database differs from this binary's: the schema was altered"
        ));
    }
    Error::internal(why)
}
