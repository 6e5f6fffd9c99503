//! Signing in to the directory: a wallet asks for a nonce, signs it, and gets a token that says who it is to whoever
//! trusts this instance's keys. Nothing here tells whether a key is known, short of holding it.

use std::time::Duration;

use serde_json::json;

use crate::audit::Entry;
use crate::caller::Caller;
use crate::directory::{Challenge, Member, MemberName, MemberStatus, SignPub, sign_in_statement};
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::TokenId;
use crate::jwt::{WalletClaims, sign};
use crate::secret::Digest;

/// How long a nonce is good.
const NONCE_LIFE: Duration = Duration::from_secs(60);
/// How long a token lives.
const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);
/// When to come again where too many nonces wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// A nonce to sign.
#[derive(Clone, Debug)]
pub struct DirectoryChallenge {
    /// The nonce, 64 digits of hexadecimal.
    pub nonce: String,
    /// How long it is good.
    pub expires_in: Duration,
}

/// What a wallet sends to sign in.
#[derive(Clone, Debug)]
pub struct DirectorySignInForm {
    /// Its Ed25519 public key.
    pub sign_pub: String,
    /// The nonce that it was given.
    pub nonce: String,
    /// Its signature of [`sign_in_statement`].
    pub signature: String,
}

/// How a wallet's sign-in ended.
#[derive(Debug)]
pub enum DirectorySignIn {
    /// It is who it says.
    Done(WalletToken),
    /// It is not, or the nonce is used or over, or the member is unknown or revoked.
    Refused,
}

/// A wallet's token.
pub struct WalletToken {
    /// The token, a JWT.
    pub token: String,
    /// How long it lives.
    pub expires_in: Duration,
    /// Whose it is.
    pub member: Member,
}

impl std::fmt::Debug for WalletToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalletToken").field("member", &self.member).finish_non_exhaustive()
    }
}

impl Vestibule {
    /// Gives a nonce to sign. It is the same to ask for one in the name of a member and of nobody.
    pub async fn challenge_wallet(&self, sign_pub: &str) -> Result<DirectoryChallenge> {
        let sign_pub = SignPub::parse(sign_pub).map_err(|code| Error::field("sign_pub", code))?;
        let (now, nonce) = (self.now(), Digest(self.random().bytes()).to_hex());
        let digest = Digest::of(nonce.as_bytes());
        let challenge = Challenge { digest, sign_pub, expires_at: now.plus(NONCE_LIFE) };
        let mut tx = self.db().write().await?;
        if !challenge.insert(&mut tx, now).await? {
            return Err(Error::Unavailable { retry_after: PATIENCE });
        }
        tx.commit().await?;
        Ok(DirectoryChallenge { nonce, expires_in: NONCE_LIFE })
    }

    /// Gives a token to a wallet that signed its nonce.
    pub async fn sign_in_to_directory(&self, caller: &Caller, form: DirectorySignInForm) -> Result<DirectorySignIn> {
        let sign_pub = SignPub::parse(&form.sign_pub).map_err(|code| Error::field("sign_pub", code))?;
        let statement = sign_in_statement(&self.issuer(), &sign_pub, &form.nonce);
        if !sign_pub.has_signed(&statement, &form.signature) || !self.use_nonce(&form.nonce, &sign_pub).await? {
            return self.refuse_wallet(caller, &sign_pub, None).await;
        }
        let member = self.directory().find_member(&MemberName::SignPub(sign_pub)).await?;
        match member {
            Some(member) if member.status == MemberStatus::Active => self.give_token(caller, member).await,
            member => self.refuse_wallet(caller, &sign_pub, member).await,
        }
    }

    /// The member that a wallet's token stands for, as it is now; none: the token is not good, or the member is not.
    pub async fn wallet(&self, token: &str) -> Result<Option<Member>> {
        let Some(claims) = self.verify_wallet_token(token).await? else { return Ok(None) };
        let Ok(sign_pub) = SignPub::parse(&claims.sub) else { return Ok(None) };
        let member = self.directory().find_member(&MemberName::SignPub(sign_pub)).await?;
        Ok(member.filter(|member| member.status == MemberStatus::Active && claims.are_of(member)))
    }

    async fn use_nonce(&self, nonce: &str, sign_pub: &SignPub) -> Result<bool> {
        let mut tx = self.db().write().await?;
        let is_used = Challenge::consume(&mut tx, &Digest::of(nonce.as_bytes()), sign_pub, self.now()).await?;
        tx.commit().await?;
        Ok(is_used)
    }

    async fn give_token(&self, caller: &Caller, member: Member) -> Result<DirectorySignIn> {
        let now = self.now();
        let iat = now.0.div_euclid(1_000_000);
        let claims = WalletClaims {
            iss: self.issuer(),
            sub: member.sign_pub.to_hex(),
            aud: self.directory_audience(),
            exp: iat + TOKEN_LIFE.as_secs().cast_signed(),
            iat,
            nbf: iat,
            jti: TokenId::fresh(now, self.random()).0,
            handle: member.handle.as_str().to_owned(),
            role: member.role,
            kex_pub: member.kex_pub.to_hex(),
        };
        let mut tx = self.db().write().await?;
        let (kid, pair) = self.signing_key(&mut tx).await?;
        let details = json!({ "sign_pub": member.sign_pub, "token": claims.jti });
        self.audit(&mut tx, caller, Entry::done("directory_member.signed_in").on_member(&member).with(details)).await?;
        tx.commit().await?;
        self.note_signing_key(kid);
        let token = sign(&pair, kid, &claims)?;
        Ok(DirectorySignIn::Done(WalletToken { token, expires_in: TOKEN_LIFE, member }))
    }

    async fn refuse_wallet(
        &self,
        caller: &Caller,
        sign_pub: &SignPub,
        member: Option<Member>,
    ) -> Result<DirectorySignIn> {
        let reason = if member.is_some() { "revoked" } else { "invalid_credentials" };
        let details = json!({ "reason": reason, "sign_pub": sign_pub });
        let entry = Entry::refused("directory_member.signed_in", reason).with(details);
        let entry = match &member {
            Some(member) => entry.on_member(member),
            None => entry,
        };
        self.audit_alone(caller, entry).await?;
        Ok(DirectorySignIn::Refused)
    }

    /// For whom wallets' tokens are.
    pub fn directory_audience(&self) -> String {
        self.config().directory_audience()
    }
}
