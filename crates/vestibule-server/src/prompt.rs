//! What only a person can give: a password, never as an argument (arguments show in process lists and histories),
//! and a yes before something that cannot be undone.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::Context as _;
use dialoguer::{Confirm, Password};
use secrecy::SecretString;

use crate::failure::Usage;

/// More than any password that is accepted.
const LONGEST_LINE: u64 = 4096;

/// A new password: the first line of standard input, or asked twice without echo.
pub fn new_password(from_stdin: bool) -> anyhow::Result<SecretString> {
    if from_stdin {
        return first_line();
    }
    if !io::stdin().is_terminal() {
        return Err(Usage("no terminal to ask for a password: give it with --stdin".to_owned()).into());
    }
    let asked = Password::new().with_prompt("Password").with_confirmation("Again", "They differ; once more.");
    Ok(asked.interact().context("cannot ask for a password")?.into())
}

/// A yes, from a person or said beforehand.
pub fn confirmed(question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(Usage("no terminal to ask for a confirmation: give --yes".to_owned()).into());
    }
    Ok(Confirm::new().with_prompt(question).default(false).interact()?)
}

fn first_line() -> anyhow::Result<SecretString> {
    let mut line = String::new();
    io::stdin().lock().take(LONGEST_LINE).read_line(&mut line).context("cannot read standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Usage("standard input has no password on its first line".to_owned()).into());
    }
    Ok(password.into())
}
