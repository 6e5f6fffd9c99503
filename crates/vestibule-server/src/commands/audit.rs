//! `vestibule audit`: what was done and what was refused, newest first.

use std::path::Path;

use clap::{Args, Subcommand};
use vestibule::{AuditFilter, AuditOutcome, AuditRow, PageRequest, Vestibule};

use super::account;
use super::page::{self, PageArgs};
use crate::output::Progress;
use crate::{instance, output};

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a page of it.
    List {
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Print all of it, one JSON object a line.
    Export(FilterArgs),
}

/// Which rows.
#[derive(Args, Debug)]
pub struct FilterArgs {
    /// Only what this account did or what was done to it, by its id, username or e-mail address.
    #[arg(long, value_name = "ID|USERNAME|EMAIL")]
    account: Option<String>,
    /// Only this action, such as session.created.
    #[arg(long)]
    action: Option<String>,
    /// Only this outcome: done or refused.
    #[arg(long)]
    outcome: Option<AuditOutcome>,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match command {
        Command::List { filter, page } => list(engine, filter, &page).await,
        Command::Export(filter) => export(engine, filter).await,
    })
    .await
}

impl FilterArgs {
    async fn resolve(self, engine: &Vestibule) -> anyhow::Result<AuditFilter> {
        let about = match self.account.as_deref() {
            None => None,
            // The log keeps what an account did when the account is gone.
            Some(who) => match who.parse() {
                Ok(id) => Some(id),
                Err(_) => Some(account::find(engine, who).await?.account.id),
            },
        };
        Ok(AuditFilter { about, action: self.action, outcome: self.outcome, ..AuditFilter::default() })
    }
}

async fn list(engine: &Vestibule, filter: FilterArgs, page: &PageArgs) -> anyhow::Result<()> {
    let rows = engine.list_audit(&filter.resolve(engine).await?, page.request()?).await?;
    if page.json {
        return page::print_json(&rows.items, rows.next_cursor);
    }
    output::table(["TIME", "ACTOR", "ACTION", "TARGET", "OUTCOME", "ADDRESS"], rows.items.iter().map(cells))?;
    page::print_next(rows.next_cursor)
}

async fn export(engine: &Vestibule, filter: FilterArgs) -> anyhow::Result<()> {
    let filter = filter.resolve(engine).await?;
    let mut cursor: Option<String> = None;
    let (mut progress, mut written) = (Progress::of("rows written"), 0);
    loop {
        let page = engine.list_audit(&filter, PageRequest::parse(Some("100"), cursor.as_deref())?).await?;
        for row in &page.items {
            output::json_line(row)?;
        }
        written += page.items.len();
        progress.reached(written)?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn cells(row: &AuditRow) -> [String; 6] {
    [
        row.created_at.to_rfc3339(),
        row.actor_label.clone(),
        row.action.clone(),
        output::cell(row.target_label.as_ref()),
        row.outcome.to_string(),
        output::cell(row.ip.as_ref()),
    ]
}
