//! The `vestibule` binary: settings, commands and serving around the engine and its web face.
//! Reading order: `cli` (what there is to run), `settings` (what it may be told), `serve`, `commands`, `wallet`.

mod cli;
mod commands;
mod failure;
mod hex;
mod host;
mod instance;
mod logging;
mod output;
mod private_file;
mod prompt;
mod serve;
mod settings;
mod wallet;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run().await
}
