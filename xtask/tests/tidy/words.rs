//! Words: a module opens by saying what it holds, and the project speaks of itself alone.

use crate::sources::{all, assert_none, shipped_rust};

/// Where somebody's checkout or notes happened to lie. Put together here, so that this file does not say them.
const PLACES: [&str; 3] = [concat!("/wo", "rk/"), concat!("/tmp/", "brief"), concat!(".lib", "rary")];

#[test]
fn every_module_opens_by_saying_what_it_holds() {
    let modules = shipped_rust().into_iter().filter(|s| s.path.starts_with("crates/") && s.path.contains("/src/"));
    let silent = modules.filter(|source| !source.text.starts_with("//! "));
    let offences: Vec<String> = silent.map(|source| source.path).collect();
    assert_none("modules that do not open with `//!`", &offences);
}

#[test]
fn nothing_speaks_of_the_machine_it_was_written_on() {
    let mut offences = Vec::new();
    for source in all() {
        for (line, number) in source.text.lines().zip(1..) {
            if PLACES.iter().any(|place| line.contains(place)) {
                offences.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert_none("paths of somebody's machine", &offences);
}
