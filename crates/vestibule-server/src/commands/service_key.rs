//! `vestibule service-key`: keys of programs that ask about users and are none. A key's secret is printed once, alone on
//! standard output, so that a script can take it; what is said about it goes to standard error.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use vestibule::{CreatedServiceKey, KeyExpiry, NewServiceKey, ServiceKeyId, Timestamp, Vestibule};

use super::page::{self, PageArgs};
use crate::{host, instance, output};

const DAY: u64 = 24 * 60 * 60;

/// What can be done with service keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key and print its secret, this once.
    Create(CreateArgs),
    /// List the keys, newest first.
    List(PageArgs),
    /// Revoke a key for good.
    Revoke {
        /// The key's id.
        #[arg(value_name = "KEY")]
        id: ServiceKeyId,
    },
}

/// The new key.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// What it is called.
    #[arg(long)]
    name: String,
    /// What it may do, such as introspect or evaluate; may be repeated. None: nothing.
    #[arg(long = "ability", value_name = "ABILITY")]
    abilities: Vec<String>,
    /// In how many days it ends; left out: as an API key does, usually after a year.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    expires_in_days: Option<u16>,
    /// It lasts until it is revoked.
    #[arg(long, conflicts_with = "expires_in_days")]
    never_expires: bool,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match command {
        Command::Create(args) => create(engine, args).await,
        Command::List(page) => list(engine, &page).await,
        Command::Revoke { id } => {
            engine.revoke_service_key(&host::caller(), id).await?;
            output::line(format!("The service key {id} is revoked."))
        }
    })
    .await
}

async fn create(engine: &Vestibule, args: CreateArgs) -> anyhow::Result<()> {
    let end = |days: u16| KeyExpiry::At(engine.now().plus(Duration::from_secs(u64::from(days) * DAY)));
    let unsaid = if args.never_expires { KeyExpiry::Never } else { KeyExpiry::Usual };
    let expiry = args.expires_in_days.map_or(unsaid, end);
    let new = NewServiceKey { name: args.name, abilities: args.abilities, expiry };
    let CreatedServiceKey { key, token } = engine.create_service_key(&host::caller(), new).await?;
    let what = if key.abilities.is_empty() { "nothing".to_owned() } else { key.abilities.join(", ") };
    let name = output::printable(&key.name);
    eprintln!("The service key {name} ({}) may: {what}. Its secret is shown this once:", key.id);
    output::line(token.expose())
}

async fn list(engine: &Vestibule, page: &PageArgs) -> anyhow::Result<()> {
    let keys = engine.list_service_keys(page.request()?).await?;
    if page.json {
        return page::print_json(&keys.items, keys.next_cursor);
    }
    let time = |at: Option<Timestamp>| output::cell(at.map(Timestamp::to_rfc3339));
    let rows = keys.items.iter().map(|key| {
        [
            key.id.to_string(),
            key.prefix.clone(),
            key.name.clone(),
            key.abilities.join(", "),
            time(key.expires_at),
            time(key.last_used_at),
            time(key.revoked_at),
        ]
    });
    output::table(["ID", "BEGINS", "NAME", "ABILITIES", "EXPIRES", "LAST USED", "REVOKED"], rows)?;
    page::print_next(keys.next_cursor)
}
