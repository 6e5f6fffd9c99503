//! Who is this: from a session's token to what its account may do, cached, and never stale beyond the promise.
//! An entry remembers the epoch of its account as it was before its row was read; it counts only while that epoch
//! stands, the session has not expired, and the revocation feed was read within the last five seconds.
//! Revoking bumps the epoch after commit, so no reload can slip a dead session back in. Touches are kept in memory
//! and written together, away from the request's way.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use uuid::Uuid;

use crate::db::Tx;
use crate::decide::{Question, View, decide};
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::{AccountId, ApiKeyId, ChainId, OrganizationId, SessionId};
use crate::key_principals::KeyPrincipals;
use crate::needs::Need;
use crate::permissions::Permission;
use crate::revocations::{EVERYBODY, Revocations};
use crate::secret::{Digest, Secret};
use crate::sessions::{AuthMethod, Factor, Identity, SessionPrincipal, Touch};
use crate::time::{Clock, Timestamp, micros};

const CAPACITY: usize = 100_000;
const SLOTS: usize = 65_536;
/// A feed read longer ago than this is not believed.
const FRESH: Duration = Duration::from_secs(5);
/// A session's use is noted at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// How long a proof of who one is counts for dangerous acts.
const RECENT: Duration = Duration::from_secs(15 * 60);

/// Whom a credential stands for, and what it may do.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Whose it is.
    pub account_id: AccountId,
    /// How people know the account.
    pub label: String,
    /// The account's address.
    pub email: Option<String>,
    /// Whether somebody proved that address for it; without, anybody may have typed it.
    pub email_verified: bool,
    /// Its username.
    pub username: Option<String>,
    /// What its owner wants to be called.
    pub name: Option<String>,
    /// The slugs of its groups.
    pub groups: Vec<String>,
    /// What the account may do.
    pub view: Arc<View>,
    /// What the credential is limited to besides; none: to nothing.
    pub limit: Option<Arc<View>>,
    /// What was presented.
    pub credential: Credential,
    /// Of which organization the key is that was presented; none: of none, or it is no key.
    pub organization: Option<OrganizationId>,
}

/// What somebody acts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A session.
    Session(SessionId),
    /// An access token of this chain.
    AccessToken(ChainId),
    /// An API key.
    ApiKey(ApiKeyId),
}

/// A live session; reads as its [`Principal`].
#[derive(Debug)]
pub struct LiveSession {
    /// Whose it is, and what they may do.
    pub principal: Arc<Principal>,
    /// The session.
    pub session_id: SessionId,
    /// How its owner last proved who they are.
    pub method: AuthMethod,
    /// The second factor it was opened with, if there was one.
    pub second_factor: Option<Factor>,
    /// When they did.
    pub authenticated_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends, however much it is used.
    pub absolute_expires_at: Timestamp,
    pub(crate) digest: Digest,
    last_seen_at: AtomicI64,
    expires_at: AtomicI64,
    epoch: u64,
}

/// How often each account's power changed, as far as this node knows: a fixed array, so nothing is ever evicted.
/// Two accounts may share a slot; that costs a look-up and nothing else.
#[derive(Debug)]
pub(crate) struct Epochs {
    slots: Box<[AtomicU64]>,
    /// Every bump of any slot, counted before the slot moves: whoever sees a slot's new value and an old total has read
    /// the total first, and will see it move.
    total: AtomicU64,
}

/// The cache, its feed, and the touches that wait to be written.
#[derive(Debug)]
pub(crate) struct Principals {
    cache: Cache<Digest, Arc<LiveSession>>,
    pub(crate) keys: KeyPrincipals,
    seq: AtomicI64,
    read_at: AtomicI64,
    touches: Mutex<HashMap<SessionId, Touch>>,
}

impl Clone for LiveSession {
    fn clone(&self) -> LiveSession {
        LiveSession {
            principal: Arc::clone(&self.principal),
            last_seen_at: AtomicI64::new(self.last_seen_at.load(Ordering::Relaxed)),
            expires_at: AtomicI64::new(self.expires_at.load(Ordering::Relaxed)),
            ..*self
        }
    }
}

