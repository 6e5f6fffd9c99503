//! API keys of one's own, of no organization: make one, give it another secret, revoke it. Only their owner does, by a session: a key that
//! made keys would outlive its own end. A key says no more than its owner may when it is
//! made, and is worth no more than its owner at each use. Its secret is handed out once.

use std::time::Duration;

use serde_json::json;

use crate::accounts::Account;
use crate::api_keys::ApiKey;
use crate::audit::Entry;
use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::id::{AccountId, ApiKeyId, OrganizationId};
use crate::mail::Words;
use crate::paging::{Page, PageRequest};
use crate::permissions::Permission;
use crate::principals::Credential;
use crate::revocations::Revocations;
use crate::secret::{Secret, SecretKind};
use crate::time::Timestamp;
use crate::username::DisplayName;

const MAX_PERMISSIONS: usize = 100;
/// How many live keys an account has at most.
const MAX_KEYS: i64 = 100;
/// How long the secret before a rotation is good at most.
pub(crate) const MAX_GRACE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How much of a secret is kept to tell keys apart.
const PREFIX_CHARS: usize = 14;

/// What a new key is made of.
#[derive(Clone, Debug, Default)]
pub struct NewApiKey {
    /// What its owner calls it.
    pub name: String,
    /// What it is limited to; none: all that its owner may; an empty list: nothing.
    pub permissions: Option<Vec<Permission>>,
    /// When it ends.
    pub expiry: KeyExpiry,
}

/// When a key ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyExpiry {
    /// After the usual time.
    #[default]
    Usual,
    /// Then.
    At(Timestamp),
    /// Never: only where the settings allow it.
    Never,
}

/// A key that was made or given another secret, with that secret, handed out this once.
#[derive(Debug)]
pub struct CreatedApiKey {
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub token: Secret,
}

/// A key to make, which fits but for what its owner holds.
#[derive(Debug)]
pub(crate) struct DraftKey {
    pub organization: Option<OrganizationId>,
    pub name: DisplayName,
    pub permissions: Option<Vec<Permission>>,
    pub expires_at: Option<Timestamp>,
}

impl Vestibule {
    /// Makes a key for the account that asks.
    pub async fn create_api_key(&self, caller: &Caller, account: AccountId, new: NewApiKey) -> Result<CreatedApiKey> {
        let created = self.make_key(caller, account, new).await;
        self.audit_refusal(caller, "api_key.created", account, created).await
    }

