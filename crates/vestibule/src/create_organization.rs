//! Make an organization: whoever makes it administers it. And what somebody is in.

use serde_json::json;

use crate::accounts::{Account, AccountKind};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, OrganizationId};
use crate::members::{Member, OrganizationRole};
use crate::organizations::{Organization, OwnOrganization};
use crate::principals::Credential;
use crate::username::DisplayName;

impl Vestibule {
    /// Makes an organization that the one who asks administers. Only a person in a session can.
    pub async fn create_organization(&self, caller: &Caller, name: &str) -> Result<OwnOrganization> {
        let id = caller.require_session()?;
        let now = self.now();
        let name = DisplayName::parse(name).map_err(|code| Error::field("name", code))?.as_str().to_owned();
        let organization = Organization {
            id: OrganizationId::fresh(now, self.random()),
            name,
            created_at: now,
            updated_at: now,
            created_by: Some(id),
            orphaned_at: None,
            member_count: 1,
        };
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, id).await?;
        caller.require_live(&mut tx).await?;
        if Account::get(&mut tx, id).await?.kind != AccountKind::Human {
            return Err(Error::Denied(Code::SessionRequired));
        }
        OwnOrganization::require_room(&mut tx, id).await?;
        organization.insert(&mut tx).await?;
        Member::insert(&mut tx, organization.id, id, OrganizationRole::Admin, now).await?;
        let entry = Entry::done("organization.created").on_organization(organization.id, &organization.name);
        self.audit(&mut tx, caller, entry.with(json!({ "name": organization.name }))).await?;
        tx.commit().await?;
        let Organization { id, name, created_at, .. } = organization;
        Ok(OwnOrganization { id, name, role: OrganizationRole::Admin, created_at, joined_at: now })
    }

    /// What the one who asks is in, by name; by a key of one organization that one alone.
    pub async fn organizations_of(&self, caller: &Caller) -> Result<Vec<OwnOrganization>> {
        let mut connection = self.db().read().await?;
        caller.require_live(&mut connection).await?;
        let id = caller.account_id().ok_or(Error::Denied(Code::Unauthenticated))?;
        let only = caller.require_roles(&mut connection, id, None).await?;
        let mut organizations = OwnOrganization::list(&mut connection, id).await?;
        organizations.retain(|organization| only.is_none_or(|only| only == organization.id));
        Ok(organizations)
    }

    /// What an account is in, by name.
    pub async fn list_organizations_of(&self, account: AccountId) -> Result<Vec<OwnOrganization>> {
        OwnOrganization::list(&mut self.db().read().await?, account).await
    }

    /// An organization, as the one who asks, who must be in it, sees it.
    pub async fn organization(&self, caller: &Caller, id: OrganizationId) -> Result<OwnOrganization> {
        let mut connection = self.db().read().await?;
        let (account, _) = self.member_of(&mut connection, caller, id).await?;
        OwnOrganization::find(&mut connection, id, account).await?.ok_or(Error::NotFound)
    }
}

impl Caller {
    /// The account that asks in a session; a key or an access token is refused, and so is anybody else.
    pub(crate) fn require_session(&self) -> Result<AccountId> {
        match (self.account_id(), self.credential) {
            (Some(id), Some(Credential::Session(_))) => Ok(id),
            (Some(_), Some(Credential::AccessToken(_) | Credential::ApiKey(_))) => {
                Err(Error::Denied(Code::SessionRequired))
            }
            (Some(_), None) | (None, _) => Err(Error::Denied(Code::Unauthenticated)),
        }
    }
}