impl LiveSession {
    /// When it ends if it is not used again.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp(self.expires_at.load(Ordering::Relaxed))
    }

    /// Whether its owner proved who they are within the last 15 minutes.
    pub fn is_recently_proven(&self, now: Timestamp) -> bool {
        now < self.authenticated_at.plus(RECENT)
    }

    /// Its last use, which may still wait to be written.
    pub(crate) fn last_touch(&self) -> Touch {
        let seen_at = Timestamp(self.last_seen_at.load(Ordering::Relaxed));
        Touch { seen_at, expires_at: self.expires_at() }
    }

    fn new(row: &SessionPrincipal, principal: Arc<Principal>, digest: Digest, epoch: u64) -> LiveSession {
        LiveSession {
            session_id: row.id,
            principal,
            method: row.method,
            second_factor: row.second_factor,
            authenticated_at: row.authenticated_at,
            created_at: row.created_at,
            absolute_expires_at: row.absolute_expires_at,
            digest,
            last_seen_at: AtomicI64::new(row.last_seen_at.0),
            expires_at: AtomicI64::new(row.expires_at.0),
            epoch,
        }
    }

    fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at() && now < self.absolute_expires_at
    }
}

impl Deref for LiveSession {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl Principal {
    /// Whether it may do this: its account may, and nothing that limits the credential is against it.
    pub fn may(&self, need: Need) -> bool {
        self.allows(&Question::new(need.action, need.resource))
    }

    /// Whether it may do what is asked.
    pub fn allows(&self, question: &Question<'_>) -> bool {
        decide(&self.view, question) && self.limit.as_ref().is_none_or(|limit| decide(limit, question))
    }
}

impl Default for Epochs {
    fn default() -> Epochs {
        Epochs { slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(), total: AtomicU64::new(0) }
    }
}

impl Epochs {
    /// Forgets what is cached of an account, or of everybody if it is nobody's id.
    pub(crate) fn bump(&self, account: Uuid) {
        if account == EVERYBODY.0 {
            return self.bump_all();
        }
        self.total.fetch_add(1, Ordering::SeqCst);
        self.slot(account).fetch_add(1, Ordering::SeqCst);
    }

    /// Forgets everybody.
    pub(crate) fn bump_all(&self) {
        self.total.fetch_add(1, Ordering::SeqCst);
        self.slots.iter().for_each(|slot| _ = slot.fetch_add(1, Ordering::SeqCst));
    }

    pub(crate) fn of(&self, account: Uuid) -> u64 {
        self.slot(account).load(Ordering::SeqCst)
    }

    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::SeqCst)
    }

    fn slot(&self, account: Uuid) -> &AtomicU64 {
        let bytes = account.as_bytes(); // the last bytes of a UUIDv7 are random
        &self.slots[usize::from(u16::from_be_bytes([bytes[14], bytes[15]]))]
    }
}

impl Principals {
    pub(crate) fn new(seq: i64) -> Principals {
        Principals {
            cache: Cache::new(CAPACITY),
            keys: KeyPrincipals::default(),
            seq: AtomicI64::new(seq),
            read_at: AtomicI64::new(i64::MIN),
            touches: Mutex::default(),
        }
    }

    /// Whether what other nodes revoked is known here well enough to believe the cache.
    pub(crate) fn is_feed_fresh(&self, clock: &Clock) -> bool {
        let read_at = self.read_at.load(Ordering::Acquire);
        read_at != i64::MIN && micros(clock.monotonic()) - read_at < micros(FRESH)
    }

    fn touch(&self, session: &LiveSession, now: Timestamp, idle: Duration) {
        let seen = session.last_seen_at.load(Ordering::Relaxed);
        if now < Timestamp(seen).plus(TOUCH_EVERY) {
            return;
        }
        if session.last_seen_at.compare_exchange(seen, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let expires_at = now.plus(idle).min(session.absolute_expires_at);
            session.expires_at.fetch_max(expires_at.0, Ordering::Relaxed);
            self.lock_touches().insert(session.session_id, Touch { seen_at: now, expires_at });
        }
    }

