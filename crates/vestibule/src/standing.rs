//! Standing: whether the one who asks still may. A request proves who it is at its head, but its body and its turn in
//! the hash pool may take long; so an act by an account looks again inside its own transaction, after the locks that
//! whoever takes that standing away must hold too.

use crate::accounts::Account;
use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::groups::GroupRef;
use crate::id::AccountId;
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

    /// Refuses whoever may not administer accounts any more. The host and the instance itself always may.
    pub(crate) async fn require_administrator(&self, tx: &mut Tx) -> Result<()> {
        self.require_live(tx).await?;
        let may = match &self.actor {
            Actor::Account { id, .. } => GroupRef::is_administrator(tx, *id).await?,
            Actor::Host { .. } | Actor::System => true,
            Actor::Anonymous => false,
        };
        if may { Ok(()) } else { Err(Error::Denied(Code::AdministratorRequired)) }
    }

    /// Refuses whoever may act neither on an account of their own nor on another's.
    pub(crate) async fn require_owner_or_administrator(&self, tx: &mut Tx, account: AccountId) -> Result<()> {
        match self.account_id() == Some(account) {
            true => self.require_live(tx).await,
            false => self.require_administrator(tx).await,
        }
    }
}
