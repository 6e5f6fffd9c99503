//! Disable the second factor: the password, and a code of the factor or for recovery. What is off already stays off, and
//! an enrolment that waits ends.

use secrecy::SecretString;

use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::Checked;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::mail::Words;
use crate::principals::LiveSession;
use crate::prove_owner::ProveOwner;
use crate::second_factors::SecondFactor;

const ACT: &str = "second_factor.disabled";

/// What disabling takes.
#[derive(Debug, Default)]
pub struct DisableForm {
    /// The current password, unless none is set.
    pub password: Option<SecretString>,
    /// A code of the authenticator, or a recovery code.
    pub code: Option<SecretString>,
}

/// How it ended.
#[derive(Debug)]
pub enum DisableSecondFactor {
    /// It is off.
    Done,
    /// That is not the password, or the account is locked.
    WrongPassword,
    /// No code was given.
    CodeRequired,
    /// That is not a code of it.
    WrongCode,
}

impl Vestibule {
    /// Disables the second factor of the one whose session asks. It may be off already.
    pub async fn disable_second_factor(
        &self,
        caller: &Caller,
        session: &LiveSession,
        form: DisableForm,
    ) -> Result<DisableSecondFactor> {
        let (this, caller, session) = (self.clone(), caller.clone(), session.clone());
        detached(async move { this.disable_second_factor_counted(&caller, &session, form).await }).await
    }

    async fn disable_second_factor_counted(
        &self,
        caller: &Caller,
        session: &LiveSession,
        form: DisableForm,
    ) -> Result<DisableSecondFactor> {
        let owner = match self.prove_owner(caller, session, form.password.as_ref(), ACT).await? {
            ProveOwner::Proven(owner) => owner,
            ProveOwner::Wrong => return Ok(DisableSecondFactor::WrongPassword),
        };
        let (mut tx, checked) = self.open_owners_act(caller, &owner, form.code.as_ref(), ACT).await?;
        let disabled = match checked {
            Checked::Missing => DisableSecondFactor::CodeRequired,
            Checked::Wrong => DisableSecondFactor::WrongCode,
            Checked::NotNeeded | Checked::Right(_) => {
                if SecondFactor::remove(&mut tx, owner.account.id).await? {
                    self.audit(&mut tx, caller, Entry::done(ACT).on(&owner.account)).await?;
                    self.notify(&mut tx, &owner.account, Words::SecondFactorDisabled).await?;
                }
                DisableSecondFactor::Done
            }
        };
        tx.commit().await?;
        Ok(disabled)
    }
}
