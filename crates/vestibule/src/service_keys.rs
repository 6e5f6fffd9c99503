//! Service keys: secrets of programs that are nobody's account. What one may do is the abilities that were put on it.

use serde::Serialize;

use crate::db::{Arg, Tx, built, from_row, values};
use crate::error::Result;
use crate::id::{AbilityId, AccountId, ServiceKeyId};
use crate::paging::{Cursor, Page, PageRequest};
use crate::secret::Digest;
use crate::time::Timestamp;

/// A key, as the console shows it: without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceKey {
    /// Its id.
    pub id: ServiceKeyId,
    /// What it is called.
    pub name: String,
    /// The beginning of its secret, to tell keys apart.
    pub prefix: String,
    /// The slugs of its abilities.
    pub abilities: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it; none: the host, or somebody gone.
    pub created_by: Option<AccountId>,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; none: never.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; none: it was not.
    pub revoked_at: Option<Timestamp>,
}

struct KeyRow {
    id: ServiceKeyId,
    name: String,
    prefix: String,
    created_at: Timestamp,
    created_by: Option<AccountId>,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

from_row!(KeyRow {
    id: ServiceKeyId, name: String, prefix: String, created_at: Timestamp, created_by: Option<AccountId>,
    expires_at: Option<Timestamp>, last_used_at: Option<Timestamp>, revoked_at: Option<Timestamp>,
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, prefix, created_at, created_by, expires_at, last_used_at, revoked_at FROM service_keys ",
            $rest
        )
    };
}

impl ServiceKey {
    pub(crate) async fn insert(&self, tx: &mut Tx, digest: &Digest, abilities: &[AbilityId]) -> Result<()> {
        let sql = "INSERT INTO service_keys (id, name, prefix, digest, created_at, created_by, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let args: [&dyn Arg; 7] =
            [&self.id, &self.name, &self.prefix, digest, &self.created_at, &self.created_by, &self.expires_at];
        tx.exec(sql, &args).await?;
        for ability in abilities {
            let sql = "INSERT INTO service_key_abilities (service_key_id, ability_id) VALUES ($1, $2)
                       ON CONFLICT DO NOTHING";
            tx.exec(sql, &[&self.id, ability]).await?;
        }
        Ok(())
    }

    pub(crate) async fn find(tx: &mut Tx, id: ServiceKeyId) -> Result<Option<ServiceKey>> {
        let row: Option<KeyRow> = tx.opt(select!("WHERE id = $1"), &[&id]).await?;
        ServiceKey::complete(tx, row).await
    }

    /// The key whose secret has this digest, however it stands.
    pub(crate) async fn find_by_digest(tx: &mut Tx, digest: &Digest) -> Result<Option<ServiceKey>> {
        let row: Option<KeyRow> = tx.opt(select!("WHERE digest = $1"), &[digest]).await?;
        ServiceKey::complete(tx, row).await
    }

    /// A page of keys, newest first, revoked ones as well.
    pub(crate) async fn list(tx: &mut Tx, page: PageRequest) -> Result<Page<ServiceKey>> {
        let after = page.after();
        let sql = select!("WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3");
        let rows: Vec<KeyRow> = tx.all(sql, &[&after.created_at, &after.id, &page.fetch()]).await?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            keys.extend(ServiceKey::complete(tx, Some(row)).await?);
        }
        Ok(page.page(keys, |key: &ServiceKey| Cursor { created_at: key.created_at, id: key.id.0 }))
    }

    /// The keys that have an ability.
    pub(crate) async fn of_ability(tx: &mut Tx, ability: AbilityId) -> Result<Vec<ServiceKeyId>> {
        let sql = "SELECT service_key_id FROM service_key_abilities WHERE ability_id = $1 ORDER BY service_key_id";
        let keys: Vec<(ServiceKeyId,)> = tx.all(sql, &[&ability]).await?;
        Ok(keys.into_iter().map(|(id,)| id).collect())
    }

    /// Revokes a key for good; false: it was.
    pub(crate) async fn revoke(tx: &mut Tx, id: ServiceKeyId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE service_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        Ok(tx.exec(sql, &[&id, &now]).await? == 1)
    }

    /// Writes when keys were last used.
    pub(crate) async fn touch(tx: &mut Tx, uses: &[(ServiceKeyId, Timestamp)]) -> Result<u64> {
        let sql = format!(
            "WITH uses (id, used_at) AS (VALUES {})
             UPDATE service_keys SET last_used_at = uses.used_at FROM uses
              WHERE service_keys.id = uses.id
                AND (service_keys.last_used_at IS NULL OR service_keys.last_used_at < uses.used_at)",
            values(uses.len(), 2)
        );
        let args: Vec<&dyn Arg> = uses.iter().flat_map(|(id, used_at)| [id as &dyn Arg, used_at]).collect();
        tx.exec(built(sql), &args).await
    }

    async fn complete(tx: &mut Tx, row: Option<KeyRow>) -> Result<Option<ServiceKey>> {
        let Some(row) = row else { return Ok(None) };
        let sql = "SELECT a.slug FROM service_key_abilities k JOIN abilities a ON a.id = k.ability_id
                    WHERE k.service_key_id = $1 ORDER BY a.slug";
        let abilities: Vec<(String,)> = tx.all(sql, &[&row.id]).await?;
        let KeyRow { id, name, prefix, created_at, created_by, expires_at, last_used_at, revoked_at } = row;
        let abilities = abilities.into_iter().map(|(slug,)| slug).collect();
        Ok(Some(ServiceKey {
            id,
            name,
            prefix,
            abilities,
            created_at,
            created_by,
            expires_at,
            last_used_at,
            revoked_at,
        }))
    }
}
