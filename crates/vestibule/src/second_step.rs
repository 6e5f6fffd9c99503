//! The second step of a sign-in on pages: between the right password and the code, the browser holds a sealed note of
//! what was proven, for five minutes. It opens nothing by itself, and each code tried with it counts. (After a login
//! elsewhere it holds a code of ours instead, which is exchanged in `redeem_oauth_code`.)

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::accounts::Account;
use crate::caller::Caller;
use crate::check_second_factor::Checked;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::AccountId;
use crate::keyring::Sealed;
use crate::sessions::Proven;
use crate::sign_in::{Opening, SignIn};
use crate::time::Timestamp;

const LIFE: Duration = Duration::from_secs(5 * 60);
/// What every note is about: whose it is stands inside.
const ABOUT: [u8; 16] = *b"a pending signin";

/// A sign-in between its steps, sealed.
#[derive(Clone)]
pub struct PendingSignIn(SecretString);

#[derive(Serialize, Deserialize)]
struct Note {
    account_id: AccountId,
    session_version: i64,
    expires_at: i64,
}

impl PendingSignIn {
    /// What a browser sent back; whether it is good is judged when it is used.
    pub fn parse(text: &str) -> PendingSignIn {
        PendingSignIn(text.to_owned().into())
    }

    /// For the browser to keep, visible ASCII.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// How long it is good for.
    pub const LIFE: Duration = LIFE;
}

impl std::fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PendingSignIn(…)")
    }
}

impl Vestibule {
    /// Seals that a password was right.
    pub(crate) fn pend_sign_in(&self, account_id: AccountId, session_version: i64) -> PendingSignIn {
        let note = Note { account_id, session_version, expires_at: self.now().plus(LIFE).0 };
        let note = serde_json::to_vec(&note).expect("a note is an id and two numbers");
        let sealed = self.keyring().seal(Sealed::SignInStep, &ABOUT, &note, self.random());
        PendingSignIn(sealed.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
    }

    /// Completes a sign-in whose password was right with a code of the second factor. Refused: begin again.
    pub async fn complete_sign_in_step(
        &self,
        caller: &Caller,
        pending: &PendingSignIn,
        code: SecretString,
    ) -> Result<SignIn> {
        let (this, caller, pending) = (self.clone(), caller.clone(), pending.clone());
        detached(async move { this.step(&caller, &pending, &code).await }).await
    }

    async fn step(&self, caller: &Caller, pending: &PendingSignIn, code: &SecretString) -> Result<SignIn> {
        if let Some(ended) = self.redeem_pending(caller, pending, code).await? {
            return Ok(ended); // it began with a login elsewhere
        }
        let Some(note) = self.open_note(pending) else { return Ok(SignIn::Refused) };
        let mut tx = self.db().write().await?;
        let Some(account) = Account::find(&mut tx, note.account_id).await? else { return Ok(SignIn::Refused) };
        let Some(attempt) = self.count_code(&mut tx, caller, &account).await? else {
            self.refuse(&mut tx, caller, &account, (Opening::Session, "invalid_mfa_code")).await?;
            tx.commit().await?;
            return Ok(SignIn::Refused);
        };
        if attempt.session_version != note.session_version {
            return Ok(SignIn::Refused); // and nothing was counted
        }
        let account = Account::get(&mut tx, account.id).await?;
        let factor = match self.check_second_factor(&mut tx, &account, Some(code)).await? {
            Checked::NotNeeded => None,
            Checked::Right(factor) => Some(factor),
            Checked::Missing => return Ok(SignIn::MfaRequired(pending.clone())), // and nothing was counted
            Checked::Wrong => {
                self.refuse(&mut tx, caller, &account, (Opening::Session, "invalid_mfa_code")).await?;
                tx.commit().await?;
                return Ok(SignIn::WrongMfaCode);
            }
        };
        self.take_back_code(&mut tx, caller, &account, attempt).await?;
        let signed_in = self.open(&mut tx, caller, &account, Proven::by_password(factor)).await?;
        tx.commit().await?;
        Ok(SignIn::Done(signed_in))
    }

    /// The note in what a browser sent, if it is one of ours and not too old.
    fn open_note(&self, pending: &PendingSignIn) -> Option<Note> {
        let text = pending.expose().as_bytes();
        let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let sealed: Vec<u8> = text.chunks(2).map(digits).collect::<Option<_>>()?;
        let clear = self.keyring().unseal(Sealed::SignInStep, &ABOUT, &sealed)?;
        let note: Note = serde_json::from_slice(clear.expose_secret()).ok()?;
        (self.now() < Timestamp(note.expires_at)).then_some(note)
    }
}
