//! Tokens for programs: a short access token that services verify by themselves, and a refresh token that gives the next
//! pair. They are given for a session, and then die with it, or for a password. A refresh token that comes back after
//! its use ends its chain, since two now hold it; but for a few seconds, while its successor is unused, it gives that
//! same successor again, since answers get lost and browsers have several tabs. A refresh that succeeds is not written to
//! the log: it happens every few minutes for every program, and would bury what a person looks for there. The row of the
//! token that it drew says when it was; what began a chain, ended it or was refused is in the log.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::accounts::{Account, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::groups::GroupRef;
use crate::id::{AccountId, ChainId, SessionId, TokenId};
use crate::jwt::{AccessClaims, sign};
use crate::keyring::{seal_under, unseal_under};
use crate::mail::Words;
use crate::principals::LiveSession;
use crate::refresh_chains::{LOST_ANSWER, RefreshChain, RefreshToken};
use crate::revocations::Revocations;
use crate::secret::{Digest, Secret, SecretKind};
use crate::sessions::{AuthMethod, Factor, Proven, Session, Touch};
use crate::sign_in::{Opened, Opening, SignIn, SignInForm};
use crate::time::Timestamp;

/// How many characters the slugs of groups take in an access token at most: the whole stays well below what verifiers
/// read, and below what servers take as a header.
const GROUPS_CHARS: usize = 4096;

/// What a program is given.
pub struct IssuedTokens {
    /// The access token, a JWT.
    pub access_token: SecretString,
    /// How long that one lives.
    pub expires_in: Duration,
    /// What gives the next pair, once.
    pub refresh_token: Secret,
    /// Whose they are.
    pub account: AccountView,
}

/// How a refresh ended.
#[derive(Debug)]
pub enum RefreshTokens {
    /// The next pair.
    Done(Box<IssuedTokens>),
    /// The token is none of ours, its chain has ended, or it ended just now because the token came back.
    Refused,
}

impl std::fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedTokens").field("account", &self.account.account.id).finish_non_exhaustive()
    }
}

