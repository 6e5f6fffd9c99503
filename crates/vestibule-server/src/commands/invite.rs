//! `vestibule invite`: invitations to organizations, made on the host, which needs no role. A code is printed once, alone
//! on standard output, so that a script can take it; what is said about it goes to standard error.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use vestibule::{
    CreatedInvitation, Delivery, InvitationEnd, InvitationId, NewInvitation, OrganizationId, OrganizationRole,
    Timestamp, Vestibule,
};

use super::page::{self, PageArgs};
use crate::{host, instance, output};

const DAY: u64 = 24 * 60 * 60;

/// What can be done with invitations.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the invitations to an organization, newest first; HELD: uses that wait for whoever signed up by one to
    /// confirm the address.
    List {
        /// The organization's id.
        #[arg(value_name = "ORG")]
        organization: OrganizationId,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Make an invitation and print its code, this once.
    Create(CreateArgs),
    /// Call an invitation back for good.
    Revoke {
        /// The invitation's id.
        #[arg(value_name = "INVITATION")]
        id: InvitationId,
    },
}

/// The new invitation.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The organization's id.
    #[arg(value_name = "ORG")]
    organization: OrganizationId,
    /// What whoever comes in is.
    #[arg(long, value_name = "ROLE", default_value = "member", value_parser = ["member", "admin"])]
    role: String,
    /// In how many days it ends; left out: in 7.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    expires_in_days: Option<u16>,
    /// It lasts until it is called back.
    #[arg(long, conflicts_with = "expires_in_days")]
    never_expires: bool,
    /// How often it may be used; left out: any number of times.
    #[arg(long, value_name = "USES", value_parser = clap::value_parser!(i64).range(1..))]
    max_uses: Option<i64>,
    /// Only whoever proved this address comes in; it is written to.
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    instance::with_engine(file, async |engine| match command {
        Command::List { organization, page } => list(engine, organization, &page).await,
        Command::Create(args) => create(engine, args).await,
        Command::Revoke { id } => {
            let organization = engine.organization_of_invitation(id).await?;
            engine.revoke_invitation(&host::caller(), organization, id).await?;
            output::line(format!("The invitation {id} is called back."))
        }
    })
    .await
}

async fn create(engine: &Vestibule, args: CreateArgs) -> anyhow::Result<()> {
    let end = |days: u16| InvitationEnd::At(engine.now().plus(Duration::from_secs(u64::from(days) * DAY)));
    let unsaid = if args.never_expires { InvitationEnd::Never } else { InvitationEnd::Usual };
    let role =
        if args.role == OrganizationRole::Admin.as_str() { OrganizationRole::Admin } else { OrganizationRole::Member };
    let new = NewInvitation {
        role,
        end: args.expires_in_days.map_or(unsaid, end),
        max_uses: args.max_uses,
        email: args.email,
    };
    let created = engine.create_invitation(&host::caller(), args.organization, new).await?;
    let CreatedInvitation { invitation, code, delivery } = created;
    let letter = match (&invitation.email, delivery) {
        (None, _) => "It is for whoever has the code.".to_owned(),
        (Some(email), Some(Delivery::Sent)) => format!("It was mailed to {}.", output::printable(email)),
        (Some(email), Some(Delivery::Waiting)) => {
            format!("It is not mailed to {} yet; `vestibule serve` goes on trying.", output::printable(email))
        }
        (Some(_), Some(Delivery::Failed(why))) => format!("It could not be mailed: {}", output::printable(&why)),
        (Some(email), Some(Delivery::Kept) | None) => {
            format!("It is for {}; no mail is sent, so hand the code on.", output::printable(email))
        }
    };
    eprintln!("{letter} Its page: {}", engine.invitation_url(&code));
    eprintln!("The invitation {} lets in as {}. Its code is shown this once:", invitation.id, invitation.role.as_str());
    output::line(code.expose_secret())
}

async fn list(engine: &Vestibule, organization: OrganizationId, page: &PageArgs) -> anyhow::Result<()> {
    let found = engine.list_invitations(&host::caller(), organization, page.request()?).await?;
    if page.json {
        return page::print_json(&found.items, found.next_cursor);
    }
    let time = |at: Option<Timestamp>| output::cell(at.map(Timestamp::to_rfc3339));
    let rows = found.items.iter().map(|one| {
        [
            one.id.to_string(),
            one.email.clone().unwrap_or_else(|| "-".to_owned()),
            one.role.as_str().to_owned(),
            match one.max_uses {
                Some(most) => format!("{}/{most}", one.use_count),
                None => one.use_count.to_string(),
            },
            one.held.to_string(),
            one.created_at.to_rfc3339(),
            time(one.expires_at),
            one.state(engine.now()).as_str().to_owned(),
        ]
    });
    output::table(["ID", "FOR", "ROLE", "USED", "HELD", "MADE", "EXPIRES", "STATE"], rows)?;
    page::print_next(found.next_cursor)
}
