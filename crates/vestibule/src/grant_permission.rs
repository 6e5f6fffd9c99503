//! Grant a permission to an account directly, or take it back. What is explicit is never granted so.

use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::grants::DirectGrant;
use crate::id::{AccountId, GrantId};
use crate::locks::Lock;
use crate::needs;
use crate::permissions::Permission;
use crate::power::BreakGlass;
use crate::revocations::Revocations;

/// How many an account holds directly at most: more is a group.
const MAX_GRANTS: usize = 100;

impl Vestibule {
    /// Grants a permission to an account directly.
    pub async fn grant_permission(&self, caller: &Caller, account: AccountId, permission: Permission) -> Result<()> {
        let granted = self.grant(caller, account, permission).await;
        self.audit_refusal(caller, "grant.added", account, granted).await
    }

    async fn grant(&self, caller: &Caller, id: AccountId, permission: Permission) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let is_there = Account::lock(&mut tx, id).await?;
        let power = self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        if !is_there {
            return Err(Error::NotFound);
        }
        Account::get(&mut tx, id).await?.require_person()?;
        let catalogue = self.catalogue(&mut tx, None).await?;
        if !catalogue.knows(&permission) {
            return Err(Forbidden::unknown(&permission).into());
        }
        let held = DirectGrant::list(&mut tx, id).await?;
        if held.iter().any(|grant| grant.permission == permission) {
            return Err(Error::Conflict(Code::GrantExists));
        }
        if held.len() >= MAX_GRANTS {
            return Err(Error::field("permission", Code::TooManyPermissions));
        }
        let before = self.held_in(&mut tx, id).await?;
        let details = json!({ "permission": permission });
        let grant = DirectGrant { id: GrantId::fresh(now, self.random()), permission };
        grant.insert(&mut tx, id, caller.account_id(), now).await?;
        if catalogue.is_explicit(&grant.permission) {
            return Err(Forbidden::explicit(&grant.permission).into());
        }
        self.settle_power(&mut tx, &power, (id, &before), BreakGlass::No).await?;
        let account = Account::get(&mut tx, id).await?;
        self.audit(&mut tx, caller, Entry::done("grant.added").on(&account).with(details)).await?;
        Revocations::insert(&mut tx, id, now).await?;
        tx.commit().await
    }

    /// Takes back a permission that an account holds directly.
    pub async fn revoke_permission(&self, caller: &Caller, account: AccountId, permission: &Permission) -> Result<()> {
        let revoked = self.ungrant(caller, account, permission).await;
        self.audit_refusal(caller, "grant.removed", account, revoked).await
    }

    async fn ungrant(&self, caller: &Caller, id: AccountId, permission: &Permission) -> Result<()> {
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        Account::lock(&mut tx, id).await?;
        self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        let account = Account::get(&mut tx, id).await?;
        let held = DirectGrant::list(&mut tx, id).await?;
        let grant = held.iter().find(|grant| grant.permission == *permission).ok_or(Error::NotFound)?;
        DirectGrant::delete(&mut tx, grant.id).await?;
        let details = json!({ "permission": permission });
        self.audit(&mut tx, caller, Entry::done("grant.removed").on(&account).with(details)).await?;
        Revocations::insert(&mut tx, id, self.now()).await?;
        tx.commit().await
    }
}
