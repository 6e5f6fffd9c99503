//! Sign in by a link that was mailed. It signs in only the browser that presses its button, and asks for the second
//! factor where one is on. Presenting it proves the address.

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
pub enum RedeemMagicLink {
    /// They are signed in.
    Done(Box<SignedIn>),
    /// The password that came with it is wrong, or the account is locked; the link stays good.
    WrongPassword,
    /// A code of the second factor is needed as well; the link stays good.
    MfaRequired,
    /// The code is wrong.
    WrongMfaCode,
    /// The link has expired.
    Expired,
    /// The link was used, or is none of ours.
    Used,
}

impl Vestibule {
    /// Signs in whoever presents a link that was mailed for it.
    pub async fn redeem_magic_link(
        &self,
        caller: &Caller,
        token: &str,
        presenter: Presenter,
    ) -> Result<RedeemMagicLink> {
        let (this, caller, token) = (self.clone(), caller.clone(), token.to_owned());
        detached(async move {
            match this.present(&caller, TokenKind::MagicLink, &token, presenter).await? {
                Presented::Live(link) => this.redeem_link(&caller, &link).await,
                Presented::Expired => Ok(RedeemMagicLink::Expired),
                Presented::Used => Ok(RedeemMagicLink::Used),
                Presented::WrongPassword => Ok(RedeemMagicLink::WrongPassword),
            }
        })
        .await
    }

    async fn redeem_link(&self, caller: &Caller, link: &Link) -> Result<RedeemMagicLink> {
        let mut tx = self.db().write().await?;
        let standing = match self.settle_link(&mut tx, caller, link, true).await? {
            Settled::Done(standing) if link.token.proves_address_of(&standing.account) => standing,
            Settled::Done(_) | Settled::Used => return tx.commit().await.map(|()| RedeemMagicLink::Used),
            Settled::MfaRequired => return tx.commit().await.map(|()| RedeemMagicLink::MfaRequired),
            Settled::WrongMfaCode => return tx.commit().await.map(|()| RedeemMagicLink::WrongMfaCode),
        };
        let account = &standing.account;
        let itself = caller.acting_as(account.id, account.label());
        self.prove_address(&mut tx, &itself, account, standing.stands).await?;
        OneTimeToken::void(&mut tx, account.id, &[TokenKind::MagicLink], self.now()).await?;
        let account = Account::get(&mut tx, account.id).await?;
        let proven = Proven::by(AuthMethod::MagicLink, standing.factor);
        let signed_in = self.open(&mut tx, caller, &account, proven).await?;
        Revocations::insert(&mut tx, account.id, self.now()).await?;
        tx.commit().await?;
        Ok(RedeemMagicLink::Done(signed_in))
    }
}
