//! `vestibule policy`: what the policy file would change, and writing it to the database. A plan is a read: whoever
//! changes a policy sees first who gains or loses what. Serving does the same as `apply`, without asking, at start.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use vestibule::{PolicyPlan, Vestibule};

use super::{explain, plan};
use crate::failure::Usage;
use crate::settings::{ChosenPolicy, Settings};
use crate::{host, instance, output, prompt};

/// What can be done with the policy.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what the policy file would change in the database, and who would gain or lose what.
    Plan(PlanArgs),
    /// Write the policy file to the database, groups that it no longer has removed.
    Apply {
        #[command(flatten)]
        plan: PlanArgs,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Say whether an account may do something, and why; exit 0: it may, 1: it may not, 2: no answer.
    Explain(explain::Args),
}

/// Which policy, and for whom to print.
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// This policy file instead of the setting's.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    let (args, yes) = match command {
        Command::Explain(args) => return explain::run(file, args).await,
        Command::Plan(args) => (args, None),
        Command::Apply { plan, yes } => (plan, Some(yes)),
    };
    let settings = instance::settings(file)?;
    let chosen = args.chosen(&settings)?;
    instance::closing(instance::open_to_look(&settings).await?, async |engine| match yes {
        None => show(&planned(engine, &chosen).await?, &chosen, args.json),
        Some(yes) => {
            apply(engine, &chosen, args.json, yes).await?;
            warn_of_next_start(&settings, &chosen);
            Ok(())
        }
    })
    .await
}

impl PlanArgs {
    fn chosen(&self, settings: &Settings) -> Result<ChosenPolicy, Usage> {
        let Some(path) = &self.file else { return Ok(settings.policy.clone()) };
        ChosenPolicy::of_file(path).map_err(|why| Usage(format!("--file: {why}")))
    }
}

async fn planned(engine: &Vestibule, chosen: &ChosenPolicy) -> anyhow::Result<PolicyPlan> {
    Ok(output::watched("looking at what accounts hold", engine.plan_policy(&chosen.policy)).await?)
}

fn show(plan: &PolicyPlan, chosen: &ChosenPolicy, json: bool) -> anyhow::Result<()> {
    if json { output::json(plan) } else { output::line(plan::text(plan, &chosen.policy)) }
}

/// Prints the plan, asks, and applies it; for programs prints what was applied.
async fn apply(engine: &Vestibule, chosen: &ChosenPolicy, json: bool, yes: bool) -> anyhow::Result<()> {
    let plan = planned(engine, chosen).await?;
    if !json {
        output::line(plan::text(&plan, &chosen.policy))?;
    }
    if plan.is_empty() {
        return if json { output::json(&plan) } else { Ok(()) };
    }
    if !prompt::confirmed(&format!("Apply it ({chosen})?"), yes)? {
        return output::line("Nothing was done.");
    }
    let caller = host::caller();
    let applied = output::watched("writing the policy", engine.apply_policy(&caller, &chosen.policy)).await?;
    if json {
        return output::json(&applied);
    }
    if serde_json::to_value(&applied)? != serde_json::to_value(&plan)? {
        output::line("Meanwhile something had changed. This was applied:")?;
        output::line(plan::text(&applied, &chosen.policy))?;
    }
    output::line(format!("The policy in force is {chosen}."))
}

/// What was applied from elsewhere lasts until a server reads its own.
fn warn_of_next_start(settings: &Settings, chosen: &ChosenPolicy) {
    if chosen.file != settings.policy.file {
        eprintln!(
            "vestibule: the setting policy_file (VESTIBULE_POLICY_FILE) is {}: the next start of a server goes by that",
            settings.policy
        );
    }
}
