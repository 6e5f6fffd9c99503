//! `vestibule admin`: administrators, by whoever runs the host. It works when nobody can sign in.

use std::path::Path;

use clap::Subcommand;
use vestibule::{ADMINISTRATORS, AccountFilter, NewAdministrator, Vestibule};

use super::account;
use crate::settings::Settings;
use crate::{host, instance, output, prompt};

/// What can be done with administrators.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an administrator; also the database, if this comes before the first start.
    Create {
        /// The username; this or an e-mail address, or both.
        #[arg(long, required_unless_present = "email")]
        username: Option<String>,
        /// The e-mail address.
        #[arg(long)]
        email: Option<String>,
        /// The name shown to people.
        #[arg(long)]
        name: Option<String>,
        /// Take the password from the first line of standard input.
        #[arg(long)]
        stdin: bool,
    },
    /// List the administrators.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Set a new password, end that account's sessions, lift its lock.
    ResetPassword {
        /// The username or e-mail address.
        #[arg(value_name = "USERNAME|EMAIL")]
        who: String,
        /// Take the password from the first line of standard input.
        #[arg(long)]
        stdin: bool,
    },
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create { username, email, name, stdin } => {
            let settings = instance::settings(file)?;
            let password = prompt::new_password(stdin)?;
            create(&settings, NewAdministrator { username, email, name, password }).await
        }
        Command::List { json } => instance::with_engine(file, async |engine| list(engine, json).await).await,
        Command::ResetPassword { who, stdin } => {
            instance::with_engine(file, async |engine| reset_password(engine, &who, stdin).await).await
        }
    }
}

/// The first administrator may come before the first start.
async fn create(settings: &Settings, administrator: NewAdministrator) -> anyhow::Result<()> {
    instance::closing(instance::begin(settings).await?, async |engine| {
        let made = engine.create_administrator(&host::caller(), administrator).await?;
        output::line(format!("{} is an administrator.", output::printable(&made.account.label())))
    })
    .await
}

async fn list(engine: &Vestibule, json: bool) -> anyhow::Result<()> {
    let filter = AccountFilter { group: Some(ADMINISTRATORS), ..AccountFilter::default() };
    let administrators = account::every(engine, &filter).await?;
    if json { account::print_json(administrators) } else { account::print_table(&administrators) }
}

async fn reset_password(engine: &Vestibule, who: &str, stdin: bool) -> anyhow::Result<()> {
    let found = account::find(engine, who).await?.account;
    engine.set_password(&host::caller(), found.id, prompt::new_password(stdin)?).await?;
    let label = output::printable(&found.label());
    output::line(format!("{label} has a new password; its sessions have ended and its lock is lifted."))
}
