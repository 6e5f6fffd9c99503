//! `vestibule directory`: invites to the directory of wallets, and its members; and the other side of it, a wallet that
//! registers and signs in. The token of an invite is printed once, alone on standard output, so that a script can take it;
//! what is said about it goes to standard error.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use vestibule::directory::{DirectoryInvite, DirectoryRole, InviteState, Member, MemberStatus, invite_link};
use vestibule::{CreatedDirectoryInvite, DirectoryInviteId, NewDirectoryInvite, Timestamp, Vestibule};

use super::page::{self, PageArgs};
use super::wallet::{self, RegisterArgs, SignInArgs};
use crate::{host, instance, output, prompt};

const DAY: u64 = 24 * 60 * 60;

/// What can be done with the directory.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Invites, each of which makes one member.
    #[command(subcommand, arg_required_else_help = true)]
    Invite(InviteCommand),
    /// Members, by their Ed25519 public keys.
    #[command(subcommand, arg_required_else_help = true)]
    Member(MemberCommand),
    /// Register a wallet of this machine by an invite, anywhere.
    Register(RegisterArgs),
    /// Sign a wallet of this machine in and print its token, alone.
    SignIn(SignInArgs),
}

/// What can be done with invites.
#[derive(Debug, Subcommand)]
pub enum InviteCommand {
    /// Make an invite and print its token, this once.
    Create(CreateArgs),
    /// List the invites, newest first.
    List(PageArgs),
    /// Withdraw an invite for good, unless it was used.
    Cancel {
        /// The invite's id.
        #[arg(value_name = "INVITE")]
        id: DirectoryInviteId,
    },
}

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// List the members, newest first.
    List(PageArgs),
    /// Keep a member out; its key cannot register again.
    Revoke {
        /// The member's signing key.
        #[arg(value_name = "SIGN_PUB")]
        key: String,
    },
    /// Let a revoked member in again.
    Activate {
        /// The member's signing key.
        #[arg(value_name = "SIGN_PUB")]
        key: String,
    },
    /// Delete a member for good; its key and its handle can be invited again.
    Delete {
        /// The member's signing key.
        #[arg(value_name = "SIGN_PUB")]
        key: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// The new invite.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// What the member will be called.
    handle: String,
    /// What the member will be, to whoever asks the directory: member or admin.
    #[arg(long, default_value = "member")]
    role: DirectoryRole,
    /// In how many days it ends; left out: in seven.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    expires_in_days: Option<u16>,
    /// Print a link with the token in it, to hand on to a person.
    #[arg(long)]
    link: bool,
}

/// An invite for programs.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    invite: &'a DirectoryInvite,
    state: InviteState,
}

/// A member for programs.
#[derive(Serialize)]
struct ShownMember<'a> {
    #[serde(flatten)]
    member: &'a Member,
    fingerprint: String,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Invite(command) => with_directory(file, async |engine| run_invite(engine, command).await).await,
        Command::Member(command) => with_directory(file, async |engine| run_member(engine, command).await).await,
        Command::Register(args) => wallet::register(args).await,
        Command::SignIn(args) => wallet::sign_in(args).await,
    }
}

async fn with_directory(
    file: Option<&Path>,
    command: impl AsyncFnOnce(&Vestibule) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    instance::closing(instance::open_with_directory(&instance::settings(file)?).await?, command).await
}

async fn run_invite(engine: &Vestibule, command: InviteCommand) -> anyhow::Result<()> {
    match command {
        InviteCommand::Create(args) => create(engine, args).await,
        InviteCommand::List(page) => list_invites(engine, &page).await,
        InviteCommand::Cancel { id } => {
            engine.cancel_directory_invite(&host::caller(), id).await?;
            output::line(format!("The invite {id} is withdrawn."))
        }
    }
}

async fn run_member(engine: &Vestibule, command: MemberCommand) -> anyhow::Result<()> {
    match command {
        MemberCommand::List(page) => list_members(engine, &page).await,
        MemberCommand::Revoke { key } => set(engine, &key, MemberStatus::Revoked).await,
        MemberCommand::Activate { key } => set(engine, &key, MemberStatus::Active).await,
        MemberCommand::Delete { key, yes } => delete(engine, &key, yes).await,
    }
}

async fn create(engine: &Vestibule, args: CreateArgs) -> anyhow::Result<()> {
    let end = |days: u16| engine.now().plus(Duration::from_secs(u64::from(days) * DAY));
    let CreateArgs { handle, role, expires_in_days, link } = args;
    let new = NewDirectoryInvite { handle, role, expires_at: expires_in_days.map(end) };
    let CreatedDirectoryInvite { invite, token } = engine.create_directory_invite(&host::caller(), new).await?;
    let until = invite.expires_at.map(Timestamp::to_rfc3339).unwrap_or_default();
    let DirectoryInvite { id, handle, role, .. } = invite;
    let shown = if link { "link" } else { "token" };
    eprintln!("The invite {id} makes the {role} {handle}, until {until}. Its {shown} is shown this once:");
    match link {
        true => output::line(invite_link(&engine.issuer(), &token).expose_secret()),
        false => output::line(token.expose()),
    }
}

async fn list_invites(engine: &Vestibule, page: &PageArgs) -> anyhow::Result<()> {
    let (invites, now) = (engine.list_directory_invites(page.request()?).await?, engine.now());
    if page.json {
        let shown: Vec<_> = invites.items.iter().map(|invite| Shown { invite, state: invite.state(now) }).collect();
        return page::print_json(&shown, invites.next_cursor);
    }
    let rows = invites.items.iter().map(|invite| {
        [
            invite.id.to_string(),
            invite.handle.to_string(),
            invite.role.to_string(),
            invite.state(now).to_string(),
            output::cell(invite.expires_at.map(Timestamp::to_rfc3339)),
            output::cell(invite.used_sign_pub.map(|key| key.to_hex())),
        ]
    });
    output::table(["ID", "HANDLE", "ROLE", "STATE", "EXPIRES", "USED BY"], rows)?;
    page::print_next(invites.next_cursor)
}

async fn list_members(engine: &Vestibule, page: &PageArgs) -> anyhow::Result<()> {
    let members = engine.list_directory_members(page.request()?).await?;
    if page.json {
        let shown = |member| ShownMember { member, fingerprint: member.sign_pub.fingerprint() };
        return page::print_json(&members.items.iter().map(shown).collect::<Vec<_>>(), members.next_cursor);
    }
    let rows = members.items.iter().map(|member: &Member| {
        [
            member.sign_pub.to_hex(),
            member.handle.to_string(),
            member.role.to_string(),
            member.status.to_string(),
            member.created_at.to_rfc3339(),
            member.sign_pub.fingerprint(),
        ]
    });
    output::table(["SIGN_PUB", "HANDLE", "ROLE", "STATUS", "REGISTERED", "FINGERPRINT"], rows)?;
    page::print_next(members.next_cursor)
}

async fn set(engine: &Vestibule, key: &str, status: MemberStatus) -> anyhow::Result<()> {
    let member = engine.set_directory_status(&host::caller(), key, status).await?;
    output::line(format!("{} is {}.", member.handle, member.status))
}

async fn delete(engine: &Vestibule, key: &str, yes: bool) -> anyhow::Result<()> {
    let member = engine.directory_member(key).await?;
    if !prompt::confirmed(&format!("Delete {} ({}) for good?", member.handle, member.sign_pub), yes)? {
        return output::line("Nothing was changed.");
    }
    engine.delete_directory_member(&host::caller(), key).await?;
    output::line(format!("{} is deleted.", member.handle))
}
