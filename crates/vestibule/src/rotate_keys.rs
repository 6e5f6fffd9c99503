//! Rotate the key that signs access tokens: another signs from now on, and the one before stays published until what it
//! signed has expired. By the host alone.

use serde_json::json;

use crate::audit::Entry;
use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::signing_keys::SigningKey;

impl Vestibule {
    /// Makes a new signing key, and retires whichever signed before.
    pub async fn rotate_keys(&self, caller: &Caller) -> Result<SigningKey> {
        match &caller.actor {
            Actor::Host { .. } | Actor::System => {}
            Actor::Account { .. } | Actor::Anonymous => return Err(Error::Denied(Code::Unauthenticated)),
        }
        let key = self.fresh_signing_key(self.config().tokens.algorithm)?;
        let mut tx = self.db().write().await?;
        let retired = SigningKey::retire_all(&mut tx, self.now()).await?;
        if !key.insert(&mut tx).await? {
            return Err(Error::Setup("somebody else rotated the keys at the same moment".to_owned()));
        }
        let details = json!({ "kid": key.id, "retired": retired });
        self.audit(&mut tx, caller, Entry::done("signing_key.rotated").with(details)).await?;
        tx.commit().await?;
        Ok(key)
    }
}
