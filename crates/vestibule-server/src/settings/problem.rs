//! What is wrong with the settings: always the setting's name and what to do, never the value of a secret.
//! Problems are collected, so that an operator reads all of them at once: first those of names, then those of values.

use std::fmt;

use serde::Serialize;

use super::key::Key;

/// One thing wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The setting, by the names that the operator knows it under.
    pub setting: String,
    /// What is wrong, and what would be right.
    pub why: String,
}

/// Everything found wrong with the settings; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problem {
    /// A problem of something that is not a setting, or not one alone.
    pub fn new(setting: impl Into<String>, why: impl Into<String>) -> Problem {
        Problem { setting: setting.into(), why: why.into() }
    }

    /// A problem of a setting.
    pub fn of(key: Key, why: impl Into<String>) -> Problem {
        Problem::new(format!("{} ({})", key.name(), key.env()), why)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.why)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}
