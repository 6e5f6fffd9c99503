//! Words: a module opens by saying what it holds.

use crate::sources::{assert_none, shipped_rust};

#[test]
fn every_module_opens_by_saying_what_it_holds() {
    let modules = shipped_rust().into_iter().filter(|s| s.path.starts_with("crates/") && s.path.contains("/src/"));
    let silent = modules.filter(|source| !source.text.starts_with("//! "));
    let offences: Vec<String> = silent.map(|source| source.path).collect();
    assert_none("modules that do not open with `//!`", &offences);
}
