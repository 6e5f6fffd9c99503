//! Sign in by a login elsewhere. Whoever the provider names gets the account that this very login opens, or a new one:
//! never an account that merely has the same address. Of simultaneous first sign-ins one makes the account and the
//! others find it. What the provider says of somebody is noted with the login, and never written over the account.

use std::time::Duration;

use serde_json::{Value, json};

use crate::accounts::{Account, AccountState, NewAccount};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::Checked;
use crate::config::SignUpMode;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::finish_oauth::{OAuthDone, OAuthRefusal, PROVEN, ProvenLogin};
use crate::groups::{GroupRef, Membership};
use crate::id::{AccountId, IdentityId};
use crate::identities::Identity;
use crate::oauth_codes::{self, OAuthCode};
use crate::providers::Profile;
use crate::second_step::PendingSignIn;
use crate::secret::{Secret, SecretKind};
use crate::sessions::{AuthMethod, Proven};
use crate::sign_in::Opening;

/// How often somebody else may come first: each time there is something new to be found.
const TRIES: u32 = 5;

/// Somebody whose login was proven, with their account's row locked.
struct Arrived {
    tx: Tx,
    account: Account,
    new_user: bool,
}

impl Vestibule {
    /// Signs in on our own pages.
    pub(crate) async fn sign_in_on_pages(
        &self,
        caller: &Caller,
        profile: &Profile,
    ) -> Result<Result<OAuthDone, OAuthRefusal>> {
        let Arrived { mut tx, account, new_user } = match self.arrive(caller, profile).await? {
            Ok(arrived) => arrived,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let done = match self.check_second_factor(&mut tx, &account, None).await? {
            Checked::NotNeeded => {
                let proven = Proven::by(AuthMethod::OAuth, None);
                let signed_in = self.open(&mut tx, caller, &account, proven).await?;
                OAuthDone::SignedIn { signed_in, new_user }
            }
            Checked::Missing | Checked::Wrong | Checked::Right(_) => {
                let (life, to) = (PendingSignIn::LIFE, (None, None));
                let code = self.draw_code(&mut tx, (&account, new_user), to, life).await?;
                self.refuse(&mut tx, caller, &account, (Opening::Session, "mfa_required")).await?;
                OAuthDone::MfaRequired(PendingSignIn::parse(code.expose()))
            }
        };
        tx.commit().await?;
        Ok(Ok(done))
    }

    /// Gives an application what it exchanges for a session. A second factor is asked for then.
    pub(crate) async fn sign_in_to(
        &self,
        caller: &Caller,
        profile: &Profile,
        (redirect_uri, code_challenge): (&str, Option<String>),
    ) -> Result<Result<ProvenLogin, OAuthRefusal>> {
        let Arrived { mut tx, account, new_user } = match self.arrive(caller, profile).await? {
            Ok(arrived) => arrived,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let to = (Some(redirect_uri.to_owned()), code_challenge);
        let code = self.draw_code(&mut tx, (&account, new_user), to, oauth_codes::LIFE).await?;
        tx.commit().await?;
        Ok(Ok(ProvenLogin { code, new_user }))
    }

    async fn draw_code(
        &self,
        tx: &mut Tx,
        (account, new_user): (&Account, bool),
        (redirect_uri, code_challenge): (Option<String>, Option<String>),
        life: Duration,
    ) -> Result<Secret> {
        let secret = Secret::fresh(SecretKind::OAuthCode, self.random());
        let (account_id, session_version) = (account.id, account.session_version);
        let code = OAuthCode { account_id, session_version, redirect_uri, code_challenge, new_user };
        code.insert(tx, &secret.digest(), (self.now(), life)).await?;
        Ok(secret)
    }

    /// The account that a login opens, made if it opens none. A refusal is written down.
    async fn arrive(&self, caller: &Caller, profile: &Profile) -> Result<Result<Arrived, OAuthRefusal>> {
        for _ in 0..TRIES {
            let known = Identity::find(&mut self.db().read().await?, profile).await?;
            let arrived = match known {
                Some(identity) => self.arrive_known(caller, &identity, profile).await?,
                None => self.arrive_new(caller, profile).await?,
            };
            if let Some(arrived) = arrived {
                return Ok(arrived);
            }
        }
        Err(Error::Unavailable { retry_after: Duration::from_secs(1) })
    }

    /// None: the login was disconnected meanwhile.
    async fn arrive_known(
        &self,
        caller: &Caller,
        identity: &Identity,
        profile: &Profile,
    ) -> Result<Option<Result<Arrived, OAuthRefusal>>> {
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, identity.account_id).await?;
        let still = Identity::find(&mut tx, profile).await?.filter(|still| still.account_id == identity.account_id);
        let Some(identity) = still else { return Ok(None) };
        let account = Account::get(&mut tx, identity.account_id).await?;
        if account.state != AccountState::Active {
            let details = json!({ "reason": "account_disabled", "provider": profile.provider });
            let refusal = Entry::refused(PROVEN, "account_disabled").on(&account).with(details);
            self.audit(&mut tx, caller, refusal).await?;
            tx.commit().await?;
            return Ok(Some(Err(OAuthRefusal::AccountDisabled)));
        }
        Identity::refresh(&mut tx, identity.id, profile, self.now()).await?;
        self.audit(&mut tx, caller, Entry::done(PROVEN).on(&account).with(about(profile, false))).await?;
        Ok(Some(Ok(Arrived { tx, account, new_user: false })))
    }

    /// None: somebody else has just come by this login, and nothing was made.
    async fn arrive_new(&self, caller: &Caller, profile: &Profile) -> Result<Option<Result<Arrived, OAuthRefusal>>> {
        if let Some(why) = self.sign_up_refusal(profile) {
            let details = json!({ "reason": why, "provider": profile.provider, "subject": profile.subject });
            self.audit_alone(caller, Entry::refused("account.created", why).with(details)).await?;
            return Ok(Some(Err(OAuthRefusal::SignUpClosed)));
        }
        let now = self.now();
        let mut tx = self.db().write().await?;
        let id = AccountId::fresh(now, self.random());
        let has_email = self.insert_named(&mut tx, id, profile).await?;
        let identity = IdentityId::fresh(now, self.random());
        if !Identity::insert(&mut tx, (identity, id), profile, now).await? {
            return Ok(None);
        }
        Account::note_sign_up(&mut tx, id, now).await?;
        if has_email {
            Account::prove_email(&mut tx, id, now).await?
        } else {
            Account::settle_pending(&mut tx, id).await?
        }
        let group = GroupRef::default_group(&mut tx).await?;
        Membership::insert(&mut tx, group, id, now).await?;
        let account = Account::get(&mut tx, id).await?;
        let itself = caller.acting_as(account.id, account.label());
        self.audit(&mut tx, &itself, Entry::done("account.created").on(&account).with(about(profile, true))).await?;
        self.audit(&mut tx, caller, Entry::done(PROVEN).on(&account).with(about(profile, true))).await?;
        Ok(Some(Ok(Arrived { tx, account, new_user: true })))
    }

    /// Makes the account, with the address if the provider proves it and nobody has it; says whether it has one. An
    /// address that somebody has already stays theirs alone, and one that is not proven proves nothing.
    async fn insert_named(&self, tx: &mut Tx, id: AccountId, profile: &Profile) -> Result<bool> {
        let email = profile.verified_email().cloned();
        let (state, has_email) = (AccountState::Active, email.is_some());
        let new = NewAccount { id, email, username: None, name: profile.name.clone(), created_by: None, state };
        if Account::insert(tx, &new, self.now()).await?.is_ok() {
            return Ok(has_email);
        }
        let new = NewAccount { email: None, ..new };
        match Account::insert(tx, &new, self.now()).await? {
            Ok(()) => Ok(false),
            Err(_) => Err(Error::internal("an account without an address and a username was taken")),
        }
    }

    /// Why nobody of this login may have an account made.
    fn sign_up_refusal(&self, profile: &Profile) -> Option<&'static str> {
        match self.config().sign_up {
            SignUpMode::Open => {}
            SignUpMode::Invite => return Some("invitation_required"),
            SignUpMode::Closed => return Some("sign_up_closed"),
        }
        let is_welcome = match profile.verified_email() {
            Some(email) => self.is_domain_allowed(email),
            None => self.config().email_domains.is_empty(),
        };
        (!is_welcome).then_some("email_domain_not_allowed")
    }
}

/// What the log keeps of a login.
fn about(profile: &Profile, new_user: bool) -> Value {
    json!({
        "provider": profile.provider,
        "subject": profile.subject,
        "username": profile.username,
        "email": profile.email_text(),
        "email_verified": profile.is_email_verified && profile.email.is_some(),
        "new_user": new_user,
    })
}
