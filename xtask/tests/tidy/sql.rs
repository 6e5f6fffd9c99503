//! One SQL text for two databases: what only one of them understands, or what asks a server for the time, is not said.

use crate::sources::{Source, all, assert_none, of_crate};

/// Words of one database alone, in upper case.
const BANNED: [&str; 15] = [
    "NOW()",
    "CURRENT_TIMESTAMP",
    "CURRENT_DATE",
    "DATETIME(",
    "SERIAL",
    "BIGSERIAL",
    "AUTOINCREMENT",
    "ILIKE",
    "NOCASE",
    "FOR UPDATE",
    "SKIP LOCKED",
    "= ANY(",
    "->>",
    "ON CONSTRAINT",
    "GEN_RANDOM_UUID(",
];

#[test]
fn no_statement_speaks_one_database_alone() {
    let mut offences = Vec::new();
    for source in of_crate("vestibule") {
        for literal in source.rust().literals {
            offences.extend(banned(&literal.text).map(|word| format!("{}:{}: {word}", source.path, literal.line)));
        }
    }
    assert_none("SQL that only one of the two databases understands", &offences);
}

#[test]
fn no_migration_speaks_one_database_alone() {
    let migrations = all().into_iter().filter(|source| source.path.starts_with("crates/vestibule/migrations/"));
    let offences: Vec<String> = migrations.flat_map(|source| banned_lines(&source)).collect();
    assert_none("migrations that only one of the two databases understands", &offences);
}

fn banned_lines(source: &Source) -> Vec<String> {
    let statements = source.text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let numbered = statements.zip(1..);
    numbered.flat_map(|(sql, line)| banned(sql).map(move |word| format!("{}:{line}: {word}", source.path))).collect()
}

/// The banned words in a text, as whole words.
fn banned(text: &str) -> impl Iterator<Item = &'static str> + use<> {
    let upper = text.to_uppercase().split_whitespace().collect::<Vec<_>>().join(" ");
    BANNED.into_iter().filter(move |word| {
        upper.match_indices(word).any(|(at, _)| {
            let is_letter = |c: char| c.is_alphanumeric() || c == '_';
            let opens = !upper[..at].ends_with(is_letter) || !word.starts_with(is_letter);
            let closes = !upper[at + word.len()..].starts_with(is_letter) || !word.ends_with(is_letter);
            opens && closes
        })
    })
}

#[test]
fn a_banned_word_is_found_in_any_case_and_only_as_a_word() {
    assert_eq!(banned("SELECT x FROM y WHERE t < now()").collect::<Vec<_>>(), ["NOW()"]);
    assert_eq!(banned("id BIGSERIAL").collect::<Vec<_>>(), ["BIGSERIAL"]);
    assert_eq!(banned("SELECT 1\n  FOR\n  UPDATE").collect::<Vec<_>>(), ["FOR UPDATE"]);
    assert_eq!(banned("payload->>'kind'").collect::<Vec<_>>(), ["->>"]);
    assert_eq!(banned("serialize unknow() before UPDATE").count(), 0);
}
