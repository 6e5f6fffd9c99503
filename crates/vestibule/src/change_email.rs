//! Change one's own address: asked for with the password, confirmed by a link that is mailed to the new address, told
//! to the old one. Whether the new address is taken is decided when it is confirmed.

use secrecy::SecretString;
use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::detached::detached;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::TokenId;
use crate::mail::{Letter, Words};
use crate::one_time_tokens::{OneTimeToken, Payload, TokenKind};
use crate::present_link::{Link, Presented, Presenter, Settled};
use crate::principals::LiveSession;
use crate::prove_owner::ProveOwner;
use crate::revocations::Revocations;
use crate::secret::{Secret, SecretKind};

/// How asking for it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeEmail {
    /// A link was mailed to the new address.
    MailSent,
    /// That is not the password, or the account is locked.
    WrongPassword,
}

/// How confirming it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmEmailChange {
    /// The account has the new address.
    Done,
    /// Another account has it.
    EmailInUse,
    /// The password that came with it is wrong, or the account is locked; the link stays good.
    WrongPassword,
    /// A code of the second factor is needed besides the password; the link stays good.
    MfaRequired,
    /// The code is wrong; the link stays good.
    WrongMfaCode,
    /// The link has expired.
    Expired,
    /// The link was used, or is none of ours.
    Used,
}

impl Vestibule {
    /// Asks to change the address of the account whose session asks. The password is needed where one is set.
    pub async fn change_email(
        &self,
        caller: &Caller,
        session: &LiveSession,
        new_email: &str,
        password: Option<SecretString>,
    ) -> Result<ChangeEmail> {
        let email = Email::parse(new_email).map_err(|code| Error::field("new_email", code))?;
        let (this, caller, session) = (self.clone(), caller.clone(), session.clone());
        detached(async move { this.ask_for_change(&caller, &session, &email, password).await }).await
    }

    async fn ask_for_change(
        &self,
        caller: &Caller,
        session: &LiveSession,
        email: &Email,
        password: Option<SecretString>,
    ) -> Result<ChangeEmail> {
        let owner = match self.prove_owner(caller, session, password.as_ref(), "email_change.requested").await? {
            ProveOwner::Proven(owner) => owner,
            ProveOwner::Wrong => return Ok(ChangeEmail::WrongPassword),
        };
        let mut tx = self.db().write().await?;
        if !self.settle_owner(&mut tx, caller, &owner).await? {
            return Err(Error::Denied(Code::Unauthenticated));
        }
        caller.require_live(&mut tx).await?;
        let account = Account::get(&mut tx, session.account_id).await?;
        self.mail_change(&mut tx, &account, email).await?;
        let details = json!({ "from": account.email, "to": email.as_str() });
        self.audit(&mut tx, caller, Entry::done("email_change.requested").on(&account).with(details)).await?;
        tx.commit().await?;
        Ok(ChangeEmail::MailSent)
    }

    async fn mail_change(&self, tx: &mut Tx, account: &Account, email: &Email) -> Result<()> {
        let now = self.now();
        OneTimeToken::void(tx, account.id, &[TokenKind::EmailChange], now).await?;
        let (id, to) = (TokenId::fresh(now, self.random()), email.as_str());
        let secret = Secret::fresh(SecretKind::EmailChange, self.random());
        let payload = Payload { mailed_to: Some(to.to_owned()), ..Payload::default() };
        let about = (TokenKind::EmailChange, Some(account.id));
        let expires_at = OneTimeToken::insert(tx, about, (id, &secret.digest()), payload, now).await?;
        let (link, from) = (self.link("/confirm-email", &secret), account.label());
        let words = Words::EmailChange { link: &link, from: &from };
        self.post(tx, Letter { to, account: Some(account.id), token: Some((id, expires_at)), words }).await?;
        self.notify(tx, account, Words::EmailChangeAsked { to }).await
    }

    /// Gives an account the address that a link was mailed to.
    pub async fn confirm_email_change(
        &self,
        caller: &Caller,
        token: &str,
        presenter: Presenter,
    ) -> Result<ConfirmEmailChange> {
        let (this, caller, token) = (self.clone(), caller.clone(), token.to_owned());
        detached(async move {
            match this.present(&caller, TokenKind::EmailChange, &token, presenter).await? {
                Presented::Live(link) => this.confirm(&caller, &link).await,
                Presented::Expired => Ok(ConfirmEmailChange::Expired),
                Presented::Used => Ok(ConfirmEmailChange::Used),
                Presented::WrongPassword => Ok(ConfirmEmailChange::WrongPassword),
            }
        })
        .await
    }

    async fn confirm(&self, caller: &Caller, link: &Link) -> Result<ConfirmEmailChange> {
        let Some(email) = link.token.payload.0.mailed_to.as_deref().and_then(|to| Email::parse(to).ok()) else {
            return Ok(ConfirmEmailChange::Used);
        };
        let mut tx = self.db().write().await?;
        if Account::is_taken(&mut tx, &email, link.account.id).await? {
            self.forget_proof(&mut tx, caller, link).await?;
            return tx.commit().await.map(|()| ConfirmEmailChange::EmailInUse); // and nothing is consumed
        }
        let standing = match self.settle_link(&mut tx, caller, link, false).await? {
            Settled::Done(standing) => standing,
            Settled::Used => return tx.commit().await.map(|()| ConfirmEmailChange::Used),
            Settled::MfaRequired => return tx.commit().await.map(|()| ConfirmEmailChange::MfaRequired),
            Settled::WrongMfaCode => return tx.commit().await.map(|()| ConfirmEmailChange::WrongMfaCode),
        };
        let (now, before) = (self.now(), &standing.account);
        if before.first_proven_at.is_none() && !standing.stands {
            self.strip(&mut tx, before).await?;
        }
        if Account::set_proven_email(&mut tx, before.id, &email, now).await?.is_err() {
            return Ok(ConfirmEmailChange::EmailInUse); // and nothing is consumed
        }
        OneTimeToken::void(&mut tx, before.id, &TokenKind::OF_ACCOUNTS, now).await?;
        let itself = caller.acting_as(before.id, before.label());
        let details = json!({ "from": before.email, "to": email.as_str() });
        self.audit(&mut tx, &itself, Entry::done("email.changed").on(before).with(details)).await?;
        self.notify(&mut tx, before, Words::EmailChanged { to: email.as_str() }).await?;
        Revocations::insert(&mut tx, before.id, now).await?;
        tx.commit().await?;
        Ok(ConfirmEmailChange::Done)
    }
}
