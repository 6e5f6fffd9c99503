//! Sessions: one row for each signed-in browser or program; the token itself is never stored.
//! A session is live while now is before both its expiries and its account is an active person.
//! `authenticated_at` is when its owner last proved who they are; the absolute expiry never moves.

use std::time::Duration;

use serde::Serialize;

use crate::accounts::{Account, AccountKind};
use crate::caller::Caller;
use crate::config::SessionConfig;
use crate::db::{Arg, Tx, built, from_row, text_enum, values};
use crate::error::Result;
use crate::id::{AccountId, SessionId};
use crate::paging::{Cursor, Page, PageRequest};
use crate::secret::Digest;
use crate::time::Timestamp;

const MAX_USER_AGENT: usize = 400;

text_enum! {
    /// How somebody proved who they are.
    AuthMethod {
        /// With a password.
        Password = "password",
        /// With a link that was mailed for signing in.
        MagicLink = "magic_link",
        /// With a code that was mailed for signing in.
        EmailCode = "email_code",
        /// With the link that first proved their address.
        EmailVerify = "email_verify",
        /// With a login elsewhere.
        OAuth = "oauth",
    }
}

text_enum! {
    /// What proved them besides.
    Factor {
        /// A time-based one-time password (RFC 6238).
        Totp = "totp",
        /// One of the codes for when that is lost.
        RecoveryCode = "recovery_code",
    }
}

/// What somebody signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proven {
    pub method: AuthMethod,
    pub second_factor: Option<Factor>,
}

/// A signed-in browser or program, as its owner sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    /// Its id, which is not its token.
    pub id: SessionId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Where it signed in from.
    pub ip: Option<String>,
    /// How its owner last proved who they are.
    pub method: AuthMethod,
    /// The second factor it was opened with, if there was one.
    pub second_factor: Option<Factor>,
    /// When they did.
    pub authenticated_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends if it is not used again.
    pub expires_at: Timestamp,
    /// When it ends in any case.
    pub absolute_expires_at: Timestamp,
}

/// What a request needs of a live session.
#[derive(Debug)]
pub(crate) struct SessionPrincipal {
    pub id: SessionId,
    pub who: Identity,
    pub method: AuthMethod,
    pub second_factor: Option<Factor>,
    pub authenticated_at: Timestamp,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub absolute_expires_at: Timestamp,
}

/// Whose a credential is, and what they are called.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub account_id: AccountId,
    pub label: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub username: Option<String>,
    pub name: Option<String>,
}

struct PrincipalRow {
    id: SessionId,
    account_id: AccountId,
    label: String,
    email: Option<String>,
    email_verified: bool,
    username: Option<String>,
    name: Option<String>,
    method: AuthMethod,
    second_factor: Option<Factor>,
    authenticated_at: Timestamp,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    absolute_expires_at: Timestamp,
}

impl Proven {
    pub(crate) fn by_password(second_factor: Option<Factor>) -> Proven {
        Proven { method: AuthMethod::Password, second_factor }
    }

    pub(crate) fn by(method: AuthMethod, second_factor: Option<Factor>) -> Proven {
        Proven { method, second_factor }
    }
}

/// That a session was used, and how far that moves its expiry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    pub seen_at: Timestamp,
    pub expires_at: Timestamp,
}

from_row!(Session {
    id: SessionId, account_id: AccountId, user_agent: Option<String>, ip: Option<String>, method: AuthMethod,
    second_factor: Option<Factor>, authenticated_at: Timestamp, created_at: Timestamp, last_seen_at: Timestamp,
    expires_at: Timestamp, absolute_expires_at: Timestamp,
});

from_row!(PrincipalRow {
    id: SessionId,
    account_id: AccountId,
    label: String,
    email: Option<String>,
    email_verified: bool,
    username: Option<String>,
    name: Option<String>,
    method: AuthMethod,
    second_factor: Option<Factor>,
    authenticated_at: Timestamp,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    absolute_expires_at: Timestamp,
});

