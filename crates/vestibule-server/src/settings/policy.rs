//! Which policy is meant to be in force: the file that is named, laid over the built-in policy, or that alone. A file
//! that is broken is refused with its name and the place in it, by every command, before anything else is touched.

use std::fmt;
use std::path::{Path, PathBuf};

use vestibule::Policy;

use super::key::Key;
use super::layers::Layers;
use super::problem::Problem;

/// A policy and where it was read.
#[derive(Clone, Debug)]
pub struct ChosenPolicy {
    /// Its file; none: the policy is the built-in one.
    pub file: Option<PathBuf>,
    /// The policy.
    pub policy: Policy,
}

impl ChosenPolicy {
    /// The policy that the settings choose.
    pub fn read(layers: &Layers) -> Result<ChosenPolicy, Problem> {
        match layers.given(Key::PolicyFile)? {
            None => Ok(ChosenPolicy { file: None, policy: Policy::built_in() }),
            Some(path) => {
                ChosenPolicy::of_file(Path::new(path.trim())).map_err(|why| Problem::of(Key::PolicyFile, why))
            }
        }
    }

    /// The policy of a file; a refusal names the file and the place.
    pub fn of_file(path: &Path) -> Result<ChosenPolicy, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|why| format!("{shown} cannot be read: {why}"))?;
        let policy = Policy::parse(&text).map_err(|why| format!("{shown}: {why}"))?;
        Ok(ChosenPolicy { file: Some(path.to_owned()), policy })
    }
}

impl fmt::Display for ChosenPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            None => f.write_str("built in"),
            Some(path) => path.display().fmt(f),
        }
    }
}
