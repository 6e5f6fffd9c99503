//! Service keys, and the abilities that there are: made and ended by whoever may, or by the host.

use serde_json::json;

use crate::abilities::Ability;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::create_api_key::{KeyExpiry, prefix};
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::id::{AbilityId, ServiceKeyId};
use crate::locks::Lock;
use crate::needs;
use crate::paging::{Page, PageRequest};
use crate::permissions::word;
use crate::refusals::Target;
use crate::revocations::Revocations;
use crate::secret::{Secret, SecretKind};
use crate::service_keys::ServiceKey;
use crate::username::DisplayName;

/// What a new service key is made of.
#[derive(Clone, Debug, Default)]
pub struct NewServiceKey {
    /// What it is called.
    pub name: String,
    /// The slugs of its abilities; none: it may do nothing.
    pub abilities: Vec<String>,
    /// When it ends.
    pub expiry: KeyExpiry,
}

/// A service key that was made, with its secret, handed out this once.
#[derive(Debug)]
pub struct CreatedServiceKey {
    /// The key.
    pub key: ServiceKey,
    /// Its secret.
    pub token: Secret,
}

impl Vestibule {
    /// Makes a service key.
    pub async fn create_service_key(&self, caller: &Caller, new: NewServiceKey) -> Result<CreatedServiceKey> {
        let created = self.make_service_key(caller, new).await;
        self.audit_refusal(caller, "service_key.created", Target::Nobody, created).await
    }

    async fn make_service_key(&self, caller: &Caller, new: NewServiceKey) -> Result<CreatedServiceKey> {
        let now = self.now();
        let name = DisplayName::parse(&new.name).map_err(|code| Error::field("name", code))?;
        let expires_at = match new.expiry {
            KeyExpiry::Usual => Some(now.plus(self.config().tokens.api_key)),
            KeyExpiry::Never => None,
            KeyExpiry::At(end) if end > now => Some(end),
            KeyExpiry::At(_) => return Err(Error::field("expires_at", Code::ExpiryInvalid)),
        };
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let power = self.power(&mut tx, caller, needs::CREATE_SERVICE_KEYS).await?;
        let known = Ability::list(&mut tx).await?;
        let mut abilities: Vec<AbilityId> = Vec::new();
        for slug in &new.abilities {
            let ability = known.iter().find(|ability| ability.slug == *slug);
            let ability = ability.ok_or(Error::field("abilities", Code::AbilityUnknown))?;
            if let Some(need) = ability.tells() {
                power.require(need)?;
            }
            abilities.push(ability.id);
        }
        let token = Secret::fresh(SecretKind::ServiceKey, self.random());
        let id = ServiceKeyId::fresh(now, self.random());
        let key = ServiceKey {
            id,
            name: name.as_str().to_owned(),
            prefix: prefix(&token),
            abilities: Vec::new(),
            created_at: now,
            created_by: caller.account_id(),
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        key.insert(&mut tx, &token.digest(), &abilities).await?;
        let key = ServiceKey::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let details = json!({ "service_key": id, "name": key.name, "abilities": key.abilities,
            "expires_at": key.expires_at });
        self.audit(&mut tx, caller, Entry::done("service_key.created").with(details)).await?;
        tx.commit().await?;
        Ok(CreatedServiceKey { key, token })
    }

    /// Revokes a service key for good. It may be revoked already.
    pub async fn revoke_service_key(&self, caller: &Caller, id: ServiceKeyId) -> Result<()> {
        let revoked = self.end_service_key(caller, id).await;
        self.audit_refusal(caller, "service_key.revoked", Target::Nobody, revoked).await
    }

    async fn end_service_key(&self, caller: &Caller, id: ServiceKeyId) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        self.power(&mut tx, caller, needs::DELETE_SERVICE_KEYS).await?;
        let key = ServiceKey::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if ServiceKey::revoke(&mut tx, id, now).await? {
            let details = json!({ "service_key": id, "name": key.name });
            self.audit(&mut tx, caller, Entry::done("service_key.revoked").with(details)).await?;
            Revocations::insert_of(&mut tx, id.0, now).await?;
        }
        tx.commit().await
    }

    /// A page of service keys, newest first.
    pub async fn list_service_keys(&self, page: PageRequest) -> Result<Page<ServiceKey>> {
        ServiceKey::list(&mut self.db().read().await?, page).await
    }

    /// Every ability.
    pub async fn list_abilities(&self) -> Result<Vec<Ability>> {
        Ability::list(&mut self.db().read().await?).await
    }

    /// Makes an ability.
    pub async fn create_ability(&self, caller: &Caller, slug: &str, label: &str) -> Result<Ability> {
        let created = self.make_ability(caller, slug, label).await;
        self.audit_refusal(caller, "ability.created", Target::Nobody, created).await
    }

    async fn make_ability(&self, caller: &Caller, slug: &str, label: &str) -> Result<Ability> {
        let now = self.now();
        let slug = word(slug).ok_or(Error::field("slug", Code::SlugInvalid))?.to_owned();
        let label = DisplayName::parse(label).map_err(|code| Error::field("label", code))?.as_str().to_owned();
        let id = AbilityId::fresh(now, self.random());
        let ability = Ability { id, slug, label, built_in: false, created_at: now };
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        self.power(&mut tx, caller, needs::CREATE_SERVICE_KEYS).await?;
        if !ability.insert(&mut tx).await? {
            return Err(Error::Conflict(Code::SlugInUse));
        }
        self.audit(&mut tx, caller, Entry::done("ability.created").with(json!({ "ability": ability.slug }))).await?;
        tx.commit().await?;
        Ok(ability)
    }

    /// Deletes an ability; the keys that had it do not any more.
    pub async fn delete_ability(&self, caller: &Caller, id: AbilityId) -> Result<()> {
        let deleted = self.remove_ability(caller, id).await;
        self.audit_refusal(caller, "ability.deleted", Target::Nobody, deleted).await
    }

    async fn remove_ability(&self, caller: &Caller, id: AbilityId) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        self.power(&mut tx, caller, needs::DELETE_SERVICE_KEYS).await?;
        let ability = Ability::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if ability.built_in {
            return Err(Forbidden::built_in(&ability.slug).into());
        }
        let keys = ServiceKey::of_ability(&mut tx, id).await?;
        Ability::delete(&mut tx, id).await?;
        self.audit(&mut tx, caller, Entry::done("ability.deleted").with(json!({ "ability": ability.slug }))).await?;
        for key in keys {
            Revocations::insert_of(&mut tx, key.0, now).await?;
        }
        tx.commit().await
    }
}
