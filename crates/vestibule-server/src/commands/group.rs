//! `vestibule group`: groups, to look at. What they hold comes from the policy file, or is said in the console by
//! somebody whose own permissions bound it; who is in them is `vestibule user add-to-group`.

use std::path::Path;

use clap::Subcommand;
use vestibule::{Group, GroupId, GroupRef, PageRequest, Vestibule};

use super::page::{self, PageArgs};
use super::permission;
use crate::failure::Usage;
use crate::{instance, output};

/// What can be done with groups.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List groups, newest first.
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Print everything about a group; its members are `user list --group`.
    Show {
        /// The group's slug or id.
        #[arg(value_name = "SLUG|ID")]
        group: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match command {
        Command::List { page } => list(engine, &page).await,
        Command::Show { group, json } => show(engine, &group, json).await,
    })
    .await
}

/// The groups that slugs or ids name.
pub async fn named(engine: &Vestibule, names: &[String]) -> anyhow::Result<Vec<GroupRef>> {
    let known = engine.list_groups().await?;
    let find = |name: &String| {
        let group = known.iter().find(|group| group.slug == *name || group.id.to_string() == *name);
        group.cloned().ok_or_else(|| {
            let slugs: Vec<&str> = known.iter().map(|group| group.slug.as_str()).collect();
            Usage(format!("there is no group {}; there are: {}", output::printable(name), slugs.join(", ")))
        })
    };
    Ok(names.iter().map(find).collect::<Result<_, Usage>>()?)
}

/// The one group that a slug or an id names.
pub async fn the_one(engine: &Vestibule, name: &str) -> anyhow::Result<GroupRef> {
    let mut found = named(engine, &[name.to_owned()]).await?;
    Ok(found.remove(0))
}

/// The group that whoever signs up joins.
pub async fn default(engine: &Vestibule) -> anyhow::Result<GroupId> {
    let mut cursor: Option<String> = None;
    loop {
        let page = engine.page_groups(PageRequest::parse(Some("100"), cursor.as_deref())?).await?;
        if let Some(group) = page.items.iter().find(|group| group.is_default) {
            return Ok(group.id);
        }
        cursor = page.next_cursor;
        anyhow::ensure!(cursor.is_some(), "the policy in force has no default group: name one with --group");
    }
}

async fn list(engine: &Vestibule, args: &PageArgs) -> anyhow::Result<()> {
    let groups = engine.page_groups(args.request()?).await?;
    if args.json {
        return page::print_json(&groups.items, groups.next_cursor);
    }
    let rows = groups.items.iter().map(|group| {
        [
            group.slug.clone(),
            group.name.clone(),
            group.permissions.len().to_string(),
            permission::scope(&group.scope),
            group.member_count.to_string(),
            keeper(group).to_owned(),
        ]
    });
    output::table(["SLUG", "NAME", "PERMISSIONS", "SCOPE", "MEMBERS", "KEPT BY"], rows)?;
    page::print_next(groups.next_cursor)
}

async fn show(engine: &Vestibule, name: &str, json: bool) -> anyhow::Result<()> {
    let group = engine.group(the_one(engine, name).await?.id).await?;
    if json { output::json(&group) } else { print(&group) }
}

fn print(group: &Group) -> anyhow::Result<()> {
    let row = |name: &str, value: String| [name.to_owned(), value];
    let mut rows = vec![
        row("id", group.id.to_string()),
        row("slug", group.slug.clone()),
        row("name", group.name.clone()),
        row("description", group.description.clone()),
        row("kept by", keeper(group).to_owned()),
        row("default", if group.is_default { "yes" } else { "no" }.to_owned()),
        row("members", group.member_count.to_string()),
        row("created", group.created_at.to_rfc3339()),
        row("updated", group.updated_at.to_rfc3339()),
        row("scope", permission::scope(&group.scope)),
        row("permissions", output::cell(group.permissions.first().map(permission::text))),
    ];
    rows.extend(group.permissions.iter().skip(1).map(|more| row("", permission::text(more))));
    output::table(["", ""], rows)
}

/// Who may change what a group holds.
fn keeper(group: &Group) -> &'static str {
    if group.system_managed { "policy" } else { "console" }
}
