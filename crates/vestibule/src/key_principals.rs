//! Whom keys and access tokens stand for, cached as sessions are: an entry counts while the epoch of its account (or of
//! the service key) stands, nothing has expired, and the revocation feed is fresh. Uses of keys are noted in memory and
//! written together.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::accounts::Account;
use crate::api_keys::{ApiKey, KeyPrincipal, KeyState};
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::{ApiKeyId, ServiceKeyId};
use crate::principals::{Credential, Principal};
use crate::refresh_chains::RefreshChain;
use crate::secret::{Digest, Secret, SecretKind};
use crate::service_keys::ServiceKey;
use crate::sessions::Identity;
use crate::time::Timestamp;

const CAPACITY: usize = 100_000;
/// A key's use is noted at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// How many uses one statement writes.
const AT_ONCE: usize = 500;

/// What became of a credential that was presented.
#[derive(Clone, Debug)]
pub enum Presented<T> {
    /// It stands for this.
    Live(Arc<T>),
    /// It is a key of ours, and was revoked.
    Revoked,
    /// It is a key of ours, and has expired.
    Expired,
    /// It is nothing of ours.
    Unknown,
}

/// A key or an access token that is live.
#[derive(Debug)]
pub(crate) struct LiveKey {
    pub(crate) principal: Arc<Principal>,
    expires_at: Option<Timestamp>,
    used_at: AtomicI64,
    epoch: u64,
}

/// A service key that is live.
#[derive(Debug)]
pub(crate) struct LiveServiceKey {
    pub(crate) key: Arc<ServiceKey>,
    used_at: AtomicI64,
    epoch: u64,
}

/// The caches, and the uses that wait to be written.
#[derive(Debug)]
pub(crate) struct KeyPrincipals {
    accounts: Cache<Digest, Arc<LiveKey>>,
    services: Cache<Digest, Arc<LiveServiceKey>>,
    uses: Mutex<Uses>,
}

#[derive(Debug, Default)]
struct Uses {
    keys: HashMap<ApiKeyId, Timestamp>,
    services: HashMap<ServiceKeyId, Timestamp>,
}

impl Default for KeyPrincipals {
    fn default() -> KeyPrincipals {
        KeyPrincipals { accounts: Cache::new(CAPACITY), services: Cache::new(CAPACITY), uses: Mutex::default() }
    }
}

