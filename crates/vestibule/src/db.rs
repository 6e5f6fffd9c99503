//! The database: SQLite or PostgreSQL behind one enum, four verbs on it (`all`, `opt`, `one`, `exec`), one SQL text.
//! `read()` lends a connection, `write()` opens a transaction that commits or never happened. Nothing outside this
//! room names a driver. A transaction remembers whose power it takes away and forgets their cached principals when
//! it ends, so that nobody can commit a revocation and leave this node believing the old state.

mod args;
mod connect;
mod errors;

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool, Postgres, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool, Transaction};
use uuid::Uuid;

pub use args::{Arg, Json, Row};
pub(crate) use args::{built, from_row, placeholders, sql_newtype, text_enum, values};
pub use connect::MigrationState;

use crate::error::Result;
use crate::principals::Epochs;

/// The channel on which PostgreSQL wakes the revocation feed of other nodes.
const CHANNEL: &str = "vestibule_revocations";

/// A database, cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pools: Pools,
    epochs: Arc<Epochs>,
}

#[derive(Clone, Debug)]
enum Pools {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    Postgres(PgPool),
}

/// A place to run SQL: a transaction from `write()`, or a plain connection from `read()`.
#[derive(Debug)]
pub struct Tx {
    inner: Inner,
    revoked: Revoked,
}

#[derive(Debug)]
enum Inner {
    SqliteRead(PoolConnection<Sqlite>),
    SqliteWrite(Transaction<'static, Sqlite>),
    PostgresRead(PoolConnection<Postgres>),
    PostgresWrite(Transaction<'static, Postgres>),
}

enum Driver<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// Accounts whose cached principals end with this transaction, however it ends: a needless bump costs one look-up.
#[derive(Debug)]
struct Revoked {
    accounts: Vec<Uuid>,
    epochs: Arc<Epochs>,
}

/// Wakes when another node may have revoked something; only PostgreSQL has one.
#[derive(Debug)]
pub struct Wake(Option<PgListener>);

impl Db {
    /// A connection for reading: each statement sees the database as it is at that moment.
    pub async fn read(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { readers, .. } => Inner::SqliteRead(readers.acquire().await?),
            Pools::Postgres(pool) => Inner::PostgresRead(pool.acquire().await?),
        };
        Ok(self.tx(inner))
    }

    /// A write transaction. On SQLite it holds the one write lock from its first moment, so nothing read in it is stale.
    pub async fn write(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { writer, .. } => Inner::SqliteWrite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Inner::PostgresWrite(pool.begin().await?),
        };
        Ok(self.tx(inner))
    }

    /// A write transaction that fails rather than wait long for another's row lock, for work that can be done later:
    /// it never makes a person's request the victim of a deadlock.
    pub(crate) async fn write_yielding(&self) -> Result<Tx> {
        let mut tx = self.write().await?;
        if let Driver::Postgres(connection) = tx.driver() {
            sqlx::query("SET LOCAL lock_timeout = '100ms'").execute(connection).await?;
        }
        Ok(tx)
    }

    /// Something that wakes when another node revokes.
    pub(crate) async fn wake(&self) -> Result<Wake> {
        let Pools::Postgres(pool) = &self.pools else { return Ok(Wake(None)) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Wake(Some(listener)))
    }

    /// Which database this is, for people.
    pub fn name(&self) -> &'static str {
        match self.pools {
            Pools::Sqlite { .. } => "SQLite",
            Pools::Postgres(_) => "PostgreSQL",
        }
    }

    /// What this node remembers of revocations.
    pub(crate) fn epochs(&self) -> &Arc<Epochs> {
        &self.epochs
    }

    /// Closes every connection; later calls fail.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    fn tx(&self, inner: Inner) -> Tx {
        Tx { inner, revoked: Revoked { accounts: Vec::new(), epochs: self.epochs.clone() } }
    }
}

impl Tx {
    /// Every row.
    pub async fn all<T: Row>(&mut self, sql: impl SqlSafeStr, args: &[&dyn Arg]) -> Result<Vec<T>> {
        Ok(match self.driver() {
            Driver::Sqlite(c) => sqlx::query_as_with(sql, args::sqlite(args)?).fetch_all(c).await?,
            Driver::Postgres(c) => sqlx::query_as_with(sql, args::postgres(args)?).fetch_all(c).await?,
        })
    }

