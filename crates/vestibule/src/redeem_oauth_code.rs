//! Exchange the code of a proven login for a session: once, by whoever it was given to, with the second factor where
//! one is on. The code is consumed and the session made in one transaction. As with any code that is typed, those of
//! the second factor count on the account, and of a locked one they are refused unseen.

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::{Checked, Guess};
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::oauth_codes::OAuthCode;
use crate::providers::challenge;
use crate::second_step::PendingSignIn;
use crate::secret::{Digest, Secret, SecretKind};
use crate::sessions::{AuthMethod, Proven};
use crate::sign_in::{Opening, SignIn, SignedIn};

/// What a session is asked for with.
#[derive(Debug)]
pub struct OAuthExchange {
    /// The code.
    pub auth_code: String,
    /// Where the browser brought it to.
    pub redirect_uri: String,
    /// What proves the challenge, where one was given.
    pub code_verifier: Option<SecretString>,
    /// A code of the account's second factor.
    pub mfa_code: Option<SecretString>,
}

/// How it ended.
#[derive(Debug)]
pub enum RedeemOAuthCode {
    /// They are signed in.
    Done {
        /// The session.
        signed_in: Box<SignedIn>,
        /// Whether the account was made with the login.
        new_user: bool,
    },
    /// A code of the second factor is needed as well; nothing was consumed.
    MfaRequired,
    /// The code of the second factor is wrong.
    WrongMfaCode,
    /// The code is used, too old, or somebody else's; which, is not said.
    Refused,
    /// There never was such a code. Whoever asks must not be told that apart.
    Unknown,
}

impl Vestibule {
    /// Exchanges a code that an application was given.
    pub async fn redeem_oauth_code(&self, caller: &Caller, exchange: OAuthExchange) -> Result<RedeemOAuthCode> {
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move {
            let Some(digest) = digest_of(&exchange.auth_code) else { return Ok(RedeemOAuthCode::Unknown) };
            let found = this.find_code(&digest).await?.filter(|code| exchange.is_of(code));
            this.redeem_found(&caller, (&digest, found), exchange.mfa_code.as_ref()).await
        })
        .await
    }

    /// Completes a sign-in on our own pages. None: what the browser holds is no such code.
    pub(crate) async fn redeem_pending(
        &self,
        caller: &Caller,
        pending: &PendingSignIn,
        mfa_code: &SecretString,
    ) -> Result<Option<SignIn>> {
        let Some(digest) = digest_of(pending.expose()) else { return Ok(None) };
        let found = self.find_code(&digest).await?.filter(|code| code.redirect_uri.is_none());
        Ok(Some(match self.redeem_found(caller, (&digest, found), Some(mfa_code)).await? {
            RedeemOAuthCode::Done { signed_in, .. } => SignIn::Done(signed_in),
            RedeemOAuthCode::MfaRequired => SignIn::MfaRequired(pending.clone()),
            RedeemOAuthCode::WrongMfaCode => SignIn::WrongMfaCode,
            RedeemOAuthCode::Refused | RedeemOAuthCode::Unknown => SignIn::Refused,
        }))
    }

    async fn find_code(&self, digest: &Digest) -> Result<Option<OAuthCode>> {
        OAuthCode::find_live(&mut self.db().read().await?, digest, self.now()).await
    }

    /// Redeems what was found. That a code was refused is written down if there ever was such a code: what somebody
    /// makes up is nobody's sign-in, and there is no end of it.
    async fn redeem_found(
        &self,
        caller: &Caller,
        (digest, found): (&Digest, Option<OAuthCode>),
        mfa_code: Option<&SecretString>,
    ) -> Result<RedeemOAuthCode> {
        let redeemed = match &found {
            Some(code) => self.redeem(caller, (digest, code), mfa_code).await?,
            None => RedeemOAuthCode::Refused,
        };
        if !matches!(redeemed, RedeemOAuthCode::Refused) {
            return Ok(redeemed);
        }
        if !OAuthCode::exists(&mut self.db().read().await?, digest).await? {
            return Ok(RedeemOAuthCode::Unknown);
        }
        self.audit_alone(caller, Entry::refused(Opening::Session.act(), "auth_code_invalid")).await?;
        Ok(redeemed)
    }

    async fn redeem(
        &self,
        caller: &Caller,
        (digest, code): (&Digest, &OAuthCode),
        mfa_code: Option<&SecretString>,
    ) -> Result<RedeemOAuthCode> {
        let mut tx = self.db().write().await?;
        if !Account::is_version(&mut tx, code.account_id, code.session_version).await? {
            return Ok(RedeemOAuthCode::Refused);
        }
        // Before the second factor: whoever comes second must neither spend a code of it nor count.
        if !OAuthCode::redeem(&mut tx, digest, self.now()).await? {
            return Ok(RedeemOAuthCode::Refused);
        }
        let account = Account::get(&mut tx, code.account_id).await?;
        let act = Opening::Session.act();
        let guess = Guess { account: &account, code: mfa_code, takes_recovery_codes: true, act };
        let factor = match self.check_counted(&mut tx, caller, guess).await? {
            Checked::NotNeeded => None,
            Checked::Right(factor) => Some(factor),
            Checked::Missing => {
                OAuthCode::give_back(&mut tx, digest).await?;
                self.refuse(&mut tx, caller, &account, (Opening::Session, "mfa_required")).await?;
                return tx.commit().await.map(|()| RedeemOAuthCode::MfaRequired);
            }
            Checked::Wrong => {
                OAuthCode::give_back(&mut tx, digest).await?;
                return tx.commit().await.map(|()| RedeemOAuthCode::WrongMfaCode);
            }
        };
        let signed_in = self.open(&mut tx, caller, &account, Proven::by(AuthMethod::OAuth, factor)).await?;
        tx.commit().await?;
        Ok(RedeemOAuthCode::Done { signed_in, new_user: code.new_user })
    }
}

impl OAuthExchange {
    /// Whether whoever asks is the one that a code was given to.
    fn is_of(&self, code: &OAuthCode) -> bool {
        if code.redirect_uri.as_ref() != Some(&self.redirect_uri) {
            return false;
        }
        match (&code.code_challenge, &self.code_verifier) {
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false, // RFC 9700, section 2.1.1: what was begun without is not proven
            (Some(wanted), Some(verifier)) => {
                challenge(verifier.expose_secret()).as_bytes().ct_eq(wanted.as_bytes()).into()
            }
        }
    }
}

/// What a code is stored under; none: it is not of our form.
fn digest_of(text: &str) -> Option<Digest> {
    Secret::parse(SecretKind::OAuthCode, text.trim()).map(|secret| secret.digest())
}