    async fn make_key(&self, caller: &Caller, id: AccountId, new: NewApiKey) -> Result<CreatedApiKey> {
        require_owner(caller, id)?;
        let draft = self.draft_key(new)?;
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, id).await?;
        caller.require_live(&mut tx).await?;
        let account = Account::get(&mut tx, id).await?;
        let created = self.put_key(&mut tx, id, draft).await?;
        let CreatedApiKey { key, .. } = &created;
        let details = json!({ "api_key": key.id, "name": key.name, "permissions": key.permissions,
            "expires_at": key.expires_at });
        self.audit(&mut tx, caller, Entry::done("api_key.created").on(&account).with(details)).await?;
        self.notify(&mut tx, &account, Words::ApiKeyCreated { name: &key.name }).await?;
        tx.commit().await?;
        Ok(created)
    }

    /// What a new key is made of, if that fits.
    pub(crate) fn draft_key(&self, new: NewApiKey) -> Result<DraftKey> {
        let name = DisplayName::parse(&new.name).map_err(|code| Error::field("name", code))?;
        let expires_at = self.key_end(new.expiry)?;
        if new.permissions.as_ref().is_some_and(|permissions| permissions.len() > MAX_PERMISSIONS) {
            return Err(Error::field("permissions", Code::TooManyPermissions));
        }
        Ok(DraftKey { organization: None, name, permissions: new.permissions, expires_at })
    }

    /// Makes a key of an account, whose lock must be held, within what it holds.
    pub(crate) async fn put_key(&self, tx: &mut Tx, id: AccountId, draft: DraftKey) -> Result<CreatedApiKey> {
        let now = self.now();
        if ApiKey::count_live(tx, id, now).await? >= MAX_KEYS {
            return Err(Error::Conflict(Code::TooManyKeys));
        }
        self.require_held(tx, id, draft.permissions.as_deref().unwrap_or_default()).await?;
        let token = Secret::fresh(SecretKind::ApiKey, self.random());
        let key = ApiKey {
            id: ApiKeyId::fresh(now, self.random()),
            account_id: id,
            organization_id: draft.organization,
            name: draft.name.as_str().to_owned(),
            prefix: prefix(&token),
            permissions: draft.permissions,
            created_at: now,
            expires_at: draft.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        key.insert(tx, &token.digest()).await?;
        Ok(CreatedApiKey { key, token })
    }

    /// Refuses to put on a key what its owner does not hold.
    async fn require_held(&self, tx: &mut Tx, owner: AccountId, permissions: &[Permission]) -> Result<()> {
        let view = self.held_in(tx, owner).await?.view;
        for permission in permissions {
            if !view.catalogue().knows(permission) {
                return Err(Forbidden::unknown(permission).into());
            }
            if !view.holds(permission) {
                return Err(Forbidden::ceiling(permission).into());
            }
        }
        Ok(())
    }

    /// When a key ends that is made now.
    pub(crate) fn key_end(&self, expiry: KeyExpiry) -> Result<Option<Timestamp>> {
        let (now, config) = (self.now(), &self.config().tokens);
        match expiry {
            KeyExpiry::Usual => Ok(Some(now.plus(config.api_key))),
            KeyExpiry::Never if config.api_key_never_expires => Ok(None),
            KeyExpiry::At(end) if end > now && (end <= now.plus(config.api_key) || config.api_key_never_expires) => {
                Ok(Some(end))
            }
            KeyExpiry::At(_) | KeyExpiry::Never => Err(Error::field("expires_at", Code::ExpiryInvalid)),
        }
    }

    /// Gives a key another secret. The old one stays good for a while, of seven days at most; none: it ends now.
    pub async fn rotate_api_key(
        &self,
        caller: &Caller,
        account: AccountId,
        id: ApiKeyId,
        grace: Duration,
    ) -> Result<CreatedApiKey> {
        require_owner(caller, account)?;
        if grace > MAX_GRACE {
            return Err(Error::field("grace_seconds", Code::FieldInvalid));
        }
        let now = self.now();
        let mut tx = self.db().write().await?;
        let (owner, before) = self.own_key(&mut tx, caller, account, id).await?;
        let token = Secret::fresh(SecretKind::ApiKey, self.random());
        let digest = token.digest();
        if !ApiKey::rotate(&mut tx, id, (&prefix(&token), &digest), now.plus(grace), now).await? {
            return Err(Error::Conflict(Code::KeyEnded));
        }
        let details = json!({ "api_key": id, "grace_seconds": grace.as_secs() });
        self.audit(&mut tx, caller, Entry::done("api_key.rotated").on(&owner).with(details)).await?;
        self.notify(&mut tx, &owner, Words::ApiKeyRotated { name: &before.name }).await?;
        Revocations::insert(&mut tx, account, now).await?;
        let key = ApiKey::find(&mut tx, account, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(CreatedApiKey { key, token })
    }

    /// Revokes a key for good. It may be revoked already. The host revokes those of organizations as well.
    pub async fn revoke_api_key(&self, caller: &Caller, account: AccountId, id: ApiKeyId) -> Result<()> {
        require_owner(caller, account)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let (owner, key) = self.own_key(&mut tx, caller, account, id).await?;
        if ApiKey::revoke(&mut tx, id, now).await? {
            let details = json!({ "api_key": id, "name": key.name });
            let entry = Entry::done("api_key.revoked").on(&owner).with(details);
            self.audit(&mut tx, caller, key.organization_id.into_iter().fold(entry, Entry::in_organization)).await?;
            Revocations::insert(&mut tx, account, now).await?;
        }
        tx.commit().await
    }

    /// A page of an account's keys that are of no organization, newest first.
    pub async fn list_api_keys(&self, account: AccountId, page: PageRequest) -> Result<Page<ApiKey>> {
        ApiKey::list_personal(&mut self.db().read().await?, account, page).await
    }

    /// A page of all keys of an account, those of organizations as well, newest first.
    pub async fn list_all_api_keys(&self, account: AccountId, page: PageRequest) -> Result<Page<ApiKey>> {
        ApiKey::list(&mut self.db().read().await?, account, page).await
    }

    async fn own_key(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: AccountId,
        id: ApiKeyId,
    ) -> Result<(Account, ApiKey)> {
        Account::lock(tx, account).await?;
        caller.require_live(tx).await?;
        let key = ApiKey::find(tx, account, id).await?;
        let is_any = matches!(caller.actor, Actor::Host { .. } | Actor::System);
        let key = key.filter(|key| is_any || key.organization_id.is_none()).ok_or(Error::NotFound)?;
        Ok((Account::get(tx, account).await?, key))
    }
}

/// Refuses whoever is neither the account itself, signed in, nor the host.
fn require_owner(caller: &Caller, account: AccountId) -> Result<()> {
    match (&caller.actor, caller.credential) {
        (Actor::Host { .. } | Actor::System, _) => Ok(()),
        (Actor::Account { id, .. }, Some(Credential::Session(_))) if *id == account => Ok(()),
        (Actor::Account { id, .. }, Some(Credential::AccessToken(_) | Credential::ApiKey(_))) if *id == account => {
            Err(Error::Denied(Code::SessionRequired))
        }
        (Actor::Account { .. } | Actor::Anonymous, _) => Err(Error::Denied(Code::Unauthenticated)),
    }
}

/// The beginning of a secret: enough to tell keys apart, and to guess nothing.
pub(crate) fn prefix(token: &Secret) -> String {
    token.expose().chars().take(PREFIX_CHARS).collect()
}
