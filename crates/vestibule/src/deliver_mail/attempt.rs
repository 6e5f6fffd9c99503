//! One attempt at one mail: a claim that is committed before the server is spoken to, the handing over, and what became
//! of it.

use std::time::Duration;

use tokio::time::sleep;

use super::LOOK_AGAIN;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::MailId;
use crate::outbox::{Claimed, Outbox};
use crate::smtp::{Connection, SmtpConfig, Trouble, envelope};

/// The pause before the second attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// A lease is as many time-outs of the server: more than an attempt can take, so that it ends under its own lease.
const LEASE: u32 = 5;
/// How often an outcome is written again while the database is busy.
const PATIENCE_TO_WRITE: usize = 5;

impl Vestibule {
    /// Takes a mail for sending; none: somebody else did, or it must not be sent.
    pub(super) async fn claim(&self, smtp: &SmtpConfig, id: MailId) -> Result<Option<Claimed>> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let claimed = Outbox::claim(&mut tx, id, now, now.plus(smtp.timeout * LEASE)).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Hands a mail over, on the line there is or on a new one; after trouble there is none.
    pub(super) async fn hand_over(
        &self,
        smtp: &SmtpConfig,
        line: &mut Option<Connection>,
        claimed: &Claimed,
    ) -> Result<(), Trouble> {
        let content = self.open_mail(claimed.id, &claimed.content).map_err(|why| unreadable(&why))?;
        let mail = envelope(smtp, claimed, content).map_err(Trouble::Refused)?;
        let mut open = line_to(smtp, line.take()).await.map_err(Trouble::Line)?;
        // Counted with the line in hand, so that a server which never answers costs no copy, however often we are stopped.
        if !self.count_copy(claimed).await? {
            *line = Some(open);
            return Err(Trouble::Postponed("its turn was over before the mail server answered".to_owned()));
        }
        let sent = open.send(&mail).await;
        match sent {
            Ok(()) => *line = Some(open),
            Err(_) => open.close().await,
        }
        sent
    }

    async fn count_copy(&self, claimed: &Claimed) -> Result<bool, Trouble> {
        let counted = async {
            let mut tx = self.db().write().await?;
            let counted = Outbox::count_copy(&mut tx, claimed, self.now()).await?;
            tx.commit().await.map(|()| counted)
        };
        counted.await.map_err(|why: Error| Trouble::Postponed(format!("the database was busy: {why}")))
    }

    /// Writes down what an attempt came to, though the database may be busy: what is not known to be sent is sent again.
    pub(super) async fn write_down(&self, claimed: &Claimed, outcome: &Result<(), Trouble>) -> Result<()> {
        for _ in 0..PATIENCE_TO_WRITE {
            match self.settle(claimed, outcome).await {
                Err(Error::Unavailable { .. }) => sleep(LOOK_AGAIN).await,
                written => return written,
            }
        }
        self.settle(claimed, outcome).await
    }

    async fn settle(&self, claimed: &Claimed, outcome: &Result<(), Trouble>) -> Result<()> {
        let (now, with_it) = (self.now(), claimed.copies + 1);
        let again = now.plus(pause(claimed.attempts));
        let mut tx = self.db().write().await?;
        match outcome {
            Ok(()) => Outbox::mark_sent(&mut tx, claimed.id, now).await?,
            Err(Trouble::Line(why) | Trouble::Postponed(why)) => {
                Outbox::postpone(&mut tx, claimed, (claimed.copies, again), why).await?;
            }
            Err(Trouble::Lost(why)) if with_it < Outbox::MAX_COPIES => {
                Outbox::postpone(&mut tx, claimed, (with_it, again), why).await?;
            }
            Err(Trouble::Lost(why)) => {
                let why = format!("{why}. It was the second time, so it is not sent again unless somebody asks for it");
                Outbox::fail(&mut tx, claimed, with_it, &why).await?;
            }
            Err(Trouble::Refused(why)) => Outbox::fail(&mut tx, claimed, claimed.copies, why).await?,
        }
        tx.commit().await?;
        report(claimed, outcome);
        Ok(())
    }
}

/// Says in the log how a mail went, and of the mail only its id.
fn report(claimed: &Claimed, outcome: &Result<(), Trouble>) {
    match outcome {
        Ok(()) => tracing::debug!(mail = %claimed.id, kind = %claimed.kind, "a mail was sent"),
        // Said once for all of them, by whoever runs the round.
        Err(Trouble::Line(_)) => {}
        Err(Trouble::Postponed(why)) => tracing::info!(mail = %claimed.id, kind = %claimed.kind, "{why}"),
        Err(Trouble::Lost(why) | Trouble::Refused(why)) => {
            tracing::warn!(mail = %claimed.id, kind = %claimed.kind, "{why}");
        }
    }
}

/// The line there is, if it still stands, or a new one: trouble with a line is found before a mail depends on it.
async fn line_to(smtp: &SmtpConfig, kept: Option<Connection>) -> Result<Connection, String> {
    if let Some(mut kept) = kept
        && kept.is_up().await
    {
        return Ok(kept);
    }
    Connection::open(smtp).await
}

/// The pause after an attempt.
fn pause(attempts: i64) -> Duration {
    let doublings = attempts.clamp(1, 16) - 1;
    (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
}

fn unreadable(why: &Error) -> Trouble {
    tracing::error!(?why, "a mail in the outbox cannot be opened");
    Trouble::Refused("the mail cannot be opened: it was sealed under another master secret".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_two_seconds_to_ten_minutes() {
        let seconds = |attempts| pause(attempts).as_secs();
        assert_eq!([1, 2, 3, 9, 10, 11, i64::MAX].map(seconds), [2, 4, 8, 512, 600, 600, 600]);
    }
}
