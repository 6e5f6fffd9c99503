//! Sign in by a code that was mailed. Each guess is counted before it is looked at, on the code and on the account, so
//! fresh codes give no fresh guesses. It asks for the second factor where one is on, and is none itself.

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::accounts::Account;
use crate::attempts::CodeAttempt;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::Checked;
use crate::db::Tx;
use crate::detached::detached;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::locks::Lock;
use crate::one_time_tokens::{Guess, OneTimeToken};
use crate::present_link::Presenter;
use crate::prove_password::{Claim, Proof};
use crate::revocations::Revocations;
use crate::secret::Digest;
use crate::sessions::{AuthMethod, Proven, Session};
use crate::sign_in::{Opening, SignedIn};

const ACT: &str = "session.created";

/// How it ended.
#[derive(Debug)]
pub enum RedeemEmailCode {
    /// They are signed in.
    Done(Box<SignedIn>),
    /// The code is right, and one of the second factor is needed as well; nothing was counted.
    MfaRequired,
    /// The code is right, that of the second factor is not.
    WrongMfaCode,
    /// Something was not right; what, is not said.
    Refused,
}

impl Vestibule {
    /// Signs in whoever types the code that was mailed to an address.
    pub async fn redeem_email_code(
        &self,
        caller: &Caller,
        email: &str,
        code: &SecretString,
        presenter: Presenter,
    ) -> Result<RedeemEmailCode> {
        let email = Email::parse(email).map_err(|why| Error::field("email", why))?;
        let (this, caller, code) = (self.clone(), caller.clone(), code.clone());
        detached(async move { this.redeem_counted(&caller, &email, &code, presenter).await }).await
    }

    async fn redeem_counted(
        &self,
        caller: &Caller,
        email: &Email,
        code: &SecretString,
        presenter: Presenter,
    ) -> Result<RedeemEmailCode> {
        let proof = match &presenter.password {
            Some(password) => match self.prove_for_code(caller, email, password).await? {
                Some(proof) => Some(proof),
                None => return self.refuse_code(caller, email).await,
            },
            None => None,
        };
        let mut tx = self.db().write().await?;
        let Some(account) = Account::lock_by_email(&mut tx, email).await? else {
            Lock::Decoy(Digest::of(email.normalized().as_bytes())).take(&mut tx).await?;
            self.audit(&mut tx, caller, Entry::refused(ACT, "code_invalid")).await?;
            tx.commit().await?;
            return Ok(RedeemEmailCode::Refused);
        };
        let ended = self.try_code(&mut tx, caller, (&account, code), (&presenter, proof.as_ref())).await?;
        if matches!(ended, RedeemEmailCode::Refused) {
            self.refuse(&mut tx, caller, &account, (Opening::Session, "code_invalid")).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    async fn try_code(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (account, code): (&Account, &SecretString),
        (presenter, proof): (&Presenter, Option<&Proof>),
    ) -> Result<RedeemEmailCode> {
        if let Some(proof) = proof.filter(|proof| proof.session_version == account.session_version) {
            // The password was right, so it is no attempt of its own: else it could be the one that locks out the code.
            self.take_back(tx, caller, account, proof).await?;
        }
        let Some(attempt) = self.count_code(tx, caller, account).await? else { return Ok(RedeemEmailCode::Refused) };
        let by_password = proof.is_some_and(|proof| proof.session_version == attempt.session_version);
        let Some(guess) = OneTimeToken::guess(tx, account.id, self.now()).await? else {
            return Ok(RedeemEmailCode::Refused);
        };
        if !self.is_guessed(&guess, code) || guess.mailed_to != account.email || proof.is_some() != by_password {
            return Ok(RedeemEmailCode::Refused);
        }
        let has_session = match presenter.session.as_ref().filter(|session| session.account_id == account.id) {
            Some(session) => Session::exists(tx, account.id, session.session_id).await?,
            None => false,
        };
        let stands = has_session || by_password;
        let mut factor = None;
        if stands || account.first_proven_at.is_some() {
            match self.check_second_factor(tx, account, presenter.mfa_code.as_ref()).await? {
                Checked::NotNeeded => {}
                Checked::Right(right) => factor = Some(right),
                Checked::Missing => return self.ask_for_factor(tx, caller, account, (attempt, &guess)).await,
                Checked::Wrong => {
                    self.refuse(tx, caller, account, (Opening::Session, "invalid_mfa_code")).await?;
                    return Ok(RedeemEmailCode::WrongMfaCode);
                }
            }
        }
        if !OneTimeToken::consume_code(tx, guess.id, self.now()).await? {
            return Ok(RedeemEmailCode::Refused);
        }
        self.take_back_code(tx, caller, account, attempt).await?;
        let itself = caller.acting_as(account.id, account.label());
        self.prove_address(tx, &itself, account, stands).await?;
        let account = Account::get(tx, account.id).await?;
        let signed_in = self.open(tx, caller, &account, Proven::by(AuthMethod::EmailCode, factor)).await?;
        Revocations::insert(tx, account.id, self.now()).await?;
        Ok(RedeemEmailCode::Done(signed_in))
    }

    /// Takes back what a right code counted: it is still good when the second factor comes with it.
    async fn ask_for_factor(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        (attempt, guess): (CodeAttempt, &Guess),
    ) -> Result<RedeemEmailCode> {
        self.take_back_code(tx, caller, account, attempt).await?;
        OneTimeToken::give_back_guess(tx, guess.id).await?;
        self.refuse(tx, caller, account, (Opening::Session, "mfa_required")).await?;
        Ok(RedeemEmailCode::MfaRequired)
    }

    /// Spends the code that was mailed to an account, in a transaction that has counted the attempt.
    pub(crate) async fn spend_email_code(&self, tx: &mut Tx, account: &Account, code: &SecretString) -> Result<bool> {
        let Some(guess) = OneTimeToken::guess(tx, account.id, self.now()).await? else { return Ok(false) };
        let is_right = self.is_guessed(&guess, code) && guess.mailed_to == account.email;
        Ok(is_right && OneTimeToken::consume_code(tx, guess.id, self.now()).await?)
    }

    fn is_guessed(&self, guess: &Guess, code: &SecretString) -> bool {
        let digits: String = code.expose_secret().chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let digest = self.keyring().short_code_digest(guess.id.0.as_bytes(), &digits);
        digest.0.ct_eq(&guess.digest.0).into()
    }

    /// Looks at the password that came with a code, with the same work for an address that nobody here has.
    async fn prove_for_code(&self, caller: &Caller, email: &Email, password: &SecretString) -> Result<Option<Proof>> {
        let ticket = self.hasher().admit()?;
        let account = Account::find_by_identifier(&mut self.db().read().await?, email.as_str()).await?;
        let key = account
            .as_ref()
            .map_or_else(|| Digest::of(email.normalized().as_bytes()), |account| Digest::of(account.id.0.as_bytes()));
        self.prove_password(caller, ticket, Claim { key, account: account.as_ref(), password }).await
    }

    async fn refuse_code(&self, caller: &Caller, email: &Email) -> Result<RedeemEmailCode> {
        let account = Account::find_by_identifier(&mut self.db().read().await?, email.as_str()).await?;
        let refusal = Entry::refused(ACT, "invalid_credentials");
        let refusal = account.iter().fold(refusal, |refusal, account| refusal.on(account));
        self.audit_alone(caller, refusal).await?;
        Ok(RedeemEmailCode::Refused)
    }
}
