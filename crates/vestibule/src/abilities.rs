//! Abilities: what services may be allowed, in words of their own. A permission never stands for one, nor one for a
//! permission, and none stands for another: they are compared letter by letter.

use serde::Serialize;

use crate::db::{Tx, from_row};
use crate::error::Result;
use crate::id::AbilityId;
use crate::needs::{self, Need};
use crate::random::Random;
use crate::time::Timestamp;

/// What Vestibule itself asks of services, and the permission that shows a person as much.
const BUILT_IN: [(&str, &str, Need); 3] = [
    ("directory:read", "Look members of the directory up", needs::VIEW_DIRECTORY),
    ("evaluate", "Ask what somebody may do", needs::VIEW_GROUPS),
    ("introspect", "Ask whom a token stands for", needs::VIEW_USERS),
];

/// Something that a service may be allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ability {
    /// Its id.
    pub id: AbilityId,
    /// Its name for programs, which never changes.
    pub slug: String,
    /// Its name for people.
    pub label: String,
    /// Whether Vestibule itself asks for it.
    pub built_in: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

from_row!(Ability { id: AbilityId, slug: String, label: String, built_in: bool, created_at: Timestamp });

impl Ability {
    /// Makes the abilities that Vestibule itself asks for, where they are missing.
    pub(crate) async fn ensure_built_in(tx: &mut Tx, now: Timestamp, random: &Random) -> Result<()> {
        for (slug, label, _) in BUILT_IN {
            let id = AbilityId::fresh(now, random);
            let ability =
                Ability { id, slug: slug.to_owned(), label: label.to_owned(), built_in: true, created_at: now };
            if !ability.insert(tx).await? {
                tx.exec("UPDATE abilities SET built_in = TRUE WHERE slug = $1 AND NOT built_in", &[&slug]).await?;
            }
        }
        Ok(())
    }

    /// The permission that shows a person what this ability answers, and that who gives it must hold.
    pub(crate) fn tells(&self) -> Option<Need> {
        BUILT_IN.iter().find(|(slug, ..)| *slug == self.slug).map(|(_, _, need)| *need)
    }

    /// Every ability, by slug.
    pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<Ability>> {
        tx.all("SELECT id, slug, label, built_in, created_at FROM abilities ORDER BY slug", &[]).await
    }

    pub(crate) async fn find(tx: &mut Tx, id: AbilityId) -> Result<Option<Ability>> {
        tx.opt("SELECT id, slug, label, built_in, created_at FROM abilities WHERE id = $1", &[&id]).await
    }

    /// Makes an ability; false: there is one of this slug.
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<bool> {
        let sql = "INSERT INTO abilities (id, slug, label, built_in, created_at) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (slug) DO NOTHING";
        Ok(tx.exec(sql, &[&self.id, &self.slug, &self.label, &self.built_in, &self.created_at]).await? == 1)
    }

    /// Deletes an ability, and takes it from every key.
    pub(crate) async fn delete(tx: &mut Tx, id: AbilityId) -> Result<()> {
        tx.exec("DELETE FROM abilities WHERE id = $1", &[&id]).await.map(drop)
    }
}
