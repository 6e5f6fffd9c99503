//! Every text file of the workspace, by its path from the root; build output and the repository's own files apart.

use std::path::Path;

use crate::rust::Rust;

/// One text file.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Every text file, in the order of their paths.
pub fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace");
    let mut sources = Vec::new();
    walk(root, "", &mut sources);
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 20, "only {} files found under {}", sources.len(), root.display());
    sources
}

/// The Rust files that go into a program: no tests, no benchmarks.
pub fn shipped_rust() -> Vec<Source> {
    all().into_iter().filter(|source| source.has_extension(&["rs"]) && !source.is_test()).collect()
}

/// The Rust files of `crates/NAME/src`.
pub fn of_crate(name: &str) -> Vec<Source> {
    let folder = format!("crates/{name}/src/");
    let sources: Vec<Source> = shipped_rust().into_iter().filter(|source| source.path.starts_with(&folder)).collect();
    assert!(!sources.is_empty(), "there is nothing in {folder}");
    sources
}

/// The text of a file that must be there.
pub fn read(path: &str) -> String {
    let found = all().into_iter().find(|source| source.path == path);
    found.unwrap_or_else(|| panic!("{path} is missing")).text
}

/// Fails with every offence on a line of its own.
pub fn assert_none(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}\n  {}\n", offences.join("\n  "));
}

impl Source {
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        Path::new(&self.path).extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e))
    }

    /// Whether the whole file is a test.
    pub fn is_test(&self) -> bool {
        self.path.split('/').any(|part| ["tests", "tests.rs", "benches"].contains(&part))
    }

    /// The file without the tests at its end.
    pub fn shipped(&self) -> &str {
        let tail = self.text.find("\n#[cfg(test)]\nmod ");
        &self.text[..tail.map_or(self.text.len(), |at| at + 1)]
    }

    /// The file read as Rust, without the tests at its end.
    pub fn rust(&self) -> Rust {
        Rust::read(self.shipped())
    }
}

fn walk(folder: &Path, prefix: &str, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the workspace").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() {
            if name != "target" && name != ".git" {
                walk(&entry.path(), &format!("{path}/"), sources);
            }
        } else if kind.is_file()
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            sources.push(Source { path, text });
        }
    }
}
