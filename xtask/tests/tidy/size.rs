//! Sizes: a file is one thing that a reader holds in mind at once.

use crate::sources::{Source, all, assert_none, read, shipped_rust};

const CEILING: usize = 400;
const MIGRATION: usize = 80;
const ARCHITECTURE: usize = 150;

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let written =
        all().into_iter().filter(|s| s.has_extension(&["rs", "sql", "html", "css", "js", "sh"]) && !s.is_test());
    let long = written.filter(|source| !is_list(source) && lines(source) > CEILING);
    let offences: Vec<String> = long.map(|s| format!("{}: {} lines", s.path, lines(&s))).collect();
    assert_none(
        &format!("files longer than {CEILING} lines (tests apart): split them by what they are about"),
        &offences,
    );
}

#[test]
fn most_files_are_short() {
    let mut lengths: Vec<usize> = shipped_rust().iter().filter(|source| !is_list(source)).map(lines).collect();
    lengths.sort_unstable();
    let (median, nine_of_ten) = (lengths[lengths.len() / 2], lengths[lengths.len() * 9 / 10]);
    assert!(median <= 120, "the median file has {median} lines, more than 120");
    assert!(nine_of_ten <= 250, "one file in ten has {nine_of_ten} lines or more; at most 250 are meant");
}

#[test]
fn no_migration_is_long() {
    let migrations = all().into_iter().filter(|source| source.path.starts_with("crates/vestibule/migrations/"));
    let long = migrations.filter(|source| lines(source) > MIGRATION);
    let offences: Vec<String> = long.map(|s| format!("{}: {} lines", s.path, lines(&s))).collect();
    assert_none(&format!("migrations longer than {MIGRATION} lines"), &offences);
}

#[test]
fn the_architecture_is_told_on_a_few_screens() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= ARCHITECTURE, "ARCHITECTURE.md has {lines} lines, more than {ARCHITECTURE}");
}

fn lines(source: &Source) -> usize {
    source.shipped().lines().count()
}

fn is_list(source: &Source) -> bool {
    source.text.lines().next().is_some_and(|first| first.contains("This file is a list"))
}
