//! Issuing a one-time token about an account: the earlier ones end where one replaces another, and the letter that carries the new
//! one goes into the outbox of the same transaction. The account's row is locked by whoever calls.

use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::groups::GroupRef;
use crate::id::{MailId, TokenId};
use crate::mail::{Letter, Words};
use crate::one_time_tokens::{OneTimeToken, Payload, TokenKind};
use crate::random::Random;
use crate::secret::{Digest, Secret, SecretKind};

/// The first number that would make the smaller codes likelier than the rest.
const FAIR: u32 = u32::MAX - u32::MAX % CODES;
const CODES: u32 = 1_000_000;

/// A link or a code that is mailed to an account's own address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mailed {
    EmailVerify,
    PasswordReset,
    AccountInvite,
    MagicLink { browser: Digest },
    EmailCode,
}

/// A token that was drawn, before it is handed out.
struct Drawn {
    digest: Digest,
    /// The address of the link, or the code itself.
    opener: String,
}

impl Mailed {
    pub(crate) fn kind(self) -> TokenKind {
        match self {
            Mailed::EmailVerify => TokenKind::EmailVerify,
            Mailed::PasswordReset => TokenKind::PasswordReset,
            Mailed::AccountInvite => TokenKind::AccountInvite,
            Mailed::MagicLink { .. } => TokenKind::MagicLink,
            Mailed::EmailCode => TokenKind::EmailOtp,
        }
    }

    /// Whether a new one ends those before it. Links to sign in by stay, so that a stranger who asks again and again does
    /// not keep the owner's from working; using one ends the others.
    fn replaces(self) -> bool {
        match self {
            Mailed::EmailVerify | Mailed::PasswordReset | Mailed::AccountInvite | Mailed::EmailCode => true,
            Mailed::MagicLink { .. } => false,
        }
    }

    /// What the audit log calls it.
    pub(crate) fn act(self) -> &'static str {
        match self {
            Mailed::EmailVerify => "email_verification.requested",
            Mailed::PasswordReset => "password_reset.requested",
            Mailed::AccountInvite => "account_invite.sent",
            Mailed::MagicLink { .. } => "magic_link.requested",
            Mailed::EmailCode => "email_code.requested",
        }
    }

    /// A link's kind of secret, and the page that it opens; none: it is a code.
    fn link(self) -> Option<(SecretKind, &'static str)> {
        match self {
            Mailed::EmailVerify => Some((SecretKind::EmailVerify, "/verify-email")),
            Mailed::PasswordReset => Some((SecretKind::PasswordReset, "/reset-password")),
            Mailed::AccountInvite => Some((SecretKind::AccountInvite, "/invitation")),
            Mailed::MagicLink { .. } => Some((SecretKind::MagicLink, "/magic-link")),
            Mailed::EmailCode => None,
        }
    }

    fn words<'a>(self, opener: &'a str, groups: &'a [String]) -> Words<'a> {
        match self {
            Mailed::EmailVerify => Words::VerifyEmail { link: opener },
            Mailed::PasswordReset => Words::PasswordReset { link: opener },
            Mailed::AccountInvite => Words::AccountInvite { link: opener, groups },
            Mailed::MagicLink { .. } => Words::MagicLink { link: opener },
            Mailed::EmailCode => Words::EmailCode { code: opener },
        }
    }

    fn payload(self, to: &str) -> Payload {
        let browser = match self {
            Mailed::MagicLink { browser } => Some(browser.to_hex()),
            Mailed::EmailVerify | Mailed::PasswordReset | Mailed::AccountInvite | Mailed::EmailCode => None,
        };
        Payload { mailed_to: Some(to.to_owned()), browser, ..Payload::default() }
    }
}

impl Vestibule {
    /// Issues a token and mails it to the account's own address.
    pub(crate) async fn mail_token(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        what: Mailed,
    ) -> Result<MailId> {
        let (now, kind) = (self.now(), what.kind());
        let Some(to) = &account.email else { return Err(Error::internal("a token is mailed to who has an address")) };
        if what.replaces() {
            OneTimeToken::void(tx, account.id, &[kind], now).await?;
        }
        let id = TokenId::fresh(now, self.random());
        let Drawn { digest, opener } = self.draw(what, id);
        let about = (kind, Some(account.id));
        let expires_at = OneTimeToken::insert(tx, about, (id, &digest), what.payload(to), now).await?;
        let groups: Vec<String> = GroupRef::of(tx, account.id).await?.into_iter().map(|group| group.name).collect();
        self.audit(tx, caller, Entry::done(what.act()).on(account)).await?;
        let words = what.words(&opener, &groups);
        self.post(tx, Letter { to, account: Some(account.id), token: Some((id, expires_at)), words }).await
    }

    /// Issues a token to be shown instead of mailed: it proves no address. Gives its link, or its code.
    pub(crate) async fn show_token(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        what: Mailed,
    ) -> Result<String> {
        let (now, kind) = (self.now(), what.kind());
        if what.replaces() {
            OneTimeToken::void(tx, account.id, &[kind], now).await?;
        }
        let id = TokenId::fresh(now, self.random());
        let Drawn { digest, opener } = self.draw(what, id);
        let payload = Payload { shown_to: caller.account_id(), ..Payload::default() };
        OneTimeToken::insert(tx, (kind, Some(account.id)), (id, &digest), payload, now).await?;
        let entry = Entry::done(what.act()).on(account).with(json!({ "shown": true }));
        self.audit(tx, caller, entry).await?;
        Ok(opener)
    }

    /// As much work as mailing a token, for an address that nobody here has, or whose account may not have one.
    pub(crate) async fn mail_nobody(&self, tx: &mut Tx, caller: &Caller, to: &str, what: Mailed) -> Result<()> {
        let now = self.now();
        let id = TokenId::fresh(now, self.random());
        let Drawn { digest, opener } = self.draw(what, id);
        let expires_at = OneTimeToken::insert(tx, (what.kind(), None), (id, &digest), what.payload(to), now).await?;
        self.audit(tx, caller, Entry::refused(what.act(), "no_mail_for_this_address")).await?;
        let words = what.words(&opener, &[]);
        self.post_decoy(tx, Letter { to, account: None, token: Some((id, expires_at)), words }).await?;
        OneTimeToken::delete(tx, id).await
    }

    fn draw(&self, what: Mailed, id: TokenId) -> Drawn {
        match what.link() {
            Some((kind, page)) => {
                let secret = Secret::fresh(kind, self.random());
                Drawn { digest: secret.digest(), opener: self.link(page, &secret) }
            }
            None => {
                let opener = draw_code(self.random());
                Drawn { digest: self.keyring().short_code_digest(id.0.as_bytes(), &opener), opener }
            }
        }
    }

    /// The address of a link.
    pub(crate) fn link(&self, page: &str, secret: &Secret) -> String {
        self.absolute(&format!("{page}?token={}", secret.expose()))
    }
}

/// Six digits, each code as likely as any other.
fn draw_code(random: &Random) -> String {
    loop {
        let drawn = u32::from_be_bytes(random.bytes());
        if drawn < FAIR {
            return format!("{:06}", drawn % CODES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_drawn_from_whole_rounds_of_the_numbers_alone() {
        assert_eq!((FAIR % CODES, u32::MAX - FAIR < CODES), (0, true));
        let random = Random::seeded(3);
        let codes: Vec<String> = (0..1000).map(|_| draw_code(&random)).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit())));
        assert!(codes.iter().any(|code| code.starts_with('0')));
    }
}
