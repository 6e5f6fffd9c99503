//! Change what a member of an organization is, take one out, or leave. Whoever goes loses the keys they had in it, in
//! the same transaction; and an active person who administers it remains.

use serde_json::json;

use crate::accounts::{Account, AccountKind};
use crate::api_keys::ApiKey;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, OrganizationId};
use crate::members::{Member, OrganizationRole};
use crate::organizations::Organization;
use crate::paging::{Page, PageRequest};
use crate::revocations::Revocations;

impl Vestibule {
    /// A page of an organization's members, for one of them, the last who joined first.
    pub async fn list_members_of(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<Member>> {
        let mut connection = self.db().read().await?;
        self.member_of(&mut connection, caller, organization).await?;
        Member::list(&mut connection, organization, page).await
    }

    /// Makes a member an admin, or an admin a member. It may be that already.
    pub async fn change_role(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        account: AccountId,
        role: OrganizationRole,
    ) -> Result<Member> {
        let changed = self.set_role(caller, organization, (account, role)).await;
        self.audit_refusal(caller, "member.role_changed", (organization, account), changed).await
    }

    async fn set_role(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        (account, role): (AccountId, OrganizationRole),
    ) -> Result<Member> {
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[account]).await?;
        self.admin_of(&mut tx, caller, organization).await?;
        caller.require_session()?; // a secret that leaked must not decide who administers it
        let before = Member::find(&mut tx, organization, account).await?.ok_or(Error::NotFound)?;
        if Member::set_role(&mut tx, organization, account, role).await? {
            if role == OrganizationRole::Member {
                self.require_admin_left(&mut tx, organization).await?;
            }
            let details = json!({ "before": before.role, "after": role });
            self.audit_member(&mut tx, caller, ("member.role_changed", organization, account), details).await?;
            self.settle_organizations(&mut tx, caller, &[organization]).await?;
        }
        tx.commit().await?;
        Ok(Member { role, ..before })
    }

    /// Takes somebody else out of an organization, with the keys they had in it. A bot is deleted: it was of nothing
    /// else.
    pub async fn remove_member_of(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<()> {
        let removed = self.take_out(caller, organization, account).await;
        self.audit_refusal(caller, "member.removed", (organization, account), removed).await
    }

    async fn take_out(&self, caller: &Caller, organization: OrganizationId, account: AccountId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[account]).await?;
        if self.admin_of(&mut tx, caller, organization).await? == account {
            return Err(Error::Conflict(Code::UseLeave));
        }
        caller.require_session()?;
        let member = Member::find(&mut tx, organization, account).await?.ok_or(Error::NotFound)?;
        Member::note_removal(&mut tx, organization, account, self.now()).await?;
        self.part(&mut tx, caller, ("member.removed", organization), &member).await?;
        tx.commit().await
    }

    /// Leaves an organization. A bot cannot: it is of that organization, and goes when it is taken out.
    pub async fn leave_organization(&self, caller: &Caller, organization: OrganizationId) -> Result<()> {
        let left = self.leave(caller, organization).await;
        self.audit_refusal(caller, "member.left", organization, left).await
    }

    async fn leave(&self, caller: &Caller, organization: OrganizationId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[]).await?;
        let (account, _) = self.member_of(&mut tx, caller, organization).await?;
        let member = Member::find(&mut tx, organization, account).await?.ok_or(Error::NotFound)?;
        if member.kind == AccountKind::Bot {
            return Err(Error::Denied(Code::SessionRequired));
        }
        self.part(&mut tx, caller, ("member.left", organization), &member).await?;
        tx.commit().await
    }

    /// Ends a membership with its keys, if somebody who administers the organization remains. A bot ends with it.
    async fn part(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (action, organization): (&'static str, OrganizationId),
        member: &Member,
    ) -> Result<()> {
        let account = member.account_id;
        let keys = ApiKey::revoke_in(tx, organization, account, self.now()).await?;
        Member::remove(tx, organization, account).await?;
        match member.role {
            OrganizationRole::Admin => self.require_admin_left(tx, organization).await?,
            OrganizationRole::Member => {}
        }
        let details = json!({ "role": member.role, "api_keys_revoked": keys });
        self.audit_member(tx, caller, (action, organization, account), details).await?;
        if member.kind == AccountKind::Bot {
            Account::delete(tx, account).await?;
        }
        Revocations::insert(tx, account, self.now()).await
    }

    async fn audit_member(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (action, organization, account): (&'static str, OrganizationId, AccountId),
        details: serde_json::Value,
    ) -> Result<()> {
        let account = Account::get(tx, account).await?;
        let entry = Entry::done(action).on(&account).in_organization(organization).with(details);
        self.audit(tx, caller, entry).await
    }
}
