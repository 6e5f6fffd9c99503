//! Put somebody in a group, or take them out. Membership confers what the group holds, so it is measured against what
//! the one who asks holds; what is explicit takes somebody else. Whoever gains power signs in again.

use serde_json::json;

use crate::accounts::{Account, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::effective::beyond;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::groups::{GroupRef, Membership};
use crate::holdings::Held;
use crate::id::{AccountId, GroupId};
use crate::last_admin::LastAdminGuard;
use crate::locks::Lock;
use crate::needs;
use crate::power::{BreakGlass, Power};
use crate::refresh_chains::RefreshChain;
use crate::revocations::Revocations;
use crate::sessions::Session;

impl Vestibule {
    /// Puts an account in a group. It may be there already.
    pub async fn add_member(
        &self,
        caller: &Caller,
        group: GroupId,
        account: AccountId,
        glass: BreakGlass,
    ) -> Result<AccountView> {
        let added = self.add(caller, group, account, glass).await;
        self.audit_refusal(caller, "group_member.added", account, added).await
    }

    async fn add(&self, caller: &Caller, group: GroupId, id: AccountId, glass: BreakGlass) -> Result<AccountView> {
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let is_there = Account::lock(&mut tx, id).await?;
        let power = self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        let group = GroupRef::find(&mut tx, group).await?.ok_or(Error::NotFound)?;
        if !is_there {
            return Err(Error::field("account_id", Code::AccountUnknown));
        }
        let held = self.held_in(&mut tx, id).await?;
        if Membership::insert(&mut tx, group.id, id, self.now()).await? {
            self.settle_power(&mut tx, &power, (id, &held), glass).await?;
            let account = Account::get(&mut tx, id).await?;
            account.require_person().map_err(|_| Error::field("account_id", Code::AccountUnknown))?;
            let mut details = json!({ "group": group.slug });
            if glass == BreakGlass::Yes {
                details["break_glass"] = json!(true);
            }
            self.audit(&mut tx, caller, Entry::done("group_member.added").on(&account).with(details)).await?;
            Revocations::insert(&mut tx, id, self.now()).await?;
        }
        let view = AccountView::get(&mut tx, id).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Takes an account out of a group.
    pub async fn remove_member(&self, caller: &Caller, group: GroupId, account: AccountId) -> Result<()> {
        let removed = self.remove(caller, group, account).await;
        self.audit_refusal(caller, "group_member.removed", account, removed).await
    }

    async fn remove(&self, caller: &Caller, group: GroupId, id: AccountId) -> Result<()> {
        let mut tx = self.db().write().await?;
        let guard = LastAdminGuard::hold(&mut tx).await?;
        Account::lock(&mut tx, id).await?;
        self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        let group = GroupRef::find(&mut tx, group).await?.ok_or(Error::NotFound)?;
        if !Membership::delete(&mut tx, group.id, id).await? {
            return Err(Error::NotFound);
        }
        guard.release(&mut tx).await?;
        let account = Account::get(&mut tx, id).await?;
        let details = json!({ "group": group.slug });
        self.audit(&mut tx, caller, Entry::done("group_member.removed").on(&account).with(details)).await?;
        Revocations::insert(&mut tx, id, self.now()).await?;
        tx.commit().await
    }

    /// Refuses what an act gave to an account beyond what this power may confer; ends the sessions of whoever gained,
    /// so that none from before is worth more than it was.
    pub(crate) async fn settle_power(
        &self,
        tx: &mut Tx,
        power: &Power,
        (id, before): (AccountId, &Held),
        glass: BreakGlass,
    ) -> Result<()> {
        let after = self.held_in(tx, id).await?;
        power.confer(tx, id, (before, &after), glass).await?;
        let is_widened = !before.view.scope().covers(after.view.scope());
        if is_widened || !beyond(&before.view, &after.view).is_empty() {
            Session::end_all(tx, id).await?;
            RefreshChain::revoke_without_session(tx, id, self.now()).await?;
        }
        Ok(())
    }
}
