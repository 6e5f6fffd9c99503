//! Choosing a password: it must fit the policy and not be one that the account had before; then it is hashed.
//! All of it is slow, so all of it happens in the hash pool, before any transaction opens.

use secrecy::SecretString;

use crate::accounts::Account;
use crate::code::Code;
use crate::db::Tx;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{FieldErrors, Result};
use crate::hasher::Ticket;
use crate::password_policy::{PasswordPolicy, normalize};
use crate::passwords::Password;
use crate::username::Username;

/// Whose password it will be: what it must not contain, and which hashes it must not match.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whose {
    pub identifiers: Vec<String>,
    pub used: Vec<String>,
}

impl Whose {
    /// Somebody who has no account yet.
    pub(crate) fn somebody_new(email: Option<&Email>, username: Option<&Username>) -> Whose {
        let email = email.map(|email| email.normalized().to_owned());
        let username = username.map(|username| username.as_str().to_owned());
        Whose { identifiers: email.into_iter().chain(username).collect(), used: Vec::new() }
    }

    /// Somebody who may have had passwords before.
    pub(crate) async fn account(tx: &mut Tx, account: &Account) -> Result<Whose> {
        let email = account.email.as_deref().and_then(|email| Email::parse(email).ok());
        let username = account.username.as_deref().and_then(|username| Username::parse(username).ok());
        let used = Password::recent(tx, account.id).await?;
        Ok(Whose { used, ..Whose::somebody_new(email.as_ref(), username.as_ref()) })
    }
}

impl Vestibule {
    /// Notes a password that no rule allows, where other fields are wrong already and nothing will be hashed.
    pub(crate) fn note_password(&self, errors: &mut FieldErrors, password: &SecretString, whose: Whose) {
        let policy = PasswordPolicy { config: self.config().password.clone(), identifiers: whose.identifiers };
        if let Some(code) = policy.refuse_by_rule(&normalize(password)) {
            errors.push("password", code);
        }
    }

    /// The hash of a new password, or why it cannot be chosen.
    pub(crate) async fn choose_password(
        &self,
        ticket: &Ticket,
        password: &SecretString,
        whose: Whose,
    ) -> Result<Result<String, Code>> {
        let password = normalize(password);
        let policy = PasswordPolicy { config: self.config().password.clone(), identifiers: whose.identifiers };
        let candidate = password.clone();
        if let Some(code) = self.hasher().think(ticket, move || policy.refuse(&candidate)).await? {
            return Ok(Err(code));
        }
        if self.hasher().matches_any(ticket, password.clone(), whose.used).await? {
            return Ok(Err(Code::PasswordReused));
        }
        Ok(Ok(self.hasher().hash(ticket, password).await?))
    }
}
