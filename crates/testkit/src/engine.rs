//! An engine for one test: on a `TestDb`, with cheap password hashes, repeatable randomness, and a clock that stands
//! still until the test moves it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretSlice;
use vestibule::directory::Directory;
use vestibule::{Background, Clock, Config, Db, Policy, Random, Timestamp, Vestibule};

use crate::databases::TestDb;
use crate::mailbox::Mailbox;

/// 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp(1_767_225_600_000_000);

/// A running engine, ready when a test gets it: swept once, and sure enough of its feed to believe its cache.
#[derive(Debug)]
pub struct TestEngine {
    /// The engine.
    pub engine: Vestibule,
    /// Its clock.
    pub clock: Clock,
    url: String,
    policy: Policy,
    directory: Option<Arc<dyn Directory>>,
    background: Option<Background>,
}

impl TestEngine {
    /// With the default settings.
    pub async fn new(db: &TestDb) -> TestEngine {
        Self::with(db, |_| {}).await
    }

    /// With other settings.
    pub async fn with(db: &TestDb, change: impl FnOnce(&mut Config)) -> TestEngine {
        let mut config = cheap();
        change(&mut config);
        Self::build(&db.url, (config, Policy::built_in()), Clock::manual(START), Random::seeded(1)).await
    }

    /// With a policy file laid over the built-in policy.
    ///
    /// # Panics
    /// When the text is not a policy.
    pub async fn with_policy(db: &TestDb, policy: &str) -> TestEngine {
        let policy = Policy::parse(policy).expect("the test's policy can be read");
        Self::build(&db.url, (cheap(), policy), Clock::manual(START), Random::seeded(1)).await
    }

    /// With other settings, and nothing that runs beside the test: mail goes out when the test says so.
    pub async fn quiet(db: &TestDb, change: impl FnOnce(&mut Config)) -> TestEngine {
        Self::with(db, change).await.quieted().await
    }

    /// With its directory of wallets in another store than the database.
    pub async fn with_directory(db: &TestDb, directory: Arc<dyn Directory>) -> TestEngine {
        let source = (Clock::manual(START), Random::seeded(1));
        Self::build_on(&db.url, (cheap(), Policy::built_in()), source, Some(directory)).await
    }

    /// By the machine's clock, for what another process must agree about.
    pub async fn system_clock(db: &TestDb) -> TestEngine {
        let settings = (cheap(), Policy::built_in());
        Self::build(&db.url, settings, Clock::system(), Random::seeded(1)).await
    }

    /// Another node on the same database: its own connections and cache, the same secret, clock, settings and policy. It
    /// draws from the same stream of randomness, as two streams of one seed would give two rows one id.
    pub async fn second_node(&self) -> TestEngine {
        let second = self.second_node_with(self.directory.clone()).await;
        if self.background.is_some() { second } else { second.quieted().await }
    }

    /// Another node on the same database, which gets to the directory in its own way.
    pub async fn second_node_with(&self, directory: Option<Arc<dyn Directory>>) -> TestEngine {
        self.node(self.clock.clone(), directory).await
    }

    /// Another node on the same database, whose clock is ahead and stays so as long as nobody moves either.
    pub async fn node_ahead(&self, by: Duration, directory: Option<Arc<dyn Directory>>) -> TestEngine {
        self.node(Clock::manual(self.clock.now().plus(by)), directory).await
    }

    async fn node(&self, clock: Clock, directory: Option<Arc<dyn Directory>>) -> TestEngine {
        let settings = (self.engine.config().clone(), self.policy.clone());
        Self::build_on(&self.url, settings, (clock, self.engine.random().clone()), directory).await
    }

    /// The mail it has written, where it has no SMTP.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::open(&self.engine)
    }

    async fn quieted(mut self) -> TestEngine {
        if let Some(background) = self.background.take() {
            background.stop().await.expect("nothing is left undone");
        }
        self
    }

    async fn build(url: &str, settings: (Config, Policy), clock: Clock, random: Random) -> TestEngine {
        Self::build_on(url, settings, (clock, random), None).await
    }

    async fn build_on(
        url: &str,
        (config, policy): (Config, Policy),
        (clock, random): (Clock, Random),
        directory: Option<Arc<dyn Directory>>,
    ) -> TestEngine {
        let db = Db::connect(url).await.expect("the test's database opens");
        let builder = Vestibule::builder(db, SecretSlice::from(vec![7; 32])).policy(policy.clone());
        let builder = builder.config(config).clock(clock.clone()).random(random);
        let builder = match &directory {
            Some(directory) => builder.directory(Arc::clone(directory)),
            None => builder,
        };
        let engine = builder.build().await.expect("an engine can be built");
        let background = engine.start();
        while !engine.health().await.is_ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        TestEngine { engine, clock, url: url.to_owned(), policy, directory, background: Some(background) }
    }
}

/// The defaults, with the cheapest Argon2id there is.
fn cheap() -> Config {
    let mut config = Config::default();
    config.password.argon2_memory_kib = 8;
    config.password.argon2_iterations = 1;
    config.password.argon2_parallelism = 1;
    config
}
