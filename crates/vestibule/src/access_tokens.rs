//! Access tokens at our own door, where they are worth no more than their chain: a signature says what was true when it
//! was made, and the database what is true now. The public keys are kept for a few minutes, and read again when a token
//! names one that is not known, at most once a second, so that forged names cost nothing. Whoever comes while they are
//! read waits for them. A key that was withdrawn is forgotten as sessions are, by the revocation feed: while that is not
//! read, no keys are believed for longer than a second.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::SigningKeyId;
use crate::jwt::{AccessClaims, AccessTokenVerifier, JwkSet, SigningAlgorithm, WalletClaims, published};
use crate::revocations::EVERYBODY;
use crate::signing_keys::SigningKey;
use crate::time::micros;

/// How often the keys are read again for names that are not known.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How long keys are believed: one that is no longer published is soon known by nobody.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// The verifier of our own tokens.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys {
    last: RwLock<Option<Known>>,
    reading: Mutex<()>,
}

/// A verifier, and when its keys were read, on the monotonic clock.
#[derive(Debug)]
struct Known {
    verifier: Arc<AccessTokenVerifier>,
    read_at: i64,
    epoch: u64,
}

impl Vestibule {
    /// The public keys that our access tokens are verified by (RFC 7517). The first is made when there is none.
    pub async fn jwks(&self) -> Result<JwkSet> {
        let keys = SigningKey::published(&mut self.db().read().await?, self.now()).await?;
        let keys = if keys.is_empty() { self.first_key().await? } else { keys };
        let keys = keys.iter().map(|key| published(key.id, key.algorithm, &key.public_key));
        Ok(JwkSet { keys: keys.collect::<Result<_>>()? })
    }

    async fn first_key(&self) -> Result<Vec<SigningKey>> {
        let mut tx = self.db().write().await?;
        self.signing_key(&mut tx).await?;
        let keys = SigningKey::published(&mut tx, self.now()).await?;
        tx.commit().await?;
        Ok(keys)
    }

    /// What an access token of ours says, if its signature and its times are good. Whether its chain still lives is
    /// another question.
    pub(crate) async fn verify_access_token(&self, token: &str) -> Result<Option<AccessClaims>> {
        let verifier = self.verifier_for(token).await?;
        Ok(verifier.and_then(|verifier| verifier.verify(token, self.now())))
    }

    /// What a wallet's token of ours says, if its signature and its times are good. What its member is now is another
    /// question.
    pub(crate) async fn verify_wallet_token(&self, token: &str) -> Result<Option<WalletClaims>> {
        let verifier = self.verifier_for(token).await?;
        Ok(verifier.and_then(|verifier| verifier.verify_as(token, &self.directory_audience(), self.now())))
    }

    /// A verifier that knows the key which a token names, if anybody does; none: it names none.
    async fn verifier_for(&self, token: &str) -> Result<Option<Arc<AccessTokenVerifier>>> {
        let Some(kid) = AccessTokenVerifier::kid_of(token) else { return Ok(None) };
        Ok(Some(match self.verifier_read_within(KEPT).filter(|verifier| verifier.knows(&kid)) {
            Some(verifier) => verifier,
            None => self.learn_keys(&kid).await?,
        }))
    }

    fn verifier_read_within(&self, span: Duration) -> Option<Arc<AccessTokenVerifier>> {
        let last = self.known_keys().last.read().unwrap_or_else(PoisonError::into_inner);
        let span = if self.principals().is_feed_fresh(self.clock()) { span } else { span.min(READ_EVERY) };
        let epoch = self.db().epochs().of(EVERYBODY.0);
        let is_fresh =
            |known: &&Known| known.epoch == epoch && micros(self.clock().monotonic()) - known.read_at < micros(span);
        last.as_ref().filter(is_fresh).map(|known| known.verifier.clone())
    }

    /// A verifier that knows a key, if anybody does: read now, or by whoever was reading when this was called.
    async fn learn_keys(&self, kid: &str) -> Result<Arc<AccessTokenVerifier>> {
        let _turn = self.known_keys().reading.lock().await;
        if let Some(verifier) = self.verifier_read_within(KEPT).filter(|verifier| verifier.knows(kid)) {
            return Ok(verifier);
        }
        if let Some(verifier) = self.verifier_read_within(READ_EVERY) {
            return Ok(verifier);
        }
        let read_at = micros(self.clock().monotonic());
        let epoch = self.db().epochs().of(EVERYBODY.0); // before the keys are read, so that none slips back in
        let keys = self.jwks().await?;
        let verifier = Arc::new(AccessTokenVerifier::new(self.issuer(), self.audience(), &keys));
        let known = Known { verifier: verifier.clone(), read_at, epoch };
        *self.known_keys().last.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(verifier)
    }

    /// Has the keys read again if they do not include this one, which signs: whoever signs also verifies.
    pub(crate) fn note_signing_key(&self, kid: SigningKeyId) {
        let mut last = self.known_keys().last.write().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_some_and(|known| !known.verifier.knows(&kid.to_string())) {
            *last = None;
        }
    }

    /// The keys that sign, or that tokens may still be signed by, newest first.
    pub async fn list_signing_keys(&self) -> Result<Vec<SigningKey>> {
        SigningKey::published(&mut self.db().read().await?, self.now()).await
    }

    /// Which algorithm signs.
    pub fn signing_algorithm(&self) -> SigningAlgorithm {
        self.config().tokens.algorithm
    }
}
