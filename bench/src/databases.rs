//! Where databases come from: files in a directory that goes away, or databases of a PostgreSQL server. Each is fresh;
//! one of the same name that an earlier run left on the server is dropped first.

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use vestibule::Db;

/// A place that has room for databases.
pub enum Place {
    Sqlite(TempDir),
    /// The URL of a database of the server, from which others are made.
    Postgres(String),
}

impl Place {
    /// Which database it is, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Place::Sqlite(_) => "SQLite",
            Place::Postgres(_) => "PostgreSQL",
        }
    }

    /// Makes an empty database and gives its URL.
    pub async fn fresh(&self, name: &str) -> Result<String> {
        match self {
            Place::Sqlite(directory) => Ok(format!("sqlite://{}/{name}.db", directory.path().display())),
            Place::Postgres(url) => {
                let name = format!("vestibule_bench_{name}");
                let db = Db::connect(url).await?;
                run(&db, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
                run(&db, format!("CREATE DATABASE {name}")).await?;
                db.close().await;
                let (server, rest) = url.rsplit_once('/').context("a URL with a database")?;
                let options = rest.split_once('?').map(|(_, options)| format!("?{options}"));
                Ok(format!("{server}/{name}{}", options.unwrap_or_default()))
            }
        }
    }
}

/// Runs a statement outside any transaction. Its text is kept until the program ends.
pub async fn run(db: &Db, sql: String) -> Result<u64> {
    let sql: &'static str = sql.leak();
    Ok(db.read().await?.exec(sql, &[]).await?)
}
