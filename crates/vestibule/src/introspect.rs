//! Ask about a token (RFC 7662), for a service that may; and report one that was found where it should not be: it ends
//! at once, and its owner hears of it. Of a key that was given another secret meanwhile, only the old one ends. Whoever
//! reports learns nothing.

use serde::Serialize;
use serde_json::json;

use crate::accounts::Account;
use crate::api_keys::{ApiKey, KeyPrincipal};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::{AccountId, OrganizationId};
use crate::key_principals::Presented;
use crate::mail::Words;
use crate::permissions::Permission;
use crate::principals::{Credential, Principal};
use crate::refresh_chains::{RefreshChain, RefreshToken};
use crate::revocations::Revocations;
use crate::secret::{Digest, Secret, SecretKind};
use crate::service_keys::ServiceKey;
use crate::sessions::{Identity, Session};

/// What is said of a token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Introspection {
    /// Whether it is live.
    pub active: bool,
    /// What it is: `session`, `access_token`, `refresh_token`, `api_key` or `service_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// Whom it stands for; none: a service key stands for nobody's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<IntrospectedPrincipal>,
    /// Of which organization an API key is; none: of none, or it is no API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The abilities of a service key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abilities: Option<Vec<String>>,
}

/// Whom a token stands for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntrospectedPrincipal {
    /// The account.
    pub id: AccountId,
    /// Its username.
    pub username: Option<String>,
    /// Its address.
    pub email: Option<String>,
    /// Whether somebody proved that address for it.
    pub email_verified: bool,
    /// What its owner wants to be called.
    pub name: Option<String>,
    /// The slugs of its groups; none of a credential that is limited: it is not what they are.
    pub groups: Vec<String>,
    /// What a limited credential may do, all of it; none: all that its owner may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<Permission>>,
}

impl Introspection {
    fn inactive() -> Introspection {
        Introspection { active: false, token_type: None, principal: None, organization_id: None, abilities: None }
    }

    fn of(principal: &Principal) -> Introspection {
        let token_type = match principal.credential {
            Credential::Session(_) => "session",
            Credential::AccessToken(_) => "access_token",
            Credential::ApiKey(_) => "api_key",
        };
        Introspection {
            active: true,
            token_type: Some(token_type),
            principal: Some(about(principal)),
            organization_id: principal.organization,
            abilities: None,
        }
    }
}

impl Vestibule {
    /// What a token of ours stands for at this moment. Any other text is not active. Asking is no use of it.
    pub async fn introspect(&self, token: &str) -> Result<Introspection> {
        let token = token.trim();
        if let Some(secret) = Secret::parse(SecretKind::ServiceKey, token) {
            return Ok(match self.look_at_service_key(&secret).await? {
                Presented::Live(live) => Introspection {
                    active: true,
                    token_type: Some("service_key"),
                    principal: None,
                    organization_id: None,
                    abilities: Some(live.key.abilities.clone()),
                },
                Presented::Revoked | Presented::Expired | Presented::Unknown => Introspection::inactive(),
            });
        }
        if let Some(secret) = Secret::parse(SecretKind::Refresh, token) {
            return self.introspect_refresh(&secret).await;
        }
        if let Some(secret) = Secret::parse(SecretKind::Session, token) {
            let session = self.look_at_session(&secret).await?;
            return Ok(session.map_or_else(Introspection::inactive, |session| Introspection::of(&session.principal)));
        }
        Ok(match self.look_at_key(token).await? {
            Presented::Live(key) => Introspection::of(&key.principal),
            Presented::Revoked | Presented::Expired | Presented::Unknown => Introspection::inactive(),
        })
    }

    async fn introspect_refresh(&self, secret: &Secret) -> Result<Introspection> {
        let mut connection = self.db().read().await?;
        let known = RefreshToken::find(&mut connection, &secret.digest()).await?;
        let Some(known) = known.filter(|known| known.consumed_at.is_none()) else {
            return Ok(Introspection::inactive());
        };
        let life = self.config().tokens.chain;
        let chain = RefreshChain::find(&mut connection, known.chain_id).await?;
        let is_live = RefreshChain::is_live(&mut connection, known.chain_id, self.now(), life).await?;
        let Some(chain) = chain.filter(|_| is_live) else { return Ok(Introspection::inactive()) };
        let account = Account::find(&mut connection, chain.account_id).await?;
        let Some(account) = account else { return Ok(Introspection::inactive()) }; // deleted meanwhile
        let who = Identity::of(&account);
        let credential = Credential::AccessToken(chain.id);
        let principal = self.principal_of(&mut connection, &who, credential, None).await?;
        Ok(Introspection { token_type: Some("refresh_token"), ..Introspection::of(&principal) })
    }

