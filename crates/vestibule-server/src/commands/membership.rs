//! Who is in which group, by whoever runs the host. The host confers everything but explicit permissions: those take a
//! second person, or a glass that is broken loudly and audited.

use clap::Args;
use vestibule::{BreakGlass, Code, Error, Vestibule};

use super::account::Who;
use super::group;
use crate::{host, output};

/// Who does what the host is refused.
const ANOTHER: &str = "Somebody who may update users does it for somebody else, in the console or by the API.";

/// Which user, and which group.
#[derive(Args, Debug)]
pub struct Member {
    #[command(flatten)]
    who: Who,
    /// The group's slug or id.
    group: String,
}

/// Who joins what, and how.
#[derive(Args, Debug)]
pub struct Joining {
    #[command(flatten)]
    member: Member,
    /// In an emergency, also where the group has a permission that takes a second person; the audit log says so.
    #[arg(long)]
    break_glass: bool,
}

/// Puts an account in a group.
pub async fn add(engine: &Vestibule, Joining { member, break_glass }: &Joining) -> anyhow::Result<()> {
    let (who, group) = (member.who.find(engine).await?, group::the_one(engine, &member.group).await?);
    let (label, slug) = (output::printable(&who.account.label()), group.slug);
    let glass = if *break_glass { BreakGlass::Yes } else { BreakGlass::No };
    let added = engine.add_member(&host::caller(), group.id, who.account.id, glass).await;
    added.map_err(|refused| advised(refused, ANOTHER))?;
    if *break_glass {
        eprintln!("*** BREAK GLASS: {label} is in {slug} by the word of this host alone, without a second person. ***");
        eprintln!("*** The audit log says so. ***");
    }
    output::line(format!("{label} is in {slug}."))
}

/// Takes an account out of a group.
pub async fn remove(engine: &Vestibule, member: &Member) -> anyhow::Result<()> {
    let (who, group) = (member.who.find(engine).await?, group::the_one(engine, &member.group).await?);
    let (label, slug) = (output::printable(&who.account.label()), group.slug);
    match engine.remove_member(&host::caller(), group.id, who.account.id).await {
        Err(Error::NotFound) => anyhow::bail!("{label} is not in {slug}"),
        done => done?,
    }
    output::line(format!("{label} is no longer in {slug}."))
}

/// A refusal with what to do about it, where it is the ceiling that refused.
pub fn advised(refused: Error, advice: &str) -> anyhow::Error {
    if let Error::Forbidden(why) = &refused
        && why.code == Code::Ceiling
    {
        return anyhow::anyhow!("{}\n{advice}", why.detail);
    }
    refused.into()
}
