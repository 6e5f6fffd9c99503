//! Sign up: a person makes an account of their own and joins the default group. Where addresses need no proof they are signed
//! in; where they do, one answer and one mail follow whether or not the address is taken, after the same work.
//! The unique index decides between racing callers.

use secrecy::SecretString;

use crate::accounts::{Account, AccountState, NewAccount, Taken};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::code::Code;
use crate::config::SignUpMode;
use crate::db::Tx;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::groups::{GroupRef, Membership};
use crate::id::AccountId;
use crate::invitation_places::InvitationPlace;
use crate::issue_token::Mailed;
use crate::mail::Words;
use crate::organization_invitations::OrganizationInvitation;
use crate::passwords::Password;
use crate::revocations::Revocations;
use crate::sessions::Proven;
use crate::sign_in::SignedIn;
use crate::username::DisplayName;

/// What is asked of whoever signs up.
#[derive(Debug)]
pub struct SignUpForm {
    /// Their address.
    pub email: String,
    /// The password they choose. Without one the account lives on links and codes, where mail works.
    pub password: Option<SecretString>,
    /// What they want to be called.
    pub name: Option<String>,
    /// The code of an invitation to an organization.
    pub invitation_code: Option<SecretString>,
}

/// How a sign-up ended.
#[derive(Debug)]
pub enum SignUp {
    /// The account is there and they are signed in.
    Done(Box<SignedIn>),
    /// A mail says how it goes on, to whoever reads the address.
    MailSent,
    /// The address has an account.
    EmailInUse,
    /// Sign-up is closed.
    Closed,
    /// Only whoever is invited may sign up, or the invitation they gave is not good any more.
    InvitationRequired,
    /// There is no invitation of the code that they gave.
    InvitationUnknown,
    /// The invitation is for another address.
    AnotherAddress,
    /// Only addresses of other domains may sign up.
    DomainNotAllowed,
}

impl Vestibule {
    /// Makes an account for whoever asks.
    pub async fn sign_up(&self, caller: &Caller, form: SignUpForm) -> Result<SignUp> {
        if self.config().sign_up == SignUpMode::Closed {
            return Ok(SignUp::Closed);
        }
        let mut errors = FieldErrors::default();
        let email = errors.take("email", Email::parse(&form.email));
        let invitation = match self.invitation_to_sign_up(form.invitation_code.as_ref(), email.as_ref()).await? {
            Ok(invitation) => invitation,
            Err(refused) => return Ok(refused),
        };
        let name = form.name.as_deref().filter(|name| !name.trim().is_empty());
        let name = name.and_then(|name| errors.take("name", DisplayName::parse(name)));
        if email.as_ref().is_some_and(|email| !self.is_domain_allowed(email)) {
            return Ok(SignUp::DomainNotAllowed);
        }
        let whose = Whose::somebody_new(email.as_ref(), None);
        if form.password.is_none() && !self.config().is_mail_read() {
            errors.push("password", Code::PasswordRequired);
        }
        if !errors.is_empty() {
            form.password.iter().for_each(|password| self.note_password(&mut errors, password, whose.clone()));
            return Err(errors.into());
        }
        let hash = match &form.password {
            Some(password) => {
                let ticket = self.hasher().admit()?;
                let hash = self.choose_password(&ticket, password, whose).await?;
                Some(hash.map_err(|code| Error::field("password", code))?)
            }
            None => None,
        };
        let email = email.ok_or_else(|| Error::internal("an address without errors was read"))?;
        let id = AccountId::fresh(self.now(), self.random());
        let state = AccountState::Active;
        let new = NewAccount { id, email: Some(email.clone()), username: None, name, created_by: None, state };
        let by = (&email, invitation.as_ref());
        match hash {
            Some(hash) if !self.config().require_verified_email => self.insert_person(caller, new, by, &hash).await,
            Some(_) | None => self.insert_pending(caller, new, by, hash.as_deref()).await,
        }
    }

