//! Sign in with a password, and sign out. Every cause of refusal gives one answer after the same work: a stranger
//! learns nothing about who has an account. What was proven is worth nothing if the account was disabled or its
//! password changed meanwhile.

use secrecy::SecretString;
use serde_json::json;

use crate::accounts::{Account, AccountView, canonical_identifier};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::db::Tx;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::groups::GroupRef;
use crate::id::SessionId;
use crate::password_policy::normalize;
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::prove_password::{Claim, Proof};
use crate::revocations::Revocations;
use crate::secret::{Digest, Secret, SecretKind};
use crate::sessions::Session;

/// What is asked of whoever signs in.
#[derive(Debug)]
pub struct SignInForm {
    /// E-mail address or username.
    pub identifier: String,
    /// The password.
    pub password: SecretString,
}

/// How a sign-in ended.
#[derive(Debug)]
pub enum SignIn {
    /// They are signed in.
    Done(Box<SignedIn>),
    /// Something was not right; what, is not said.
    Refused,
}

/// A session that has just begun, or has just been given a new token.
pub struct SignedIn {
    /// The session's token, handed out this once.
    pub token: Secret,
    /// What unsafe requests by cookie must carry.
    pub csrf_token: String,
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub account: AccountView,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn")
            .field("session", &self.session)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl Vestibule {
    /// Signs in with an e-mail address or username and a password.
    pub async fn sign_in(&self, caller: &Caller, form: SignInForm) -> Result<SignIn> {
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move { this.sign_in_counted(&caller, form).await }).await
    }

    async fn sign_in_counted(&self, caller: &Caller, form: SignInForm) -> Result<SignIn> {
        let ticket = self.hasher().admit()?;
        let account = Account::find_by_identifier(&mut self.db().read().await?, &form.identifier).await?;
        let key = account.as_ref().map_or_else(
            || Digest::of(canonical_identifier(&form.identifier).as_bytes()),
            |account| Digest::of(account.id.0.as_bytes()),
        );
        let claim = Claim { key, account: account.as_ref(), password: &form.password };
        let proof = self.prove_password(caller, ticket, claim).await?;
        if let (Some(account), Some(proof)) = (&account, &proof)
            && let Some(signed_in) = self.complete_sign_in(caller, account, proof, &form.password).await?
        {
            return Ok(SignIn::Done(Box::new(signed_in)));
        }
        let refusal = Entry::refused("session.created", "invalid_credentials");
        let refusal = account.iter().fold(refusal, |refusal, account| refusal.on(account));
        self.audit_alone(caller, refusal).await?;
        Ok(SignIn::Refused)
    }

    async fn complete_sign_in(
        &self,
        caller: &Caller,
        account: &Account,
        proof: &Proof,
        password: &SecretString,
    ) -> Result<Option<SignedIn>> {
        let rehashed = match self.hasher().is_outdated(&proof.hash) {
            true => Some(self.hasher().hash(&proof.ticket, normalize(password)).await?),
            false => None,
        };
        let now = self.now();
        let mut tx = self.db().write().await?;
        if !Account::complete_sign_in(&mut tx, account.id, proof.session_version, now).await? {
            return Ok(None);
        }
        if let Some(rehashed) = rehashed {
            Password::rehash(&mut tx, account.id, &proof.hash, &rehashed).await?;
        }
        self.note_lifted_lock(&mut tx, caller, account, proof).await?;
        let signed_in = self.begin_session(&mut tx, caller, account).await?;
        tx.commit().await?;
        Ok(Some(signed_in))
    }

    /// Begins a session in the transaction of whatever earned it.
    pub(crate) async fn begin_session(&self, tx: &mut Tx, caller: &Caller, account: &Account) -> Result<SignedIn> {
        let now = self.now();
        let token = Secret::fresh(SecretKind::Session, self.random());
        let id = SessionId::fresh(now, self.random());
        let session = Session::begin(id, account.id, caller, (&self.config().session, now));
        session.insert(tx, &token.digest()).await?;
        let caller = caller.acting_as(account.id, account.label());
        let entry = Entry::done("session.created").on(account).with(json!({ "session": id, "method": session.method }));
        self.audit(tx, &caller, entry).await?;
        let groups = GroupRef::of(tx, account.id).await?;
        let account = Account::get(tx, account.id).await?;
        let csrf_token = self.keyring().csrf_token(&token);
        Ok(SignedIn { token, csrf_token, session, account: AccountView { account, groups } })
    }

    /// Ends the session that asks.
    pub async fn sign_out(&self, caller: &Caller, session: &LiveSession) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        if Session::end(&mut tx, session.account_id, session.session_id).await? {
            let entry = Entry::done("session.ended").on_known(session.account_id, &session.label);
            self.audit(&mut tx, caller, entry.with(json!({ "session": session.session_id }))).await?;
        }
        Revocations::insert(&mut tx, session.account_id, now).await?;
        tx.commit().await
    }
}
