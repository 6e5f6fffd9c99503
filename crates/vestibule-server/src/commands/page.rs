//! Lists a page at a time, the same way for every noun.

use clap::Args;
use serde::Serialize;
use vestibule::PageRequest;

use crate::failure::Usage;
use crate::output;

/// Which page of a list, and for whom to print it.
#[derive(Args, Debug)]
pub struct PageArgs {
    /// At most this many, 1 to 100.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Where the page before ended.
    #[arg(long)]
    cursor: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Shown<'a, T> {
    items: &'a [T],
    next_cursor: Option<String>,
}

impl PageArgs {
    /// What the engine is asked for.
    pub fn request(&self) -> Result<PageRequest, Usage> {
        PageRequest::parse(Some(&self.limit.to_string()), self.cursor.as_deref())
            .map_err(|_| Usage("--cursor: take it from the page before".to_owned()))
    }
}

/// Prints a page for programs.
pub fn print_json<T: Serialize>(items: &[T], next_cursor: Option<String>) -> anyhow::Result<()> {
    output::json(&Shown { items, next_cursor })
}

/// Tells people how to go on.
pub fn print_next(next_cursor: Option<String>) -> anyhow::Result<()> {
    match next_cursor {
        Some(cursor) => output::line(format!("\nThere are more: --cursor {cursor}")),
        None => Ok(()),
    }
}
