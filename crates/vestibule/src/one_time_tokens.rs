//! One-time tokens: secrets that work once, in one table by kind. Consumption is one conditional update:
//! of any number of racing callers one wins. A code that people type tolerates a few wrong guesses, each of which is
//! one conditional update as well; every other kind is strictly one-shot.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::accounts::Account;
use crate::db::{Arg, Json, Tx, from_row, text_enum};
use crate::error::Result;
use crate::id::{AccountId, TokenId};
use crate::secret::{Digest, Secret, SecretKind};
use crate::time::Timestamp;

/// How many guesses a code that people type tolerates.
pub const CODE_GUESSES: i64 = 5;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

text_enum! {
    /// What a one-time token allows.
    TokenKind {
        /// To make the first administrator.
        Setup = "setup",
        /// To prove the address of an account.
        EmailVerify = "email_verify",
        /// To prove the address that an account shall have.
        EmailChange = "email_change",
        /// To choose another password.
        PasswordReset = "password_reset",
        /// To choose the first password of an account that an administrator made.
        AccountInvite = "account_invite",
        /// To sign in by a link.
        MagicLink = "magic_link",
        /// To sign in by a code.
        EmailOtp = "email_otp",
    }
}

/// A one-time token, live or not. The secret itself is never stored.
#[derive(Clone, Debug)]
pub(crate) struct OneTimeToken {
    pub kind: TokenKind,
    pub account_id: Option<AccountId>,
    pub payload: Json<Payload>,
    pub expires_at: Timestamp,
    pub consumed_at: Option<Timestamp>,
}

/// What a token is bound to besides its account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payload {
    /// The address that it was mailed to, as its owner writes it. None: it was shown to somebody, and proves no address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailed_to: Option<String>,
    /// The account that it was shown to; none: to the host, or it was mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_to: Option<AccountId>,
    /// What stands for the browser that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
}

/// A guess at a code, counted before it is looked at.
pub(crate) struct Guess {
    pub id: TokenId,
    pub digest: Digest,
    pub mailed_to: Option<String>,
}

struct GuessRow {
    id: TokenId,
    digest: Digest,
    payload: Json<Payload>,
}

from_row!(OneTimeToken {
    kind: TokenKind, account_id: Option<AccountId>, payload: Json<Payload>, expires_at: Timestamp,
    consumed_at: Option<Timestamp>,
});

from_row!(GuessRow { id: TokenId, digest: Digest, payload: Json<Payload> });

impl TokenKind {
    /// Every kind whose link or code is mailed about an account.
    pub(crate) const OF_ACCOUNTS: [TokenKind; 6] = [
        TokenKind::EmailVerify,
        TokenKind::EmailChange,
        TokenKind::PasswordReset,
        TokenKind::AccountInvite,
        TokenKind::MagicLink,
        TokenKind::EmailOtp,
    ];

    /// How long it lives.
    pub(crate) fn life(self) -> Duration {
        match self {
            TokenKind::Setup | TokenKind::EmailVerify | TokenKind::EmailChange => 24 * HOUR,
            TokenKind::PasswordReset => HOUR,
            TokenKind::AccountInvite => 7 * 24 * HOUR,
            TokenKind::MagicLink => 15 * MINUTE,
            TokenKind::EmailOtp => 10 * MINUTE,
        }
    }

    /// The kind that a link's secret names, whatever kind it is. Codes have none.
    pub(crate) fn parse_link(text: &str) -> Option<(TokenKind, Secret)> {
        [
            (TokenKind::EmailVerify, SecretKind::EmailVerify),
            (TokenKind::EmailChange, SecretKind::EmailChange),
            (TokenKind::PasswordReset, SecretKind::PasswordReset),
            (TokenKind::AccountInvite, SecretKind::AccountInvite),
            (TokenKind::MagicLink, SecretKind::MagicLink),
        ]
        .into_iter()
        .find_map(|(kind, secret)| Some((kind, Secret::parse(secret, text.trim())?)))
    }
}

