//! `vestibule user`: users, by whoever runs the host. Every change is the engine's own verb, audited as the host's.

use std::path::Path;

use clap::{Args, Subcommand};
use vestibule::{AccountFilter, AccountState, AccountView, CreatedUser, NewUser, Vestibule};
use vestibule_web::AccountJson;

use super::account::{self, Who};
use super::membership::{self, Joining, Member};
use super::page::{self, PageArgs};
use super::{group, invitation, permission};
use crate::failure::Usage;
use crate::{host, instance, output, prompt};

/// What to do when a group is refused to a new user.
const WITHOUT_IT: &str =
    "Make the user without that group; then `vestibule user add-to-group` says how it is conferred.";

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List users, newest first.
    List(ListArgs),
    /// Print everything about a user.
    Show(ReadArgs),
    /// Make a user; without a password, invite them to choose one.
    Create(CreateArgs),
    /// Refuse a user everything, and end their sessions.
    Disable(Who),
    /// Let a disabled user in again.
    Enable(Who),
    /// Lift the lock that wrong passwords brought.
    Unlock(Who),
    /// Delete a user and all that is theirs, for good.
    Delete {
        #[command(flatten)]
        who: Who,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// List a user's sessions, newest first.
    Sessions {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        page: PageArgs,
    },
    /// End all of a user's sessions.
    SignOut(Who),
    /// Put a user in a group.
    AddToGroup(Joining),
    /// Take a user out of a group.
    RemoveFromGroup(Member),
    /// Print what a user may do, and which group gives it.
    Permissions(ReadArgs),
}

/// Which user, for whom to print it.
#[derive(Args, Debug)]
pub struct ReadArgs {
    #[command(flatten)]
    who: Who,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which users.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only those whose e-mail, username or name contains this.
    #[arg(long)]
    search: Option<String>,
    /// Only those in this state: invited, active or disabled.
    #[arg(long)]
    state: Option<AccountState>,
    /// Only those in this group, by its slug or id.
    #[arg(long)]
    group: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

/// The new user.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The e-mail address; this or a username, or both.
    #[arg(long, required_unless_present = "username")]
    email: Option<String>,
    /// The username.
    #[arg(long)]
    username: Option<String>,
    /// The name shown to people.
    #[arg(long)]
    name: Option<String>,
    /// A group, by its slug or id; may be repeated. None: the default group.
    #[arg(long)]
    group: Vec<String>,
    /// Take a password from the first line of standard input.
    #[arg(long)]
    stdin: bool,
    /// Ask for a password on the terminal.
    #[arg(long, conflicts_with = "stdin")]
    ask: bool,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match command {
        Command::List(args) => list(engine, args).await,
        Command::Show(args) => show(engine, args).await,
        Command::Create(args) => create(engine, args).await,
        Command::Disable(who) => {
            let disabled = engine.disable_account(&host::caller(), who.id(engine).await?).await?;
            say(&disabled, "is disabled; every session has ended")
        }
        Command::Enable(who) => {
            let enabled = engine.enable_account(&host::caller(), who.id(engine).await?).await?;
            say(&enabled, "is enabled")
        }
        Command::Unlock(who) => {
            let unlocked = engine.unlock_account(&host::caller(), who.id(engine).await?).await?;
            say(&unlocked, "is not locked")
        }
        Command::Delete { who, yes } => delete(engine, &who, yes).await,
        Command::Sessions { who, page } => sessions(engine, &who, &page).await,
        Command::SignOut(who) => sign_out(engine, &who).await,
        Command::AddToGroup(joining) => membership::add(engine, &joining).await,
        Command::RemoveFromGroup(member) => membership::remove(engine, &member).await,
        Command::Permissions(args) => permissions(engine, args).await,
    })
    .await
}

async fn list(engine: &Vestibule, args: ListArgs) -> anyhow::Result<()> {
    let group = group::named(engine, args.group.as_slice()).await?.first().map(|group| group.id);
    let filter = AccountFilter { search: args.search, state: args.state, group };
    let users = engine.list_accounts(&filter, args.page.request()?).await?;
    if args.page.json {
        let shown: Vec<AccountJson> = users.items.into_iter().map(AccountJson::from).collect();
        return page::print_json(&shown, users.next_cursor);
    }
    account::print_table(&users.items)?;
    page::print_next(users.next_cursor)
}

async fn show(engine: &Vestibule, args: ReadArgs) -> anyhow::Result<()> {
    let found = args.who.find(engine).await?;
    if args.json { output::json(&AccountJson::from(found)) } else { account::print_one(&found) }
}

async fn create(engine: &Vestibule, args: CreateArgs) -> anyhow::Result<()> {
    let mut group_ids: Vec<_> = group::named(engine, &args.group).await?.iter().map(|group| group.id).collect();
    if group_ids.is_empty() {
        group_ids.push(group::default(engine).await?);
    }
    let password = (args.stdin || args.ask).then(|| prompt::new_password(args.stdin)).transpose()?;
    if password.is_none() && args.email.is_none() {
        let why = "nobody can be invited without an e-mail address: give --email, or a password with --stdin or --ask";
        return Err(Usage(why.to_owned()).into());
    }
    let user = NewUser { email: args.email, username: args.username, name: args.name, password, group_ids };
    let created = engine.create_user(&host::caller(), user).await;
    let CreatedUser { view, invitation } = created.map_err(|refused| membership::advised(refused, WITHOUT_IT))?;
    say(&view, &format!("is a user, {}", view.account.id))?;
    match invitation {
        Some(invitation) => invitation::print(engine, view.account.id, invitation).await,
        None => Ok(()),
    }
}

async fn permissions(engine: &Vestibule, args: ReadArgs) -> anyhow::Result<()> {
    let held = engine.effective_permissions(args.who.id(engine).await?).await?;
    if args.json { output::json(&held) } else { permission::print_effective(&held) }
}

async fn delete(engine: &Vestibule, who: &Who, yes: bool) -> anyhow::Result<()> {
    let found = who.find(engine).await?;
    let label = output::printable(&found.account.label());
    if !prompt::confirmed(&format!("Delete {label} for good?"), yes)? {
        return output::line("Nothing was done.");
    }
    engine.delete_account(&host::caller(), found.account.id).await?;
    say(&found, "is deleted")
}

async fn sessions(engine: &Vestibule, who: &Who, page: &PageArgs) -> anyhow::Result<()> {
    let found = engine.list_sessions(who.id(engine).await?, page.request()?).await?;
    if page.json {
        return page::print_json(&found.items, found.next_cursor);
    }
    let rows = found.items.iter().map(|session| {
        [
            session.id.to_string(),
            session.created_at.to_rfc3339(),
            session.last_seen_at.to_rfc3339(),
            session.expires_at.to_rfc3339(),
            output::cell(session.ip.as_ref()),
            output::cell(session.user_agent.as_ref()),
        ]
    });
    output::table(["ID", "CREATED", "LAST SEEN", "EXPIRES", "ADDRESS", "BROWSER"], rows)?;
    page::print_next(found.next_cursor)
}

async fn sign_out(engine: &Vestibule, who: &Who) -> anyhow::Result<()> {
    let found = who.find(engine).await?;
    let ended = engine.end_all_sessions(&host::caller(), found.account.id).await?;
    say(&found, &format!("is signed out everywhere; sessions ended: {ended}"))
}

fn say(user: &AccountView, what: &str) -> anyhow::Result<()> {
    output::line(format!("{} {what}.", output::printable(&user.account.label())))
}
