//! Rotate the key that signs access tokens: another signs from now on, and the one before stays published until what it
//! signed has expired; unless it leaked, and is withdrawn: then nothing that it signed is good any more, here at once, on
//! other nodes once they read the feed. By the host alone.

use serde_json::json;

use crate::audit::Entry;
use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::revocations::Revocations;
use crate::signing_keys::SigningKey;

/// What becomes of the keys before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysBefore {
    /// They stay published until what they signed has expired.
    Retired,
    /// They are not published any more, and what they signed is good no more.
    Withdrawn,
}

impl Vestibule {
    /// Makes a new signing key, and retires or withdraws whichever signed before.
    pub async fn rotate_keys(&self, caller: &Caller, before: KeysBefore) -> Result<SigningKey> {
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
        let is_withdrawn = before == KeysBefore::Withdrawn;
        let details = json!({ "kid": key.id, "retired": retired, "withdrawn": is_withdrawn });
        self.audit(&mut tx, caller, Entry::done("signing_key.rotated").with(details)).await?;
        if is_withdrawn {
            SigningKey::withdraw_others(&mut tx, key.id).await?;
            Revocations::insert_everybody(&mut tx, self.now()).await?;
        }
        tx.commit().await?;
        Ok(key)
    }
}
