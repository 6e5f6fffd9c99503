//! `vestibule keys`: the keys that sign access tokens. The public halves are at `/.well-known/jwks.json`.

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;
use vestibule::{KeysBefore, SigningKey, SigningKeyId, Timestamp, Vestibule};

use crate::{host, instance, output};

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the keys that are published, newest first.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sign with a new key from now on; the ones before stay published until what they signed has ended.
    Rotate {
        /// For a key that leaked: publish the ones before no longer. What they signed is good no more.
        #[arg(long)]
        withdraw: bool,
    },
}

/// A key, for programs.
#[derive(Serialize)]
struct Shown {
    kid: SigningKeyId,
    algorithm: String,
    created_at: Timestamp,
    retired_at: Option<Timestamp>,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match command {
        Command::List { json } => list(engine, json).await,
        Command::Rotate { withdraw } => {
            let before = if withdraw { KeysBefore::Withdrawn } else { KeysBefore::Retired };
            let key = engine.rotate_keys(&host::caller(), before).await?;
            output::line(format!("{} signs from now on, by {}.", key.id, key.algorithm))
        }
    })
    .await
}

async fn list(engine: &Vestibule, json: bool) -> anyhow::Result<()> {
    let keys = engine.list_signing_keys().await?;
    if json {
        return output::json(&keys.iter().map(Shown::from).collect::<Vec<_>>());
    }
    let rows = keys.iter().map(|key| {
        let retired = output::cell(key.retired_at.map(Timestamp::to_rfc3339));
        [key.id.to_string(), key.algorithm.to_string(), key.created_at.to_rfc3339(), retired]
    });
    output::table(["KID", "ALGORITHM", "CREATED", "RETIRED"], rows)
}

impl From<&SigningKey> for Shown {
    fn from(key: &SigningKey) -> Shown {
        let (algorithm, retired_at) = (key.algorithm.to_string(), key.retired_at);
        Shown { kid: key.id, algorithm, created_at: key.created_at, retired_at }
    }
}
