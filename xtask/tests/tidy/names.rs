//! Names say what a thing is; these words say nothing.

use crate::sources::{all, assert_none, shipped_rust};

const EMPTY_NAMES: [&str; 9] =
    ["manager", "managers", "service", "services", "helper", "helpers", "util", "utils", "common"];

#[test]
fn no_file_or_folder_has_an_empty_name() {
    let rust = all().into_iter().filter(|source| source.has_extension(&["rs"]));
    let empty = rust.filter(|source| {
        source
            .path
            .trim_end_matches(".rs")
            .split('/')
            .any(|part| part.split(['_', '-']).next_back().is_some_and(is_empty))
    });
    let offences: Vec<String> = empty.map(|source| source.path).collect();
    assert_none(&format!("files and folders called one of {EMPTY_NAMES:?}"), &offences);
}

#[test]
fn no_function_handles_or_processes() {
    let mut offences = Vec::new();
    for source in shipped_rust() {
        for (line, number) in source.rust().code.lines().zip(1..) {
            if line.contains("fn handle_") || line.contains("fn process_") {
                offences.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert_none("functions named handle_ or process_: say what they do", &offences);
}

fn is_empty(word: &str) -> bool {
    EMPTY_NAMES.contains(&word)
}
