//! Standing: whether the one who asks still may. A request proves who it is at its head, but its body and its turn in
//! the hash pool may take long; so an act by an account looks again inside its own transaction, after the locks that
//! whoever takes that standing away must hold too.

use crate::accounts::Account;
use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::needs::Need;
use crate::sessions::Session;

impl Caller {
    /// Refuses an account whose session ended or that was disabled since it asked.
    pub(crate) async fn require_live(&self, tx: &mut Tx) -> Result<()> {
        let Actor::Account { id, .. } = &self.actor else { return Ok(()) };
        let has_session = match self.session_id {
            Some(session) => Session::exists(tx, *id, session).await?,
            None => true,
        };
        if has_session && Account::is_active(tx, *id).await? {
            Ok(())
        } else {
            Err(Error::Denied(Code::Unauthenticated))
        }
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
        match caller.account_id() == Some(account) {
            true => caller.require_live(tx).await,
            false => self.power(tx, caller, need).await.map(drop),
        }
    }
}
