//! Rename and delete an organization, by who administers it; delete one, or name somebody who administers one that
//! nobody does, by an administrator of the instance.

use serde_json::json;

use crate::accounts::{Account, AccountKind, AccountState};
use crate::api_keys::ApiKey;
use crate::audit::Entry;
use crate::bots::Bot;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, OrganizationId};
use crate::locks::Lock;
use crate::members::{Member, OrganizationRole};
use crate::needs;
use crate::organizations::Organization;
use crate::outbox::Outbox;
use crate::paging::{Page, PageRequest};
use crate::revocations::Revocations;
use crate::username::DisplayName;

impl Vestibule {
    /// Gives an organization another name.
    pub async fn rename_organization(&self, caller: &Caller, id: OrganizationId, name: &str) -> Result<()> {
        let renamed = self.rename(caller, id, name).await;
        self.audit_refusal(caller, "organization.renamed", id, renamed).await
    }

    async fn rename(&self, caller: &Caller, id: OrganizationId, name: &str) -> Result<()> {
        let name = DisplayName::parse(name).map_err(|code| Error::field("name", code));
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, id, &[]).await?;
        self.admin_of(&mut tx, caller, id).await?;
        let name = name?; // who may not rename it hears that first
        let before = Organization::get(&mut tx, id).await?;
        if before.name != name.as_str() {
            Organization::rename(&mut tx, id, name.as_str(), self.now()).await?;
            let details = json!({ "before": before.name, "after": name.as_str() });
            let entry = Entry::done("organization.renamed").on_organization(id, name.as_str()).with(details);
            self.audit(&mut tx, caller, entry).await?;
        }
        tx.commit().await
    }

    /// Deletes an organization with its keys, its bots and its invitations, whose letters are called back, by somebody in
    /// a session who administers it and writes its name.
    pub async fn delete_organization(&self, caller: &Caller, id: OrganizationId, name: &str) -> Result<()> {
        let deleted = self.dissolve(caller, id, Some(name)).await;
        self.audit_refusal(caller, "organization.deleted", id, deleted).await
    }

    /// Deletes an organization, by an administrator of the instance.
    pub async fn delete_any_organization(&self, caller: &Caller, id: OrganizationId) -> Result<()> {
        let deleted = self.dissolve(caller, id, None).await;
        self.audit_refusal(caller, "organization.deleted", id, deleted).await
    }

    /// With a name: by who administers it, if that is its name. Without: by who may delete any.
    async fn dissolve(&self, caller: &Caller, id: OrganizationId, name: Option<&str>) -> Result<()> {
        let now = self.now();
        if name.is_some() {
            caller.require_session()?;
        }
        let mut tx = self.db().write().await?;
        if name.is_none() {
            Lock::Administrators.take(&mut tx).await?;
            self.power(&mut tx, caller, needs::DELETE_ORGANIZATIONS).await?;
        }
        let bots = Member::bots(&mut tx, id).await?;
        Organization::enter(&mut tx, caller, id, &bots).await?;
        if name.is_some() {
            self.admin_of(&mut tx, caller, id).await?;
        }
        let organization = Organization::get(&mut tx, id).await?;
        let is_named = |name| DisplayName::parse(name).is_ok_and(|name| name.as_str() == organization.name);
        if !name.is_none_or(is_named) {
            return Err(Error::field("name", Code::NameMismatch));
        }
        if Member::bots(&mut tx, id).await? != bots {
            return Err(Error::Conflict(Code::ChangedMeanwhile));
        }
        let mut holders = ApiKey::owners_in(&mut tx, id).await?;
        Outbox::call_back_invitations(&mut tx, id).await?;
        Bot::delete_all(&mut tx, id).await?;
        Organization::delete(&mut tx, id).await?;
        let entry = Entry::done("organization.deleted").on_organization(id, &organization.name);
        self.audit(&mut tx, caller, entry.with(json!({ "bots": bots.len() }))).await?;
        holders.extend(bots);
        for account in holders {
            Revocations::insert(&mut tx, account, now).await?;
        }
        tx.commit().await
    }

    /// A page of every organization, newest first; only those that nobody administers, or that somebody does, if that
    /// is asked.
    pub async fn list_organizations(&self, is_orphaned: Option<bool>, page: PageRequest) -> Result<Page<Organization>> {
        Organization::list(&mut self.db().read().await?, is_orphaned, page).await
    }

    /// Any organization, as whoever may see every one of them sees it.
    pub async fn any_organization(&self, id: OrganizationId) -> Result<Organization> {
        Organization::get(&mut self.db().read().await?, id).await
    }

    /// A page of the members of any organization, for whoever may see every one of them, the last who joined first.
    pub async fn list_members_of_any(&self, id: OrganizationId, page: PageRequest) -> Result<Page<Member>> {
        let mut connection = self.db().read().await?;
        Organization::get(&mut connection, id).await?;
        Member::list(&mut connection, id, page).await
    }

    /// Makes a person the admin of an organization that nobody administers, by an administrator of the instance.
    pub async fn name_admin(&self, caller: &Caller, id: OrganizationId, account: AccountId) -> Result<()> {
        let named = self.put_admin(caller, id, account).await;
        self.audit_refusal(caller, "organization.admin_named", id, named).await
    }

    async fn put_admin(&self, caller: &Caller, id: OrganizationId, account: AccountId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        self.power(&mut tx, caller, needs::UPDATE_ORGANIZATIONS).await?;
        Organization::enter(&mut tx, caller, id, &[account]).await?;
        let organization = Organization::get(&mut tx, id).await?;
        if organization.orphaned_at.is_none() {
            return Err(Error::Conflict(Code::OrganizationNotOrphaned));
        }
        let admin = Account::find(&mut tx, account).await?;
        let admin = admin.filter(|admin| admin.kind == AccountKind::Human && admin.state == AccountState::Active);
        let admin = admin.ok_or(Error::field("account_id", Code::AccountUnknown))?;
        if !Member::insert(&mut tx, id, account, OrganizationRole::Admin, self.now()).await? {
            Member::set_role(&mut tx, id, account, OrganizationRole::Admin).await?;
        }
        let entry = Entry::done("organization.admin_named").on(&admin).in_organization(id);
        self.audit(&mut tx, caller, entry.with(json!({ "organization": organization.name }))).await?;
        self.settle_organizations(&mut tx, caller, &[id]).await?;
        tx.commit().await
    }

    /// Notes which of these organizations nobody administers any more, or somebody again. Their locks must be held.
    pub(crate) async fn settle_organizations(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        organizations: &[OrganizationId],
    ) -> Result<()> {
        for id in organizations {
            let (action, at) = match Member::count_active_admins(tx, *id).await? {
                0 => ("organization.orphaned", Some(self.now())),
                _ => ("organization.adopted", None),
            };
            if Organization::set_orphaned(tx, *id, at).await? {
                let organization = Organization::get(tx, *id).await?;
                self.audit(tx, caller, Entry::done(action).on_organization(*id, &organization.name)).await?;
            }
        }
        Ok(())
    }
}
