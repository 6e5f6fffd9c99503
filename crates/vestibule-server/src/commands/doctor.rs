//! `vestibule doctor`: everything an instance needs, a line each, without changing anything.
//! A check that cannot be made because an earlier one failed is not counted as well.

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
    detail: String,
}

/// Runs the command.
pub async fn run(file: Option<&Path>, args: Args) -> anyhow::Result<()> {
    let findings = examine(file).await;
    if args.json {
        output::json(&findings)?;
    } else {
        for Finding { check, ok, detail } in &findings {
            output::line(format!("{:<5}{check:<15}{detail}", if *ok { "ok" } else { "FAIL" }))?;
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
    let db = match database(&settings).await {
        Ok(db) => db,
        Err(why) => {
            findings.push(wrong("database", why));
            return findings;
        }
    };
    findings.push(right("database", format!("{}, {}", db.name(), settings.database.shown())));
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

fn right(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, ok: true, detail: detail.into() }
}

fn wrong(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, ok: false, detail: detail.into() }
}