    async fn insert_person(
        &self,
        caller: &Caller,
        new: NewAccount,
        (email, invitation): (&Email, Option<&OrganizationInvitation>),
        hash: &str,
    ) -> Result<SignUp> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        match Account::insert(&mut tx, &new, now).await? {
            Ok(()) => {}
            Err(Taken::Email | Taken::Username) => return Ok(SignUp::EmailInUse),
        }
        let account = Account::get(&mut tx, new.id).await?;
        if !self.sign_up_by(&mut tx, caller, invitation, (email, Some(&account))).await? {
            return Ok(SignUp::InvitationRequired);
        }
        let account = self.settle_in(&mut tx, caller, &new, Some(hash)).await?;
        let signed_in = self.open(&mut tx, caller, &account, Proven::by_password(None)).await?;
        tx.commit().await?;
        Ok(SignUp::Done(signed_in))
    }

    /// Makes an account that its owner must prove first, or tells the owner of the one that has the address.
    async fn insert_pending(
        &self,
        caller: &Caller,
        new: NewAccount,
        (email, invitation): (&Email, Option<&OrganizationInvitation>),
        hash: Option<&str>,
    ) -> Result<SignUp> {
        let mut tx = self.db().write().await?;
        let is_new = match Account::insert(&mut tx, &new, self.now()).await? {
            Ok(()) => true,
            Err(Taken::Email | Taken::Username) if !self.config().require_verified_email => {
                return Ok(SignUp::EmailInUse);
            }
            Err(Taken::Email | Taken::Username) => false,
        };
        // None: it was deleted just now, and whoever signs up may try again.
        let account = Account::lock_by_email(&mut tx, email).await?;
        let joins = match &account {
            Some(account) if is_new || self.begins_anew(&mut tx, account, &new).await? => Some(account),
            Some(_) | None => None,
        };
        if !self.sign_up_by(&mut tx, caller, invitation, (email, joins)).await? {
            return Ok(SignUp::InvitationRequired);
        }
        match &account {
            Some(_) if is_new => self.settle_in(&mut tx, caller, &new, hash).await.map(drop)?,
            Some(account) => self.sign_up_taken(&mut tx, caller, (account, &new, joins.is_some()), hash).await?,
            None => {}
        }
        tx.commit().await?;
        Ok(SignUp::MailSent)
    }

    /// Begins an account anew that nobody proved or used; false: it is another kind, and stays as it is.
    async fn begins_anew(&self, tx: &mut Tx, account: &Account, new: &NewAccount) -> Result<bool> {
        if account.state == AccountState::Invited
            || !Account::sign_up_again(tx, account.id, new.name.as_ref(), self.now()).await?
        {
            return Ok(false);
        }
        InvitationPlace::detach(tx, account.id).await?; // whoever signs up now did not ask for what others held
        Ok(true)
    }

    /// What a new account begins with; its address is asked to be proven.
    async fn settle_in(&self, tx: &mut Tx, caller: &Caller, new: &NewAccount, hash: Option<&str>) -> Result<Account> {
        let now = self.now();
        if let Some(hash) = hash {
            Password::replace(tx, new.id, hash, now).await?;
        }
        let group = GroupRef::default_group(tx).await?;
        Membership::insert(tx, group, new.id, now).await?;
        Account::note_sign_up(tx, new.id, now).await?;
        let account = Account::get(tx, new.id).await?;
        let itself = caller.acting_as(account.id, account.label());
        self.audit(tx, &itself, Entry::done("account.created").on(&account)).await?;
        self.mail_token(tx, &itself, &account, Mailed::EmailVerify).await?;
        Ok(account)
    }

    /// Signing up with an address that has an account: one that nobody proved or used begins anew, an invited one gets
    /// its invitation again, and the owner of any other is told.
    async fn sign_up_taken(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (account, new, begins_anew): (&Account, &NewAccount, bool),
        hash: Option<&str>,
    ) -> Result<()> {
        let now = self.now();
        if account.state == AccountState::Invited {
            return match self.mail_for(tx, account, Mailed::AccountInvite).await? {
                Some(what) => self.mail_token(tx, caller, account, what).await.map(drop),
                None => {
                    self.mail_nobody(tx, caller, new.email.as_ref().map_or("", Email::as_str), Mailed::AccountInvite)
                        .await
                }
            };
        }
        if !begins_anew {
            self.audit(tx, caller, Entry::refused("account.created", "email_in_use").on(account)).await?;
            return self.notify(tx, account, Words::AddressInUse).await;
        }
        Password::remove(tx, account.id).await?;
        if let Some(hash) = hash {
            Password::replace(tx, account.id, hash, now).await?;
        }
        self.audit(tx, caller, Entry::done("account.signed_up_again").on(account)).await?;
        self.mail_token(tx, caller, account, Mailed::EmailVerify).await?;
        Revocations::insert(tx, account.id, now).await
    }

    /// Whether somebody of this address may sign up.
    pub(crate) fn is_domain_allowed(&self, email: &Email) -> bool {
        let allowed = &self.config().email_domains;
        allowed.is_empty() || allowed.iter().any(|domain| domain.eq_ignore_ascii_case(email.domain()))
    }
}
