//! The outbox: mail that waits, is on its way, or went; written in the transaction of what it speaks of.
//! Who wants to send one claims it first, by a guarded update that sets a lease: of any number of nodes one wins, and a
//! claim whose node died comes free when its lease runs out. A copy is counted right before it is handed over. Nobody claims a mail whose token is
//! dead, that is past its time, or of which the other side may have two copies. The content is sealed, and erased once
//! it was sent or can no longer be.

use std::time::Duration;

use serde::Serialize;

use crate::db::{Arg, Tx, from_row, text_enum};
use crate::error::Result;
use crate::id::{AccountId, MailId, OrganizationId, TokenId};
use crate::mail::MailKind;
use crate::paging::{Cursor, Page, PageRequest};
use crate::time::Timestamp;

/// How long a mail is remembered.
pub(crate) const KEEP_MAIL: Duration = Duration::from_secs(30 * 24 * 3600);

/// Why a mail is not sent a third time.
const TWO_COPIES: &str = "the mail server was lost twice after the mail was handed over, so up to two copies may have \
    arrived; it is not sent a third time unless somebody asks for it";

text_enum! {
    /// Where a mail is.
    MailState {
        /// It waits for its next attempt.
        Queued = "queued",
        /// Somebody is sending it.
        Sending = "sending",
        /// The mail server took it.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
        /// What it carries died before it could be sent.
        Expired = "expired",
        /// It stays in the development outbox.
        Kept = "kept",
    }
}

/// A mail, without what it says.
#[derive(Clone, Debug, Serialize)]
pub struct MailRow {
    /// Its id.
    pub id: MailId,
    /// Whose mail; none: nobody's here, or gone.
    pub account_id: Option<AccountId>,
    /// What kind of mail.
    pub kind: MailKind,
    /// To whom.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Where it is.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: i64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is tried next; while it is being sent: when its sender is given up.
    pub next_attempt_at: Timestamp,
    /// After when it is not sent.
    pub expires_at: Timestamp,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
}

/// A mail as it is put in.
#[derive(Debug)]
pub(crate) struct NewMail<'a> {
    pub id: MailId,
    pub account_id: Option<AccountId>,
    pub token_id: Option<TokenId>,
    pub kind: MailKind,
    pub recipient: &'a str,
    pub subject: &'a str,
    pub content: Option<Vec<u8>>,
    pub state: MailState,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A mail that its holder alone may send until the lease ends.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub id: MailId,
    pub kind: MailKind,
    pub recipient: String,
    pub subject: String,
    pub content: Vec<u8>,
    /// Which attempt this is: nobody else's is the same.
    pub attempts: i64,
    /// How many copies the other side may have from earlier attempts.
    pub copies: i64,
    pub created_at: Timestamp,
}

/// A sealed mail of the development outbox.
#[derive(Debug)]
pub(crate) struct SealedMail {
    pub id: MailId,
    pub content: Vec<u8>,
}

/// The table's verbs.
#[derive(Debug)]
pub(crate) struct Outbox;

from_row!(MailRow {
    id: MailId, account_id: Option<AccountId>, kind: MailKind, recipient: String, subject: String, state: MailState,
    attempts: i64, last_error: Option<String>, created_at: Timestamp, next_attempt_at: Timestamp,
    expires_at: Timestamp, sent_at: Option<Timestamp>,
});

from_row!(Claimed {
    id: MailId, kind: MailKind, recipient: String, subject: String, content: Vec<u8>, attempts: i64, copies: i64,
    created_at: Timestamp,
});

from_row!(SealedMail { id: MailId, content: Vec<u8> });

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, kind, recipient, subject, state, attempts, last_error, created_at,
                    next_attempt_at, expires_at, sent_at
               FROM outbox ",
            $rest
        )
    };
}

/// That nothing stands against sending a mail at the time `$n`: its own time is not over, nor its token dead.
macro_rules! alive {
    ($now:literal) => {
        concat!(
            "expires_at > ",
            $now,
            " AND (token_id IS NULL OR EXISTS (
                SELECT 1 FROM one_time_tokens t
                 WHERE t.id = outbox.token_id AND t.consumed_at IS NULL AND t.expires_at > ",
            $now,
            "))"
        )
    };
}

