//! Ask for a link or a code by mail: to reset a password, to sign in, to prove an address. Whoever asks, for whatever
//! address, gets one answer after the same work, and only the owner of an account gets a mail.

use std::time::Duration;

use crate::accounts::{Account, AccountState};
use crate::caller::Caller;
use crate::db::Tx;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::issue_token::Mailed;
use crate::locks::Lock;
use crate::one_time_tokens::OneTimeToken;
use crate::secret::Digest;

/// How long after a reset link its owner gets no other, used or not: a stranger cannot fill a mailbox with them, nor
/// whoever reads it have the lock of the account lifted again and again.
const AGAIN: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum MailRequest {
    /// A link to choose another password. An invited account gets its invitation again.
    PasswordReset,
    /// A link to prove the address, unless it is proven.
    EmailVerify,
    /// A link to sign in by.
    MagicLink {
        /// What stands for the browser that asks.
        browser: Digest,
    },
    /// A code to sign in by.
    EmailCode,
}

impl Vestibule {
    /// Mails what is asked for to the address, if it has an account. An error says only that the address is none.
    pub async fn ask_by_mail(&self, caller: &Caller, email: &str, what: MailRequest) -> Result<()> {
        let email = Email::parse(email).map_err(|code| Error::field("email", code))?;
        let asked = match what {
            MailRequest::PasswordReset => Mailed::PasswordReset,
            MailRequest::EmailVerify => Mailed::EmailVerify,
            MailRequest::MagicLink { browser } => Mailed::MagicLink { browser },
            MailRequest::EmailCode => Mailed::EmailCode,
        };
        let mut tx = self.db().write().await?;
        match Account::lock_by_email(&mut tx, &email).await? {
            Some(account) => match self.mail_for(&mut tx, &account, asked).await? {
                Some(what) => self.mail_token(&mut tx, caller, &account, what).await.map(drop)?,
                None => self.mail_nobody(&mut tx, caller, email.as_str(), asked).await?,
            },
            None => {
                Lock::Decoy(Digest::of(email.normalized().as_bytes())).take(&mut tx).await?;
                self.mail_nobody(&mut tx, caller, email.as_str(), asked).await?;
            }
        }
        tx.commit().await
    }

    /// What an account gets for what was asked; none: nothing now.
    pub(crate) async fn mail_for(&self, tx: &mut Tx, account: &Account, asked: Mailed) -> Result<Option<Mailed>> {
        if !self.config().is_mail_read() {
            return Ok(None); // and a link that was shown to an administrator stays good
        }
        let what = match account.state {
            AccountState::Invited if Account::is_invite_revoked(tx, account.id).await? => return Ok(None),
            AccountState::Invited => Mailed::AccountInvite,
            AccountState::Active => asked,
            AccountState::Disabled => return Ok(None),
        };
        let now = self.now();
        let is_locked = account.locked_until.is_some_and(|until| now < until);
        let is_needless = match what {
            Mailed::EmailVerify => account.email_verified_at.is_some(),
            Mailed::PasswordReset => OneTimeToken::is_fresh(tx, what.kind(), account.id, now.minus(AGAIN)).await?,
            // A locked account's second factor can be guessed once with each link.
            Mailed::MagicLink { .. } if is_locked => {
                OneTimeToken::is_fresh(tx, what.kind(), account.id, now.minus(AGAIN)).await?
            }
            Mailed::AccountInvite | Mailed::MagicLink { .. } | Mailed::EmailCode => false,
        };
        Ok((!is_needless).then_some(what))
    }
}
