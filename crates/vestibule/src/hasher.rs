//! Hashing passwords with Argon2id, as much at once as there are cores and no more: each core keeps one block of
//! memory, a bounded number of callers waits in order of arrival, and whoever comes beyond that is turned away at
//! once. So sign-ins can neither exhaust memory nor starve anything else.
//! One account has at most two attempts in here at a time; the rest of its attempts wait their turn.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::PasswordConfig;
use crate::error::{Error, Result};
use crate::random::Random;
use crate::secret::Digest;

const ATTEMPTS_AT_ONCE: usize = 2;
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The pool, cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Hasher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    params: Params,
    /// A hash that no password matches, to work on when there is none to look at.
    decoy: String,
    random: Random,
    room: Arc<Semaphore>,
    cores: Arc<Semaphore>,
    memory: Mutex<Vec<Vec<Block>>>,
    turns: Mutex<HashMap<Digest, Turns>>,
    computed: AtomicU64,
}

#[derive(Debug)]
struct Turns {
    semaphore: Arc<Semaphore>,
    users: usize,
}

/// Room in the pool: whoever holds one will be served, in order of arrival.
#[derive(Debug)]
pub(crate) struct Ticket(#[expect(dead_code, reason = "held, and given back when dropped")] OwnedSemaphorePermit);

/// A core of one's own, until the work on it has ended.
#[derive(Debug)]
pub(crate) struct Core(#[expect(dead_code, reason = "held, and given back when dropped")] OwnedSemaphorePermit);

/// One of the two attempts that an account may have in the pool at once.
#[derive(Debug)]
pub(crate) struct Turn {
    hasher: Hasher,
    key: Digest,
    permit: Option<OwnedSemaphorePermit>,
}

impl Hasher {
    pub(crate) fn new(config: &PasswordConfig, random: Random) -> Result<Hasher> {
        let params = Params::new(config.argon2_memory_kib, config.argon2_iterations, config.argon2_parallelism, None)
            .map_err(|why| Error::Setup(format!("the Argon2 settings do not fit together: {why}")))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut inner = Inner {
            params,
            decoy: String::new(),
            random,
            room: Arc::new(Semaphore::new(cores + config.queue)),
            cores: Arc::new(Semaphore::new(cores)),
            memory: Mutex::default(),
            turns: Mutex::default(),
            computed: AtomicU64::new(0),
        };
        let unguessable: [u8; 32] = inner.random.bytes();
        inner.decoy = inner.hash(&unguessable)?;
        Ok(Hasher(Arc::new(inner)))
    }

    /// Room in the pool, or `Unavailable` at once when it is full.
    pub(crate) fn admit(&self) -> Result<Ticket> {
        let room = self.0.room.clone().try_acquire_owned();
        room.map(Ticket).map_err(|_| Error::Unavailable { retry_after: RETRY_AFTER })
    }

    /// Waits for one of the two turns of whoever the key stands for.
    pub(crate) async fn turn(&self, _ticket: &Ticket, key: Digest) -> Turn {
        let semaphore = {
            let mut turns = self.0.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = turns
                .entry(key)
                .or_insert_with(|| Turns { semaphore: Arc::new(Semaphore::new(ATTEMPTS_AT_ONCE)), users: 0 });
            entry.users += 1;
            entry.semaphore.clone()
        };
        let mut turn = Turn { hasher: self.clone(), key, permit: None };
        turn.permit = Some(semaphore.acquire_owned().await.expect("the semaphore of turns is never closed"));
        turn
    }

    /// Waits for a core. The place in line is taken at the first poll, so other work can be done while waiting.
    pub(crate) async fn core(&self, _ticket: &Ticket) -> Result<Core> {
        self.0.cores.clone().acquire_owned().await.map(Core).map_err(Error::internal)
    }

    /// Whether the password has this hash; with none, the same work and always false.
    pub(crate) async fn verify(&self, core: Core, password: SecretString, hash: Option<String>) -> Result<bool> {
        self.on_a_core(core, move |inner| {
            let matches = inner.verify(password.expose_secret().as_bytes(), hash.as_deref().unwrap_or(&inner.decoy))?;
            Ok(matches && hash.is_some())
        })
        .await
    }

    /// The password's hash under today's parameters.
    pub(crate) async fn hash(&self, ticket: &Ticket, password: SecretString) -> Result<String> {
        let core = self.core(ticket).await?;
        self.on_a_core(core, move |inner| inner.hash(password.expose_secret().as_bytes())).await
    }

    /// Whether the password has any of these hashes.
    pub(crate) async fn matches_any(
        &self,
        ticket: &Ticket,
        password: SecretString,
        hashes: Vec<String>,
    ) -> Result<bool> {
        let core = self.core(ticket).await?;
        self.on_a_core(core, move |inner| {
            for hash in &hashes {
                if inner.verify(password.expose_secret().as_bytes(), hash)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }

    /// Other slow work on a password, under the same bounds.
    pub(crate) async fn think<T: Send + 'static>(
        &self,
        ticket: &Ticket,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let core = self.core(ticket).await?;
        self.on_a_core(core, move |_| Ok(work())).await
    }

    /// Whether a hash was made with other parameters than today's.
    pub(crate) fn is_outdated(&self, hash: &str) -> bool {
        let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
        let today = &self.0.params;
        params.is_none_or(|then| {
            (then.m_cost(), then.t_cost(), then.p_cost()) != (today.m_cost(), today.t_cost(), today.p_cost())
        })
    }

    /// How many hashes were computed so far.
    pub(crate) fn computed(&self) -> u64 {
        self.0.computed.load(Ordering::Relaxed)
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        core: Core,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = self.0.clone();
        // The permit goes along: a caller who leaves does not let another hash begin before this one has ended.
        let work = tokio::task::spawn_blocking(move || {
            let done = work(&inner);
            drop(core);
            done
        });
        work.await.map_err(Error::internal)?
    }
}

impl Inner {
    fn hash(&self, password: &[u8]) -> Result<String> {
        let salt: [u8; 16] = self.random.bytes();
        let output = self.derive(password, &salt, &self.params)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(Error::internal)?,
            salt: Some(Salt::new(&salt).map_err(Error::internal)?),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }

    fn verify(&self, password: &[u8], hash: &str) -> Result<bool> {
        let hash = PasswordHash::new(hash).map_err(Error::internal)?;
        let params = Params::try_from(&hash).map_err(Error::internal)?;
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
            return Err(Error::internal("a stored password hash has no salt or no output"));
        };
        Ok(self.derive(password, &salt, &params)? == expected) // compared in constant time by Output
    }

    fn derive(&self, password: &[u8], salt: &[u8], params: &Params) -> Result<Output> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        let mut blocks = self.lock_memory().pop().unwrap_or_default();
        blocks.resize(params.block_count().max(blocks.len()), Block::default());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let done = argon2.hash_password_into_with_memory(password, salt, &mut output, &mut blocks);
        self.lock_memory().push(blocks);
        done.map_err(Error::internal)?;
        Output::new(&output).map_err(Error::internal)
    }

    fn lock_memory(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.permit = None;
        let mut turns = self.hasher.0.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = turns.get_mut(&self.key) {
            entry.users -= 1;
            if entry.users == 0 {
                turns.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier as _;

    use super::*;

    fn hasher(queue: usize) -> Hasher {
        let config =
            PasswordConfig { queue, argon2_memory_kib: 8, argon2_iterations: 1, ..crate::Config::default().password };
        Hasher::new(&config, Random::seeded(1)).expect("the parameters fit")
    }

    #[tokio::test]
    async fn a_hash_is_a_phc_string_that_any_argon2_verifies() {
        let hasher = hasher(4);
        let ticket = hasher.admit().expect("room");
        let hash = hasher.hash(&ticket, "correct horse".into()).await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(Argon2::default().verify_password(b"correct horse", hash.as_str()).is_ok());
        assert!(
            hasher
                .verify(hasher.core(&ticket).await.expect("a core"), "correct horse".into(), Some(hash.clone()))
                .await
                .expect("an answer")
        );
        assert!(
            !hasher
                .verify(hasher.core(&ticket).await.expect("a core"), "wrong horse".into(), Some(hash.clone()))
                .await
                .expect("an answer")
        );
        assert!(
            !hasher
                .verify(hasher.core(&ticket).await.expect("a core"), "correct horse".into(), None)
                .await
                .expect("an answer")
        );
        assert!(!hasher.is_outdated(&hash));
        assert!(hasher.is_outdated(&hash.replace("m=8", "m=16")));
    }

    #[tokio::test]
    async fn whoever_comes_beyond_the_queue_is_turned_away_and_nobody_else() {
        let hasher = hasher(3);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut tickets: Vec<Ticket> = (0..cores + 3).map(|_| hasher.admit().expect("room")).collect();
        assert!(matches!(hasher.admit(), Err(Error::Unavailable { .. })));
        tickets.pop();
        assert!(hasher.admit().is_ok());
    }

    #[tokio::test]
    async fn an_account_has_two_turns_and_leaves_nothing_behind() {
        let hasher = hasher(8);
        let ticket = hasher.admit().expect("room");
        let (ann, bob) = (Digest::of(b"ann"), Digest::of(b"bob"));
        let first = hasher.turn(&ticket, ann).await;
        let _second = hasher.turn(&ticket, ann).await;
        let third = tokio::time::timeout(Duration::from_millis(20), hasher.turn(&ticket, ann)).await;
        assert!(third.is_err(), "the third waits");
        drop(hasher.turn(&ticket, bob).await);
        drop(first);
        drop(hasher.turn(&ticket, ann).await);
        drop(_second);
        assert!(hasher.0.turns.lock().expect("not poisoned").is_empty());
    }
}
