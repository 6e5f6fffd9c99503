//! Standing: whether the one who asks still may. A request proves who it is at its head, but its body and its turn in
//! the hash pool may take long; so an act by an account looks again inside its own transaction, after the locks that
//! whoever takes that standing away must hold too.

use crate::accounts::Account;
use crate::api_keys::ApiKey;
use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::needs::Need;
use crate::principals::Credential;
use crate::refresh_chains::RefreshChain;
use crate::sessions::Session;

impl Caller {
    /// Refuses an account whose session, tokens or key ended or that was disabled since it asked.
    pub(crate) async fn require_live(&self, tx: &mut Tx) -> Result<()> {
        let Actor::Account { id, .. } = &self.actor else { return Ok(()) };
        let stands = match self.credential {
            Some(Credential::Session(session)) => Session::exists(tx, *id, session).await?,
            Some(Credential::AccessToken(chain)) => RefreshChain::stands(tx, chain).await?,
            Some(Credential::ApiKey(key)) => ApiKey::stands(tx, key).await?,
            None => true,
        };
        if stands && Account::is_active(tx, *id).await? { Ok(()) } else { Err(Error::Denied(Code::Unauthenticated)) }
    }
}

impl Vestibule {
    /// Refuses whoever may act neither on an account of their own nor, by this permission, on another's.
    pub(crate) async fn require_owner_or(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: AccountId,
        need: Need,
    ) -> Result<()> {
        // A key is not its owner: what it does not say, it may not do to its owner either.
        let is_key = matches!(caller.credential, Some(Credential::ApiKey(_)));
        match caller.account_id() == Some(account) && !is_key {
            true => caller.require_live(tx).await,
            false => self.power(tx, caller, need).await.map(drop),
        }
    }
}