    /// The row, if there is one.
    pub async fn opt<T: Row>(&mut self, sql: impl SqlSafeStr, args: &[&dyn Arg]) -> Result<Option<T>> {
        Ok(match self.driver() {
            Driver::Sqlite(c) => sqlx::query_as_with(sql, args::sqlite(args)?).fetch_optional(c).await?,
            Driver::Postgres(c) => sqlx::query_as_with(sql, args::postgres(args)?).fetch_optional(c).await?,
        })
    }

    /// The one row that must be there.
    pub async fn one<T: Row>(&mut self, sql: impl SqlSafeStr, args: &[&dyn Arg]) -> Result<T> {
        Ok(match self.driver() {
            Driver::Sqlite(c) => sqlx::query_as_with(sql, args::sqlite(args)?).fetch_one(c).await?,
            Driver::Postgres(c) => sqlx::query_as_with(sql, args::postgres(args)?).fetch_one(c).await?,
        })
    }

    /// Runs a statement and says how many rows it touched.
    pub async fn exec(&mut self, sql: impl SqlSafeStr, args: &[&dyn Arg]) -> Result<u64> {
        Ok(match self.driver() {
            Driver::Sqlite(c) => sqlx::query_with(sql, args::sqlite(args)?).execute(c).await?.rows_affected(),
            Driver::Postgres(c) => sqlx::query_with(sql, args::postgres(args)?).execute(c).await?.rows_affected(),
        })
    }

    /// Runs a statement that a unique column may refuse; false: it did, and the transaction is lost.
    pub(crate) async fn exec_unique(&mut self, sql: impl SqlSafeStr, args: &[&dyn Arg]) -> Result<bool> {
        let done = match self.driver() {
            Driver::Sqlite(c) => sqlx::query_with(sql, args::sqlite(args)?).execute(c).await.map(drop),
            Driver::Postgres(c) => sqlx::query_with(sql, args::postgres(args)?).execute(c).await.map(drop),
        };
        match done {
            Ok(()) => Ok(true),
            Err(sqlx::Error::Database(why)) if why.is_unique_violation() => Ok(false),
            Err(why) => Err(why.into()),
        }
    }

    /// Makes everything in this transaction true at once. Dropping it instead undoes everything.
    pub async fn commit(mut self) -> Result<()> {
        if !self.revoked.accounts.is_empty()
            && let Driver::Postgres(connection) = self.driver()
        {
            sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(connection).await?;
        }
        let Tx { inner, revoked } = self;
        match inner {
            Inner::SqliteWrite(tx) => tx.commit().await?,
            Inner::PostgresWrite(tx) => tx.commit().await?,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {}
        }
        drop(revoked);
        Ok(())
    }

    /// Remembers that this transaction takes power from an account.
    pub(crate) fn revokes(&mut self, account: Uuid) {
        self.revoked.accounts.push(account);
    }

    /// Whether it sees only what is committed, as a plain connection does.
    pub(crate) fn is_reading(&self) -> bool {
        match &self.inner {
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => true,
            Inner::SqliteWrite(_) | Inner::PostgresWrite(_) => false,
        }
    }

    fn driver(&mut self) -> Driver<'_> {
        match &mut self.inner {
            Inner::SqliteRead(c) => Driver::Sqlite(c),
            Inner::SqliteWrite(t) => Driver::Sqlite(t),
            Inner::PostgresRead(c) => Driver::Postgres(c),
            Inner::PostgresWrite(t) => Driver::Postgres(t),
        }
    }
}

impl Drop for Revoked {
    fn drop(&mut self) {
        for account in &self.accounts {
            self.epochs.bump(*account);
        }
    }
}

impl Wake {
    /// Returns when another node says that it revoked something; never, where nobody can say so.
    pub(crate) async fn woken(&mut self) -> Result<()> {
        match &mut self.0 {
            Some(listener) => listener.recv().await.map(drop).map_err(Into::into),
            None => std::future::pending().await,
        }
    }
}
