//! Enrol a second factor: draw a secret, which waits for five minutes and changes nothing, and make it the factor once
//! its owner shows a code of it. Whoever has one already must show that one first, so neither a stolen session nor a
//! known password replaces it.

use std::fmt;

use secrecy::SecretString;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::Checked;
use crate::db::Tx;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::keyring::Sealed;
use crate::mail::Words;
use crate::principals::LiveSession;
use crate::prove_owner::ProveOwner;
use crate::qr::qr_svg;
use crate::refresh_chains::RefreshChain;
use crate::revocations::Revocations;
use crate::second_factors::{ENROLMENT, PendingFactor, SecondFactor};
use crate::sessions::Session;
use crate::time::Timestamp;
use crate::totp::TotpSecret;
use crate::typed_codes::compact;

const BEGIN: &str = "second_factor.enrolment_begun";
const ENABLE: &str = "second_factor.enabled";

/// What enrolling takes.
#[derive(Debug, Default)]
pub struct EnrolmentForm {
    /// The current password, unless none is set.
    pub password: Option<SecretString>,
    /// A code of the factor there is, if there is one.
    pub code: Option<SecretString>,
}

/// What goes into the authenticator. All of it is secret, the picture as well.
pub struct Enrolment {
    /// The secret in base 32, to be typed.
    pub secret: SecretString,
    /// The `otpauth://` URI.
    pub uri: SecretString,
    /// The same as a QR code: an `<svg>` element.
    pub qr_svg: String,
    /// Until when a code of it is awaited.
    pub expires_at: Timestamp,
}

/// How beginning ended.
#[derive(Debug)]
pub enum BeginEnrolment {
    /// Begun; an earlier enrolment is void.
    Begun(Enrolment),
    /// That is not the password, or the account is locked.
    WrongPassword,
    /// There is a factor already, and no code of it was given.
    CodeRequired,
    /// There is a factor already, and that is not a code of it.
    WrongCode,
}

/// How enabling ended.
#[derive(Debug)]
pub enum EnableSecondFactor {
    /// It is on; every other session of the account has ended, and what programs were given for the password alone.
    Done {
        /// The recovery codes, to be shown this once.
        recovery_codes: Vec<SecretString>,
    },
    /// Nothing waits to be confirmed.
    NoEnrolment,
    /// It waited for too long, and is gone.
    Expired,
    /// No code was given.
    CodeRequired,
    /// That is not a code of it, or the account is locked. It still waits.
    WrongCode,
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolment").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Vestibule {
    /// Draws a secret for the one whose session asks.
    pub async fn begin_enrolment(
        &self,
        caller: &Caller,
        session: &LiveSession,
        form: EnrolmentForm,
    ) -> Result<BeginEnrolment> {
        let (this, caller, session) = (self.clone(), caller.clone(), session.clone());
        detached(async move { this.begin_enrolment_counted(&caller, &session, form).await }).await
    }

    async fn begin_enrolment_counted(
        &self,
        caller: &Caller,
        session: &LiveSession,
        form: EnrolmentForm,
    ) -> Result<BeginEnrolment> {
        let owner = match self.prove_owner(caller, session, form.password.as_ref(), BEGIN).await? {
            ProveOwner::Proven(owner) => owner,
            ProveOwner::Wrong => return Ok(BeginEnrolment::WrongPassword),
        };
        let (sealed, enrolment) = self.draw_enrolment(&owner.account)?;
        let (mut tx, checked) = self.open_owners_act(caller, &owner, form.code.as_ref(), BEGIN).await?;
        let begun = match checked {
            Checked::Missing => BeginEnrolment::CodeRequired,
            Checked::Wrong => BeginEnrolment::WrongCode,
            Checked::NotNeeded | Checked::Right(_) => {
                PendingFactor::replace(&mut tx, owner.account.id, &sealed, enrolment.expires_at).await?;
                self.audit(&mut tx, caller, Entry::done(BEGIN).on(&owner.account)).await?;
                BeginEnrolment::Begun(enrolment)
            }
        };
        tx.commit().await?;
        Ok(begun)
    }

    /// Makes the secret that waits the second factor, if the code is of it; takes no password, as whoever began gave it.
    pub async fn enable_second_factor(
        &self,
        caller: &Caller,
        session: &LiveSession,
        code: &SecretString,
    ) -> Result<EnableSecondFactor> {
        let mut tx = self.db().write().await?;
        let account = self.lock_own_account(&mut tx, caller, session).await?;
        let Some(pending) = PendingFactor::find(&mut tx, account.id).await? else {
            return Ok(EnableSecondFactor::NoEnrolment);
        };
        if self.now() >= pending.expires_at {
            PendingFactor::remove(&mut tx, account.id).await?;
            tx.commit().await?;
            return Ok(EnableSecondFactor::Expired);
        }
        let Some(code) = compact(code) else { return Ok(EnableSecondFactor::CodeRequired) };
        let enabled = match self.count_code(&mut tx, caller, &account).await? {
            None => None,
            Some(attempt) => match self.matching_step(account.id, &pending.secret, &code) {
                None => None,
                Some(step) => {
                    self.take_back_code(&mut tx, caller, &account, attempt).await?;
                    SecondFactor::enable(&mut tx, account.id, &pending.secret, step, self.now()).await?;
                    Some(self.complete_enrolment(&mut tx, caller, session, &account).await?)
                }
            },
        };
        if enabled.is_none() {
            self.audit(&mut tx, caller, Entry::refused(ENABLE, "invalid_mfa_code").on(&account)).await?;
        }
        tx.commit().await?;
        Ok(enabled.map_or(EnableSecondFactor::WrongCode, |recovery_codes| EnableSecondFactor::Done { recovery_codes }))
    }

    /// What a new factor brings with it. Gives the recovery codes.
    async fn complete_enrolment(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        session: &LiveSession,
        account: &Account,
    ) -> Result<Vec<SecretString>> {
        PendingFactor::remove(tx, account.id).await?;
        let recovery_codes = self.replace_recovery_codes(tx, account.id).await?;
        Session::end_others(tx, account.id, session.session_id).await?;
        RefreshChain::revoke_without_session(tx, account.id, self.now()).await?;
        self.audit(tx, caller, Entry::done(ENABLE).on(account)).await?;
        self.notify(tx, account, Words::SecondFactorEnabled).await?;
        Revocations::insert(tx, account.id, self.now()).await?;
        Ok(recovery_codes)
    }

    /// The account whose session asks, its row locked until the transaction ends.
    pub(crate) async fn lock_own_account(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        session: &LiveSession,
    ) -> Result<Account> {
        Account::lock(tx, session.account_id).await?;
        caller.require_live(tx).await?;
        Account::get(tx, session.account_id).await
    }

    /// A secret, sealed, and what its owner sees of it.
    fn draw_enrolment(&self, account: &Account) -> Result<(Vec<u8>, Enrolment)> {
        let secret = TotpSecret::fresh(self.random());
        let about = account.id.0.as_bytes();
        let sealed = self.keyring().seal(Sealed::SecondFactor, about, secret.as_bytes(), self.random());
        let issuer = self.config().public_url.host_str().ok_or_else(|| Error::internal("public_url has no host"))?;
        let uri = secret.uri(issuer, &account.label())?;
        let qr_svg = qr_svg(&uri)?;
        let expires_at = self.now().plus(ENROLMENT);
        Ok((sealed, Enrolment { secret: secret.base32(), uri, qr_svg, expires_at }))
    }
}