impl Vestibule {
    /// Gives the program behind a session tokens of its own. They die with the session.
    pub async fn issue_tokens(&self, caller: &Caller, session: &LiveSession) -> Result<IssuedTokens> {
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, session.account_id).await?;
        caller.require_live(&mut tx).await?;
        if !Session::exists(&mut tx, session.account_id, session.session_id).await? {
            return Err(Error::Denied(Code::Unauthenticated));
        }
        Touch::write(&mut tx, &[(session.session_id, session.last_touch())]).await?; // it may still wait to be written
        if self.now() >= session.created_at.plus(self.config().tokens.chain) {
            return Err(Error::Denied(Code::SessionTooOld));
        }
        let account = Account::get(&mut tx, session.account_id).await?;
        let amr = amr(session.method, session.second_factor);
        let minted_from = (Some(session.session_id), session.created_at, amr);
        let issued = self.begin_chain(&mut tx, caller, &account, minted_from).await?;
        tx.commit().await?;
        Ok(issued)
    }

    /// Gives tokens for a password, and a code of the second factor where one is on; no session begins.
    pub async fn issue_tokens_by_password(
        &self,
        caller: &Caller,
        form: SignInForm,
    ) -> Result<SignIn<Box<IssuedTokens>>> {
        let (this, caller) = (self.clone(), caller.clone());
        let ended = detached(async move { this.sign_in_counted(&caller, form, Opening::Tokens).await }).await?;
        ended.map(|opened| match opened {
            Opened::Tokens(issued) => Ok(issued),
            Opened::Session(_) => Err(Error::internal("a sign-in for tokens opened something else")),
        })
    }

    /// Completes a sign-in for tokens: the account's row is locked, and everything that is asked was given.
    pub(crate) async fn open_tokens(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        proven: Proven,
    ) -> Result<Box<IssuedTokens>> {
        let now = self.now();
        if !Account::complete_sign_in(tx, account.id, account.session_version, now).await? {
            return Err(Error::internal("the version of an account changed while its row was locked"));
        }
        let caller = caller.acting_as(account.id, account.label());
        let by_itself = (None, now, amr(proven.method, proven.second_factor));
        self.note_device(tx, account, &caller).await?;
        self.begin_chain(tx, &caller, account, by_itself).await.map(Box::new)
    }

    async fn begin_chain(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        (session_id, started_at, amr): (Option<SessionId>, Timestamp, &'static str),
    ) -> Result<IssuedTokens> {
        let now = self.now();
        let (id, session_version) = (ChainId::fresh(now, self.random()), account.session_version);
        let (account_id, amr) = (account.id, amr.to_owned());
        let chain = RefreshChain { id, account_id, session_id, session_version, amr, started_at };
        chain.insert(tx, now).await?;
        let (token_id, refresh_token) = self.draw_refresh(now);
        RefreshToken::insert(tx, token_id, &refresh_token.digest(), id, now).await?;
        let details = json!({ "chain": id, "session": session_id });
        self.audit(tx, caller, Entry::done(Opening::Tokens.act()).on(account).with(details)).await?;
        self.issued(tx, &chain, refresh_token).await
    }

    /// The chain that a refresh or access token of ours belongs to, however it stands: for whoever counts its uses.
    pub async fn chain_of_token(&self, token: &str) -> Result<Option<ChainId>> {
        Ok(self.chain_of(token.trim()).await?.map(|(chain, _)| chain))
    }

    /// Exchanges a refresh token for the next pair.
    pub async fn refresh_tokens(&self, caller: &Caller, token: &str) -> Result<RefreshTokens> {
        let (this, caller, token) = (self.clone(), caller.clone(), token.to_owned());
        detached(async move { this.refresh(&caller, &token).await }).await
    }

    async fn refresh(&self, caller: &Caller, token: &str) -> Result<RefreshTokens> {
        let Some(secret) = Secret::parse(SecretKind::Refresh, token.trim()) else { return Ok(RefreshTokens::Refused) };
        let digest = secret.digest();
        let Some(chain) = self.chain_of_refresh(&digest).await? else { return Ok(RefreshTokens::Refused) };
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, chain.account_id).await?;
        let (now, life) = (self.now(), self.config().tokens.chain);
        // Only now, when nobody else changes it.
        let Some(known) = RefreshToken::find(&mut tx, &digest).await? else { return Ok(RefreshTokens::Refused) };
        if !RefreshChain::is_live(&mut tx, chain.id, now, life).await? {
            return Ok(RefreshTokens::Refused);
        }
        let next = match known.consumed_at {
            None => Some(self.exchange(&mut tx, &secret, &known, now).await?),
            Some(_) => self.lost_answer(&mut tx, &secret, &known, now).await?,
        };
        let Some(next) = next else {
            self.revoke_reused(&mut tx, caller, &chain).await?;
            tx.commit().await?;
            return Ok(RefreshTokens::Refused);
        };
        if let Some(session) = chain.session_id {
            Session::prolong(&mut tx, session, self.config().session.idle, now).await?;
        }
        let issued = self.issued(&mut tx, &chain, next).await?;
        tx.commit().await?;
        Ok(RefreshTokens::Done(Box::new(issued)))
    }

    /// Uses up a token and draws its successor.
    async fn exchange(&self, tx: &mut Tx, secret: &Secret, known: &RefreshToken, now: Timestamp) -> Result<Secret> {
        let (id, next) = self.draw_refresh(now);
        let sealed = seal_under(secret, id.0.as_bytes(), next.expose().as_bytes(), self.random());
        if !RefreshToken::consume(tx, known.id, (id, &sealed), now).await? {
            return Err(Error::internal("a refresh token was used while its account's row was locked"));
        }
        RefreshToken::insert(tx, id, &next.digest(), known.chain_id, now).await?;
        RefreshToken::forget(tx, known.id).await?;
        Ok(next)
    }

    /// The successor of a token that was used a moment ago, while nobody used that one.
    async fn lost_answer(
        &self,
        tx: &mut Tx,
        secret: &Secret,
        known: &RefreshToken,
        now: Timestamp,
    ) -> Result<Option<Secret>> {
        let (Some(consumed_at), Some(child_id), Some(sealed)) = (known.consumed_at, known.child_id, &known.child)
        else {
            return Ok(None);
        };
        // A clock may stand a little before the one of the node that used it, not at another time.
        let near = consumed_at.minus(LOST_ANSWER)..consumed_at.plus(LOST_ANSWER);
        if !near.contains(&now) || !RefreshToken::is_unused(tx, child_id).await? {
            return Ok(None);
        }
        let clear = unseal_under(secret, child_id.0.as_bytes(), sealed);
        let text = clear.and_then(|clear| String::from_utf8(clear.expose_secret().to_vec()).ok());
        Ok(text.and_then(|text| Secret::parse(SecretKind::Refresh, &text)))
    }

    /// Two hold the same token: neither goes on.
    async fn revoke_reused(&self, tx: &mut Tx, caller: &Caller, chain: &RefreshChain) -> Result<()> {
        let now = self.now();
        let account = Account::get(tx, chain.account_id).await?;
        RefreshChain::revoke(tx, chain.id, now).await?;
        let entry = Entry::refused("token.refreshed", "refresh_reuse").on(&account);
        let details = json!({ "reason": "refresh_reuse", "chain": chain.id });
        self.audit(tx, caller, entry.with(details)).await?;
        self.notify(tx, &account, Words::TokenReused).await?;
        Revocations::insert(tx, chain.account_id, now).await
    }

    /// Ends the chain of a refresh or access token of ours. Any other text is nothing to us, and no error (RFC 7009).
    pub async fn revoke_token(&self, caller: &Caller, token: &str) -> Result<()> {
        let Some((chain, account)) = self.chain_of(token.trim()).await? else { return Ok(()) };
        let now = self.now();
        if !RefreshChain::stands(&mut self.db().read().await?, chain).await? {
            return Ok(()); // nobody else waits for what is not to be written
        }
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, account).await?;
        if RefreshChain::revoke(&mut tx, chain, now).await? {
            let account = Account::get(&mut tx, account).await?;
            let caller = caller.acting_as(account.id, account.label());
            let entry = Entry::done("token.revoked").on(&account).with(json!({ "chain": chain }));
            self.audit(&mut tx, &caller, entry).await?;
            Revocations::insert(&mut tx, account.id, now).await?;
        }
        tx.commit().await
    }

    /// The chain of a refresh or access token of ours, however it stands.
    pub(crate) async fn chain_of(&self, token: &str) -> Result<Option<(ChainId, AccountId)>> {
        let chain = match Secret::parse(SecretKind::Refresh, token) {
            Some(secret) => self.chain_of_refresh(&secret.digest()).await?,
            None => match self.verify_access_token(token).await? {
                Some(claims) => RefreshChain::find(&mut self.db().read().await?, claims.sid).await?,
                None => None,
            },
        };
        Ok(chain.map(|chain| (chain.id, chain.account_id)))
    }

    async fn chain_of_refresh(&self, digest: &Digest) -> Result<Option<RefreshChain>> {
        let mut connection = self.db().read().await?;
        let Some(known) = RefreshToken::find(&mut connection, digest).await? else { return Ok(None) };
        RefreshChain::find(&mut connection, known.chain_id).await
    }

    fn draw_refresh(&self, now: Timestamp) -> (TokenId, Secret) {
        (TokenId::fresh(now, self.random()), Secret::fresh(SecretKind::Refresh, self.random()))
    }

    async fn issued(&self, tx: &mut Tx, chain: &RefreshChain, refresh_token: Secret) -> Result<IssuedTokens> {
        let (now, config) = (self.now(), &self.config().tokens);
        // No verifier shall believe it for longer than it gives power here.
        let chain_ends = RefreshChain::live_until(tx, chain.id, now, config.chain).await?;
        let ends_at = chain_ends.ok_or(Error::Denied(Code::Unauthenticated))?.min(now.plus(config.access));
        let (iat, exp) = (seconds(now), seconds(ends_at));
        let groups = GroupRef::of(tx, chain.account_id).await?;
        let claims = AccessClaims {
            iss: self.issuer(),
            sub: chain.account_id,
            aud: self.audience(),
            exp,
            iat,
            nbf: iat,
            jti: TokenId::fresh(now, self.random()).0,
            sid: chain.id,
            sv: chain.session_version,
            groups: fitting(groups.into_iter().map(|group| group.slug)),
            amr: chain.amr.split_whitespace().map(str::to_owned).collect(),
        };
        let (kid, pair) = self.signing_key(tx).await?;
        self.note_signing_key(kid);
        let access_token = sign(&pair, kid, &claims)?.into();
        let account = AccountView::get(tx, chain.account_id).await?;
        let expires_in = Duration::from_secs(exp.abs_diff(iat));
        Ok(IssuedTokens { access_token, expires_in, refresh_token, account })
    }

    /// Who signs our access tokens: the public URL.
    pub fn issuer(&self) -> String {
        self.absolute("")
    }

    /// For whom our access tokens are.
    pub fn audience(&self) -> String {
        self.config().tokens.audience.clone().unwrap_or_else(|| self.issuer())
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000)
}

