//! `vestibule setup-token`: another token for the /setup page, while there is no administrator.

use std::path::Path;

use crate::{host, instance, output, serve};

/// Runs the command.
pub async fn run(file: Option<&Path>) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match engine.issue_setup_token(&host::caller()).await? {
        Some(token) => output::line(serve::setup_note(engine, &token)),
        None => anyhow::bail!("there is an administrator already; `vestibule admin create` makes another"),
    })
    .await
}
