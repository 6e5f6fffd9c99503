//! Mail: letters put in the outbox in the transaction of what they speak of, and what the console sees of them.
//! Each carries exactly one link, below `public_url`. What a letter says is rendered at once and sealed; only
//! delivery, and the development outbox, open it again.

mod inert;
mod layout;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::accounts::Account;
use crate::db::{Tx, text_enum};
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, MailId, TokenId};
use crate::keyring::Sealed;
use crate::outbox::{MailRow, MailState, NewMail, Outbox};
use crate::paging::{Page, PageRequest};
use crate::time::Timestamp;

pub(crate) use layout::Content;
pub(crate) use words::Words;

/// How long a notice is worth sending.
const NOTICE_LIFE: Duration = Duration::from_secs(3 * 24 * 3600);

text_enum! {
    /// What kind of mail.
    MailKind {
        /// Proves the address of who signed up.
        VerifyEmail = "verify_email",
        /// Tells an owner that somebody tried to sign up with their address.
        AddressInUse = "address_in_use",
        /// Lets an owner choose another password.
        PasswordReset = "password_reset",
        /// Lets somebody choose the first password of an account made for them.
        AccountInvite = "account_invite",
        /// Invites somebody to an organization.
        OrganizationInvite = "organization_invite",
        /// Signs in by a link.
        MagicLink = "magic_link",
        /// Signs in by a code.
        EmailCode = "email_code",
        /// Proves the address to change to.
        EmailChange = "email_change",
        /// Tells the old address that a change was asked for.
        EmailChangeAsked = "email_change_asked",
        /// Tells the old address that it was changed.
        EmailChanged = "email_changed",
        /// Tells an owner of an account made for them.
        Welcome = "welcome",
        /// Tells an owner that the password was changed.
        PasswordChanged = "password_changed",
        /// Tells an owner that two-step sign-in is on.
        SecondFactorEnabled = "second_factor_enabled",
        /// Tells an owner that two-step sign-in is off.
        SecondFactorDisabled = "second_factor_disabled",
        /// Tells an owner that an administrator reset two-step sign-in.
        SecondFactorReset = "second_factor_reset",
        /// Tells an owner that there are new recovery codes.
        RecoveryCodesRenewed = "recovery_codes_renewed",
        /// Tells an owner that a recovery code was used.
        RecoveryCodeUsed = "recovery_code_used",
        /// Tells an owner of a sign-in from a device not seen before.
        NewDevice = "new_device",
        /// Tells an owner that a program's token was used twice, and its access ended.
        TokenReused = "token_reused",
        /// Tells an owner of a new API key.
        ApiKeyCreated = "api_key_created",
        /// Tells an owner that an API key was given another secret.
        ApiKeyRotated = "api_key_rotated",
        /// Tells an owner that a secret of theirs was found and revoked.
        TokenReported = "token_reported",
        /// Tells somebody that they were named as who answers for a bot.
        BotResponsible = "bot_responsible",
        /// Tells an owner that a login elsewhere opens the account.
        IdentityLinked = "identity_linked",
        /// Tells an owner that a login elsewhere opens it no more.
        IdentityUnlinked = "identity_unlinked",
        /// Shows an administrator that mail works.
        Test = "test",
    }
}

/// A mail to be written.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    /// A parsed address.
    pub to: &'a str,
    /// Whose mail it is.
    pub account: Option<AccountId>,
    /// The one-time token it carries and when that dies; none: a notice, which is worth sending for three days.
    pub token: Option<(TokenId, Timestamp)>,
    /// What it says.
    pub words: Words<'a>,
}

/// A mail of the development outbox, opened.
#[derive(Clone, Serialize)]
pub struct KeptMail {
    /// The mail.
    #[serde(flatten)]
    pub row: MailRow,
    /// What it says, as text.
    pub text: String,
    /// What it says, as HTML.
    pub html: String,
}

impl Vestibule {
    /// Puts a letter in the outbox.
    pub(crate) async fn post(&self, tx: &mut Tx, letter: Letter<'_>) -> Result<MailId> {
        self.post_until(tx, letter, None).await
    }

