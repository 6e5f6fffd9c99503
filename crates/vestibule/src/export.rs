//! Everything held about one account, for its owner to take along. Secrets are not in it: they are not held.

use serde_json::{Value, json};

use crate::accounts::AccountView;
use crate::api_keys::ApiKey;
use crate::audit::{AuditFilter, AuditRow};
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::identities::Identity;
use crate::members::Member;
use crate::organizations::OwnOrganization;
use crate::outbox::Outbox;
use crate::paging::{Cursor, MAX_LIMIT, Page, PageRequest};
use crate::passwords::Password;
use crate::refresh_chains::KnownChain;
use crate::second_factors::SecondFactor;
use crate::sessions::Session;

impl Vestibule {
    /// Everything held about an account, as JSON.
    pub async fn export(&self, id: AccountId) -> Result<Value> {
        let mut connection = self.db().read().await?;
        let view = AccountView::get(&mut connection, id).await?;
        let password = Password::find(&mut connection, id).await?;
        let second_factor = SecondFactor::status(&mut connection, id, self.now()).await?;
        let mail = Outbox::of(&mut connection, id, i64::MAX).await?;
        let mut sessions: Vec<Session> = Vec::new();
        let mut page = PageRequest { limit: MAX_LIMIT, cursor: None };
        while let Some(next) = keep(&mut sessions, Session::list(&mut connection, id, page, self.now()).await?)? {
            page.cursor = Some(next);
        }
        let mut api_keys: Vec<ApiKey> = Vec::new();
        let mut page = PageRequest { limit: MAX_LIMIT, cursor: None };
        while let Some(next) = keep(&mut api_keys, ApiKey::list(&mut connection, id, page).await?)? {
            page.cursor = Some(next);
        }
        let mut identities: Vec<Identity> = Vec::new();
        let mut page = PageRequest { limit: MAX_LIMIT, cursor: None };
        while let Some(next) = keep(&mut identities, Identity::list(&mut connection, id, page).await?)? {
            page.cursor = Some(next);
        }
        let chains = KnownChain::list(&mut connection, id).await?;
        let about_me = AuditFilter { about: Some(id), ..AuditFilter::default() };
        let mut activity: Vec<AuditRow> = Vec::new();
        let mut page = PageRequest { limit: MAX_LIMIT, cursor: None };
        while let Some(next) = keep(&mut activity, AuditRow::list(&mut connection, &about_me, page).await?)? {
            page.cursor = Some(next);
        }
        let activity: Vec<AuditRow> = activity.into_iter().map(|row| row.seen_by(id)).collect();
        Ok(json!({
            "exported_at": self.now(),
            "account": view.account,
            "groups": view.groups,
            "second_factor": second_factor,
            "password": password.map(|password| json!({ "set_at": password.set_at })),
            "organizations": OwnOrganization::list(&mut connection, id).await?,
            "taken_out_of_organizations": Member::list_removals(&mut connection, id).await?,
            "sessions": sessions,
            "api_keys": api_keys,
            "identities": identities,
            "refresh_chains": chains,
            "mail": mail,
            "activity": activity,
        }))
    }
}

/// Adds a page to what was collected; gives the place of the next one.
fn keep<T>(all: &mut Vec<T>, page: Page<T>) -> Result<Option<Cursor>> {
    all.extend(page.items);
    let Some(next) = page.next_cursor else { return Ok(None) };
    Ok(PageRequest::parse(None, Some(&next)).map_err(Error::internal)?.cursor)
}
