//! End sessions: one, every other, or all of an account. What has ended is refused at once on this node and within
//! a second on every other.

use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, SessionId};
use crate::needs;
use crate::one_time_tokens::OneTimeToken;
use crate::principals::LiveSession;
use crate::recover::VOIDED;
use crate::refresh_chains::RefreshChain;
use crate::revocations::Revocations;
use crate::sessions::Session;

impl Vestibule {
    /// Ends one session of an account; another account's session is not found.
    pub async fn end_session(&self, caller: &Caller, account: AccountId, session: SessionId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, account).await?;
        self.require_owner_or(&mut tx, caller, account, needs::DELETE_SESSIONS).await?;
        if !Session::end(&mut tx, account, session).await? {
            return Err(Error::NotFound);
        }
        let entry = Entry::done("session.ended").on(&Account::get(&mut tx, account).await?);
        self.audit(&mut tx, caller, entry.with(json!({ "session": session }))).await?;
        Revocations::insert(&mut tx, account, self.now()).await?;
        tx.commit().await
    }

    /// Ends every session of the caller but the one that asks; says how many.
    pub async fn end_other_sessions(&self, caller: &Caller, session: &LiveSession) -> Result<u64> {
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, session.account_id).await?;
        caller.require_live(&mut tx).await?;
        let ended = Session::end_others(&mut tx, session.account_id, session.session_id).await?;
        RefreshChain::revoke_without_session(&mut tx, session.account_id, self.now()).await?;
        let entry = Entry::done("session.others_ended").on(&Account::get(&mut tx, session.account_id).await?);
        self.audit(&mut tx, caller, entry.with(json!({ "ended": ended }))).await?;
        Revocations::insert(&mut tx, session.account_id, self.now()).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// How many programs are signed in as an account by its password: [`Vestibule::end_other_sessions`] ends them too.
    pub async fn count_programs(&self, account: AccountId) -> Result<i64> {
        let (now, life) = (self.now(), self.config().tokens.chain);
        RefreshChain::count_without_session(&mut self.db().read().await?, account, now, life).await
    }

    /// Ends every session of an account, and whatever else was issued to it; says how many sessions.
    pub async fn end_all_sessions(&self, caller: &Caller, id: AccountId) -> Result<u64> {
        let ended = self.end_all(caller, id).await;
        self.audit_refusal(caller, "session.all_ended", id, ended).await
    }

    async fn end_all(&self, caller: &Caller, id: AccountId) -> Result<u64> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        if !Account::renew_version(&mut tx, id, now).await? {
            return Err(Error::NotFound);
        }
        self.require_owner_or(&mut tx, caller, id, needs::DELETE_SESSIONS).await?;
        let ended = Session::end_all(&mut tx, id).await?;
        OneTimeToken::void(&mut tx, id, &VOIDED, now).await?;
        let entry = Entry::done("session.all_ended").on(&Account::get(&mut tx, id).await?);
        self.audit(&mut tx, caller, entry.with(json!({ "ended": ended }))).await?;
        Revocations::insert(&mut tx, id, now).await?;
        tx.commit().await?;
        Ok(ended)
    }
}
