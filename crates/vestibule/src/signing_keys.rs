//! Signing keys: one signs at a time for each algorithm; those before it stay published until the last token that they
//! signed has expired. Nodes share them through the database, where the private half is sealed.

use std::time::Duration;

use secrecy::SecretSlice;
use serde_json::json;

use crate::audit::Entry;
use crate::caller::Caller;
use crate::config::TokensConfig;
use crate::db::{Arg, Tx, from_row};
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::SigningKeyId;
use crate::jwt::{KeyPair, SigningAlgorithm};
use crate::keyring::Sealed;
use crate::time::Timestamp;

/// How long a retired key is still published: longer than any token that it signed lives.
pub(crate) const PUBLISHED_FOR: Duration = Duration::from_secs(60 * 60);
/// How long an access token may live at most, then: less by what clocks differ and by how long keys are kept.
const MAX_ACCESS: Duration = Duration::from_secs(55 * 60);

/// A key as it is stored.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// What tokens name it by.
    pub id: SigningKeyId,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
    pub(crate) public_key: Vec<u8>,
    sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When another took its place; none: it signs.
    pub retired_at: Option<Timestamp>,
}

from_row!(SigningKey {
    id: SigningKeyId, algorithm: SigningAlgorithm, public_key: Vec<u8>, sealed: Vec<u8>, created_at: Timestamp,
    retired_at: Option<Timestamp>,
});

impl SigningKey {
    /// The key that signs by this algorithm, if there is one.
    pub(crate) async fn current(tx: &mut Tx, algorithm: SigningAlgorithm) -> Result<Option<SigningKey>> {
        let sql = "SELECT id, algorithm, public_key, sealed, created_at, retired_at FROM signing_keys
                    WHERE algorithm = $1 AND retired_at IS NULL";
        tx.opt(sql, &[&algorithm]).await
    }

    /// The keys that tokens may still be signed by, newest first.
    pub(crate) async fn published(tx: &mut Tx, now: Timestamp) -> Result<Vec<SigningKey>> {
        let sql = "SELECT id, algorithm, public_key, sealed, created_at, retired_at FROM signing_keys
                    WHERE retired_at IS NULL OR retired_at > $1 ORDER BY created_at DESC, id DESC";
        tx.all(sql, &[&now.minus(PUBLISHED_FOR)]).await
    }

    /// Makes it the key that signs; false: there is one already.
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<bool> {
        let sql = "INSERT INTO signing_keys (id, algorithm, public_key, sealed, created_at)
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let args: [&dyn Arg; 5] = [&self.id, &self.algorithm, &self.public_key, &self.sealed, &self.created_at];
        Ok(tx.exec(sql, &args).await? == 1)
    }

    /// Ends the signing of every key, of those of another algorithm as well: what nothing is signed by any more must not
    /// be trusted for ever. Gives their ids.
    pub(crate) async fn retire_all(tx: &mut Tx, now: Timestamp) -> Result<Vec<SigningKeyId>> {
        let sql = "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL RETURNING id";
        let retired: Vec<(SigningKeyId,)> = tx.all(sql, &[&now]).await?;
        Ok(retired.into_iter().map(|(id,)| id).collect())
    }

    /// Deletes every key but one: what they signed is believed by nobody any more.
    pub(crate) async fn withdraw_others(tx: &mut Tx, id: SigningKeyId) -> Result<()> {
        tx.exec("DELETE FROM signing_keys WHERE id <> $1", &[&id]).await.map(drop)
    }

    /// Deletes the keys that nobody needs any more.
    pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64> {
        tx.exec("DELETE FROM signing_keys WHERE retired_at <= $1", &[&now.minus(PUBLISHED_FOR)]).await
    }
}

impl TokensConfig {
    /// Refuses access tokens that would outlive the keys that they are verified by.
    pub(crate) fn check(&self) -> Result<()> {
        match self.access <= MAX_ACCESS {
            true => Ok(()),
            false => Err(Error::Setup("an access token lives for 55 minutes at most: see `tokens.access`".to_owned())),
        }
    }
}

impl Vestibule {
    /// A fresh key, sealed, not stored yet.
    pub(crate) fn fresh_signing_key(&self, algorithm: SigningAlgorithm) -> Result<SigningKey> {
        let (now, pair) = (self.now(), KeyPair::fresh(algorithm)?);
        let id = SigningKeyId::fresh(now, self.random());
        let sealed = self.keyring().seal(Sealed::SigningKey, id.0.as_bytes(), pair.private(), self.random());
        let public_key = pair.public().to_vec();
        Ok(SigningKey { id, algorithm, public_key, sealed, created_at: now, retired_at: None })
    }

    /// The key that signs now, with its private half. The first is made when it is first needed.
    pub(crate) async fn signing_key(&self, tx: &mut Tx) -> Result<(SigningKeyId, KeyPair)> {
        let algorithm = self.config().tokens.algorithm;
        let key = match SigningKey::current(tx, algorithm).await? {
            Some(key) => key,
            None => {
                let first = self.fresh_signing_key(algorithm)?;
                if first.insert(tx).await? {
                    let entry = Entry::done("signing_key.created").with(json!({ "kid": first.id }));
                    self.audit(tx, &Caller::system(), entry).await?;
                }
                let made = SigningKey::current(tx, algorithm).await?;
                made.ok_or_else(|| Error::internal("a signing key was made and is not there"))?
            }
        };
        let pkcs8: Option<SecretSlice<u8>> =
            self.keyring().unseal(Sealed::SigningKey, key.id.0.as_bytes(), &key.sealed);
        let pkcs8 = pkcs8.ok_or_else(|| {
            Error::Setup("the signing key was sealed under another master secret: run `vestibule keys rotate`".into())
        })?;
        Ok((key.id, KeyPair::read(key.algorithm, pkcs8)?))
    }
}
