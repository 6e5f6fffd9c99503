//! What an operator may choose about the engine, with the defaults that most should keep.

use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// The engine's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who may make an account.
    pub sign_up: SignUpMode,
    /// Domains whose addresses may sign up; empty: any. (A filter on who may come in, not a grant.)
    pub email_domains: Vec<String>,
    /// How long sessions live.
    pub session: SessionConfig,
    /// How passwords are chosen and hashed.
    pub password: PasswordConfig,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpMode {
    /// Anybody with an address.
    Open,
    /// Administrators alone.
    Closed,
}

/// How long sessions live.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Without use.
    pub idle: Duration,
    /// At all, counted from sign-in and never extended.
    pub absolute: Duration,
}

/// How passwords are chosen and hashed.
#[derive(Clone, Debug)]
pub struct PasswordConfig {
    /// How many hashes may wait for a core before further ones are refused.
    pub queue: usize,
    /// The least length, in characters.
    pub min_length: usize,
    /// The least zxcvbn score, 0 to 4.
    pub min_score: u8,
    /// Whether upper case, lower case, digit and symbol must all occur.
    pub require_classes: bool,
    /// Argon2id memory, in KiB.
    pub argon2_memory_kib: u32,
    /// Argon2id passes.
    pub argon2_iterations: u32,
    /// Argon2id lanes.
    pub argon2_parallelism: u32,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            sign_up: SignUpMode::Open,
            email_domains: Vec::new(),
            session: SessionConfig { idle: 24 * HOUR, absolute: 30 * 24 * HOUR },
            password: PasswordConfig {
                queue: 320,
                min_length: 12,
                min_score: 3,
                require_classes: false,
                argon2_memory_kib: 19_456,
                argon2_iterations: 2,
                argon2_parallelism: 1,
            },
        }
    }
}
