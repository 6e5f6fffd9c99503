//! Disconnect a login elsewhere, unless it is the last way into the account. A way counts only if it works as things
//! stand: a password with something to sign in by, another login of a provider that is set up, or a proven address
//! where mail is really sent.

use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, IdentityId};
use crate::identities::Identity;
use crate::mail::Words;
use crate::oauth_codes::OAuthCode;
use crate::paging::{Page, PageRequest};
use crate::passwords::Password;
use crate::principals::LiveSession;

const ACT: &str = "identity.unlinked";

impl Vestibule {
    /// A page of the logins that open an account, newest first.
    pub async fn list_identities(&self, account: AccountId, page: PageRequest) -> Result<Page<Identity>> {
        Identity::list(&mut self.db().read().await?, account, page).await
    }

    /// Disconnects a login from the account of the one whose session asks, who must have proved recently who they are.
    pub async fn unlink_identity(&self, caller: &Caller, session: &LiveSession, id: IdentityId) -> Result<()> {
        let unlinked = match session.is_recently_proven(self.now()) {
            true => self.unlink(caller, session.account_id, id).await,
            false => Err(Error::Denied(Code::ReauthenticationRequired)),
        };
        self.audit_refusal(caller, ACT, session.account_id, unlinked).await
    }

    async fn unlink(&self, caller: &Caller, account: AccountId, id: IdentityId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, account).await?;
        caller.require_live(&mut tx).await?;
        let identity = Identity::get(&mut tx, account, id).await?;
        let account = Account::get(&mut tx, account).await?;
        if !self.has_another_way_in(&mut tx, &account, id).await? {
            return Err(Error::Conflict(Code::LastWayIn));
        }
        if !Identity::delete(&mut tx, account.id, id).await? {
            return Err(Error::NotFound);
        }
        OAuthCode::void(&mut tx, account.id, self.now()).await?; // one of them may be worth what this login proved
        let details = json!({ "identity": id, "provider": identity.provider, "username": identity.username });
        self.audit(&mut tx, caller, Entry::done(ACT).on(&account).with(details)).await?;
        let (provider, login) = (self.provider_label(&identity.provider), identity.label());
        self.notify(&mut tx, &account, Words::IdentityUnlinked { provider: &provider, login }).await?;
        tx.commit().await
    }

    /// Whether somebody gets into an account without this login.
    async fn has_another_way_in(&self, tx: &mut Tx, account: &Account, but: IdentityId) -> Result<bool> {
        let has_name = account.email.is_some() || account.username.is_some();
        if has_name && Password::find(tx, account.id).await?.is_some() && !self.must_prove_address(tx, account).await? {
            return Ok(true);
        }
        let others = Identity::others(tx, account.id, but).await?;
        if others.iter().any(|(provider, issuer)| self.providers().has(provider, issuer)) {
            return Ok(true);
        }
        Ok(account.email_verified_at.is_some() && self.config().mail.smtp.is_some())
    }
}
