//! Renew the recovery codes: ten new ones in place of all that are left. It takes a code of the authenticator, as a
//! recovery code that somebody found must not make ten of itself.

use secrecy::SecretString;

use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::{Checked, Guess};
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::AccountId;
use crate::mail::Words;
use crate::principals::LiveSession;
use crate::recovery_codes::{RECOVERY_CODES, RecoveryCode};
use crate::secret::Digest;

const ACT: &str = "recovery_codes.renewed";

/// How it ended.
#[derive(Debug)]
pub enum RenewRecoveryCodes {
    /// The old ones are void.
    Done {
        /// The new ones, to be shown this once.
        recovery_codes: Vec<SecretString>,
    },
    /// There is no second factor.
    NotEnabled,
    /// No code was given.
    CodeRequired,
    /// That is not a code of the authenticator, or the account is locked.
    WrongCode,
}

impl Vestibule {
    /// Renews the recovery codes of the one whose session asks.
    pub async fn renew_recovery_codes(
        &self,
        caller: &Caller,
        session: &LiveSession,
        code: &SecretString,
    ) -> Result<RenewRecoveryCodes> {
        let mut tx = self.db().write().await?;
        let account = self.lock_own_account(&mut tx, caller, session).await?;
        let guess = Guess { account: &account, code: Some(code), takes_recovery_codes: false, act: ACT };
        let renewed = match self.check_counted(&mut tx, caller, guess).await? {
            Checked::NotNeeded => RenewRecoveryCodes::NotEnabled,
            Checked::Missing => RenewRecoveryCodes::CodeRequired,
            Checked::Wrong => RenewRecoveryCodes::WrongCode,
            Checked::Right(_) => {
                let recovery_codes = self.replace_recovery_codes(&mut tx, account.id).await?;
                self.audit(&mut tx, caller, Entry::done(ACT).on(&account)).await?;
                self.notify(&mut tx, &account, Words::RecoveryCodesRenewed).await?;
                RenewRecoveryCodes::Done { recovery_codes }
            }
        };
        tx.commit().await?;
        Ok(renewed)
    }

    /// Gives an account new recovery codes in place of all it has, and returns them as they are handed out.
    pub(crate) async fn replace_recovery_codes(&self, tx: &mut Tx, account: AccountId) -> Result<Vec<SecretString>> {
        let codes: Vec<RecoveryCode> = (0..RECOVERY_CODES).map(|_| RecoveryCode::fresh(self.random())).collect();
        let digests: Vec<Digest> = codes.iter().map(|code| code.digest(self.keyring(), account)).collect();
        RecoveryCode::replace_all(tx, account, &digests, self.now()).await?;
        Ok(codes.iter().map(RecoveryCode::grouped).collect())
    }
}
