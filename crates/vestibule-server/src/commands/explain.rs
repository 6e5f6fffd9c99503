//! `vestibule policy explain`: one question about one account, answered by the policy in force, with the reason. Its exit
//! code is the answer for scripts: whatever keeps it from being given, a broken pipe too, is neither yes nor no.

use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};
use vestibule::{Explanation, Owner, Question, Stated, Vestibule};

use super::{account, permission};
use crate::failure::{Unanswered, Unwell};
use crate::{instance, output};

/// What is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Who would, by id, username or e-mail address.
    #[arg(value_name = "ID|USERNAME|EMAIL")]
    account: String,
    /// What they would do, such as view.
    action: String,
    /// To what, such as users.
    resource: String,
    /// Whose the resource is: nobody is recorded, their own, or somebody else's.
    #[arg(long, value_enum, default_value_t = Whose::Nobody)]
    owner: Whose,
    /// An id of the scope that the resource is in; may be repeated, and each must be reached.
    #[arg(long, value_name = "ID")]
    scope: Vec<String>,
    /// What the request states for constraints, as a JSON object: '{"amount": 100, "regions": ["eu-1"]}'.
    #[arg(long, value_name = "JSON", value_parser = stated)]
    context: Option<Stated>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Whose {
    /// Nobody is recorded as its owner.
    Nobody,
    /// The account's own.
    #[value(name = "self")]
    Own,
    /// Somebody else's.
    Other,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, args: Args) -> anyhow::Result<()> {
    let explanation = answer(file, &args).await.map_err(Unanswered)?;
    print(&explanation, args.json).map_err(Unanswered)?;
    if explanation.allowed { Ok(()) } else { Err(Unwell.into()) }
}

async fn answer(file: Option<&Path>, args: &Args) -> anyhow::Result<Explanation> {
    let engine = instance::open_to_look(&instance::settings(file)?).await?;
    instance::closing(engine, async |engine| ask(engine, args).await).await
}

async fn ask(engine: &Vestibule, args: &Args) -> anyhow::Result<Explanation> {
    let who = account::find(engine, &args.account).await?;
    let scope: Vec<&str> = args.scope.iter().map(String::as_str).collect();
    let nothing = Stated::nothing();
    let question = Question {
        action: &args.action,
        resource: &args.resource,
        owner: match args.owner {
            Whose::Nobody => Owner::Unrecorded,
            Whose::Own => Owner::Asker,
            Whose::Other => Owner::Other,
        },
        scope: (!scope.is_empty()).then_some(scope.as_slice()),
        stated: args.context.as_ref().unwrap_or(&nothing),
    };
    Ok(engine.explain(who.account.id, &question).await?)
}

fn print(explanation: &Explanation, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(explanation);
    }
    let answer = if explanation.allowed { "allowed" } else { "denied" };
    output::line(format!("{answer}: {}", output::printable(&explanation.reason)))?;
    for miss in &explanation.near_misses {
        let from = miss.grant.group.as_ref().map_or_else(|| "held directly".to_owned(), |slug| format!("group {slug}"));
        let missing: Vec<String> = miss.missing.iter().map(ToString::to_string).collect();
        let line = format!("  {}, {from}: {}", permission::text(&miss.grant.permission), missing.join("; "));
        output::line(output::printable(&line))?;
    }
    Ok(())
}

fn stated(text: &str) -> Result<Stated, String> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|why| format!("a JSON object is expected: {why}"))?;
    Ok(Stated::from_object(&object))
}
