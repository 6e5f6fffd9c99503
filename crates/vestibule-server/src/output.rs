//! What commands print: tables and lines for people, JSON for programs; all of it to standard output, but for the
//! progress of what takes long.
//! Text from outside (names, browsers) never reaches a terminal with its control characters.

use std::io::{self, IsTerminal as _, Stderr, Write};
use std::pin::pin;
use std::time::Duration;

use comfy_table::{Table, presets};
use serde::Serialize;
use tokio::time::interval;

/// How often what takes long shows that it goes on.
const BEAT: Duration = Duration::from_millis(250);
/// The bar of something whose end is not known: a block that wanders.
const BAR: [&str; 4] = ["[=   ]", "[ =  ]", "[  = ]", "[   =]"];

/// How far something long has come: a count on standard error for whoever watches there. Silent elsewhere, and where
/// the rows themselves go to the terminal.
#[derive(Debug)]
pub struct Progress<W: Write = Stderr> {
    terminal: Option<W>,
    what: &'static str,
    is_begun: bool,
}

/// Prints a line.
pub fn line(text: impl AsRef<str>) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout().lock(), "{}", text.as_ref())?)
}

/// Prints a value as JSON, for programs.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// Prints a value as one line of JSON.
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?)
}

/// Prints rows under a header.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| printable(&cell)));
    }
    line(table.trim_fmt())
}

/// A value that may be absent, as a cell of a table.
pub fn cell<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Waits for something long that does not count its steps, with a bar on standard error for whoever watches there.
pub async fn watched<T>(what: &str, work: impl Future<Output = T>) -> T {
    let is_watched = io::stderr().is_terminal();
    beside(work, is_watched.then(io::stderr), what, BEAT).await
}

async fn beside<T>(work: impl Future<Output = T>, mut terminal: Option<impl Write>, what: &str, every: Duration) -> T {
    let (mut work, mut beat, mut bars) = (pin!(work), interval(every), BAR.iter().cycle());
    beat.tick().await; // the first comes at once, and most of what is waited for is over before the second
    let mut is_begun = false;
    loop {
        tokio::select! {
            done = &mut work => {
                if let Some(terminal) = terminal.as_mut().filter(|_| is_begun) {
                    write!(terminal, "\r\u{1b}[K").ok();
                }
                return done;
            }
            _ = beat.tick() => {
                if let (Some(terminal), Some(bar)) = (&mut terminal, bars.next()) {
                    is_begun = write!(terminal, "\r{bar} {what}").and_then(|()| terminal.flush()).is_ok();
                }
            }
        }
    }
}

impl Progress {
    /// Of so many `what`.
    pub fn of(what: &'static str) -> Progress {
        let is_watched = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Progress { terminal: is_watched.then(io::stderr), what, is_begun: false }
    }
}

impl<W: Write> Progress<W> {
    /// Says how many there are by now, in place of what it said before.
    pub fn reached(&mut self, count: usize) -> anyhow::Result<()> {
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        self.is_begun = true;
        write!(terminal, "\r{count} {}", self.what)?;
        Ok(terminal.flush()?)
    }
}

impl<W: Write> Drop for Progress<W> {
    /// Whatever comes next, an error too, begins on a line of its own.
    fn drop(&mut self) {
        if let Some(terminal) = self.terminal.as_mut().filter(|_| self.is_begun) {
            writeln!(terminal).ok();
        }
    }
}

/// Text without what would steer a terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_counts_on_one_line_and_leaves_it() {
        let mut terminal = Vec::new();
        let mut progress = Progress { terminal: Some(&mut terminal), what: "rows", is_begun: false };
        progress.reached(100).unwrap();
        progress.reached(142).unwrap();
        drop(progress);
        assert_eq!(terminal, b"\r100 rows\r142 rows\n");
        let mut nowhere = Progress::<Vec<u8>> { terminal: None, what: "rows", is_begun: false };
        nowhere.reached(1).unwrap();
        assert!(!nowhere.is_begun);
    }

    #[tokio::test]
    async fn what_takes_long_shows_that_it_goes_on_and_leaves_nothing() {
        let (every, mut terminal) = (Duration::from_millis(1), Vec::new());
        beside(tokio::time::sleep(every * 100), Some(&mut terminal), "working", every).await;
        let shown = String::from_utf8(terminal).unwrap();
        assert!(
            shown.starts_with("\r[=   ] working\r[ =  ] working") && shown.ends_with("working\r\x1b[K"),
            "{shown:?}"
        );
        let mut terminal = Vec::new();
        assert_eq!(beside(async { 7 }, Some(&mut terminal), "working", BEAT).await, 7);
        assert!(terminal.is_empty(), "what is over at once shows nothing");
    }

    #[test]
    fn a_terminal_is_never_steered_by_a_name() {
        assert_eq!(printable("Ann\u{1b}[2J\r\n李"), "Ann\u{fffd}[2J\u{fffd}\u{fffd}李");
    }
}