impl Outbox {
    /// The most copies of a mail that the other side may have.
    pub(crate) const MAX_COPIES: i64 = 2;

    pub(crate) async fn insert(tx: &mut Tx, mail: &NewMail<'_>) -> Result<()> {
        let sql = "INSERT INTO outbox (id, account_id, token_id, kind, recipient, subject, content, state, attempts,
                                       copies, next_attempt_at, created_at, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $9, $10)";
        let args: [&dyn Arg; 10] = [
            &mail.id,
            &mail.account_id,
            &mail.token_id,
            &mail.kind,
            &mail.recipient,
            &mail.subject,
            &mail.content,
            &mail.state,
            &mail.created_at,
            &mail.expires_at,
        ];
        tx.exec(sql, &args).await.map(drop)
    }

    pub(crate) async fn delete(tx: &mut Tx, id: MailId) -> Result<()> {
        tx.exec("DELETE FROM outbox WHERE id = $1", &[&id]).await.map(drop)
    }

    pub(crate) async fn find(tx: &mut Tx, id: MailId) -> Result<Option<MailRow>> {
        tx.opt(select!("WHERE id = $1"), &[&id]).await
    }

    /// A page of all mail, newest first.
    pub(crate) async fn list(tx: &mut Tx, page: PageRequest) -> Result<Page<MailRow>> {
        let after = page.after();
        let sql = select!("WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3");
        let rows = tx.all(sql, &[&after.created_at, &after.id, &page.fetch()]).await?;
        Ok(page.page(rows, |mail: &MailRow| Cursor { created_at: mail.created_at, id: mail.id.0 }))
    }

    /// The newest mail of an account.
    pub(crate) async fn of(tx: &mut Tx, account: AccountId, limit: i64) -> Result<Vec<MailRow>> {
        let sql = select!("WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2");
        tx.all(sql, &[&account, &limit]).await
    }

    /// The newest mail of the development outbox.
    pub(crate) async fn kept(tx: &mut Tx, limit: i64) -> Result<Vec<MailRow>> {
        let sql = select!("WHERE state = 'kept' ORDER BY created_at DESC, id DESC LIMIT $1");
        tx.all(sql, &[&limit]).await
    }

    /// What the newest mail of the development outbox says.
    pub(crate) async fn kept_content(tx: &mut Tx, limit: i64) -> Result<Vec<SealedMail>> {
        let sql = "SELECT id, content FROM outbox WHERE state = 'kept' AND content IS NOT NULL
                    ORDER BY created_at DESC, id DESC LIMIT $1";
        tx.all(sql, &[&limit]).await
    }

    /// Which mail is to be sent now, or to be given up; the longest waiting first.
    pub(crate) async fn due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<(MailId,)>> {
        let sql = concat!(
            "SELECT id FROM outbox
              WHERE state IN ('queued', 'sending') AND (next_attempt_at <= $1 OR (state = 'queued' AND NOT (",
            alive!("$1"),
            "))) ORDER BY next_attempt_at, id LIMIT $2"
        );
        tx.all(sql, &[&now, &limit]).await
    }

    /// Takes a due mail for sending; none: somebody else did, or it must not be sent.
    pub(crate) async fn claim(tx: &mut Tx, id: MailId, now: Timestamp, lease: Timestamp) -> Result<Option<Claimed>> {
        let sql = concat!(
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1, next_attempt_at = $3
              WHERE id = $1 AND state IN ('queued', 'sending') AND next_attempt_at <= $2 AND copies < $4
                AND content IS NOT NULL AND ",
            alive!("$2"),
            " RETURNING id, kind, recipient, subject, content, attempts, copies, created_at"
        );
        tx.opt(sql, &[&id, &now, &lease, &Self::MAX_COPIES]).await
    }

    /// Counts a copy of a mail that is about to be handed over; false: its time or its lease is over.
    pub(crate) async fn count_copy(tx: &mut Tx, claimed: &Claimed, now: Timestamp) -> Result<bool> {
        let sql = concat!(
            "UPDATE outbox SET copies = copies + 1
              WHERE id = $1 AND attempts = $3 AND state = 'sending' AND next_attempt_at > $2 AND copies < $4 AND ",
            alive!("$2")
        );
        Ok(tx.exec(sql, &[&claimed.id, &now, &claimed.attempts, &Self::MAX_COPIES]).await? == 1)
    }

    /// The mail server took it. Whoever knows that is right, however late.
    pub(crate) async fn mark_sent(tx: &mut Tx, id: MailId, now: Timestamp) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'sent', sent_at = $2, content = NULL, last_error = NULL
                    WHERE id = $1 AND state <> 'sent'";
        tx.exec(sql, &[&id, &now]).await.map(drop)
    }

    /// An attempt failed: the mail waits for the next one, with as many copies as the other side may have.
    pub(crate) async fn postpone(
        tx: &mut Tx,
        claimed: &Claimed,
        (copies, until): (i64, Timestamp),
        why: &str,
    ) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'queued', copies = $3, next_attempt_at = $4, last_error = $5
                    WHERE id = $1 AND attempts = $2 AND state = 'sending'";
        tx.exec(sql, &[&claimed.id, &claimed.attempts, &copies, &until, &why]).await.map(drop)
    }

    /// An attempt failed for good. The content stays until the mail's time is over, in case somebody wants it retried.
    pub(crate) async fn fail(tx: &mut Tx, claimed: &Claimed, copies: i64, why: &str) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'failed', copies = $3, last_error = $4
                    WHERE id = $1 AND attempts = $2 AND state = 'sending'";
        tx.exec(sql, &[&claimed.id, &claimed.attempts, &copies, &why]).await.map(drop)
    }

    /// Puts a mail that was given up, or that waits, first in the queue; false: it cannot be sent any more.
    pub(crate) async fn retry(tx: &mut Tx, id: MailId, now: Timestamp) -> Result<bool> {
        let sql = concat!(
            "UPDATE outbox SET state = 'queued', copies = 0, next_attempt_at = $2
              WHERE id = $1 AND state IN ('queued', 'failed') AND content IS NOT NULL AND ",
            alive!("$2")
        );
        Ok(tx.exec(sql, &[&id, &now]).await? == 1)
    }

    /// Calls a mail back that nobody has begun to send, or that failed.
    pub(crate) async fn call_back(tx: &mut Tx, id: MailId) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'expired', content = NULL WHERE id = $1 AND state IN ('queued', 'failed')";
        tx.exec(sql, &[&id]).await.map(drop)
    }

    /// Calls back, likewise, the letters of all invitations to an organization.
    pub(crate) async fn call_back_invitations(tx: &mut Tx, organization: OrganizationId) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'expired', content = NULL
                    WHERE state IN ('queued', 'failed') AND id IN (
                        SELECT mail_id FROM organization_invitations
                         WHERE organization_id = $1 AND mail_id IS NOT NULL)";
        tx.exec(sql, &[&organization]).await.map(drop)
    }

    /// Gives up what can no longer be sent: what waits for nothing, and what may have arrived twice.
    pub(crate) async fn give_up(tx: &mut Tx, now: Timestamp) -> Result<()> {
        let dead = concat!(
            "UPDATE outbox SET state = 'expired', content = NULL
              WHERE (state = 'queued' OR (state = 'sending' AND next_attempt_at <= $1)) AND NOT (",
            alive!("$1"),
            ")"
        );
        tx.exec(dead, &[&now]).await?;
        let twice = "UPDATE outbox SET state = 'failed', last_error = $2
                      WHERE state = 'sending' AND next_attempt_at <= $1 AND copies >= $3";
        tx.exec(twice, &[&now, &TWO_COPIES, &Self::MAX_COPIES]).await.map(drop)
    }

    /// Reclaims the space of mail that nobody will send any more, and erases what failed mail says once its time is
    /// over; says how many rows went.
    pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, at_most: i64) -> Result<u64> {
        let erase = concat!(
            "UPDATE outbox SET content = NULL WHERE state = 'failed' AND content IS NOT NULL AND NOT (",
            alive!("$1"),
            ")"
        );
        tx.exec(erase, &[&now]).await?;
        let sql = "DELETE FROM outbox WHERE id IN (
                    SELECT id FROM outbox
                     WHERE created_at < $1 AND NOT (state IN ('queued', 'sending') AND expires_at > $2) LIMIT $3)";
        tx.exec(sql, &[&now.minus(KEEP_MAIL), &now, &at_most]).await
    }
}