impl KeyPrincipals {
    fn lock(&self) -> std::sync::MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vestibule {
    /// Whom a bearer token stands for: a session's, an access token or an API key. That is a use of it.
    pub async fn principal(&self, token: &str) -> Result<Presented<Principal>> {
        if let Some(secret) = Secret::parse(SecretKind::Session, token) {
            let session = self.session(&secret).await?;
            return Ok(session.map_or(Presented::Unknown, |session| Presented::Live(session.principal.clone())));
        }
        let key = match self.look_at_key(token).await? {
            Presented::Live(key) => key,
            Presented::Revoked => return Ok(Presented::Revoked),
            Presented::Expired => return Ok(Presented::Expired),
            Presented::Unknown => return Ok(Presented::Unknown),
        };
        self.note_use(&key, self.now());
        Ok(Presented::Live(key.principal.clone()))
    }

    /// The access token or API key that a text is, without that being a use of it.
    pub(crate) async fn look_at_key(&self, token: &str) -> Result<Presented<LiveKey>> {
        let is_key = Secret::parse(SecretKind::ApiKey, token).is_some();
        if !is_key && !token.contains('.') {
            return Ok(Presented::Unknown);
        }
        let (digest, now) = (Digest::of(token.as_bytes()), self.now());
        if let Some(key) = self.cached_key(&digest, now) {
            return Ok(Presented::Live(key));
        }
        // Boxed: otherwise every check would carry, and copy, the room that a query needs.
        match is_key {
            true => Box::pin(self.load_key(digest, now)).await,
            false => Box::pin(self.load_access_token(token, digest, now)).await,
        }
    }

    fn cached_key(&self, digest: &Digest, now: Timestamp) -> Option<Arc<LiveKey>> {
        let key = self.principals().keys.accounts.get(digest)?;
        let is_current = key.epoch == self.db().epochs().of(key.principal.account_id.0);
        let is_live = key.expires_at.is_none_or(|end| now < end);
        (is_current && is_live && self.principals().is_feed_fresh(self.clock())).then_some(key)
    }

    async fn load_key(&self, digest: Digest, now: Timestamp) -> Result<Presented<LiveKey>> {
        let before = self.db().epochs().total();
        let mut connection = self.db().read().await?;
        let Some(found) = KeyPrincipal::find(&mut connection, &digest).await? else { return Ok(Presented::Unknown) };
        match found.state(now) {
            KeyState::Live => {}
            KeyState::Expired => return Ok(Presented::Expired),
            KeyState::Revoked => return Ok(Presented::Revoked),
        }
        let account = Account::find(&mut connection, found.key.account_id).await?;
        let Some(account) = account else { return Ok(Presented::Unknown) }; // deleted meanwhile
        let credential = Credential::ApiKey(found.key.id);
        let limit = found.key.permissions.as_deref();
        let principal = self.principal_of(&mut connection, &Identity::of(&account), credential, limit).await?;
        let principal = Principal { organization: found.key.organization_id, ..principal };
        let used_at = found.key.last_used_at.map_or(i64::MIN, |at| at.0);
        Ok(Presented::Live(self.keep(digest, principal, (found.ends_at(), used_at), before)))
    }

    async fn load_access_token(&self, token: &str, digest: Digest, now: Timestamp) -> Result<Presented<LiveKey>> {
        let before = self.db().epochs().total();
        let Some(claims) = self.verify_access_token(token).await? else { return Ok(Presented::Unknown) };
        let mut connection = self.db().read().await?;
        let life = self.config().tokens.chain;
        let chain = RefreshChain::find(&mut connection, claims.sid).await?;
        let is_of_chain =
            chain.is_some_and(|chain| chain.account_id == claims.sub && chain.session_version == claims.sv);
        let live_until = RefreshChain::live_until(&mut connection, claims.sid, now, life).await?;
        let Some(live_until) = live_until.filter(|_| is_of_chain) else { return Ok(Presented::Unknown) };
        let account = Account::find(&mut connection, claims.sub).await?;
        let Some(account) = account else { return Ok(Presented::Unknown) }; // deleted meanwhile
        let credential = Credential::AccessToken(claims.sid);
        let principal = self.principal_of(&mut connection, &Identity::of(&account), credential, None).await?;
        let ends_at = Timestamp(claims.exp.saturating_mul(1_000_000)).min(live_until);
        Ok(Presented::Live(self.keep(digest, principal, (Some(ends_at), i64::MAX), before)))
    }

    /// Keeps what a credential stands for, unless power moved while it was read.
    fn keep(
        &self,
        digest: Digest,
        principal: Principal,
        (expires_at, used_at): (Option<Timestamp>, i64),
        before: u64,
    ) -> Arc<LiveKey> {
        let epochs = self.db().epochs();
        let epoch = epochs.of(principal.account_id.0);
        let used_at = AtomicI64::new(used_at);
        let key = Arc::new(LiveKey { principal: Arc::new(principal), expires_at, used_at, epoch });
        if epochs.total() == before {
            self.principals().keys.accounts.insert(digest, key.clone());
        }
        key
    }

    fn note_use(&self, key: &LiveKey, now: Timestamp) {
        let Credential::ApiKey(id) = key.principal.credential else { return };
        if is_due(&key.used_at, now) {
            self.principals().keys.lock().keys.insert(id, now);
        }
    }

    /// The service key that a secret is.
    pub async fn service_key(&self, secret: &Secret) -> Result<Presented<ServiceKey>> {
        let now = self.now();
        let live = match self.look_at_service_key(secret).await? {
            Presented::Live(live) => live,
            Presented::Revoked => return Ok(Presented::Revoked),
            Presented::Expired => return Ok(Presented::Expired),
            Presented::Unknown => return Ok(Presented::Unknown),
        };
        if is_due(&live.used_at, now) {
            self.principals().keys.lock().services.insert(live.key.id, now);
        }
        Ok(Presented::Live(live.key.clone()))
    }

    /// The same, without that being a use of it.
    pub(crate) async fn look_at_service_key(&self, secret: &Secret) -> Result<Presented<LiveServiceKey>> {
        let (digest, now) = (secret.digest(), self.now());
        match self.cached_service_key(&digest, now) {
            Some(live) => Ok(Presented::Live(live)),
            None => Box::pin(self.load_service_key(digest, now)).await,
        }
    }

    fn cached_service_key(&self, digest: &Digest, now: Timestamp) -> Option<Arc<LiveServiceKey>> {
        let live = self.principals().keys.services.get(digest)?;
        let is_current = live.epoch == self.db().epochs().of(live.key.id.0);
        let is_live = live.key.expires_at.is_none_or(|end| now < end);
        (is_current && is_live && self.principals().is_feed_fresh(self.clock())).then_some(live)
    }

    async fn load_service_key(&self, digest: Digest, now: Timestamp) -> Result<Presented<LiveServiceKey>> {
        let epochs = self.db().epochs();
        let before = epochs.total();
        let found = ServiceKey::find_by_digest(&mut self.db().read().await?, &digest).await?;
        let Some(key) = found else { return Ok(Presented::Unknown) };
        if key.revoked_at.is_some() {
            return Ok(Presented::Revoked);
        }
        if key.expires_at.is_some_and(|end| now >= end) {
            return Ok(Presented::Expired);
        }
        let used_at = AtomicI64::new(key.last_used_at.map_or(i64::MIN, |at| at.0));
        let epoch = epochs.of(key.id.0);
        let live = Arc::new(LiveServiceKey { key: Arc::new(key), used_at, epoch });
        if epochs.total() == before {
            self.principals().keys.services.insert(digest, live.clone());
        }
        Ok(Presented::Live(live))
    }

    /// Writes the uses of keys that wait. On failure they wait for the next time.
    pub(crate) async fn flush_key_uses(&self) -> Result<()> {
        let Uses { keys, services } = std::mem::take(&mut *self.principals().keys.lock());
        let written = self.write_key_uses(&keys, &services).await;
        if written.is_err() {
            let mut waiting = self.principals().keys.lock();
            put_back(&mut waiting.keys, keys);
            put_back(&mut waiting.services, services);
        }
        written
    }

    async fn write_key_uses(
        &self,
        keys: &HashMap<ApiKeyId, Timestamp>,
        services: &HashMap<ServiceKeyId, Timestamp>,
    ) -> Result<()> {
        let keys: Vec<_> = keys.iter().map(|(id, at)| (*id, *at)).collect();
        let services: Vec<_> = services.iter().map(|(id, at)| (*id, *at)).collect();
        for some in keys.chunks(AT_ONCE) {
            let mut tx = self.db().write_yielding().await?;
            ApiKey::touch(&mut tx, some).await?;
            tx.commit().await?;
        }
        for some in services.chunks(AT_ONCE) {
            let mut tx = self.db().write_yielding().await?;
            ServiceKey::touch(&mut tx, some).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Whether a use is to be noted; of several at once one is.
fn is_due(used_at: &AtomicI64, now: Timestamp) -> bool {
    let seen = used_at.load(Ordering::Relaxed);
    let is_due = seen == i64::MIN || now >= Timestamp(seen).plus(TOUCH_EVERY);
    is_due && used_at.compare_exchange(seen, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

fn put_back<K: Eq + Hash>(waiting: &mut HashMap<K, Timestamp>, uses: HashMap<K, Timestamp>) {
    for (id, at) in uses {
        waiting.entry(id).or_insert(at);
    }
}
