//! Sign in with a password, and with a second factor where one is on; and sign out. Every cause of refusal gives one
//! answer after the same work: a stranger learns nothing about who has an account. What else is missing is said only
//! to whoever has the right password. What was proven is worth nothing if the account was disabled or its password
//! changed meanwhile.

use secrecy::SecretString;
use serde_json::json;

use crate::accounts::{Account, AccountView, canonical_identifier};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::Checked;
use crate::db::Tx;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::groups::GroupRef;
use crate::id::SessionId;
use crate::issue_tokens::IssuedTokens;
use crate::password_policy::normalize;
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::prove_password::{Claim, Proof};
use crate::revocations::Revocations;
use crate::second_step::PendingSignIn;
use crate::secret::{Digest, Secret, SecretKind};
use crate::sessions::{Proven, Session};

/// What is asked of whoever signs in.
#[derive(Debug)]
pub struct SignInForm {
    /// E-mail address or username.
    pub identifier: String,
    /// The password.
    pub password: SecretString,
    /// A code of the second factor, where one is on.
    pub mfa_code: Option<SecretString>,
}

/// How a sign-in ended: in a session, if nothing else was asked for.
#[derive(Debug)]
pub enum SignIn<T = Box<SignedIn>> {
    /// They are signed in.
    Done(T),
    /// The password is right, and a code of the second factor is needed as well; nothing was counted.
    MfaRequired(PendingSignIn),
    /// The password is right, the code is not.
    WrongMfaCode,
    /// The password is right, but the address must be proven first.
    EmailNotVerified,
    /// Something was not right; what, is not said.
    Refused,
}

/// What a sign-in opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Session,
    Tokens,
}

impl Opening {
    /// What the log calls it, done or refused.
    pub(crate) fn act(self) -> &'static str {
        match self {
            Opening::Session => "session.created",
            Opening::Tokens => "token.issued",
        }
    }
}

/// What it opened.
pub(crate) enum Opened {
    Session(Box<SignedIn>),
    Tokens(Box<IssuedTokens>),
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

impl<T> SignIn<T> {
    /// The same end, with something else in the place of what it opened.
    pub(crate) fn map<U>(self, open: impl FnOnce(T) -> Result<U>) -> Result<SignIn<U>> {
        Ok(match self {
            SignIn::Done(opened) => SignIn::Done(open(opened)?),
            SignIn::MfaRequired(pending) => SignIn::MfaRequired(pending),
            SignIn::WrongMfaCode => SignIn::WrongMfaCode,
            SignIn::EmailNotVerified => SignIn::EmailNotVerified,
            SignIn::Refused => SignIn::Refused,
        })
    }
}

impl Vestibule {
    /// Signs in with an e-mail address or username and a password.
    pub async fn sign_in(&self, caller: &Caller, form: SignInForm) -> Result<SignIn> {
        let (this, caller) = (self.clone(), caller.clone());
        let ended = detached(async move { this.sign_in_counted(&caller, form, Opening::Session).await }).await?;
        ended.map(|opened| match opened {
            Opened::Session(signed_in) => Ok(signed_in),
            Opened::Tokens(_) => Err(Error::internal("a sign-in for a session opened something else")),
        })
    }

    /// Signs in, and opens what was asked for.
    pub(crate) async fn sign_in_counted(
        &self,
        caller: &Caller,
        form: SignInForm,
        opening: Opening,
    ) -> Result<SignIn<Opened>> {
        let ticket = self.hasher().admit()?;
        let account = Account::find_by_identifier(&mut self.db().read().await?, &form.identifier).await?;
        let key = account.as_ref().map_or_else(
            || Digest::of(canonical_identifier(&form.identifier).as_bytes()),
            |account| Digest::of(account.id.0.as_bytes()),
        );
        let claim = Claim { key, account: account.as_ref(), password: &form.password };
        let proof = self.prove_password(caller, ticket, claim).await?;
        if let (Some(account), Some(proof)) = (&account, &proof)
            && let Some(ended) = self.complete_sign_in(caller, (account, proof), &form, opening).await?
        {
            return Ok(ended);
        }
        let refusal = Entry::refused(opening.act(), "invalid_credentials");
        let refusal = account.iter().fold(refusal, |refusal, account| refusal.on(account));
        self.audit_alone(caller, refusal).await?;
        Ok(SignIn::Refused)
    }

