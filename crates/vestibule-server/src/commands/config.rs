//! `vestibule config`: what is set, where each value comes from, and what is wrong with it.

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

use crate::output;
use crate::settings::{self, Key, Layers, Problem, Settings, Source};

/// What can be done with settings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read and check every setting; exit 2 when something is wrong.
    Check {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print every setting, its value (secrets masked) and where it comes from.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Serialize)]
struct Checked<'a> {
    ok: bool,
    problems: &'a [Problem],
}

#[derive(Serialize)]
struct Shown {
    key: &'static str,
    environment: &'static str,
    value: Option<String>,
    source: Source,
}

/// Runs the command.
pub fn run(file: Option<&Path>, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Check { json } => check(file, json),
        Command::Show { json } => show(file, json),
    }
}

fn check(file: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let checked = Settings::load(file, std::env::vars_os());
    if json {
        let problems = checked.as_ref().err().map_or(&[][..], |problems| &problems.0);
        output::json(&Checked { ok: problems.is_empty(), problems })?;
    }
    match checked {
        Ok(_) if json => Ok(()),
        Ok(_) => output::line("The settings are right."),
        Err(problems) => Err(problems.into()),
    }
}

/// Shows also what is refused: that is when one wants to know where a value comes from.
fn show(file: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let layers = Layers::gather(file, std::env::vars_os())?;
    let shown = Key::ALL.iter().map(|&key| Shown {
        key: key.name(),
        environment: key.env(),
        value: settings::shown(&layers, key),
        source: layers.get(key).map_or(Source::Default, |entry| entry.source),
    });
    if json {
        output::json(&shown.collect::<Vec<_>>())?;
    } else {
        let rows = shown.map(|s| {
            [
                s.key.into(),
                output::cell(s.value.filter(|value| !value.is_empty())),
                s.source.to_string(),
                s.environment.into(),
            ]
        });
        output::table(["SETTING", "VALUE", "SOURCE", "ENVIRONMENT"], rows)?;
    }
    Settings::read(&layers).map(drop).map_err(Into::into)
}
