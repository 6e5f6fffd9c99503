//! Checking a second factor: the one way in which any flow looks at one. A right code is spent in the transaction that
//! asks, by a guarded statement, so of any number of racing callers with the same code one is right.

use secrecy::{ExposeSecret as _, SecretString};

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::keyring::Sealed;
use crate::mail::Words;
use crate::prove_owner::Owner;
use crate::recovery_codes::RecoveryCode;
use crate::second_factors::SecondFactor;
use crate::sessions::Factor;
use crate::totp::TotpSecret;
use crate::typed_codes::compact;

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The account has no second factor.
    NotNeeded,
    /// It has one, and no code was given.
    Missing,
    /// The code is wrong, or was used before.
    Wrong,
    /// The code is right, and is spent now.
    Right(Factor),
}

/// A code given for an act, to be counted on its account.
pub(crate) struct Guess<'a> {
    pub account: &'a Account,
    pub code: Option<&'a SecretString>,
    /// Whether a recovery code does as well.
    pub takes_recovery_codes: bool,
    pub act: &'static str,
}

impl Vestibule {
    /// Checks a code, of the authenticator or for recovery, and spends it when it is right. The transaction must hold the
    /// account's row. Attempts are not counted here.
    pub(crate) async fn check_second_factor(
        &self,
        tx: &mut Tx,
        account: &Account,
        code: Option<&SecretString>,
    ) -> Result<Checked> {
        let Some(recovery_code) = code.and_then(compact).as_ref().and_then(RecoveryCode::parse) else {
            return self.check_totp(tx, account.id, code).await;
        };
        if !SecondFactor::is_on(tx, account.id).await? {
            return Ok(Checked::NotNeeded);
        }
        let digest = recovery_code.digest(self.keyring(), account.id);
        if !RecoveryCode::redeem(tx, account.id, &digest).await? {
            return Ok(Checked::Wrong);
        }
        let remaining = RecoveryCode::count(tx, account.id).await?;
        self.notify(tx, account, Words::RecoveryCodeUsed { remaining }).await?;
        Ok(Checked::Right(Factor::RecoveryCode))
    }

    /// Checks a code of the authenticator alone, and spends its step when it is right.
    async fn check_totp(&self, tx: &mut Tx, account: AccountId, code: Option<&SecretString>) -> Result<Checked> {
        let Some(factor) = SecondFactor::find(tx, account).await? else { return Ok(Checked::NotNeeded) };
        let Some(code) = code.and_then(compact) else { return Ok(Checked::Missing) };
        let step = self.matching_step(account, &factor.secret, &code);
        let is_right = match step {
            Some(step) => SecondFactor::spend_step(tx, account, step).await?,
            None => false,
        };
        Ok(if is_right { Checked::Right(Factor::Totp) } else { Checked::Wrong })
    }

    /// The step of time whose code, by a sealed secret, this is. A secret that does not open matches nothing.
    pub(crate) fn matching_step(&self, account: AccountId, sealed: &[u8], code: &SecretString) -> Option<i64> {
        let secret = self.keyring().unseal(Sealed::SecondFactor, account.0.as_bytes(), sealed);
        let Some(secret) = secret.as_ref().and_then(|secret| TotpSecret::from_bytes(secret.expose_secret())) else {
            tracing::error!(%account, "the second factor of an account does not open under this master secret");
            return None;
        };
        secret.matching_step(code.expose_secret(), self.now())
    }

    /// Checks a code and counts it, unless it is right: on the counter of wrong passwords. A locked account's codes are
    /// wrong unseen. The transaction must hold the account's row; commit it, whatever comes of this.
    pub(crate) async fn check_counted(&self, tx: &mut Tx, caller: &Caller, guess: Guess<'_>) -> Result<Checked> {
        let account = guess.account;
        if !SecondFactor::is_on(tx, account.id).await? {
            return Ok(Checked::NotNeeded);
        }
        if guess.code.and_then(compact).is_none() {
            return Ok(Checked::Missing);
        }
        let attempt = self.count_code(tx, caller, account).await?;
        let checked = match (attempt, guess.takes_recovery_codes) {
            (None, _) => Checked::Wrong,
            (Some(_), true) => self.check_second_factor(tx, account, guess.code).await?,
            (Some(_), false) => self.check_totp(tx, account.id, guess.code).await?,
        };
        if let (Checked::Right(_), Some(attempt)) = (checked, attempt) {
            self.take_back_code(tx, caller, account, attempt).await?;
        } else {
            self.audit(tx, caller, Entry::refused(guess.act, "invalid_mfa_code").on(account)).await?;
        }
        Ok(checked)
    }

    /// Opens the transaction of an act by an owner who is there, and checks the code that it takes besides when a second
    /// factor is on. Commit it, whatever came of the code.
    pub(crate) async fn open_owners_act(
        &self,
        caller: &Caller,
        owner: &Owner,
        code: Option<&SecretString>,
        act: &'static str,
    ) -> Result<(Tx, Checked)> {
        let mut tx = self.db().write().await?;
        let is_settled = self.settle_owner(&mut tx, caller, owner).await?;
        let is_live = caller.require_live(&mut tx).await;
        if !is_settled || is_live.is_err() {
            tx.commit().await?; // the password was right all the same, and its attempt is taken back
            return Err(is_live.err().unwrap_or(Error::Denied(Code::Unauthenticated)));
        }
        let guess = Guess { account: &owner.account, code, takes_recovery_codes: true, act };
        let checked = self.check_counted(&mut tx, caller, guess).await?;
        Ok((tx, checked))
    }
}
