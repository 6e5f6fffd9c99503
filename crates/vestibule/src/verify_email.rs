//! Verify an address: its owner presents the link that was mailed to it. The link signs in whoever proves an address
//! for the first time; it is not a way in again and again.

use crate::accounts::Account;
use crate::caller::Caller;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::one_time_tokens::{OneTimeToken, TokenKind};
use crate::present_link::{Link, Presented, Presenter, Settled};
use crate::revocations::Revocations;
use crate::sessions::{AuthMethod, Proven};
use crate::sign_in::SignedIn;

/// How it ended.
#[derive(Debug)]
pub enum VerifyEmail {
    /// The address is proven; with a session, if the link signed somebody in.
    Done(Option<Box<SignedIn>>),
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
    /// Proves the address that a link was mailed to.
    pub async fn verify_email(&self, caller: &Caller, token: &str, presenter: Presenter) -> Result<VerifyEmail> {
        let (this, caller, token) = (self.clone(), caller.clone(), token.to_owned());
        detached(async move {
            match this.present(&caller, TokenKind::EmailVerify, &token, presenter).await? {
                Presented::Live(link) => this.verify_link(&caller, &link).await,
                Presented::Expired => Ok(VerifyEmail::Expired),
                Presented::Used => Ok(VerifyEmail::Used),
                Presented::WrongPassword => Ok(VerifyEmail::WrongPassword),
            }
        })
        .await
    }

    async fn verify_link(&self, caller: &Caller, link: &Link) -> Result<VerifyEmail> {
        let mut tx = self.db().write().await?;
        let standing = match self.settle_link(&mut tx, caller, link, false).await? {
            Settled::Done(standing) if link.token.proves_address_of(&standing.account) => standing,
            Settled::Done(_) | Settled::Used => return tx.commit().await.map(|()| VerifyEmail::Used),
            Settled::MfaRequired => return tx.commit().await.map(|()| VerifyEmail::MfaRequired),
            Settled::WrongMfaCode => return tx.commit().await.map(|()| VerifyEmail::WrongMfaCode),
        };
        let is_first = standing.account.first_proven_at.is_none();
        let account = &standing.account;
        let itself = caller.acting_as(account.id, account.label());
        self.prove_address(&mut tx, &itself, account, standing.stands).await?;
        OneTimeToken::void(&mut tx, account.id, &[TokenKind::EmailVerify], self.now()).await?;
        let mut signed_in = None;
        if is_first && !standing.has_session {
            let account = Account::get(&mut tx, account.id).await?;
            let method = if standing.by_password { AuthMethod::Password } else { AuthMethod::EmailVerify };
            signed_in = Some(self.open(&mut tx, caller, &account, Proven::by(method, standing.factor)).await?);
        }
        Revocations::insert(&mut tx, account.id, self.now()).await?;
        tx.commit().await?;
        Ok(VerifyEmail::Done(signed_in))
    }
}
