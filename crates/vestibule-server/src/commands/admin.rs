//! `vestibule admin`: administrators, by whoever runs the host. It works when nobody can sign in.

use std::path::Path;

use clap::Subcommand;
use secrecy::SecretString;
use vestibule::{ADMINISTRATORS, AccountFilter, AccountView, NewAdministrator, Vestibule};

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
    /// Set a new password, end that account's sessions, lift its lock; two-step sign-in stays on unless told otherwise.
    ResetPassword {
        /// The username or e-mail address.
        #[arg(value_name = "USERNAME|EMAIL")]
        who: String,
        /// Turn two-step sign-in off as well, and void its recovery codes.
        #[arg(long)]
        clear_mfa: bool,
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
        Command::ResetPassword { who, clear_mfa, stdin } => {
            instance::with_engine(file, async |engine| {
                let found = account::find(engine, &who).await?;
                reset_password(engine, &found, prompt::new_password(stdin)?, clear_mfa).await
            })
            .await
        }
    }
}

/// The first administrator may come before the first start.
async fn create(settings: &Settings, administrator: NewAdministrator) -> anyhow::Result<()> {
    instance::closing(instance::begin_beside(settings).await?, async |engine| {
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

async fn reset_password(
    engine: &Vestibule,
    found: &AccountView,
    password: SecretString,
    clear_mfa: bool,
) -> anyhow::Result<()> {
    let (account, label) = (&found.account, output::printable(&found.account.label()));
    engine.set_password(&host::caller(), account.id, password).await?;
    output::line(format!("{label} has a new password; its sessions have ended and its lock is lifted."))?;
    match (found.mfa_enabled, clear_mfa) {
        (_, true) => {
            engine.reset_second_factor(&host::caller(), account.id).await?;
            output::line("Two-step sign-in is off.")
        }
        (true, false) => output::line("Two-step sign-in is still on; --clear-mfa turns it off."),
        (false, false) => Ok(()),
    }
}
