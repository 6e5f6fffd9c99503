//! Steps: running commands one after another, each named and timed; one failure does not hide the next.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Outcome;

/// What has been run so far.
#[derive(Default)]
pub struct Steps {
    passed: usize,
    failed: Vec<&'static str>,
}

impl Steps {
    /// Runs one step and says how it went and how long it took.
    #[expect(clippy::disallowed_methods, reason = "a stopwatch for people, of which no test depends")]
    pub fn run(&mut self, name: &'static str, command: &mut Command) {
        println!("== {name}: {}", line(command));
        let started = Instant::now();
        let outcome = run(command);
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("== {name}: passed in {seconds:.1} s");
            }
            Err(why) => {
                self.failed.push(name);
                println!("== {name}: FAILED in {seconds:.1} s: {why}");
            }
        }
    }

    /// The sum of it: fails when any step failed.
    pub fn finish(self) -> Outcome {
        if self.failed.is_empty() {
            println!("== all {} steps passed", self.passed);
            return Ok(());
        }
        let all = self.passed + self.failed.len();
        Err(format!("== FAILED: {} ({} of {all} steps passed)", self.failed.join(", "), self.passed))
    }
}

/// Runs a command with its output shown.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|why| format!("cannot start {}: {why}", line(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", line(command))) }
}

/// Runs a command whose output matters only when it fails.
pub fn quietly(command: &mut Command) -> Outcome {
    let output =
        command.stdin(Stdio::null()).output().map_err(|why| format!("cannot start {}: {why}", line(command)))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{} ended with {}\n{}", line(command), output.status, String::from_utf8_lossy(&said)))
}

/// A command as a person would write it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
