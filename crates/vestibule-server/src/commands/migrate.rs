//! `vestibule migrate`: the schema of the database, forward only. Serving does the same at start.

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;
use vestibule::Db;

use crate::settings::master_secret;
use crate::{instance, output};

/// What to do with the schema; bring it up to date when nothing is said.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say which migrations the database has, also those of a newer binary.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Apply what is missing.
    Up,
}

#[derive(Serialize)]
struct Shown {
    version: i64,
    name: String,
    applied: bool,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, args: Args) -> anyhow::Result<()> {
    let settings = instance::settings(file)?;
    match args.command {
        Some(Command::Status { .. }) => instance::require_database(&settings)?,
        // A database is made only by whoever holds its secret.
        Some(Command::Up) | None => drop(master_secret::obtain(&settings.database)?),
    }
    let db = instance::connect(&settings).await?;
    let done = match args.command {
        Some(Command::Status { json }) => status(&db, json).await,
        Some(Command::Up) | None => up(&db).await,
    };
    db.close().await;
    done
}

async fn status(db: &Db, json: bool) -> anyhow::Result<()> {
    let migrations = db.migrations().await?;
    if json {
        let shown = migrations.into_iter().map(|m| Shown { version: m.version, name: m.name, applied: m.applied });
        return output::json(&shown.collect::<Vec<_>>());
    }
    let word = |applied| if applied { "applied" } else { "pending" };
    let rows = migrations.into_iter().map(|m| [m.version.to_string(), m.name, word(m.applied).to_owned()]);
    output::table(["VERSION", "NAME", "STATE"], rows)
}

async fn up(db: &Db) -> anyhow::Result<()> {
    db.migrate().await?;
    output::line(format!("The schema is up to date: {} migrations.", db.migrations().await?.len()))
}
