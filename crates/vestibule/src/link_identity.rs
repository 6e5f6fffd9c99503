//! Connect a login elsewhere to the account of a session, and prove by one who the owner of a session is. A login that
//! opens another account stays with that one: neither is ever joined to the other.

use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::finish_oauth::{OAuthDone, OAuthRefusal};
use crate::id::IdentityId;
use crate::identities::Identity;
use crate::mail::Words;
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::providers::Profile;
use crate::revocations::Revocations;
use crate::second_factors::SecondFactor;

const LINKED: &str = "identity.linked";
const REPROVEN: &str = "session.reauthenticated";

impl Vestibule {
    /// Connects a login that was proven to the account of the session that began it.
    pub(crate) async fn link_identity(
        &self,
        caller: &Caller,
        session: &LiveSession,
        profile: &Profile,
    ) -> Result<Result<OAuthDone, OAuthRefusal>> {
        let mut tx = self.db().write().await?;
        let Some(account) = self.owner_of(&mut tx, caller, session).await? else {
            return Ok(Err(OAuthRefusal::SessionEnded));
        };
        let now = self.now();
        let id = IdentityId::fresh(now, self.random());
        if Identity::insert(&mut tx, (id, account.id), profile, now).await? {
            let identity = Identity::get(&mut tx, account.id, id).await?;
            let details = json!({ "identity": id, "provider": identity.provider, "username": identity.username });
            self.audit(&mut tx, caller, Entry::done(LINKED).on(&account).with(details)).await?;
            let (provider, login) = (self.provider_label(&identity.provider), identity.label());
            self.notify(&mut tx, &account, Words::IdentityLinked { provider: &provider, login }).await?;
            return tx.commit().await.map(|()| Ok(OAuthDone::Linked));
        }
        match Identity::find(&mut tx, profile).await? {
            Some(identity) if identity.account_id == account.id => {
                Identity::refresh(&mut tx, identity.id, profile, now).await?;
                tx.commit().await.map(|()| Ok(OAuthDone::Linked))
            }
            Some(_) | None => {
                self.refuse_identity(tx, caller, (&account, LINKED), (profile, OAuthRefusal::IdentityInUse)).await
            }
        }
    }

    /// Proves by a login of the same account who the owner of a session is.
    pub(crate) async fn reauthenticate_by_identity(
        &self,
        caller: &Caller,
        session: &LiveSession,
        profile: &Profile,
    ) -> Result<Result<OAuthDone, OAuthRefusal>> {
        let mut tx = self.db().write().await?;
        let Some(account) = self.owner_of(&mut tx, caller, session).await? else {
            return Ok(Err(OAuthRefusal::SessionEnded));
        };
        let has_better =
            Password::find(&mut tx, account.id).await?.is_some() || SecondFactor::is_on(&mut tx, account.id).await?;
        if has_better {
            return self.refuse_identity(tx, caller, (&account, REPROVEN), (profile, OAuthRefusal::NotOffered)).await;
        }
        let identity = Identity::find(&mut tx, profile).await?.filter(|identity| identity.account_id == account.id);
        let Some(identity) = identity else {
            let refusal = (profile, OAuthRefusal::IdentityOfAnother);
            return self.refuse_identity(tx, caller, (&account, REPROVEN), refusal).await;
        };
        let now = self.now();
        Identity::refresh(&mut tx, identity.id, profile, now).await?;
        let Some(signed_in) = self.rotate_session(&mut tx, session).await? else {
            return Ok(Err(OAuthRefusal::SessionEnded));
        };
        let details = json!({ "provider": profile.provider });
        self.audit(&mut tx, caller, Entry::done(REPROVEN).on(&account).with(details)).await?;
        Revocations::insert(&mut tx, account.id, now).await?;
        tx.commit().await?;
        Ok(Ok(OAuthDone::Reproven(Box::new(signed_in))))
    }

    /// The account of a session that is still there, its row locked.
    async fn owner_of(&self, tx: &mut Tx, caller: &Caller, session: &LiveSession) -> Result<Option<Account>> {
        Account::lock(tx, session.account_id).await?;
        match caller.require_live(tx).await {
            Ok(()) => Account::find(tx, session.account_id).await,
            Err(crate::error::Error::Denied(_)) => Ok(None),
            Err(why) => Err(why),
        }
    }

    async fn refuse_identity(
        &self,
        mut tx: Tx,
        caller: &Caller,
        (account, act): (&Account, &'static str),
        (profile, refusal): (&Profile, OAuthRefusal),
    ) -> Result<Result<OAuthDone, OAuthRefusal>> {
        let details = json!({ "reason": refusal.as_str(), "provider": profile.provider });
        self.audit(&mut tx, caller, Entry::refused(act, refusal.as_str()).on(account).with(details)).await?;
        tx.commit().await.map(|()| Err(refusal))
    }

    /// What people call a provider, configured or not.
    pub(crate) fn provider_label(&self, name: &str) -> String {
        let known = self.login_providers().into_iter().find(|provider| provider.name == name);
        known.map_or_else(|| name.to_owned(), |provider| provider.label)
    }
}
