//! What an operator may choose about the engine, with the defaults that most should keep.

use std::time::Duration;

use url::{Host, Url};

use crate::error::{Error, Result};
use crate::jwt::SigningAlgorithm;
use crate::oauth_config::OAuthConfig;
use crate::smtp::SmtpConfig;

const HOUR: Duration = Duration::from_secs(3600);

/// The engine's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where people find it: the only source of absolute links.
    pub public_url: Url,
    /// Who may make an account.
    pub sign_up: SignUpMode,
    /// Domains whose addresses may sign up; empty: any. (A filter on who may come in, not a grant.)
    pub email_domains: Vec<String>,
    /// How long sessions live.
    pub session: SessionConfig,
    /// How tokens for programs are signed and how long they live.
    pub tokens: TokensConfig,
    /// How passwords are chosen and hashed.
    pub password: PasswordConfig,
    /// Whether an address must be proven before its account can sign in with a password.
    pub require_verified_email: bool,
    /// How mail goes out.
    pub mail: MailConfig,
    /// Logins elsewhere.
    pub oauth: OAuthConfig,
    /// How wallets register.
    pub directory: DirectoryConfig,
}

/// How wallets register.
#[derive(Clone, Debug)]
pub struct DirectoryConfig {
    /// Whether a wallet must prove that it holds its key.
    pub require_proof: bool,
}

/// How mail goes out.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// The server that takes it; none: it is kept in the development outbox.
    pub smtp: Option<SmtpConfig>,
    /// Whether owners hear of a sign-in from a device that their account has not seen.
    pub new_device_notice: bool,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpMode {
    /// Anybody with an address.
    Open,
    /// Whoever is invited.
    Invite,
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

/// How tokens for programs are signed and how long they live.
#[derive(Clone, Debug)]
pub struct TokensConfig {
    /// How access tokens are signed.
    pub algorithm: SigningAlgorithm,
    /// For whom they are; none: whoever knows the public URL.
    pub audience: Option<String>,
    /// How long an access token lives, of 55 minutes at most.
    pub access: Duration,
    /// How long a refresh chain lives, counted from its start and never extended.
    pub chain: Duration,
    /// How long an API key lives if nothing is said, and at most.
    pub api_key: Duration,
    /// Whether an API key may live for ever.
    pub api_key_never_expires: bool,
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
            public_url: Url::parse("http://localhost:8080").expect("this is a URL"),
            sign_up: SignUpMode::Open,
            email_domains: Vec::new(),
            session: SessionConfig { idle: 24 * HOUR, absolute: 30 * 24 * HOUR },
            tokens: TokensConfig {
                algorithm: SigningAlgorithm::EdDsa,
                audience: None,
                access: Duration::from_secs(15 * 60),
                chain: 30 * 24 * HOUR,
                api_key: 365 * 24 * HOUR,
                api_key_never_expires: false,
            },
            password: PasswordConfig {
                queue: 320,
                min_length: 12,
                min_score: 3,
                require_classes: false,
                argon2_memory_kib: 19_456,
                argon2_iterations: 2,
                argon2_parallelism: 1,
            },
            require_verified_email: false,
            mail: MailConfig { smtp: None, new_device_notice: true },
            oauth: OAuthConfig::default(),
            directory: DirectoryConfig { require_proof: true },
        }
    }
}

impl Config {
    /// Whether the instance is reached on this machine alone, as while developing.
    pub fn is_local(&self) -> bool {
        match self.public_url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }

    /// The public address of one of our paths.
    pub(crate) fn absolute(&self, path: &str) -> String {
        let url = &self.public_url;
        format!("{}{}{path}", url.origin().ascii_serialization(), url.path().trim_end_matches('/'))
    }

    /// For whom wallets' tokens are.
    pub(crate) fn directory_audience(&self) -> String {
        self.absolute("/directory")
    }

    /// Refuses tokens that could not be told apart, or would outlive the keys that they are verified by.
    pub(crate) fn check(&self) -> Result<()> {
        self.tokens.check()?;
        match self.tokens.audience.as_ref() == Some(&self.directory_audience()) {
            true => Err(Error::Setup("tokens.audience is the audience of wallets' tokens: choose another".to_owned())),
            false => Ok(()),
        }
    }

    /// Whether a mail reaches somebody: by SMTP, or in the development outbox of a local instance.
    pub fn is_mail_read(&self) -> bool {
        self.mail.smtp.is_some() || self.is_local()
    }
}
