//! Keys of organizations: API keys by which a member, a person or a bot, acts in one organization. What is here looks at
//! them as the organization does: only while they are not revoked, with whose they are. Every statement names the
//! organization.

use serde::Serialize;

use crate::accounts::AccountKind;
use crate::api_keys::{ApiKey, StoredPermissions};
use crate::db::{Json, Tx, from_row};
use crate::error::Result;
use crate::id::{AccountId, ApiKeyId, OrganizationId};
use crate::paging::{Cursor, Page, PageRequest};
use crate::time::Timestamp;

/// A key of an organization that is not revoked, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrganizationKey {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKey,
    /// Whose it is.
    pub account_id: AccountId,
    /// How people know its owner.
    pub owner: String,
    /// Whether its owner is a person or a bot.
    pub owner_kind: AccountKind,
}

struct Row {
    id: ApiKeyId,
    account_id: AccountId,
    owner: String,
    owner_kind: AccountKind,
    name: String,
    prefix: String,
    permissions: Option<Json<StoredPermissions>>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

from_row!(Row {
    id: ApiKeyId, account_id: AccountId, owner: String, owner_kind: AccountKind, name: String, prefix: String,
    permissions: Option<Json<StoredPermissions>>, created_at: Timestamp, expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT k.id, k.account_id, a.kind AS owner_kind, k.name, k.prefix, k.permissions, k.created_at,
                    k.expires_at, k.last_used_at,
                    CASE a.kind WHEN 'bot' THEN COALESCE(a.name, '')
                                ELSE COALESCE(a.email, a.username, a.name, '') END AS owner
               FROM api_keys k JOIN accounts a ON a.id = k.account_id
              WHERE k.organization_id = $1 AND k.revoked_at IS NULL ",
            $rest
        )
    };
}

impl OrganizationKey {
    /// A key of this organization; another's, or a revoked one, is not found.
    pub(crate) async fn find(
        tx: &mut Tx,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<Option<OrganizationKey>> {
        let row: Option<Row> = tx.opt(select!("AND k.id = $2"), &[&organization, &id]).await?;
        Ok(row.map(|row| row.key(organization)))
    }

    /// A page of its keys, newest first; only those of one owner, if that is asked.
    pub(crate) async fn list(
        tx: &mut Tx,
        organization: OrganizationId,
        owner: Option<AccountId>,
        page: PageRequest,
    ) -> Result<Page<OrganizationKey>> {
        let after = page.after();
        let sql = select!(
            "AND (CAST($2 AS UUID) IS NULL OR k.account_id = $2) AND (k.created_at, k.id) < ($3, $4)
             ORDER BY k.created_at DESC, k.id DESC LIMIT $5"
        );
        let rows: Vec<Row> = tx.all(sql, &[&organization, &owner, &after.created_at, &after.id, &page.fetch()]).await?;
        let keys = rows.into_iter().map(|row| row.key(organization)).collect();
        Ok(page.page(keys, |key: &OrganizationKey| Cursor { created_at: key.key.created_at, id: key.key.id.0 }))
    }
}

impl Row {
    fn key(self, organization: OrganizationId) -> OrganizationKey {
        let Row { account_id, owner, owner_kind, .. } = self;
        let key = ApiKey {
            id: self.id,
            account_id,
            organization_id: Some(organization),
            name: self.name,
            prefix: self.prefix,
            permissions: self.permissions.map(|stored| stored.0.permissions),
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            revoked_at: None,
        };
        OrganizationKey { key, account_id, owner, owner_kind }
    }
}
