//! Keys of an organization: a member makes and renews their own, and sees those alone; an admin sees and ends all, and
//! renews those of bots. A key is worth no more than its owner in that organization at each use; who leaves or is taken
//! out has lost it for good.

use std::time::Duration;

use serde_json::json;

use crate::accounts::{Account, AccountKind};
use crate::api_keys::ApiKey;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::create_api_key::{CreatedApiKey, DraftKey, MAX_GRACE, NewApiKey, prefix};
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, ApiKeyId, OrganizationId};
use crate::mail::Words;
use crate::members::OrganizationRole;
use crate::organization_keys::OrganizationKey;
use crate::organizations::Organization;
use crate::paging::{Page, PageRequest};
use crate::revocations::Revocations;
use crate::secret::{Secret, SecretKind};

impl Vestibule {
    /// Makes a key of an organization for the member whose session asks.
    pub async fn create_organization_key(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        new: NewApiKey,
    ) -> Result<CreatedApiKey> {
        let created = self.make_organization_key(caller, organization, new).await;
        self.audit_refusal(caller, "api_key.created", organization, created).await
    }

    async fn make_organization_key(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        new: NewApiKey,
    ) -> Result<CreatedApiKey> {
        let draft = self.draft_key(new);
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[]).await?;
        let (id, _) = self.member_of(&mut tx, caller, organization).await?;
        caller.require_session()?;
        let draft = draft?; // who is no member hears that first
        let created = self.put_organization_key(&mut tx, caller, (organization, id), draft).await?;
        tx.commit().await?;
        Ok(created)
    }

    /// Makes a key of a member, whose lock and whose organization's must be held, and tells whoever answers for it.
    pub(crate) async fn put_organization_key(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (organization, owner): (OrganizationId, AccountId),
        draft: DraftKey,
    ) -> Result<CreatedApiKey> {
        let created = self.put_key(tx, owner, DraftKey { organization: Some(organization), ..draft }).await?;
        let owner = Account::get(tx, owner).await?;
        let CreatedApiKey { key, .. } = &created;
        let details = json!({ "api_key": key.id, "name": key.name, "permissions": key.permissions,
            "expires_at": key.expires_at });
        let entry = Entry::done("api_key.created").on(&owner).in_organization(organization).with(details);
        self.audit(tx, caller, entry).await?;
        match owner.kind {
            AccountKind::Human => self.notify(tx, &owner, Words::ApiKeyCreated { name: &key.name }).await?,
            AccountKind::Bot => {} // an admin of its organization makes it, and the log says who
        }
        Ok(created)
    }

    /// A page of an organization's keys that are not revoked, newest first: all for an admin, their own for a member.
    pub async fn list_organization_keys(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<OrganizationKey>> {
        let mut connection = self.db().read().await?;
        let owner = match self.member_of(&mut connection, caller, organization).await? {
            (_, OrganizationRole::Admin) => None,
            (id, OrganizationRole::Member) => Some(id),
        };
        OrganizationKey::list(&mut connection, organization, owner, page).await
    }

    /// Gives a key of one's own, or an admin a bot's, another secret. The old one stays good for a while, of seven days
    /// at most; none: it ends now.
    pub async fn rotate_organization_key(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ApiKeyId,
        grace: Duration,
    ) -> Result<CreatedApiKey> {
        let rotated = self.renew_organization_key(caller, organization, id, grace).await;
        self.audit_refusal(caller, "api_key.rotated", organization, rotated).await
    }

    async fn renew_organization_key(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ApiKeyId,
        grace: Duration,
    ) -> Result<CreatedApiKey> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[]).await?;
        let (OrganizationKey { key, owner_kind, .. }, asks) = self.seen_key(&mut tx, caller, organization, id).await?;
        caller.require_session()?;
        if key.account_id != asks && owner_kind == AccountKind::Human {
            return Err(Error::Denied(Code::KeyOwnerRequired));
        }
        if grace > MAX_GRACE {
            return Err(Error::field("grace_seconds", Code::FieldInvalid));
        }
        let token = Secret::fresh(SecretKind::ApiKey, self.random());
        let (prefix, until) = (prefix(&token), now.plus(grace));
        if !ApiKey::rotate(&mut tx, id, (&prefix, &token.digest()), until, now).await? {
            return Err(Error::Conflict(Code::KeyEnded));
        }
        let owner = Account::get(&mut tx, key.account_id).await?;
        let details = json!({ "api_key": id, "name": key.name, "grace_seconds": grace.as_secs() });
        let entry = Entry::done("api_key.rotated").on(&owner).in_organization(organization).with(details);
        self.audit(&mut tx, caller, entry).await?;
        match owner.kind {
            AccountKind::Human => self.notify(&mut tx, &owner, Words::ApiKeyRotated { name: &key.name }).await?,
            AccountKind::Bot => {} // as when it was made
        }
        Revocations::insert(&mut tx, owner.id, now).await?;
        tx.commit().await?;
        Ok(CreatedApiKey { key: ApiKey { prefix, ..key }, token })
    }

    /// Revokes a key of one's own, or for an admin any, for good.
    pub async fn revoke_organization_key(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<()> {
        let revoked = self.end_organization_key(caller, organization, id).await;
        self.audit_refusal(caller, "api_key.revoked", organization, revoked).await
    }

    async fn end_organization_key(&self, caller: &Caller, organization: OrganizationId, id: ApiKeyId) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[]).await?;
        let (OrganizationKey { key, .. }, _) = self.seen_key(&mut tx, caller, organization, id).await?;
        if !ApiKey::revoke(&mut tx, id, now).await? {
            return Err(Error::NotFound); // meanwhile
        }
        let owner = Account::get(&mut tx, key.account_id).await?;
        let details = json!({ "api_key": id, "name": key.name });
        let entry = Entry::done("api_key.revoked").on(&owner).in_organization(organization).with(details);
        self.audit(&mut tx, caller, entry).await?;
        Revocations::insert(&mut tx, owner.id, now).await?;
        tx.commit().await
    }

    /// A key that the one who asks sees, and who that is: another's is not found by whoever is no admin. Enter the
    /// organization first.
    async fn seen_key(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<(OrganizationKey, AccountId)> {
        let (asks, role) = self.member_of(tx, caller, organization).await?;
        let key = OrganizationKey::find(tx, organization, id).await?;
        let key = key.filter(|key| role == OrganizationRole::Admin || key.account_id == asks);
        Ok((key.ok_or(Error::NotFound)?, asks))
    }
}