impl SessionPrincipal {
    /// The live session that a token's digest stands for.
    pub(crate) async fn find_live(tx: &mut Tx, digest: &Digest, now: Timestamp) -> Result<Option<SessionPrincipal>> {
        let row: Option<PrincipalRow> = tx.opt(
            "SELECT s.id, s.account_id, COALESCE(a.email, a.username, '') AS label, a.email,
                    a.email_verified_at IS NOT NULL AS email_verified, a.username, a.name,
                    s.method, s.second_factor, s.authenticated_at, s.created_at, s.last_seen_at, s.expires_at, s.absolute_expires_at
               FROM sessions s JOIN accounts a ON a.id = s.account_id
              WHERE s.digest = $1 AND s.expires_at > $2 AND s.absolute_expires_at > $2
                AND a.state = 'active' AND a.kind = 'human'",
            &[digest, &now],
        )
        .await?;
        Ok(row.map(PrincipalRow::principal))
    }
}

impl PrincipalRow {
    fn principal(self) -> SessionPrincipal {
        let PrincipalRow { account_id, label, email, email_verified, username, name, .. } = self;
        SessionPrincipal {
            id: self.id,
            who: Identity { account_id, label, email, email_verified, username, name },
            method: self.method,
            second_factor: self.second_factor,
            authenticated_at: self.authenticated_at,
            created_at: self.created_at,
            last_seen_at: self.last_seen_at,
            expires_at: self.expires_at,
            absolute_expires_at: self.absolute_expires_at,
        }
    }
}

impl Identity {
    /// Who an account is. A bot has no address of its own: whoever reads one must not take it for the person who answers
    /// for it.
    pub(crate) fn of(account: &Account) -> Identity {
        let is_person = account.kind == AccountKind::Human;
        Identity {
            account_id: account.id,
            label: account.label(),
            email: account.email.clone().filter(|_| is_person),
            email_verified: account.email_verified_at.is_some(),
            username: account.username.clone(),
            name: account.name.clone(),
        }
    }
}

impl Session {
    /// A session that begins now.
    pub(crate) fn begin(
        id: SessionId,
        account_id: AccountId,
        caller: &Caller,
        proven: Proven,
        life: (&SessionConfig, Timestamp),
    ) -> Session {
        let (config, now) = life;
        let absolute_expires_at = now.plus(config.absolute);
        Session {
            id,
            account_id,
            user_agent: caller.user_agent.as_deref().map(shorten),
            ip: caller.ip.map(|ip| ip.to_string()),
            method: proven.method,
            second_factor: proven.second_factor,
            authenticated_at: now,
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus(config.idle).min(absolute_expires_at),
            absolute_expires_at,
        }
    }

    pub(crate) async fn insert(&self, tx: &mut Tx, digest: &Digest) -> Result<()> {
        let sql =
            "INSERT INTO sessions (id, digest, account_id, user_agent, ip, method, second_factor, authenticated_at,
                                         created_at, last_seen_at, expires_at, absolute_expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let args: [&dyn Arg; 12] = [
            &self.id,
            digest,
            &self.account_id,
            &self.user_agent,
            &self.ip,
            &self.method,
            &self.second_factor,
            &self.authenticated_at,
            &self.created_at,
            &self.last_seen_at,
            &self.expires_at,
            &self.absolute_expires_at,
        ];
        tx.exec(sql, &args).await.map(drop)
    }

    /// Gives a live session another token, proven now. None: it ended, or somebody else rotated it first.
    pub(crate) async fn rotate(tx: &mut Tx, from: &Digest, to: &Digest, now: Timestamp) -> Result<Option<Session>> {
        tx.opt(
            "UPDATE sessions SET digest = $2, authenticated_at = $3
              WHERE digest = $1 AND expires_at > $3 AND absolute_expires_at > $3
             RETURNING id, account_id, user_agent, ip, method, second_factor, authenticated_at, created_at, last_seen_at,
                       expires_at, absolute_expires_at",
            &[from, to, &now],
        )
        .await
    }

