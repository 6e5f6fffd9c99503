//! Recover an account: choose another password by a mailed link, or the first one by an invitation. It ends every
//! session, signs nobody in, touches no second factor, and enables no disabled account. A password that cannot be
//! chosen does not burn the link.

use std::sync::Arc;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;

use crate::accounts::{Account, AccountState};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::db::Tx;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::id::AccountId;
use crate::locks::Lock;
use crate::mail::Words;
use crate::needs;
use crate::one_time_tokens::{OneTimeToken, TokenKind};
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::revocations::Revocations;
use crate::secret::Digest;
use crate::sessions::Session;

/// What a new password voids: whatever else could let somebody in, or take the address over.
pub(crate) const VOIDED: [TokenKind; 5] = [
    TokenKind::PasswordReset,
    TokenKind::AccountInvite,
    TokenKind::MagicLink,
    TokenKind::EmailOtp,
    TokenKind::EmailChange,
];

/// How presenting a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeemToken {
    /// Done.
    Done,
    /// The link has expired.
    Expired,
    /// The link was used, or is none of ours.
    Used,
}

/// What a link for choosing a password can still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ResetStatus {
    /// Whether it is good.
    pub state: TokenState,
    /// What it is for; of a link that is not known, `reset`.
    pub flow: ResetFlow,
}

/// Whether a link is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// It is.
    Valid,
    /// It has expired.
    Expired,
    /// It was used, or never was one.
    Used,
}

/// What a link for choosing a password is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResetFlow {
    /// Another password.
    Reset,
    /// The first password of an invited account.
    Invite,
}

impl Vestibule {
    /// What a link for choosing a password can still do. A used one and one that never was are told alike.
    pub async fn reset_status(&self, token: &str) -> Result<ResetStatus> {
        let unknown = ResetStatus { state: TokenState::Used, flow: ResetFlow::Reset };
        let Some((token, _)) = self.find_reset(token).await? else { return Ok(unknown) };
        if token.consumed_at.is_some() {
            return Ok(unknown);
        }
        let flow = if token.kind == TokenKind::AccountInvite { ResetFlow::Invite } else { ResetFlow::Reset };
        let state = if self.now() < token.expires_at { TokenState::Valid } else { TokenState::Expired };
        Ok(ResetStatus { state, flow })
    }

    /// Chooses a password by a link. `session` is that of the same browser, whosever it is.
    pub async fn reset_password(
        &self,
        caller: &Caller,
        token: &str,
        new: SecretString,
        session: Option<Arc<LiveSession>>,
    ) -> Result<RedeemToken> {
        let (this, caller, token) = (self.clone(), caller.clone(), token.to_owned());
        detached(async move { this.reset(&caller, &token, &new, session).await }).await
    }

    async fn reset(
        &self,
        caller: &Caller,
        token: &str,
        new: &SecretString,
        session: Option<Arc<LiveSession>>,
    ) -> Result<RedeemToken> {
        let Some((token, digest)) = self.find_reset(token).await? else { return Ok(RedeemToken::Used) };
        let Some(id) = token.account_id.filter(|_| token.consumed_at.is_none()) else { return Ok(RedeemToken::Used) };
        if self.now() >= token.expires_at {
            return Ok(RedeemToken::Expired);
        }
        let mut connection = self.db().read().await?;
        let account = Account::get(&mut connection, id).await?;
        let whose = Whose::account(&mut connection, &account).await?;
        drop(connection);
        let ticket = self.hasher().admit()?;
        let hash = self.choose_password(&ticket, new, whose).await?;
        let hash = hash.map_err(|code| Error::field("new_password", code))?;
        let mut tx = self.db().write().await?;
        match self.replace_by_link(&mut tx, caller, (&token, &digest), (&hash, session)).await {
            Ok(true) => tx.commit().await?,
            Ok(false) => return Ok(RedeemToken::Used),
            Err(Error::Forbidden(why)) => {
                drop(tx);
                let details = json!({ "reason": why.code, "permission": why.permission });
                let entry = Entry::refused("password.reset", why.code.as_str()).with(details);
                self.audit_alone(caller, entry.on_known(id, &account.label())).await?;
                return Ok(RedeemToken::Used);
            }
            Err(why) => return Err(why),
        }
        self.password_changed(id);
        Ok(RedeemToken::Done)
    }

    /// False: the link is dead by now, or its account is not in the state that it is for; nothing is to be committed.
    async fn replace_by_link(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (token, digest): (&OneTimeToken, &Digest),
        (hash, session): (&str, Option<Arc<LiveSession>>),
    ) -> Result<bool> {
        let (now, Some(id)) = (self.now(), token.account_id) else { return Ok(false) };
        let is_mailed = token.payload.0.mailed_to.is_some();
        if !is_mailed {
            Lock::Administrators.take(tx).await?;
        }
        if !Account::renew_version(tx, id, now).await? || !OneTimeToken::consume(tx, token.kind, digest, now).await? {
            return Ok(false);
        }
        let account = Account::get(tx, id).await?;
        let is_in_state = match account.state {
            AccountState::Active => token.kind == TokenKind::PasswordReset,
            AccountState::Invited => token.kind == TokenKind::AccountInvite && Account::activate(tx, id, now).await?,
            AccountState::Disabled => false,
        };
        if !is_in_state || (is_mailed && !token.proves_address_of(&account)) {
            return Ok(false);
        }
        if let Some(shown_to) = token.payload.0.shown_to {
            self.require_take_over(tx, shown_to, &account).await?;
            Account::note_hand(tx, id, Some(shown_to), now).await?;
        }
        let itself = caller.acting_as(id, account.label());
        if is_mailed {
            let stands = match session.filter(|session| session.account_id == id) {
                Some(session) => Session::exists(tx, id, session.session_id).await?,
                None => false,
            };
            self.prove_address(tx, &itself, &account, stands).await?;
        }
        Account::clear_attempts(tx, id).await?;
        Password::replace(tx, id, hash, now).await?;
        Session::end_all(tx, id).await?;
        OneTimeToken::void(tx, id, &VOIDED, now).await?;
        let entry = Entry::done("password.reset").on(&account).with(json!({ "by": token.kind }));
        self.audit(tx, &itself, entry).await?;
        if token.kind == TokenKind::PasswordReset {
            self.notify(tx, &account, Words::PasswordChanged).await?;
        }
        Revocations::insert(tx, id, now).await?;
        Ok(true)
    }

    /// Whether a link that was shown to an account may still take this one over: power may have moved since.
    async fn require_take_over(&self, tx: &mut Tx, shown_to: AccountId, account: &Account) -> Result<()> {
        let caller = Caller::anonymous().acting_as(shown_to, String::new());
        let is_makers = account.state == AccountState::Invited && account.created_by == Some(shown_to);
        let need = if is_makers { needs::CREATE_USERS } else { needs::UPDATE_USERS };
        let power = match self.power(tx, &caller, need).await {
            Err(Error::Denied(_)) => Err(Forbidden::lacks(need).into()),
            other => other,
        };
        power?.take_over(&self.held_in(tx, account.id).await?)
    }

    async fn find_reset(&self, text: &str) -> Result<Option<(OneTimeToken, Digest)>> {
        let Some((kind, secret)) = TokenKind::parse_link(text) else { return Ok(None) };
        if !matches!(kind, TokenKind::PasswordReset | TokenKind::AccountInvite) {
            return Ok(None);
        }
        let digest = secret.digest();
        let token = OneTimeToken::find(&mut self.db().read().await?, kind, &digest).await?;
        Ok(token.map(|token| (token, digest)))
    }
}
