//! `vestibule doctor`: everything an instance needs, a line each, without changing anything.
//! A check that cannot be made because an earlier one failed is not counted as well. What is as it should be but may
//! not be as it was meant is a warning, and fails nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use vestibule::{Config, Db, GroupRef};

use crate::failure::Unwell;
use crate::settings::{self, Settings, master_secret};
use crate::{instance, output};

/// How long the mail server is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// For whom to print.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    warning: bool,
    detail: String,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, args: Args) -> anyhow::Result<()> {
    let findings = examine(file).await;
    if args.json {
        output::json(&findings)?;
    } else {
        for finding in &findings {
            output::line(format!("{:<5}{:<15}{}", finding.word(), finding.check, finding.detail))?;
        }
    }
    if findings.iter().all(|finding| finding.ok) { Ok(()) } else { Err(Unwell.into()) }
}

async fn examine(file: Option<&Path>) -> Vec<Finding> {
    let settings = match instance::settings(file) {
        Ok(settings) => settings,
        Err(problems) => return problems.0.iter().map(|problem| wrong("settings", problem.to_string())).collect(),
    };
    let mut findings = vec![right("settings", "checked"), secret(&settings), mail(&settings.engine).await];
    findings.extend(in_database(&settings).await);
    let is_comparable = findings.iter().all(|finding| finding.ok || finding.check == "mail");
    findings.push(policy(&settings, is_comparable).await);
    findings
}

async fn in_database(settings: &Settings) -> Vec<Finding> {
    let db = match database(settings).await {
        Ok(db) => db,
        Err(why) => return vec![wrong("database", why)],
    };
    let mut findings = vec![right("database", format!("{}, {}", db.name(), settings.database.shown()))];
    let schema = schema(&db).await;
    let has_schema = schema.ok;
    findings.push(schema);
    if has_schema {
        findings.push(administrator(&db).await);
    }
    db.close().await;
    findings
}

fn secret(settings: &Settings) -> Finding {
    let Some(file) = settings.database.secret_file().filter(|_| settings.database.secret.is_none()) else {
        return right("secret", "set");
    };
    let shown = file.display();
    let mode = fs::metadata(&file).map(|file| file.permissions().mode());
    match (master_secret::read(&file), mode) {
        (Err(why), _) => wrong("secret", format!("{why:#}")),
        (Ok(None), _) if settings.database.sqlite_file().is_some_and(master_secret::has_data) => {
            wrong("secret", format!("{shown} is gone, and the database has data: restore that file"))
        }
        (Ok(None), _) => wrong("secret", format!("{shown} is not there; the first start makes it")),
        (Ok(Some(_)), Ok(mode)) if mode & 0o077 == 0 => right("secret", shown.to_string()),
        (Ok(Some(_)), _) => wrong("secret", format!("{shown} can be read by others: chmod 600 {shown}")),
    }
}

/// An instance may well run without mail, but not by oversight.
async fn mail(config: &Config) -> Finding {
    let Some(smtp) = &config.mail.smtp else {
        let how = settings::development_outbox(config).map_or_else(
            || "nobody is mailed a link or a code, administrators hand links on themselves".to_owned(),
            |outbox| format!("it is kept, and read at {outbox}"),
        );
        return right("mail", format!("off, as smtp_url is not set: {how}"));
    };
    let mut smtp = smtp.clone();
    smtp.timeout = PATIENCE;
    match smtp.check().await {
        Ok(()) => right("mail", format!("{} takes it", smtp.server())),
        Err(why) => wrong("mail", why),
    }
}

/// Connecting would make a SQLite file that is not there.
async fn database(settings: &Settings) -> Result<Db, String> {
    if let Some(absence) = settings.database.absence() {
        return Err(absence);
    }
    instance::connect(settings).await.map_err(|why| format!("{}: {why:#}", settings.database.shown()))
}

async fn schema(db: &Db) -> Finding {
    match db.migrations().await {
        Err(why) => wrong("schema", format!("{:#}", anyhow::Error::from(why))),
        Ok(migrations) => match (migrations.iter().find(|one| !one.is_known()), instance::pending(&migrations)) {
            (Some(stranger), _) => {
                let version = stranger.version;
                wrong("schema", format!("migration {version} is unknown to this binary: run a newer vestibule"))
            }
            (None, 0) => right("schema", format!("{} migrations applied", migrations.len())),
            (None, pending) => wrong("schema", format!("{pending} migrations pending: `vestibule migrate up`")),
        },
    }
}

/// Counted by a plain read: an engine would mend the database when it is built.
async fn administrator(db: &Db) -> Finding {
    let counted = async { GroupRef::count_active_administrators(&mut db.read().await?).await };
    match counted.await {
        Err(why) => wrong("administrator", format!("{why}")),
        Ok(0) => wrong("administrator", "none: `vestibule setup-token`, or `vestibule admin create`"),
        Ok(count) => right("administrator", format!("{count} of them")),
    }
}

/// Which policy is meant to be in force. It is compared with the database only where an administrator shows that one
/// was written there: an engine would write it.
async fn policy(settings: &Settings, is_comparable: bool) -> Finding {
    let (chosen, policy) = (&settings.policy, &settings.policy.policy);
    let told =
        format!("{chosen}: {} permissions, {} groups", policy.catalogue().entries().len(), policy.groups().len());
    if !is_comparable {
        return right("policy", told);
    }
    let planned = async {
        instance::closing(instance::open_to_look(settings).await?, async |engine| {
            Ok(engine.plan_policy(policy).await?)
        })
        .await
    };
    match planned.await {
        Err(why) => wrong("policy", format!("{told}; it cannot be compared: {why:#}")),
        Ok(plan) if plan.is_empty() => right("policy", told),
        Ok(plan) => {
            let left = plan.groups_removed.iter().find(|group| group.member_count > 0);
            let start = left.map_or_else(
                || "the next start writes this one".to_owned(),
                |group| format!("the next start is refused, as {} has members", group.slug),
            );
            let how = "`vestibule policy plan` says how they differ";
            Finding { warning: true, ..right("policy", format!("{told}; the database has another: {how}, {start}")) }
        }
    }
}

impl Finding {
    fn word(&self) -> &'static str {
        match (self.ok, self.warning) {
            (true, false) => "ok",
            (true, true) => "warn",
            (false, _) => "FAIL",
        }
    }
}

fn right(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, ok: true, warning: false, detail: detail.into() }
}

fn wrong(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, ok: false, warning: false, detail: detail.into() }
}
