//! The command line: noun, then verb. Exit code 0: done; 1: it failed or something is wrong; 2: the command line or
//! the settings are not right.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    admin, audit, config, directory, doctor, group, healthcheck, invite, key, keys, migrate, org, policy, service_key,
    setup_token, user,
};
use crate::{failure, serve};

/// Accounts for an application: sign-up, sign-in, sessions, a console, an audit log.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Settings come from the environment, then the file, then defaults: `vestibule config show`.")]
struct Cli {
    /// The settings file (TOML).
    #[arg(long, global = true, env = "VESTIBULE_CONFIG", value_name = "FILE", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, the pages and the console.
    Serve,
    /// The database schema: bring it up to this binary's, or say how far it is.
    Migrate(migrate::Args),
    /// Print a token for the /setup page, while there is no administrator.
    SetupToken,
    /// Look at everything an instance needs; exit 1 when something is wrong.
    Doctor(doctor::Args),
    /// Administrators, also when nobody can sign in.
    #[command(subcommand, arg_required_else_help = true)]
    Admin(admin::Command),
    /// Users.
    #[command(subcommand, arg_required_else_help = true)]
    User(user::Command),
    /// Groups, to look at.
    #[command(subcommand, arg_required_else_help = true)]
    Group(group::Command),
    /// Organizations: which there are, and giving an orphaned one an admin.
    #[command(subcommand, arg_required_else_help = true)]
    Org(org::Command),
    /// The policy: what there is to be permitted, and who is.
    #[command(subcommand, arg_required_else_help = true)]
    Policy(policy::Command),
    /// Invitations to organizations.
    #[command(subcommand, arg_required_else_help = true)]
    Invite(invite::Command),
    /// API keys, by which programs act as a user.
    #[command(subcommand, arg_required_else_help = true)]
    Key(key::Command),
    /// Service keys, by which programs ask about users and are none.
    #[command(subcommand, arg_required_else_help = true)]
    ServiceKey(service_key::Command),
    /// The directory of wallets: members who are nothing but public keys, and the invites that make them.
    #[command(subcommand, arg_required_else_help = true)]
    Directory(directory::Command),
    /// The keys that sign access tokens.
    #[command(subcommand, arg_required_else_help = true)]
    Keys(keys::Command),
    /// The audit log.
    #[command(subcommand, arg_required_else_help = true)]
    Audit(audit::Command),
    /// The settings.
    #[command(subcommand, arg_required_else_help = true)]
    Config(config::Command),
    /// Ask the server on this machine whether it is alive (not: ready); exit 1 when it is not.
    Healthcheck,
}

/// Runs the command that was given.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let file = cli.config.as_deref();
    let done = match cli.command {
        Command::Serve => serve::run(file).await,
        Command::Migrate(args) => migrate::run(file, args).await,
        Command::SetupToken => setup_token::run(file).await,
        Command::Doctor(args) => doctor::run(file, args).await,
        Command::Admin(command) => admin::run(file, command).await,
        Command::User(command) => user::run(file, command).await,
        Command::Group(command) => group::run(file, command).await,
        Command::Org(command) => org::run(file, command).await,
        Command::Policy(command) => policy::run(file, command).await,
        Command::Invite(command) => invite::run(file, command).await,
        Command::Key(command) => key::run(file, command).await,
        Command::ServiceKey(command) => service_key::run(file, command).await,
        Command::Directory(command) => directory::run(file, command).await,
        Command::Keys(command) => keys::run(file, command).await,
        Command::Audit(command) => audit::run(file, command).await,
        Command::Config(command) => config::run(file, command),
        Command::Healthcheck => healthcheck::run(file),
    };
    failure::exit_code(done)
}