/// The first slugs that fit in a token, with the quotes and the comma that each stands in.
fn fitting(slugs: impl Iterator<Item = String>) -> Vec<String> {
    let mut left = GROUPS_CHARS;
    let takes = |slug: &String| {
        let rest = left.checked_sub(slug.len() + 3);
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    slugs.take_while(takes).collect()
}

/// How somebody proved who they are, in the words of RFC 8176. It has none for mail: a link or a code that was mailed is
/// `otp`, a secret that is good once, as are the codes of an app and those for recovery. Nor for a login elsewhere: that
/// is `fed`. `mfa` says that there were two.
fn amr(method: AuthMethod, factor: Option<Factor>) -> &'static str {
    match (method, factor) {
        (AuthMethod::Password, None) => "pwd",
        (AuthMethod::Password, Some(Factor::Totp | Factor::RecoveryCode)) => "pwd otp mfa",
        (AuthMethod::MagicLink | AuthMethod::EmailCode | AuthMethod::EmailVerify, None) => "otp",
        (
            AuthMethod::MagicLink | AuthMethod::EmailCode | AuthMethod::EmailVerify,
            Some(Factor::Totp | Factor::RecoveryCode),
        ) => "otp mfa",
        (AuthMethod::OAuth, None) => "fed",
        (AuthMethod::OAuth, Some(Factor::Totp | Factor::RecoveryCode)) => "fed otp mfa",
    }
}
