//! Rooms: nouns hold SQL, verbs hold transactions, and only the database's own room names a driver.

use crate::rust::Rust;
use crate::sources::{Source, assert_none, of_crate, shipped_rust};

/// What begins a statement.
const STATEMENTS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];

/// What opens a transaction.
const OPENS: [&str; 2] = [".write().await", ".write_yielding().await"];

#[test]
fn a_file_holds_sql_or_opens_transactions_but_not_both() {
    let files = of_crate("vestibule").into_iter().filter(|source| !is_database_room(source));
    let (mut nouns, mut verbs, mut both) = (0, 0, Vec::new());
    for source in files {
        let rust = source.rust();
        let (statement, opens) = (statement(&rust), OPENS.iter().any(|opens| rust.code.contains(opens)));
        nouns += usize::from(statement.is_some());
        verbs += usize::from(opens);
        if let (Some(line), true) = (statement, opens) {
            both.push((source.path, line));
        }
    }
    assert!(nouns > 0 && verbs > 0, "neither nouns ({nouns}) nor verbs ({verbs}) were recognised");
    let offences: Vec<String> = both.iter().map(|(path, line)| format!("{path}:{line}")).collect();
    assert_none("SQL in a file that opens transactions: SQL belongs to a noun, the transaction to a verb", &offences);
}

#[test]
fn only_the_engine_speaks_sql() {
    let others = shipped_rust().into_iter().filter(|source| {
        let ships = ["crates/", "examples/"].iter().any(|folder| source.path.starts_with(folder));
        ships && !["crates/vestibule/", "crates/testkit/"].iter().any(|folder| source.path.starts_with(folder))
    });
    let offences: Vec<String> =
        others.filter_map(|source| Some(format!("{}:{}", source.path, statement(&source.rust())?))).collect();
    assert_none("SQL outside crates/vestibule", &offences);
}

#[test]
fn only_the_database_room_names_a_driver() {
    let mut offences = Vec::new();
    for source in of_crate("vestibule").iter().filter(|source| !is_database_room(source)) {
        for (line, number) in source.rust().code.lines().zip(1..) {
            if line.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_driver) {
                offences.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert_none("drivers named outside crates/vestibule/src/db", &offences);
}

/// The line of the first SQL statement in a file.
fn statement(rust: &Rust) -> Option<usize> {
    let sql = |text: &str| STATEMENTS.iter().any(|statement| text.trim_start().starts_with(statement));
    rust.literals.iter().find(|literal| sql(&literal.text)).map(|literal| literal.line)
}

fn is_database_room(source: &Source) -> bool {
    source.path.starts_with("crates/vestibule/src/db/") || source.path == "crates/vestibule/src/db.rs"
}

fn is_driver(word: &str) -> bool {
    let of_postgres = word.strip_prefix("Pg").is_some_and(|rest| rest.starts_with(char::is_uppercase));
    of_postgres || word.starts_with("Sqlite") || word.starts_with("Postgres") || word == "sqlx"
}
