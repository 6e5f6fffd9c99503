//! API keys: secrets by which a program acts as an account. What a key may do is decided at each use: what it says, and
//! what its owner may do at that moment. Without permissions of its own it says all that its owner may; an empty list
//! of them says nothing. A rotated key answers to its old secret as well, for a while that its owner chose.

use serde::{Deserialize, Serialize};

use crate::db::{Arg, Json, Tx, built, from_row, values};
use crate::error::Result;
use crate::id::{AccountId, ApiKeyId, OrganizationId};
use crate::paging::{Cursor, Page, PageRequest};
use crate::permissions::Permission;
use crate::secret::Digest;
use crate::time::Timestamp;

/// A key, as its owner sees it: without its secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is.
    #[serde(skip)]
    pub account_id: AccountId,
    /// Of which organization it is; none: of none, its owner's alone.
    pub organization_id: Option<OrganizationId>,
    /// What its owner calls it.
    pub name: String,
    /// The beginning of its secret, to tell keys apart.
    pub prefix: String,
    /// What it is limited to; none: all that its owner may.
    pub permissions: Option<Vec<Permission>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; none: never.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; none: it was not.
    pub revoked_at: Option<Timestamp>,
}

/// How a presented key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyState {
    Live,
    Expired,
    Revoked,
}

/// What a request needs of a key.
#[derive(Clone, Debug)]
pub(crate) struct KeyPrincipal {
    pub key: ApiKey,
    pub old_until: Option<Timestamp>,
    pub is_old: bool,
    pub is_owner_active: bool,
    pub is_member: bool,
}

/// A list of permissions as it is stored: an object, as every JSON column is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredPermissions {
    pub permissions: Vec<Permission>,
}

struct KeyRow {
    id: ApiKeyId,
    account_id: AccountId,
    organization_id: Option<OrganizationId>,
    name: String,
    prefix: String,
    permissions: Option<Json<StoredPermissions>>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    old_until: Option<Timestamp>,
    is_old: bool,
    is_owner_active: bool,
    is_member: bool,
}

from_row!(KeyRow {
    id: ApiKeyId, account_id: AccountId, organization_id: Option<OrganizationId>, name: String, prefix: String,
    permissions: Option<Json<StoredPermissions>>, created_at: Timestamp, expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>, revoked_at: Option<Timestamp>, old_until: Option<Timestamp>, is_old: bool,
    is_owner_active: bool, is_member: bool,
});

macro_rules! select {
    ($is_old:literal, $rest:literal) => {
        concat!(
            "SELECT k.id, k.account_id, k.organization_id, k.name, k.prefix, k.permissions, k.created_at, k.expires_at, k.last_used_at,
                    k.revoked_at, k.old_until, ",
            $is_old,
            " AS is_old, a.state = 'active' AS is_owner_active,
                    k.organization_id IS NULL OR EXISTS
                        (SELECT 1 FROM organization_members m
                          WHERE m.organization_id = k.organization_id AND m.account_id = k.account_id) AS is_member
               FROM api_keys k JOIN accounts a ON a.id = k.account_id ",
            $rest
        )
    };
}

impl ApiKey {
    pub(crate) async fn insert(&self, tx: &mut Tx, digest: &Digest) -> Result<()> {
        let permissions = self.permissions.clone().map(|permissions| Json(StoredPermissions { permissions }));
        let sql =
            "INSERT INTO api_keys (id, account_id, organization_id, name, prefix, digest, permissions, created_at,
                                         expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let args: [&dyn Arg; 9] = [
            &self.id,
            &self.account_id,
            &self.organization_id,
            &self.name,
            &self.prefix,
            digest,
            &permissions,
            &self.created_at,
            &self.expires_at,
        ];
        tx.exec(sql, &args).await.map(drop)
    }

    /// A key of this account; another's is not found.
    pub(crate) async fn find(tx: &mut Tx, account: AccountId, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let row: Option<KeyRow> =
            tx.opt(select!("FALSE", "WHERE k.account_id = $1 AND k.id = $2"), &[&account, &id]).await?;
        Ok(row.map(|row| row.principal().key))
    }

    /// A page of an account's keys that are of no organization, newest first, revoked ones as well.
    pub(crate) async fn list_personal(tx: &mut Tx, account: AccountId, page: PageRequest) -> Result<Page<ApiKey>> {
        let after = page.after();
        let sql = select!(
            "FALSE",
            "WHERE k.account_id = $1 AND k.organization_id IS NULL AND (k.created_at, k.id) < ($2, $3)
             ORDER BY k.created_at DESC, k.id DESC LIMIT $4"
        );
        let rows: Vec<KeyRow> = tx.all(sql, &[&account, &after.created_at, &after.id, &page.fetch()]).await?;
        let keys = rows.into_iter().map(|row| row.principal().key).collect();
        Ok(page.page(keys, |key: &ApiKey| Cursor { created_at: key.created_at, id: key.id.0 }))
    }

    /// A page of all keys of an account, newest first, revoked ones as well.
    pub(crate) async fn list(tx: &mut Tx, account: AccountId, page: PageRequest) -> Result<Page<ApiKey>> {
        let after = page.after();
        let sql = select!(
            "FALSE",
            "WHERE k.account_id = $1 AND (k.created_at, k.id) < ($2, $3) ORDER BY k.created_at DESC, k.id DESC LIMIT $4"
        );
        let rows: Vec<KeyRow> = tx.all(sql, &[&account, &after.created_at, &after.id, &page.fetch()]).await?;
        let keys = rows.into_iter().map(|row| row.principal().key).collect();
        Ok(page.page(keys, |key: &ApiKey| Cursor { created_at: key.created_at, id: key.id.0 }))
    }

