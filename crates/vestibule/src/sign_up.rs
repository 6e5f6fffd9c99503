//! Sign up: a person makes an account of their own, joins Members, and is signed in.
//! The password is hashed whether or not the address is taken; the unique index decides between racing callers.

use secrecy::SecretString;

use crate::accounts::{Account, NewAccount, Taken};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::config::SignUpMode;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{FieldErrors, Result};
use crate::groups::{GroupRef, MEMBERS};
use crate::id::AccountId;
use crate::passwords::Password;
use crate::sign_in::SignedIn;
use crate::username::DisplayName;

/// What is asked of whoever signs up.
#[derive(Debug)]
pub struct SignUpForm {
    /// Their address.
    pub email: String,
    /// The password they choose.
    pub password: SecretString,
    /// What they want to be called.
    pub name: Option<String>,
}

/// How a sign-up ended.
#[derive(Debug)]
pub enum SignUp {
    /// The account is there and they are signed in.
    Done(Box<SignedIn>),
    /// The address has an account.
    EmailInUse,
    /// Sign-up is closed.
    Closed,
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
        let name = form.name.as_deref().filter(|name| !name.trim().is_empty());
        let name = name.and_then(|name| errors.take("name", DisplayName::parse(name)));
        if email.as_ref().is_some_and(|email| !self.is_domain_allowed(email)) {
            return Ok(SignUp::DomainNotAllowed);
        }
        let whose = Whose::somebody_new(email.as_ref(), None);
        if !errors.is_empty() {
            self.note_password(&mut errors, &form.password, whose);
            return Err(errors.into());
        }
        let ticket = self.hasher().admit()?;
        let hash = errors.take("password", self.choose_password(&ticket, &form.password, whose).await?);
        errors.check()?;
        let (Some(email), Some(hash)) = (email, hash) else { return Ok(SignUp::Closed) };
        let id = AccountId::fresh(self.now(), self.random());
        let new = NewAccount { id, email: Some(email), username: None, name, created_by: None };
        self.insert_person(caller, new, &hash).await
    }

    async fn insert_person(&self, caller: &Caller, new: NewAccount, hash: &str) -> Result<SignUp> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        match Account::insert(&mut tx, &new, now).await? {
            Ok(()) => {}
            Err(Taken::Email | Taken::Username) => return Ok(SignUp::EmailInUse),
        }
        Password::replace(&mut tx, new.id, hash, now).await?;
        GroupRef::add_member(&mut tx, MEMBERS, new.id, now).await?;
        Account::complete_sign_in(&mut tx, new.id, 1, now).await?;
        let account = Account::get(&mut tx, new.id).await?;
        let itself = caller.acting_as(account.id, account.label());
        self.audit(&mut tx, &itself, Entry::done("account.created").on(&account)).await?;
        let signed_in = self.begin_session(&mut tx, caller, &account).await?;
        tx.commit().await?;
        Ok(SignUp::Done(Box::new(signed_in)))
    }

    fn is_domain_allowed(&self, email: &Email) -> bool {
        let allowed = &self.config().email_domains;
        allowed.is_empty() || allowed.iter().any(|domain| domain.eq_ignore_ascii_case(email.domain()))
    }
}