    /// An account's live sessions, newest first.
    pub(crate) async fn list(
        tx: &mut Tx,
        account: AccountId,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<Session>> {
        let after = page.after();
        let rows = tx
            .all(
                "SELECT id, account_id, user_agent, ip, method, second_factor, authenticated_at, created_at, last_seen_at,
                        expires_at, absolute_expires_at
                   FROM sessions
                  WHERE account_id = $1 AND expires_at > $2 AND absolute_expires_at > $2 AND (created_at, id) < ($3, $4)
                  ORDER BY created_at DESC, id DESC LIMIT $5",
                &[&account, &now, &after.created_at, &after.id, &page.fetch()],
            )
            .await?;
        Ok(page.page(rows, |session: &Session| Cursor { created_at: session.created_at, id: session.id.0 }))
    }

    /// Notes a use of a session by what was minted from it, and moves its expiry as a use does.
    pub(crate) async fn prolong(tx: &mut Tx, id: SessionId, idle: Duration, now: Timestamp) -> Result<()> {
        let sql = "UPDATE sessions SET last_seen_at = $2, expires_at = CASE WHEN absolute_expires_at < $3
                          THEN absolute_expires_at ELSE $3 END
                    WHERE id = $1 AND expires_at > $2 AND absolute_expires_at > $2 AND last_seen_at < $2";
        tx.exec(sql, &[&id, &now, &now.plus(idle)]).await.map(drop)
    }

    /// Whether an account still has this session.
    pub(crate) async fn exists(tx: &mut Tx, account: AccountId, session: SessionId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM sessions WHERE id = $1 AND account_id = $2";
        Ok(tx.one::<(i64,)>(sql, &[&session, &account]).await?.0 == 1)
    }

    /// Ends one session of an account; false: it has no such session.
    pub(crate) async fn end(tx: &mut Tx, account: AccountId, session: SessionId) -> Result<bool> {
        let sql = "DELETE FROM sessions WHERE id = $1 AND account_id = $2";
        Ok(tx.exec(sql, &[&session, &account]).await? == 1)
    }

    /// Ends every session of an account but one.
    pub(crate) async fn end_others(tx: &mut Tx, account: AccountId, but: SessionId) -> Result<u64> {
        tx.exec("DELETE FROM sessions WHERE account_id = $1 AND id <> $2", &[&account, &but]).await
    }

    /// Ends every session of an account.
    pub(crate) async fn end_all(tx: &mut Tx, account: AccountId) -> Result<u64> {
        tx.exec("DELETE FROM sessions WHERE account_id = $1", &[&account]).await
    }

    /// Reclaims the space of sessions that expired; says how many.
    pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, at_most: i64) -> Result<u64> {
        let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
                    WHERE expires_at <= $1 OR absolute_expires_at <= $1 LIMIT $2)";
        tx.exec(sql, &[&before, &at_most]).await
    }
}

impl Touch {
    /// How many touches one statement writes.
    pub(crate) const AT_ONCE: usize = 500;

    /// Writes touches. A session that ended, or had expired by then, stays as it is.
    pub(crate) async fn write(tx: &mut Tx, touches: &[(SessionId, Touch)]) -> Result<u64> {
        let sql = format!(
            "WITH touches (id, seen_at, until) AS (VALUES {})
             UPDATE sessions SET last_seen_at = touches.seen_at, expires_at = touches.until FROM touches
              WHERE sessions.id = touches.id AND sessions.expires_at > touches.seen_at
                AND sessions.absolute_expires_at > touches.seen_at AND sessions.last_seen_at < touches.seen_at",
            values(touches.len(), 3)
        );
        let args: Vec<&dyn Arg> =
            touches.iter().flat_map(|(id, touch)| [id as &dyn Arg, &touch.seen_at, &touch.expires_at]).collect();
        tx.exec(built(sql), &args).await
    }
}

/// What a client calls itself, as it is kept.
pub(crate) fn shorten(user_agent: &str) -> String {
    user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect()
}