    /// How many live keys an account has.
    pub(crate) async fn count_live(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM api_keys
                    WHERE account_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
        Ok(tx.one::<(i64,)>(sql, &[&account, &now]).await?.0)
    }

    /// Gives a live key another secret; the old one is good until then. False: it was revoked, or has expired.
    pub(crate) async fn rotate(
        tx: &mut Tx,
        id: ApiKeyId,
        (prefix, digest): (&str, &Digest),
        old_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE api_keys SET old_digest = digest, old_until = $4, digest = $3, prefix = $2
                    WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5)";
        Ok(tx.exec(sql, &[&id, &prefix, digest, &old_until, &now]).await? == 1)
    }

    /// Revokes a key for good; false: it was.
    pub(crate) async fn revoke(tx: &mut Tx, id: ApiKeyId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        Ok(tx.exec(sql, &[&id, &now]).await? == 1)
    }

    /// Ends a secret that a rotation left good for a while; the one after it stays. False: it is not such a secret.
    pub(crate) async fn end_old(tx: &mut Tx, id: ApiKeyId, digest: &Digest, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE api_keys SET old_until = $3
                    WHERE id = $1 AND old_digest = $2 AND revoked_at IS NULL AND old_until > $3";
        Ok(tx.exec(sql, &[&id, digest, &now]).await? == 1)
    }

    /// Revokes a key whose secret this is; false: it was revoked, or has another secret now.
    pub(crate) async fn revoke_by_digest(tx: &mut Tx, id: ApiKeyId, digest: &Digest, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE api_keys SET revoked_at = $3
                    WHERE id = $1 AND digest = $2 AND revoked_at IS NULL";
        Ok(tx.exec(sql, &[&id, digest, &now]).await? == 1)
    }

    /// Revokes every key of an account; says how many.
    pub(crate) async fn revoke_all(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE api_keys SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL";
        tx.exec(sql, &[&account, &now]).await
    }

    /// Revokes every key that an account has in an organization; says how many.
    pub(crate) async fn revoke_in(
        tx: &mut Tx,
        organization: OrganizationId,
        account: AccountId,
        now: Timestamp,
    ) -> Result<u64> {
        let sql = "UPDATE api_keys SET revoked_at = $3
                    WHERE organization_id = $1 AND account_id = $2 AND revoked_at IS NULL";
        tx.exec(sql, &[&organization, &account, &now]).await
    }

    /// Whose keys there are in an organization.
    pub(crate) async fn owners_in(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<AccountId>> {
        let sql = "SELECT DISTINCT account_id FROM api_keys WHERE organization_id = $1 ORDER BY account_id";
        let owners: Vec<(AccountId,)> = tx.all(sql, &[&organization]).await?;
        Ok(owners.into_iter().map(|(id,)| id).collect())
    }

    /// Whether a key was not revoked: looked at again where something is changed by it.
    pub(crate) async fn stands(tx: &mut Tx, id: ApiKeyId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM api_keys WHERE id = $1 AND revoked_at IS NULL";
        Ok(tx.one::<(i64,)>(sql, &[&id]).await?.0 == 1)
    }

    /// Writes when keys were last used.
    pub(crate) async fn touch(tx: &mut Tx, uses: &[(ApiKeyId, Timestamp)]) -> Result<u64> {
        let sql = format!(
            "WITH uses (id, used_at) AS (VALUES {})
             UPDATE api_keys SET last_used_at = uses.used_at FROM uses
              WHERE api_keys.id = uses.id AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < uses.used_at)",
            values(uses.len(), 2)
        );
        let args: Vec<&dyn Arg> = uses.iter().flat_map(|(id, used_at)| [id as &dyn Arg, used_at]).collect();
        tx.exec(built(sql), &args).await
    }
}

impl KeyPrincipal {
    /// The key whose secret, new or old, has this digest, however it stands.
    pub(crate) async fn find(tx: &mut Tx, digest: &Digest) -> Result<Option<KeyPrincipal>> {
        let row: Option<KeyRow> = tx.opt(select!("FALSE", "WHERE k.digest = $1"), &[digest]).await?;
        let row = match row {
            Some(row) => Some(row),
            None => tx.opt(select!("TRUE", "WHERE k.old_digest = $1"), &[digest]).await?,
        };
        Ok(row.map(KeyRow::principal))
    }

    /// How it stands now.
    pub(crate) fn state(&self, now: Timestamp) -> KeyState {
        let is_over = |end: Option<Timestamp>| end.is_some_and(|end| now >= end);
        if self.key.revoked_at.is_some() || !self.is_owner_active || !self.is_member {
            KeyState::Revoked
        } else if is_over(self.key.expires_at) || (self.is_old && self.old_until.is_none_or(|end| now >= end)) {
            KeyState::Expired
        } else {
            KeyState::Live
        }
    }

    /// Whether its secret opens something, now or once its owner is enabled again.
    pub(crate) fn may_open(&self, now: Timestamp) -> bool {
        KeyPrincipal { is_owner_active: true, ..self.clone() }.state(now) == KeyState::Live
    }

    /// When it ends in any case; none: never.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        let old = self.old_until.filter(|_| self.is_old);
        [self.key.expires_at, old].into_iter().flatten().min()
    }
}

impl KeyRow {
    fn principal(self) -> KeyPrincipal {
        let key = ApiKey {
            id: self.id,
            account_id: self.account_id,
            organization_id: self.organization_id,
            name: self.name,
            prefix: self.prefix,
            permissions: self.permissions.map(|stored| stored.0.permissions),
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            revoked_at: self.revoked_at,
        };
        let KeyRow { old_until, is_old, is_owner_active, is_member, .. } = self;
        KeyPrincipal { key, old_until, is_old, is_owner_active, is_member }
    }
}