    /// Ends whatever a found token opens, and tells its owner. Text that is nothing of ours is nothing to do.
    pub async fn report_token(&self, caller: &Caller, token: &str) -> Result<()> {
        let token = token.trim();
        if let Some(secret) = Secret::parse(SecretKind::ServiceKey, token) {
            return self.report_service_key(caller, &secret).await;
        }
        let found = if let Some(secret) = Secret::parse(SecretKind::ApiKey, token) {
            let key = KeyPrincipal::find(&mut self.db().read().await?, &secret.digest()).await?;
            // A secret that a rotation ended opens nothing, so it ends nothing either.
            let key = key.filter(|found| found.may_open(self.now()));
            key.map(|found| (found.key.account_id, Credential::ApiKey(found.key.id), "API key"))
        } else if let Some(secret) = Secret::parse(SecretKind::Session, token) {
            let session = self.look_at_session(&secret).await?;
            session.map(|session| (session.account_id, Credential::Session(session.session_id), "session"))
        } else {
            let chain = self.chain_of(token).await?;
            chain.map(|(chain, account)| (account, Credential::AccessToken(chain), "access of a program"))
        };
        let Some((account, credential, what)) = found else { return Ok(()) };
        self.end_reported(caller, (account, credential), &Digest::of(token.as_bytes()), what).await
    }

    async fn end_reported(
        &self,
        caller: &Caller,
        (account, credential): (AccountId, Credential),
        digest: &Digest,
        what: &'static str,
    ) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, account).await?;
        let ended = match credential {
            Credential::Session(session) => Session::end(&mut tx, account, session).await?,
            Credential::AccessToken(chain) => RefreshChain::revoke(&mut tx, chain, now).await?,
            Credential::ApiKey(key) => {
                ApiKey::end_old(&mut tx, key, digest, now).await?
                    || ApiKey::revoke_by_digest(&mut tx, key, digest, now).await?
            }
        };
        if ended {
            let account = Account::get(&mut tx, account).await?;
            let entry = Entry::done("token.reported").on(&account).with(json!({ "what": what }));
            self.audit(&mut tx, caller, entry).await?;
            self.notify(&mut tx, &account, Words::TokenReported { what }).await?;
            Revocations::insert(&mut tx, account.id, now).await?;
        }
        tx.commit().await
    }

    async fn report_service_key(&self, caller: &Caller, secret: &Secret) -> Result<()> {
        let now = self.now();
        let found = ServiceKey::find_by_digest(&mut self.db().read().await?, &secret.digest()).await?;
        let Some(key) = found else { return Ok(()) };
        let mut tx = self.db().write().await?;
        if ServiceKey::revoke(&mut tx, key.id, now).await? {
            let details = json!({ "what": "service key", "service_key": key.id, "name": key.name });
            self.audit(&mut tx, caller, Entry::done("token.reported").with(details)).await?;
            Revocations::insert_of(&mut tx, key.id.0, now).await?;
        }
        tx.commit().await
    }
}

fn about(principal: &Principal) -> IntrospectedPrincipal {
    IntrospectedPrincipal {
        id: principal.account_id,
        username: principal.username.clone(),
        email: principal.email.clone(),
        email_verified: principal.email_verified,
        name: principal.name.clone(),
        groups: if principal.limit.is_none() { principal.groups.clone() } else { Vec::new() },
        permissions: principal.limit.is_some().then(|| said_of_limited(principal)),
    }
}

/// What a limited credential may do, each once, whichever group gives it.
fn said_of_limited(principal: &Principal) -> Vec<Permission> {
    let mut said: Vec<Permission> = Vec::new();
    for one in principal.effective().permissions {
        if !said.contains(&one.permission) {
            said.push(one.permission);
        }
    }
    said
}
