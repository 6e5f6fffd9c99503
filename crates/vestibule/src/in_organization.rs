//! In an organization: what the one who asks is in it, looked at in the transaction of the act. Whoever is in none of
//! that id learns nothing of it. Roles are an account's: a key that says less than its owner may never acts by one, and
//! a key of one organization is nobody in another.

use crate::accounts::Account;
use crate::api_keys::ApiKey;
use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::id::{AccountId, OrganizationId};
use crate::members::{Member, OrganizationRole};
use crate::organizations::Organization;
use crate::principals::Credential;

impl Organization {
    /// Takes the locks of an act in an organization, in the order that every such act takes them: the accounts of who
    /// asks and of whom it is about, then the organization. Not found, if there is none.
    pub(crate) async fn enter(
        tx: &mut Tx,
        caller: &Caller,
        organization: OrganizationId,
        about: &[AccountId],
    ) -> Result<()> {
        let mut accounts: Vec<AccountId> = about.iter().copied().chain(caller.account_id()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        for account in accounts {
            Account::lock(tx, account).await?;
        }
        Organization::lock(tx, organization).await
    }
}

impl Caller {
    /// Refuses a key that does not act by roles, or is of another organization than is wanted; says the one organization
    /// that a key acts in, if it is of one.
    pub(crate) async fn require_roles(
        &self,
        tx: &mut Tx,
        account: AccountId,
        wanted: Option<OrganizationId>,
    ) -> Result<Option<OrganizationId>> {
        let Some(Credential::ApiKey(key)) = self.credential else { return Ok(None) };
        let key = ApiKey::find(tx, account, key).await?.ok_or(Error::Denied(Code::Unauthenticated))?;
        if key.organization_id.is_some_and(|its| wanted.is_some_and(|wanted| its != wanted)) {
            return Err(Error::NotFound);
        }
        match key.permissions {
            Some(_) => Err(Forbidden::limited().into()),
            None => Ok(key.organization_id),
        }
    }
}

impl Vestibule {
    /// What the one who asks is in an organization; not found: nothing, or there is none. In a write, enter
    /// it first.
    pub(crate) async fn member_of(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        organization: OrganizationId,
    ) -> Result<(AccountId, OrganizationRole)> {
        caller.require_live(tx).await?;
        let Actor::Account { id, .. } = &caller.actor else { return Err(Error::Denied(Code::Unauthenticated)) };
        let role = Member::role_of(tx, organization, *id).await?.ok_or(Error::NotFound)?;
        caller.require_roles(tx, *id, Some(organization)).await?;
        Ok((*id, role))
    }

    /// The account that asks, if it administers an organization. Enter it first.
    pub(crate) async fn admin_of(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        organization: OrganizationId,
    ) -> Result<AccountId> {
        match self.member_of(tx, caller, organization).await? {
            (account, OrganizationRole::Admin) => Ok(account),
            (_, OrganizationRole::Member) => Err(Forbidden::not_admin().into()),
        }
    }

    /// Refuses to leave an organization without an active person who administers it. Call it after the act, with the
    /// organization's lock held since before it.
    pub(crate) async fn require_admin_left(&self, tx: &mut Tx, organization: OrganizationId) -> Result<()> {
        match Member::count_active_admins(tx, organization).await? {
            0 => Err(Error::Conflict(Code::LastAdmin)),
            _ => Ok(()),
        }
    }
}