impl OneTimeToken {
    pub(crate) async fn insert(
        tx: &mut Tx,
        (kind, account): (TokenKind, Option<AccountId>),
        (id, digest): (TokenId, &Digest),
        payload: Payload,
        now: Timestamp,
    ) -> Result<Timestamp> {
        let expires_at = now.plus(kind.life());
        let guesses = (kind == TokenKind::EmailOtp).then_some(CODE_GUESSES);
        let sql = "INSERT INTO one_time_tokens (id, digest, kind, account_id, payload, created_at, expires_at,
                                                attempts_remaining) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let args: [&dyn Arg; 8] = [&id, digest, &kind, &account, &Json(payload), &now, &expires_at, &guesses];
        tx.exec(sql, &args).await?;
        Ok(expires_at)
    }

    /// The token of a kind that a digest stands for, live or not.
    pub(crate) async fn find(tx: &mut Tx, kind: TokenKind, digest: &Digest) -> Result<Option<OneTimeToken>> {
        let sql = "SELECT kind, account_id, payload, expires_at, consumed_at FROM one_time_tokens
                    WHERE digest = $1 AND kind = $2";
        tx.opt(sql, &[digest, &kind]).await
    }

    /// Whether the token could be consumed now.
    pub(crate) async fn is_live(tx: &mut Tx, kind: TokenKind, digest: &Digest, now: Timestamp) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM one_time_tokens
                    WHERE digest = $1 AND kind = $2 AND consumed_at IS NULL AND expires_at > $3";
        Ok(tx.one::<(i64,)>(sql, &[digest, &kind, &now]).await?.0 == 1)
    }

    /// Consumes a live token; false: somebody else did, or it is dead or unknown.
    pub(crate) async fn consume(tx: &mut Tx, kind: TokenKind, digest: &Digest, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE one_time_tokens SET consumed_at = $3
                    WHERE digest = $1 AND kind = $2 AND consumed_at IS NULL AND expires_at > $3";
        Ok(tx.exec(sql, &[digest, &kind, &now]).await? == 1)
    }

    /// Takes one of the guesses that an account's live code has left. None: there is no such code.
    pub(crate) async fn guess(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<Option<Guess>> {
        let row: Option<GuessRow> = tx
            .opt(
                "UPDATE one_time_tokens SET attempts_remaining = attempts_remaining - 1
                  WHERE account_id = $1 AND kind = $2 AND consumed_at IS NULL AND expires_at > $3
                    AND attempts_remaining > 0
                 RETURNING id, digest, payload",
                &[&account, &TokenKind::EmailOtp, &now],
            )
            .await?;
        Ok(row.map(|GuessRow { id, digest, payload }| Guess { id, digest, mailed_to: payload.0.mailed_to }))
    }

    /// Consumes a live code that was guessed right.
    pub(crate) async fn consume_code(tx: &mut Tx, id: TokenId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE one_time_tokens SET consumed_at = $2
                    WHERE id = $1 AND consumed_at IS NULL AND expires_at > $2";
        Ok(tx.exec(sql, &[&id, &now]).await? == 1)
    }

    /// Gives a guess back to somebody who was right but must still give a second factor.
    pub(crate) async fn give_back_guess(tx: &mut Tx, id: TokenId) -> Result<()> {
        let sql = "UPDATE one_time_tokens SET attempts_remaining = attempts_remaining + 1 WHERE id = $1";
        tx.exec(sql, &[&id]).await.map(drop)
    }

    /// Whether an account was given a token of a kind since then, live or not.
    pub(crate) async fn is_fresh(tx: &mut Tx, kind: TokenKind, account: AccountId, since: Timestamp) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM one_time_tokens WHERE account_id = $1 AND kind = $2 AND created_at > $3";
        Ok(tx.one::<(i64,)>(sql, &[&account, &kind, &since]).await?.0 > 0)
    }

    /// Consumes an account's live tokens of these kinds; says how many.
    pub(crate) async fn void(tx: &mut Tx, account: AccountId, kinds: &[TokenKind], now: Timestamp) -> Result<u64> {
        let mut voided = 0;
        for kind in kinds {
            let sql = "UPDATE one_time_tokens SET consumed_at = $3
                        WHERE account_id = $1 AND kind = $2 AND consumed_at IS NULL";
            voided += tx.exec(sql, &[&account, kind, &now]).await?;
        }
        Ok(voided)
    }

    /// Consumes every live token of a kind.
    pub(crate) async fn void_all(tx: &mut Tx, kind: TokenKind, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE one_time_tokens SET consumed_at = $2 WHERE kind = $1 AND consumed_at IS NULL";
        tx.exec(sql, &[&kind, &now]).await
    }

    /// Deletes a token that was written for nobody.
    pub(crate) async fn delete(tx: &mut Tx, id: TokenId) -> Result<()> {
        tx.exec("DELETE FROM one_time_tokens WHERE id = $1", &[&id]).await.map(drop)
    }

    /// Reclaims the space of tokens that expired; says how many.
    pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, at_most: i64) -> Result<u64> {
        let sql = "DELETE FROM one_time_tokens WHERE id IN (
                    SELECT id FROM one_time_tokens WHERE expires_at <= $1 LIMIT $2)";
        tx.exec(sql, &[&before, &at_most]).await
    }

    /// Whether it was mailed to the address that an account has now, and so proves that address.
    pub(crate) fn proves_address_of(&self, account: &Account) -> bool {
        self.payload.0.mailed_to.is_some() && self.payload.0.mailed_to == account.email
    }
}
