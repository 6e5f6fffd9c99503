//! Identities: the logins elsewhere by which an account is known. One is found by its provider, the issuer behind that
//! name, and the subject that it names; never by an address or a username, which change hands. What the provider says
//! of somebody is kept beside it and never written over the account.

use serde::Serialize;

use crate::db::{Arg, Tx, from_row};
use crate::error::{Error, Result};
use crate::id::{AccountId, IdentityId};
use crate::paging::{Cursor, Page, PageRequest};
use crate::providers::Profile;
use crate::time::Timestamp;

/// A login elsewhere that opens an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// Whose it is.
    #[serde(skip)]
    pub account_id: AccountId,
    /// The provider, as the settings name it.
    pub provider: String,
    /// Who answers under that name.
    pub issuer: String,
    /// Whom the provider names by it.
    pub subject: String,
    /// What they were called there, last time.
    pub username: Option<String>,
    /// Their address there, last time.
    pub email: Option<String>,
    /// When it was connected.
    pub created_at: Timestamp,
    /// When what the provider says was last noted.
    pub updated_at: Timestamp,
    /// When somebody last proved it; none: not since it was connected.
    pub last_used_at: Option<Timestamp>,
}

from_row!(Identity {
    id: IdentityId, account_id: AccountId, provider: String, issuer: String, subject: String,
    username: Option<String>, email: Option<String>, created_at: Timestamp, updated_at: Timestamp,
    last_used_at: Option<Timestamp>,
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, provider, issuer, subject, username, email, created_at, updated_at, last_used_at
               FROM identities ",
            $rest
        )
    };
}

impl Identity {
    /// What people know it by, beside its provider.
    pub fn label(&self) -> &str {
        self.username.as_deref().or(self.email.as_deref()).unwrap_or(&self.subject)
    }

    /// The identity that a provider's answer proves.
    pub(crate) async fn find(tx: &mut Tx, profile: &Profile) -> Result<Option<Identity>> {
        let sql = select!("WHERE provider = $1 AND issuer = $2 AND subject = $3");
        tx.opt(sql, &[&profile.provider, &profile.issuer, &profile.subject]).await
    }

    /// One identity of an account.
    pub(crate) async fn get(tx: &mut Tx, account: AccountId, id: IdentityId) -> Result<Identity> {
        tx.opt(select!("WHERE id = $1 AND account_id = $2"), &[&id, &account]).await?.ok_or(Error::NotFound)
    }

    /// An account's identities, newest first.
    pub(crate) async fn list(tx: &mut Tx, account: AccountId, page: PageRequest) -> Result<Page<Identity>> {
        let after = page.after();
        let sql =
            select!("WHERE account_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4");
        let rows = tx.all(sql, &[&account, &after.created_at, &after.id, &page.fetch()]).await?;
        Ok(page.page(rows, |one: &Identity| Cursor { created_at: one.created_at, id: one.id.0 }))
    }

    /// The provider and the issuer of each identity of an account but one.
    pub(crate) async fn others(tx: &mut Tx, account: AccountId, but: IdentityId) -> Result<Vec<(String, String)>> {
        let sql = "SELECT DISTINCT provider, issuer FROM identities WHERE account_id = $1 AND id <> $2";
        tx.all(sql, &[&account, &but]).await
    }

    /// The provider and the issuer of each identity of an account.
    pub(crate) async fn sources(tx: &mut Tx, account: AccountId) -> Result<Vec<(String, String)>> {
        tx.all("SELECT DISTINCT provider, issuer FROM identities WHERE account_id = $1", &[&account]).await
    }

    /// Connects what a provider's answer proves to an account; false: it is connected already, perhaps to another.
    pub(crate) async fn insert(
        tx: &mut Tx,
        (id, account): (IdentityId, AccountId),
        profile: &Profile,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "INSERT INTO identities (id, account_id, provider, issuer, subject, username, email, created_at,
                                           updated_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)
                   ON CONFLICT (provider, issuer, subject) DO NOTHING";
        let email = profile.email_text();
        let args: [&dyn Arg; 8] =
            [&id, &account, &profile.provider, &profile.issuer, &profile.subject, &profile.username, &email, &now];
        Ok(tx.exec(sql, &args).await? == 1)
    }

    /// Notes that somebody proved it, and what the provider says of them now.
    pub(crate) async fn refresh(tx: &mut Tx, id: IdentityId, profile: &Profile, now: Timestamp) -> Result<()> {
        let sql = "UPDATE identities SET username = $2, email = $3, updated_at = $4, last_used_at = $4 WHERE id = $1";
        tx.exec(sql, &[&id, &profile.username, &profile.email_text(), &now]).await.map(drop)
    }

    /// Disconnects one identity of an account; false: it has no such identity.
    pub(crate) async fn delete(tx: &mut Tx, account: AccountId, id: IdentityId) -> Result<bool> {
        let sql = "DELETE FROM identities WHERE id = $1 AND account_id = $2";
        Ok(tx.exec(sql, &[&id, &account]).await? == 1)
    }

    /// Disconnects every identity of an account.
    pub(crate) async fn delete_all(tx: &mut Tx, account: AccountId) -> Result<u64> {
        tx.exec("DELETE FROM identities WHERE account_id = $1", &[&account]).await
    }
}
