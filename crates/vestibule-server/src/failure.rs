//! How a command ends: what is printed when it fails, and the exit code.
//! What the operator has to change, on the command line or in the settings, is 2; everything else that failed is 1.

use std::fmt;
use std::io;
use std::process::ExitCode;

use vestibule::Error;

use crate::settings::Problems;

/// The command line cannot be carried out as it was given.
#[derive(Debug)]
pub struct Usage(pub String);

/// The command did its work and found something wrong, or the answer is no; it has said so already.
#[derive(Debug)]
pub struct Unwell;

/// A question whose answer is the exit code had none: that is neither a yes nor a no.
#[derive(Debug)]
pub struct Unanswered(pub anyhow::Error);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Unwell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something is wrong")
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no answer")
    }
}

impl std::error::Error for Usage {}
impl std::error::Error for Unwell {}
impl std::error::Error for Unanswered {}

/// Says why a command failed, and makes its exit code.
pub fn exit_code(done: anyhow::Result<()>) -> ExitCode {
    let Err(why) = done else { return ExitCode::SUCCESS };
    if why.is::<Unwell>() {
        return ExitCode::from(1);
    }
    if let Some(Unanswered(why)) = why.downcast_ref() {
        eprintln!("vestibule: {}", explain(why));
        return ExitCode::from(2);
    }
    if is_broken_pipe(&why) {
        return ExitCode::SUCCESS;
    }
    eprintln!("vestibule: {}", explain(&why));
    ExitCode::from(if is_for_the_operator(&why) { 2 } else { 1 })
}

fn is_for_the_operator(why: &anyhow::Error) -> bool {
    why.is::<Usage>() || why.is::<Problems>() || matches!(why.downcast_ref(), Some(Error::Setup(_)))
}

/// Whoever read the output has read enough.
fn is_broken_pipe(why: &anyhow::Error) -> bool {
    why.downcast_ref::<io::Error>().is_some_and(|why| why.kind() == io::ErrorKind::BrokenPipe)
}

fn explain(why: &anyhow::Error) -> String {
    match why.downcast_ref::<Error>() {
        Some(Error::Invalid(fields)) => {
            let lines = fields.0.iter().map(|error| format!("{}: {}", error.field, error.code.message()));
            lines.collect::<Vec<_>>().join("\n")
        }
        Some(Error::Conflict(code) | Error::Denied(code)) => code.message().to_owned(),
        Some(Error::Forbidden(why)) => why.detail.clone(),
        Some(Error::NotFound) => "there is no such thing".to_owned(),
        Some(Error::TooMany { .. } | Error::Unavailable { .. }) => "busy; nothing was done, try again".to_owned(),
        // The operator is at the machine: the cause is theirs to see.
        Some(Error::Setup(_) | Error::Internal(_)) | None => format!("{why:#}"),
    }
}
