//! Opening a database and bringing its schema up to this binary's: one folder of migrations for both databases,
//! applied by one node while the others wait, and refused when the database is ahead of the binary.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Db, Pools};
use crate::error::{Error, Result};
use crate::principals::Epochs;

const READERS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 20;
const PATIENCE: Duration = Duration::from_secs(10);

const MIGRATIONS: [(&str, &str); 4] = [
    ("ground", include_str!("../../migrations/0001_ground.sql")),
    ("accounts", include_str!("../../migrations/0002_accounts.sql")),
    ("groups", include_str!("../../migrations/0003_groups.sql")),
    ("sessions", include_str!("../../migrations/0004_sessions.sql")),
];

/// How far the schema of a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// The migration's number, from 1.
    pub version: i64,
    /// What it makes.
    pub name: String,
    /// Whether this database has it.
    pub applied: bool,
}

impl Db {
    /// Opens `sqlite://FILE` (made when it is not there, readable by its owner alone) or `postgres://…`.
    pub async fn connect(url: &str) -> Result<Db> {
        let pools = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres(url).await?
        } else if let Some(file) = url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//")) {
            sqlite(url, file.split('?').next().unwrap_or_default()).await?
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

    /// Every migration this binary knows, and whether the database has it.
    pub async fn migrations(&self) -> Result<Vec<MigrationState>> {
        let mut tx = self.write().await?;
        let applied = match tx.driver() {
            super::Driver::Sqlite(c) => applied(c).await,
            super::Driver::Postgres(c) => applied(c).await,
        }
        .map_err(explain)?;
        let known = MIGRATIONS.iter().zip(1i64..);
        Ok(known
            .map(|((name, _), version)| MigrationState {
                version,
                name: (*name).to_owned(),
                applied: applied.contains(&version),
            })
            .collect())
    }
}

async fn applied<C: sqlx::migrate::Migrate>(connection: &mut C) -> Result<Vec<i64>, MigrateError> {
    connection.ensure_migrations_table("_sqlx_migrations").await?;
    Ok(connection.list_applied_migrations("_sqlx_migrations").await?.iter().map(|m| m.version).collect())
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
    let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file);
    made.map_err(|why| Error::Setup(format!("cannot open the database file {file}: {why}")))?;
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| Error::Setup("database_url is not a SQLite URL".to_owned()))?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE);
    let writer = SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
    let readers = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(PATIENCE);
    let writer = writer.connect_with(options.clone()).await?;
    let readers = readers.connect_with(options.pragma("query_only", "ON")).await?;
    Ok(Pools::Sqlite { readers, writer })
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
