//! Deliver mail: claim it, hand it over, write down what became of it. Nothing is held open meanwhile: the claim is
//! committed before the server is spoken to. A server that is down costs no mail: each waits, longer every time, until
//! what it carries dies. What may have arrived is sent once more at most.

mod attempt;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::MailId;
use crate::outbox::{MailState, Outbox};
use crate::smtp::{SmtpConfig, Trouble};

/// How many mails one round looks at.
const ROUND: i64 = 100;
/// How many lines to the server one node has at once.
const LANES: usize = 4;
/// How soon what is being sent, or was not written down, is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The mail server took it.
    Sent,
    /// It lies in the development outbox.
    Kept,
    /// It is on its way, and will be tried again if need be.
    Waiting,
    /// It will not arrive; the sentence is for an administrator.
    Failed(String),
}

/// What one round did.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// How many mails were tried.
    pub tried: usize,
    /// Whether there may be more.
    pub is_full: bool,
    /// Why the server takes no mail from us, if it does not.
    pub trouble: Option<String>,
}

type Queue = Arc<Mutex<VecDeque<MailId>>>;

impl Vestibule {
    /// Tries one mail at once and waits for that as long as told; the attempt goes on after that.
    pub async fn deliver_now(&self, id: MailId, patience: Duration) -> Result<Delivery> {
        let attempt = async {
            if let Some(smtp) = self.config().mail.smtp.clone() {
                let (this, queue) = (self.clone(), queue_of([id]));
                let attempt = tokio::spawn(async move {
                    let (_keep, stopped) = watch::channel(false);
                    this.deliver_in_turn(&smtp, &queue, &stopped).await
                });
                attempt.await.map_err(|_| Error::internal("the delivery of a mail ended in a panic"))??;
            }
            self.until_decided(id).await
        };
        timeout(patience, attempt).await.unwrap_or(Ok(Delivery::Waiting))
    }

    /// Tries all mail that is due, several at once; says how many.
    pub async fn deliver_due(&self) -> Result<usize> {
        let (_keep, stopped) = watch::channel(false);
        Ok(self.deliver_round(stopped).await?.tried)
    }

    /// One round of deliveries. Once stopped, none is begun any more.
    pub(crate) async fn deliver_round(&self, stopped: watch::Receiver<bool>) -> Result<Round> {
        let Some(smtp) = &self.config().mail.smtp else { return Ok(Round::default()) };
        let due = Outbox::due(&mut self.db().read().await?, self.now(), ROUND).await?;
        if due.is_empty() {
            return Ok(Round::default());
        }
        let mut tx = self.db().write_yielding().await?;
        Outbox::give_up(&mut tx, self.now()).await?;
        tx.commit().await?;
        let is_full = due.len() == usize::try_from(ROUND).unwrap_or(usize::MAX);
        let lanes = due.len().min(LANES);
        let queue = queue_of(due.into_iter().map(|(id,)| id));
        let mut running = JoinSet::new();
        for _ in 0..lanes {
            let (this, smtp, queue, stopped) = (self.clone(), smtp.clone(), queue.clone(), stopped.clone());
            running.spawn(async move { this.deliver_in_turn(&smtp, &queue, &stopped).await });
        }
        let mut round = Round { is_full, ..Round::default() };
        while let Some(lane) = running.join_next().await {
            let lane = lane.map_err(|_| Error::internal("a delivery of mail ended in a panic"))??;
            round.tried += lane.tried;
            round.trouble = round.trouble.or(lane.trouble);
        }
        Ok(round)
    }

    /// One lane of a round: mail after mail over one line, until there is none left or the line cannot be had.
    async fn deliver_in_turn(
        &self,
        smtp: &SmtpConfig,
        queue: &Queue,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Round> {
        let (mut lane, mut line) = (Round::default(), None);
        while lane.trouble.is_none() && !is_stopped(stopped) {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(id) = next else { break };
            let Some(claimed) = self.claim(smtp, id).await? else { continue };
            lane.tried += 1;
            let outcome = self.hand_over(smtp, &mut line, &claimed).await;
            self.write_down(&claimed, &outcome).await?;
            if let Err(Trouble::Line(why)) = outcome {
                lane.trouble = Some(why);
            }
        }
        if let Some(line) = line {
            line.close().await;
        }
        Ok(lane)
    }

    async fn until_decided(&self, id: MailId) -> Result<Delivery> {
        loop {
            let mail = Outbox::find(&mut self.db().read().await?, id).await?.ok_or(Error::NotFound)?;
            match mail.state {
                MailState::Sending => sleep(LOOK_AGAIN).await,
                MailState::Queued => return Ok(Delivery::Waiting),
                MailState::Sent => return Ok(Delivery::Sent),
                MailState::Kept => return Ok(Delivery::Kept),
                MailState::Failed => return Ok(Delivery::Failed(mail.last_error.unwrap_or_default())),
                MailState::Expired => {
                    return Ok(Delivery::Failed("what the mail carries is no longer good".to_owned()));
                }
            }
        }
    }
}

fn queue_of(mail: impl IntoIterator<Item = MailId>) -> Queue {
    Arc::new(Mutex::new(mail.into_iter().collect()))
}

/// Whether the one who runs the round told it to stop, or is gone.
fn is_stopped(stopped: &watch::Receiver<bool>) -> bool {
    *stopped.borrow() || stopped.has_changed().is_err()
}
