//! `vestibule setup-token`: another token for the /setup page, while there is no administrator.

use std::path::Path;

use crate::{host, instance, output, serve};

/// Runs the command.
pub async fn run(file: Option<&Path>) -> anyhow::Result<()> {
    let public_url = instance::settings(file)?.web.public_url;
    instance::with_engine(file, async |engine| match engine.issue_setup_token(&host::caller()).await? {
        Some(token) => output::line(serve::setup_note(&public_url, &token)),
        None => anyhow::bail!("there is an administrator already; `vestibule admin create` makes another"),
    })
    .await
}
