//! Node.js for the tests: an OpenID provider that others wrote and our tests sign in to. Its packages are installed under
//! `target` when they are missing or not as they should be, and used as they are otherwise.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, root, steps};

/// Where the tests look for the packages.
pub const VARIABLE: &str = "VESTIBULE_TEST_NODE";

/// From npm: an OpenID provider that has passed the certification of the OpenID Foundation.
const PACKAGE: (&str, &str) = ("oidc-provider", "8.8.1");

/// Whether Node.js and its installer are there.
pub fn is_present() -> bool {
    let answers = |program| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    answers("node") && answers("npm")
}

/// Makes sure of the packages, and says where they are.
pub fn prepare() -> Outcome<PathBuf> {
    let directory = root().join("target/test-node");
    if is_complete(&directory) {
        return Ok(directory);
    }
    let wanted = format!("{}@{}", PACKAGE.0, PACKAGE.1);
    println!("== installing {wanted} from npm");
    if directory.exists() {
        std::fs::remove_dir_all(&directory).map_err(|why| format!("cannot remove {}: {why}", directory.display()))?;
    }
    std::fs::create_dir_all(&directory).map_err(|why| format!("cannot make {}: {why}", directory.display()))?;
    let npm = ["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error", "--prefix"];
    steps::quietly(Command::new("npm").args(npm).arg(&directory).arg(&wanted))
        .map_err(|why| format!("{why}\nThe tests need {wanted} from npm: is it within reach?"))?;
    match is_complete(&directory) {
        true => Ok(directory),
        false => Err(format!("{} has not got {wanted} after installing it", directory.display())),
    }
}

fn is_complete(directory: &Path) -> bool {
    let manifest = directory.join("node_modules").join(PACKAGE.0).join("package.json");
    let wanted = format!("\"version\": \"{}\"", PACKAGE.1);
    std::fs::read_to_string(manifest).is_ok_and(|manifest| manifest.contains(&wanted))
}