    /// What a right password leads to. None: it is worth nothing any more.
    async fn complete_sign_in(
        &self,
        caller: &Caller,
        (account, proof): (&Account, &Proof),
        form: &SignInForm,
        opening: Opening,
    ) -> Result<Option<SignIn<Opened>>> {
        let rehashed = match self.hasher().is_outdated(&proof.hash) {
            true => Some(self.hasher().hash(&proof.ticket, normalize(&form.password)).await?),
            false => None,
        };
        let mut tx = self.db().write().await?;
        if !Account::is_version(&mut tx, account.id, proof.session_version).await? {
            return Ok(None);
        }
        let account = &Account::get(&mut tx, account.id).await?;
        let ended = if self.must_prove_address(&mut tx, account).await? {
            SignIn::EmailNotVerified
        } else {
            match self.check_second_factor(&mut tx, account, form.mfa_code.as_ref()).await? {
                Checked::Missing => SignIn::MfaRequired(self.pend_sign_in(account.id, proof.session_version)),
                Checked::Wrong => SignIn::WrongMfaCode,
                Checked::NotNeeded => {
                    SignIn::Done(self.open_as(&mut tx, caller, account, (Proven::by_password(None), opening)).await?)
                }
                Checked::Right(factor) => {
                    let proven = Proven::by_password(Some(factor));
                    SignIn::Done(self.open_as(&mut tx, caller, account, (proven, opening)).await?)
                }
            }
        };
        match &ended {
            SignIn::Done(_) => self.note_lifted_lock(&mut tx, caller, account, proof).await?,
            SignIn::MfaRequired(_) => {
                self.take_back(&mut tx, caller, account, proof).await?;
                self.refuse(&mut tx, caller, account, (opening, "mfa_required")).await?;
            }
            SignIn::EmailNotVerified => {
                self.take_back(&mut tx, caller, account, proof).await?;
                self.refuse(&mut tx, caller, account, (opening, "email_not_verified")).await?;
            }
            // It stays counted.
            SignIn::WrongMfaCode | SignIn::Refused => {
                self.refuse(&mut tx, caller, account, (opening, "invalid_mfa_code")).await?;
            }
        }
        if let Some(rehashed) = rehashed {
            Password::rehash(&mut tx, account.id, &proof.hash, &rehashed).await?;
        }
        tx.commit().await?;
        Ok(Some(ended))
    }

    async fn open_as(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        (proven, opening): (Proven, Opening),
    ) -> Result<Opened> {
        match opening {
            Opening::Session => self.open(tx, caller, account, proven).await.map(Opened::Session),
            Opening::Tokens => self.open_tokens(tx, caller, account, proven).await.map(Opened::Tokens),
        }
    }

    /// Completes a sign-in: the account's row is locked, and everything that is asked was given.
    pub(crate) async fn open(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        proven: Proven,
    ) -> Result<Box<SignedIn>> {
        if !Account::complete_sign_in(tx, account.id, account.session_version, self.now()).await? {
            return Err(Error::internal("the version of an account changed while its row was locked"));
        }
        self.begin_session(tx, caller, account, proven).await.map(Box::new)
    }

    /// Writes down that a sign-in was refused after its password had been right.
    pub(crate) async fn refuse(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        (opening, why): (Opening, &'static str),
    ) -> Result<()> {
        self.audit(tx, caller, Entry::refused(opening.act(), why).on(account)).await
    }

    /// Whether an address must be proven before its account can sign in with a password. Administrators whose accounts
    /// were made for them are exempt: trusted hands made them, and mail that does not work must not lock all of them out.
    pub(crate) async fn must_prove_address(&self, tx: &mut Tx, account: &Account) -> Result<bool> {
        let is_unproven = account.email.is_some() && account.email_verified_at.is_none();
        if !self.config().require_verified_email || !is_unproven {
            return Ok(false);
        }
        Ok(Account::has_signed_up(tx, account.id).await? || !GroupRef::is_administrator(tx, account.id).await?)
    }

    /// Begins a session in the transaction of whatever earned it, and tells its owner of a device that is new.
    pub(crate) async fn begin_session(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        proven: Proven,
    ) -> Result<SignedIn> {
        let now = self.now();
        let token = Secret::fresh(SecretKind::Session, self.random());
        let id = SessionId::fresh(now, self.random());
        let session = Session::begin(id, account.id, caller, proven, (&self.config().session, now));
        session.insert(tx, &token.digest()).await?;
        let caller = caller.acting_as(account.id, account.label());
        let details = json!({ "session": id, "method": session.method, "second_factor": session.second_factor });
        self.audit(tx, &caller, Entry::done(Opening::Session.act()).on(account).with(details)).await?;
        self.note_device(tx, account, &caller).await?;
        let csrf_token = self.keyring().csrf_token(&token);
        let account = AccountView::get(tx, account.id).await?;
        Ok(SignedIn { token, csrf_token, session, account })
    }

    /// Ends the session that asks.
    pub async fn sign_out(&self, caller: &Caller, session: &LiveSession) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, session.account_id).await?;
        if Session::end(&mut tx, session.account_id, session.session_id).await? {
            let entry = Entry::done("session.ended").on_known(session.account_id, &session.label);
            self.audit(&mut tx, caller, entry.with(json!({ "session": session.session_id }))).await?;
        }
        Revocations::insert(&mut tx, session.account_id, now).await?;
        tx.commit().await
    }
}
