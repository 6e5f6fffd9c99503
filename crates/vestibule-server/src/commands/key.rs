//! `vestibule key`: API keys, to look at and to revoke: users' own, those they have in organizations, and those of bots,
//! which are named by their ids. Only people make them, in their sessions.

use std::path::Path;

use clap::Subcommand;
use vestibule::{ApiKey, ApiKeyId, Permission, Timestamp, Vestibule};

use super::account::Who;
use super::page::{self, PageArgs};
use crate::{host, instance, output};

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List a user's or a bot's keys, newest first, those of organizations as well.
    List {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Revoke one of a user's or a bot's keys for good, of whatever organization.
    Revoke {
        #[command(flatten)]
        who: Who,
        /// The key's id.
        #[arg(value_name = "KEY")]
        id: ApiKeyId,
    },
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match command {
        Command::List { who, page } => list(engine, &who, &page).await,
        Command::Revoke { who, id } => {
            let owner = who.find(engine).await?.account;
            engine.revoke_api_key(&host::caller(), owner.id, id).await?;
            output::line(format!("The key {id} of {} is revoked.", output::printable(&owner.label())))
        }
    })
    .await
}

async fn list(engine: &Vestibule, who: &Who, page: &PageArgs) -> anyhow::Result<()> {
    let keys = engine.list_all_api_keys(who.id(engine).await?, page.request()?).await?;
    if page.json {
        return page::print_json(&keys.items, keys.next_cursor);
    }
    let rows = keys.items.iter().map(|key| {
        [
            key.id.to_string(),
            key.prefix.clone(),
            key.name.clone(),
            permissions(key),
            output::cell(key.organization_id.map(|organization| organization.to_string())),
            time(key.expires_at),
            time(key.last_used_at),
            time(key.revoked_at),
        ]
    });
    output::table(["ID", "BEGINS", "NAME", "PERMISSIONS", "ORGANIZATION", "EXPIRES", "LAST USED", "REVOKED"], rows)?;
    page::print_next(keys.next_cursor)
}

/// What a key is limited to.
fn permissions(key: &ApiKey) -> String {
    match key.permissions.as_deref() {
        None => "its owner's".to_owned(),
        Some([]) => "none".to_owned(),
        Some(some) => some.iter().map(Permission::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn time(at: Option<Timestamp>) -> String {
    output::cell(at.map(Timestamp::to_rfc3339))
}
