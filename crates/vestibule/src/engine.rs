//! The handle: everything Vestibule does is a method on it, in the file of its verb. Cheap to clone.

use std::sync::Arc;

use secrecy::SecretSlice;

use crate::abilities::Ability;
use crate::access_tokens::KnownKeys;
use crate::background::Pulse;
use crate::config::Config;
use crate::db::Db;
use crate::directory::{Directory, SqlDirectory};
use crate::error::Result;
use crate::hasher::Hasher;
use crate::id::AccountId;
use crate::jwt;
use crate::keyring::Keyring;
use crate::known_catalogue::KnownCatalogue;
use crate::policy::Policy;
use crate::policy_version::PolicyVersion;
use crate::principals::Principals;
use crate::providers::Providers;
use crate::random::Random;
use crate::reconcile_policy;
use crate::revocations::Revocations;
use crate::time::{Clock, Timestamp};

/// An instance of Vestibule over one database.
#[derive(Clone, Debug)]
pub struct Vestibule(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    random: Random,
    keyring: Keyring,
    config: Config,
    hasher: Hasher,
    principals: Principals,
    known_catalogue: KnownCatalogue,
    known_keys: KnownKeys,
    providers: Providers,
    pulse: Pulse,
    directory: Arc<dyn Directory>,
    on_password_changed: Hook,
}

/// What an embedding program asked to be told.
#[derive(Clone, Default)]
struct Hook(Option<Arc<dyn Fn(AccountId) + Send + Sync>>);

/// Whether the policy is written to the database at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WritesPolicy {
    Always,
    IfNew,
    Never,
}

/// What an instance is made of.
#[derive(Debug)]
pub struct Builder {
    db: Db,
    secret: SecretSlice<u8>,
    config: Config,
    clock: Clock,
    random: Random,
    policy: Policy,
    writes_policy: WritesPolicy,
    directory: Option<Arc<dyn Directory>>,
    on_password_changed: Hook,
}

impl Vestibule {
    /// Begins an instance over a database, with a master secret of at least 32 bytes.
    pub fn builder(db: Db, secret: SecretSlice<u8>) -> Builder {
        let (clock, random) = (Clock::system(), Random::system());
        let (policy, on_password_changed) = (Policy::built_in(), Hook::default());
        let (config, writes_policy) = (Config::default(), WritesPolicy::Always);
        Builder { db, secret, config, clock, random, policy, writes_policy, directory: None, on_password_changed }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The source of randomness.
    pub fn random(&self) -> &Random {
        &self.0.random
    }

    /// The keys.
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Where the directory of wallets is kept.
    pub fn directory(&self) -> &Arc<dyn Directory> {
        &self.0.directory
    }

    /// The public address of one of our paths.
    pub fn absolute(&self, path: &str) -> String {
        self.config().absolute(path)
    }

    /// How many password hashes this instance has computed: the measure of work that must not tell accounts apart.
    pub fn password_hashes(&self) -> u64 {
        self.0.hasher.computed()
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn principals(&self) -> &Principals {
        &self.0.principals
    }

    pub(crate) fn known_catalogue(&self) -> &KnownCatalogue {
        &self.0.known_catalogue
    }

    pub(crate) fn known_keys(&self) -> &KnownKeys {
        &self.0.known_keys
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.0.pulse
    }

    pub(crate) fn password_changed(&self, account: AccountId) {
        if let Some(told) = &self.0.on_password_changed.0 {
            told(account);
        }
    }
}

impl Builder {
    /// With these settings instead of the defaults.
    #[must_use]
    pub fn config(self, config: Config) -> Builder {
        Builder { config, ..self }
    }

    /// By this clock instead of the machine's.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Builder {
        Builder { clock, ..self }
    }

    /// With this randomness instead of the operating system's.
    #[must_use]
    pub fn random(self, random: Random) -> Builder {
        Builder { random, ..self }
    }

    /// With this policy instead of the built-in one. The database is brought to it.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Builder {
        Builder { policy, ..self }
    }

    /// Keeps the policy of the database, if it has one: for whoever comes beside a running instance, perhaps with other
    /// settings.
    #[must_use]
    pub fn only_if_new(self) -> Builder {
        Builder { writes_policy: WritesPolicy::IfNew, ..self }
    }

    /// Leaves the database without a policy if it has none: for whoever only looks.
    #[must_use]
    pub fn without_policy(self) -> Builder {
        Builder { writes_policy: WritesPolicy::Never, ..self }
    }

    /// Keeps the directory of wallets in this store instead of in the database.
    #[must_use]
    pub fn directory(self, directory: Arc<dyn Directory>) -> Builder {
        Builder { directory: Some(directory), ..self }
    }

    /// Calls this after each change of a password, on the task that changed it; it is never told the password.
    #[must_use]
    pub fn on_password_changed(self, told: impl Fn(AccountId) + Send + Sync + 'static) -> Builder {
        Builder { on_password_changed: Hook(Some(Arc::new(told))), ..self }
    }

    /// Brings the database up to date and to the policy, and gives the instance.
    pub async fn build(self) -> Result<Vestibule> {
        let keyring = Keyring::new(&self.secret)?;
        self.config.check()?;
        let providers = Providers::new(&self.config.oauth, &self.clock)?;
        jwt::install();
        let hasher = Hasher::new(&self.config.password, self.random.clone())?;
        self.db.migrate().await?;
        let mut tx = self.db.write().await?;
        let writes_policy = match self.writes_policy {
            WritesPolicy::Always => true,
            WritesPolicy::IfNew => PolicyVersion::get(&mut tx).await? == 0,
            WritesPolicy::Never => false,
        };
        if writes_policy {
            reconcile_policy::at_start(&mut tx, &self.policy, self.clock.now(), &self.random).await?;
        }
        Ability::ensure_built_in(&mut tx, self.clock.now(), &self.random).await?;
        let head = Revocations::head(&mut tx).await?;
        tx.commit().await?;
        let directory = self.directory.unwrap_or_else(|| Arc::new(SqlDirectory(self.db.clone())));
        Ok(Vestibule(Arc::new(Inner {
            db: self.db,
            clock: self.clock,
            random: self.random,
            keyring,
            config: self.config,
            hasher,
            principals: Principals::new(head),
            known_catalogue: KnownCatalogue::default(),
            known_keys: KnownKeys::default(),
            providers,
            pulse: Pulse::default(),
            directory,
            on_password_changed: self.on_password_changed,
        })))
    }
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Hook(…)" } else { "Hook" })
    }
}