    /// Puts a letter in the outbox that is not worth sending after that time.
    pub(crate) async fn post_until(&self, tx: &mut Tx, letter: Letter<'_>, end: Option<Timestamp>) -> Result<MailId> {
        let (now, kind) = (self.now(), letter.words.kind());
        let id = MailId::fresh(now, self.random());
        let page = layout::lay_out(&self.config().public_url, &letter.words, &letter.words.link(self))?;
        let content = self.keyring().seal(Sealed::Mail, id.0.as_bytes(), &page.content.to_bytes()?, self.random());
        let (token_id, expires_at) = match letter.token {
            Some((token, dies_at)) => (Some(token), dies_at),
            None => (None, now.plus(NOTICE_LIFE)),
        };
        let expires_at = end.map_or(expires_at, |end| expires_at.min(end));
        // Where nobody will ever read it, nothing of it stays.
        let content = self.config().is_mail_read().then_some(content);
        let state = if self.config().mail.smtp.is_some() { MailState::Queued } else { MailState::Kept };
        let (account_id, recipient, subject) = (letter.account, letter.to, page.subject.as_str());
        let mail =
            NewMail { id, account_id, token_id, kind, recipient, subject, content, state, created_at: now, expires_at };
        Outbox::insert(tx, &mail).await?;
        Ok(id)
    }

    /// As much work as `post`, of which nothing stays: for addresses that nobody here has.
    pub(crate) async fn post_decoy(&self, tx: &mut Tx, letter: Letter<'_>) -> Result<()> {
        let id = self.post(tx, letter).await?;
        Outbox::delete(tx, id).await
    }

    /// A notice to an account's owner; nothing when it has no address.
    pub(crate) async fn notify(&self, tx: &mut Tx, account: &Account, words: Words<'_>) -> Result<()> {
        let Some(to) = &account.email else { return Ok(()) };
        self.post(tx, Letter { to, account: Some(account.id), token: None, words }).await.map(drop)
    }

    /// A page of all mail, newest first, without what it says.
    pub async fn list_mail(&self, page: PageRequest) -> Result<Page<MailRow>> {
        Outbox::list(&mut self.db().read().await?, page).await
    }

    /// The newest mail of an account, without what it says.
    pub async fn mail_of(&self, account: AccountId, limit: i64) -> Result<Vec<MailRow>> {
        Outbox::of(&mut self.db().read().await?, account, limit).await
    }

    /// The newest mail of the development outbox, opened; nothing where mail goes out by SMTP.
    pub async fn kept_mail(&self, limit: i64) -> Result<Vec<KeptMail>> {
        if self.config().mail.smtp.is_some() {
            return Ok(Vec::new());
        }
        let mut connection = self.db().read().await?;
        let rows = Outbox::kept(&mut connection, limit).await?;
        let content = Outbox::kept_content(&mut connection, limit).await?;
        let mut sealed: HashMap<MailId, Vec<u8>> = content.into_iter().map(|mail| (mail.id, mail.content)).collect();
        let mut opened = Vec::with_capacity(rows.len());
        for row in rows {
            // One that came in between the two look-ups is not there yet.
            let Some(sealed) = sealed.remove(&row.id) else { continue };
            let Content { text, html } = self.open_mail(row.id, &sealed)?;
            opened.push(KeptMail { row, text, html });
        }
        Ok(opened)
    }

    /// What a sealed mail says.
    pub(crate) fn open_mail(&self, id: MailId, sealed: &[u8]) -> Result<Content> {
        let clear = self.keyring().unseal(Sealed::Mail, id.0.as_bytes(), sealed);
        let clear = clear.ok_or_else(|| Error::internal("a mail in the outbox was sealed under another secret"))?;
        Content::from_bytes(clear.expose_secret())
    }
}

impl std::fmt::Debug for KeptMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptMail").field("row", &self.row).finish_non_exhaustive()
    }
}
