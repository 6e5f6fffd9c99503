//! Invite somebody to choose the first password of the account that was made for them; send that again, or call it
//! back. Where there is no SMTP the link is shown once, to be handed over by other means; then it proves no address.

use std::time::Duration;

use crate::accounts::{Account, AccountState};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::deliver_mail::Delivery;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, MailId};
use crate::issue_token::Mailed;
use crate::locks::Lock;
use crate::needs;
use crate::one_time_tokens::{OneTimeToken, TokenKind};
use crate::power::Power;

/// How long an answer waits to say what became of a mail.
const PATIENCE: Duration = Duration::from_secs(1);

/// What became of an invitation.
#[derive(Debug)]
pub struct Invitation {
    /// Whether it was mailed.
    pub delivery: Delivery,
    /// Its link, shown this once: only where there is no SMTP.
    pub url: Option<String>,
}

/// An invitation before its transaction ended.
pub(crate) enum Invited {
    Mailed(MailId),
    Shown(String),
}

impl Vestibule {
    /// Issues an invitation in a transaction that holds the account's row lock, or has just made the account.
    pub(crate) async fn invite(&self, tx: &mut Tx, caller: &Caller, account: &Account) -> Result<Invited> {
        Account::set_invite_revoked(tx, account.id, None).await?;
        if self.config().mail.smtp.is_some() {
            return self.mail_token(tx, caller, account, Mailed::AccountInvite).await.map(Invited::Mailed);
        }
        self.show_token(tx, caller, account, Mailed::AccountInvite).await.map(Invited::Shown)
    }

    /// Says what became of an invitation, once its transaction is committed.
    pub(crate) async fn deliver_invitation(&self, invited: Invited) -> Result<Invitation> {
        match invited {
            Invited::Shown(url) => Ok(Invitation { delivery: Delivery::Kept, url: Some(url) }),
            Invited::Mailed(mail) => Ok(Invitation { delivery: self.deliver_now(mail, PATIENCE).await?, url: None }),
        }
    }

    /// Sends an invitation again; the earlier link ends.
    pub async fn resend_invite(&self, caller: &Caller, id: AccountId) -> Result<Invitation> {
        let resent = self.resend(caller, id).await;
        self.audit_refusal(caller, "account_invite.sent", id, resent).await
    }

    async fn resend(&self, caller: &Caller, id: AccountId) -> Result<Invitation> {
        let mut tx = self.db().write().await?;
        let (account, power) = self.invited(&mut tx, caller, id).await?;
        if self.config().mail.smtp.is_none() {
            power.take_over(&self.held_in(&mut tx, id).await?)?; // the link will be shown
        }
        let invited = self.invite(&mut tx, caller, &account).await?;
        tx.commit().await?;
        self.deliver_invitation(invited).await
    }

    /// Calls an invitation back; the account stays, and can be invited again by an administrator, not by asking.
    pub async fn revoke_invite(&self, caller: &Caller, id: AccountId) -> Result<()> {
        let revoked = self.revoke(caller, id).await;
        self.audit_refusal(caller, "account_invite.revoked", id, revoked).await
    }

    async fn revoke(&self, caller: &Caller, id: AccountId) -> Result<()> {
        let mut tx = self.db().write().await?;
        let (account, _) = self.invited(&mut tx, caller, id).await?;
        OneTimeToken::void(&mut tx, id, &[TokenKind::AccountInvite], self.now()).await?;
        Account::set_invite_revoked(&mut tx, id, Some(self.now())).await?;
        self.audit(&mut tx, caller, Entry::done("account_invite.revoked").on(&account)).await?;
        tx.commit().await
    }

    /// The invited account of this id, locked, and what the one who asks holds.
    async fn invited(&self, tx: &mut Tx, caller: &Caller, id: AccountId) -> Result<(Account, Power)> {
        Lock::Administrators.take(tx).await?;
        if !Account::lock(tx, id).await? {
            return Err(Error::NotFound);
        }
        let power = self.power(tx, caller, needs::UPDATE_USERS).await?;
        let account = Account::get(tx, id).await?;
        account.require_person()?;
        match account.state {
            AccountState::Invited => Ok((account, power)),
            AccountState::Active | AccountState::Disabled => Err(Error::Conflict(Code::NotInvited)),
        }
    }

    /// A link for choosing a password, shown once to an administrator: only where no mail can carry it.
    pub async fn show_reset_link(&self, caller: &Caller, id: AccountId) -> Result<String> {
        let shown = self.show_reset(caller, id).await;
        self.audit_refusal(caller, "password_reset.requested", id, shown).await
    }

    async fn show_reset(&self, caller: &Caller, id: AccountId) -> Result<String> {
        if caller.account_id() == Some(id) {
            return Err(Error::Conflict(Code::OwnAccount));
        }
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        if !Account::lock(&mut tx, id).await? {
            return Err(Error::NotFound);
        }
        let power = self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        power.take_over(&self.held_in(&mut tx, id).await?)?;
        if self.config().mail.smtp.is_some() {
            return Err(Error::Conflict(Code::MailConfigured));
        }
        let account = Account::get(&mut tx, id).await?;
        account.require_person()?;
        let what = match account.state {
            AccountState::Active => Mailed::PasswordReset,
            AccountState::Invited => Mailed::AccountInvite,
            AccountState::Disabled => return Err(Error::Conflict(Code::AccountDisabled)),
        };
        Account::set_invite_revoked(&mut tx, id, None).await?;
        let url = self.show_token(&mut tx, caller, &account, what).await?;
        tx.commit().await?;
        Ok(url)
    }
}
