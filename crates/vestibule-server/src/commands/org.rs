//! `vestibule org`: organizations, for whoever runs the instance. They administer themselves; here one that nobody
//! administers any more is found and given an admin, or deleted.

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;
use vestibule::{AccountKind, Member, Organization, OrganizationId, PageRequest, Vestibule};

use super::account::Who;
use super::page::{self, PageArgs};
use crate::failure::Usage;
use crate::{host, instance, output, prompt};

/// What can be done with organizations.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List organizations, newest first.
    List {
        /// Only those that no active person administers.
        #[arg(long)]
        orphaned: bool,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Print everything about an organization, and who is in it.
    Show {
        /// The organization's id.
        #[arg(value_name = "ORG")]
        org: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a user the admin of an organization that nobody administers.
    NameAdmin {
        /// The organization's id.
        #[arg(value_name = "ORG")]
        org: String,
        #[command(flatten)]
        who: Who,
    },
    /// Delete an organization with its keys, its bots and its invitations, for good.
    Delete {
        /// The organization's id.
        #[arg(value_name = "ORG")]
        org: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    organization: Organization,
    members: Vec<Member>,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match command {
        Command::List { orphaned, page } => list(engine, orphaned, &page).await,
        Command::Show { org, json } => show(engine, &org, json).await,
        Command::NameAdmin { org, who } => name_admin(engine, &org, &who).await,
        Command::Delete { org, yes } => delete(engine, &org, yes).await,
    })
    .await
}

/// The organization that an id names.
async fn named(engine: &Vestibule, org: &str) -> anyhow::Result<Organization> {
    let unknown = || anyhow::anyhow!("there is no organization {}", output::printable(org));
    let id: OrganizationId =
        org.parse().map_err(|_| Usage(format!("{} is not an organization's id", output::printable(org))))?;
    match engine.any_organization(id).await {
        Ok(organization) => Ok(organization),
        Err(vestibule::Error::NotFound) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}

async fn list(engine: &Vestibule, is_orphaned: bool, args: &PageArgs) -> anyhow::Result<()> {
    let organizations = engine.list_organizations(is_orphaned.then_some(true), args.request()?).await?;
    if args.json {
        return page::print_json(&organizations.items, organizations.next_cursor);
    }
    let rows = organizations.items.iter().map(|organization| {
        [
            organization.id.to_string(),
            organization.name.clone(),
            organization.member_count.to_string(),
            organization.created_at.to_rfc3339(),
            output::cell(organization.orphaned_at.map(vestibule::Timestamp::to_rfc3339)),
        ]
    });
    output::table(["ID", "NAME", "MEMBERS", "CREATED", "ORPHANED"], rows)?;
    page::print_next(organizations.next_cursor)
}

async fn show(engine: &Vestibule, org: &str, json: bool) -> anyhow::Result<()> {
    let organization = named(engine, org).await?;
    let members = members(engine, organization.id).await?;
    if json {
        return output::json(&Shown { organization, members });
    }
    let row = |name: &str, value: String| [name.to_owned(), value];
    output::table(
        ["", ""],
        [
            row("id", organization.id.to_string()),
            row("name", organization.name.clone()),
            row("created", organization.created_at.to_rfc3339()),
            row("updated", organization.updated_at.to_rfc3339()),
            row("orphaned", output::cell(organization.orphaned_at.map(vestibule::Timestamp::to_rfc3339))),
            row("members", organization.member_count.to_string()),
        ],
    )?;
    let rows = members.iter().map(|member| {
        let kind = if member.kind == AccountKind::Bot { "bot" } else { "person" };
        [
            member.account_id.to_string(),
            member.label(),
            kind.to_owned(),
            member.role.to_string(),
            if member.is_active { "active" } else { "not active" }.to_owned(),
            member.joined_at.to_rfc3339(),
        ]
    });
    output::line("")?;
    output::table(["ACCOUNT", "MEMBER", "KIND", "ROLE", "STATE", "JOINED"], rows)
}

/// Everybody who is in it.
async fn members(engine: &Vestibule, id: OrganizationId) -> anyhow::Result<Vec<Member>> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = engine.list_members_of_any(id, PageRequest::parse(Some("100"), cursor.as_deref())?).await?;
        found.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

async fn name_admin(engine: &Vestibule, org: &str, who: &Who) -> anyhow::Result<()> {
    let (organization, found) = (named(engine, org).await?, who.find(engine).await?);
    engine.name_admin(&host::caller(), organization.id, found.account.id).await?;
    let (label, name) = (output::printable(&found.account.label()), output::printable(&organization.name));
    output::line(format!("{label} administers {name}."))
}

async fn delete(engine: &Vestibule, org: &str, yes: bool) -> anyhow::Result<()> {
    let organization = named(engine, org).await?;
    let name = output::printable(&organization.name);
    if !prompt::confirmed(&format!("Delete {name} for good?"), yes)? {
        return output::line("Nothing was done.");
    }
    engine.delete_any_organization(&host::caller(), organization.id).await?;
    output::line(format!("{name} is deleted."))
}