    fn lock_touches(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Touch>> {
        self.touches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vestibule {
    /// The live session that a token stands for, if it does.
    pub async fn session(&self, token: &Secret) -> Result<Option<Arc<LiveSession>>> {
        let session = self.look_at_session(token).await?;
        if let Some(session) = &session {
            self.principals().touch(session, self.now(), self.config().session.idle);
        }
        Ok(session)
    }

    /// The live session that a token stands for, without that being a use of it.
    pub(crate) async fn look_at_session(&self, token: &Secret) -> Result<Option<Arc<LiveSession>>> {
        let (digest, now) = (token.digest(), self.now());
        match self.cached(&digest, now) {
            Some(session) => Ok(Some(session)),
            // Boxed: otherwise every check would carry, and copy, the room that a query needs.
            None => Box::pin(self.load(digest, now)).await,
        }
    }

    fn cached(&self, digest: &Digest, now: Timestamp) -> Option<Arc<LiveSession>> {
        let session = self.principals().cache.get(digest)?;
        let is_current = session.epoch == self.db().epochs().of(session.account_id.0);
        (is_current && session.is_live(now) && self.principals().is_feed_fresh(self.clock())).then_some(session)
    }

    async fn load(&self, digest: Digest, now: Timestamp) -> Result<Option<Arc<LiveSession>>> {
        let epochs = self.db().epochs();
        let before = epochs.total();
        let mut connection = self.db().read().await?;
        let Some(row) = SessionPrincipal::find_live(&mut connection, &digest, now).await? else {
            self.principals().cache.remove(&digest);
            return Ok(None);
        };
        let principal = self.principal_of(&mut connection, &row.who, Credential::Session(row.id), None).await?;
        drop(connection);
        let epoch = epochs.of(row.who.account_id.0);
        let session = Arc::new(LiveSession::new(&row, Arc::new(principal), digest, epoch));
        if epochs.total() == before {
            self.principals().cache.insert(digest, session.clone());
        }
        Ok(Some(session))
    }

    /// Whom a credential of an account stands for; a key's permissions limit it besides.
    pub(crate) async fn principal_of(
        &self,
        tx: &mut Tx,
        who: &Identity,
        credential: Credential,
        limit: Option<&[Permission]>,
    ) -> Result<Principal> {
        let held = self.held_in(tx, who.account_id).await?;
        Ok(Principal {
            account_id: who.account_id,
            label: who.label.clone(),
            email: who.email.clone(),
            email_verified: who.email_verified,
            username: who.username.clone(),
            name: who.name.clone(),
            groups: held.holdings.groups.into_keys().collect(),
            limit: limit.map(|permissions| Arc::new(held.view.limited_to(permissions))),
            view: Arc::new(held.view),
            credential,
            organization: None,
        })
    }

    /// Reads what other nodes revoked and forgets it here.
    pub(crate) async fn read_feed(&self) -> Result<()> {
        let started = micros(self.clock().monotonic());
        let principals = self.principals();
        let seen = principals.seq.load(Ordering::Acquire);
        let news = Revocations::since(&mut self.db().read().await?, seen).await?;
        match &news.accounts {
            Some(accounts) => accounts.iter().for_each(|account| self.db().epochs().bump(*account)),
            None => self.db().epochs().bump_all(),
        }
        principals.seq.store(news.head, Ordering::Release);
        principals.read_at.store(started, Ordering::Release);
        Ok(())
    }

    /// Writes the touches that wait. On failure they wait for the next time.
    pub async fn flush_touches(&self) -> Result<()> {
        let uses = self.flush_key_uses().await; // what fails there keeps no session from being noted
        let touches = std::mem::take(&mut *self.principals().lock_touches());
        if touches.is_empty() {
            return uses;
        }
        let written = self.write_touches(&touches).await;
        if written.is_err() {
            let mut waiting = self.principals().lock_touches();
            for (session, touch) in touches {
                waiting.entry(session).or_insert(touch);
            }
        }
        written.and(uses)
    }

    async fn write_touches(&self, touches: &HashMap<SessionId, Touch>) -> Result<()> {
        let touches: Vec<_> = touches.iter().map(|(session, touch)| (*session, *touch)).collect();
        for some in touches.chunks(Touch::AT_ONCE) {
            let mut tx = self.db().write_yielding().await?;
            Touch::write(&mut tx, some).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
