//! What runs beside the requests: reading the revocation feed, writing touches, sweeping what expired, sending mail.
//! None of it is needed for a right answer: without the feed the cache is not believed, expiry is checked at use, and
//! mail waits.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::deliver_mail::Round;
use crate::directory::Challenge;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::invitation_places::InvitationPlace;
use crate::known_devices::KnownDevice;
use crate::oauth_codes::OAuthCode;
use crate::oauth_states::OAuthState;
use crate::one_time_tokens::OneTimeToken;
use crate::outbox::Outbox;
use crate::refresh_chains::{RefreshChain, RefreshToken};
use crate::revocations::Revocations;
use crate::second_factors::PendingFactor;
use crate::sessions::Session;
use crate::signing_keys::SigningKey;
use crate::time::micros;

const FEED_EVERY: Duration = Duration::from_millis(250);
const TOUCHES_EVERY: Duration = Duration::from_secs(5);
const MAIL_EVERY: Duration = Duration::from_secs(1);
/// How long a mail that is being handed over may still take when we stop.
const LAST_MAIL: Duration = Duration::from_secs(5);
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// The sweeper is ill when it has not succeeded for this long.
const SWEEP_LATE: Duration = Duration::from_secs(3 * 600);
const KEEP_EXPIRED: Duration = Duration::from_secs(24 * 3600);
const SWEEP_AT_ONCE: i64 = 1000;
const NEVER: i64 = i64::MIN;

/// When the sweeper last succeeded, on the monotonic clock.
#[derive(Debug)]
pub(crate) struct Pulse(AtomicI64);

/// The running tasks; they end when this is stopped or dropped.
#[derive(Debug)]
pub struct Background {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    vestibule: Vestibule,
}

/// Whether an instance can do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// The database answers.
    pub database: bool,
    /// Expired rows are being swept.
    pub sweeper: bool,
    /// What other nodes revoke is being read.
    pub feed: bool,
}

impl Default for Pulse {
    fn default() -> Pulse {
        Pulse(AtomicI64::new(NEVER))
    }
}

impl Health {
    /// Whether everything is well.
    pub fn is_ready(self) -> bool {
        self.database && self.sweeper && self.feed
    }
}

impl Background {
    /// Ends the tasks and writes the touches that wait.
    pub async fn stop(mut self) -> Result<()> {
        _ = self.stop.send(true);
        for task in std::mem::take(&mut self.tasks) {
            _ = task.await;
        }
        self.vestibule.flush_touches().await
    }
}

impl Vestibule {
    /// Starts what runs beside the requests. Call it once, within a tokio runtime.
    pub fn start(&self) -> Background {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = vec![
            tokio::spawn(until(stopped.clone(), self.clone().follow_feed())),
            tokio::spawn(until(stopped.clone(), self.clone().keep_flushing())),
            tokio::spawn(until(stopped.clone(), self.clone().keep_sweeping())),
        ];
        if self.config().mail.smtp.is_some() {
            tasks.push(tokio::spawn(self.clone().keep_delivering(stopped)));
        }
        Background { stop, tasks, vestibule: self.clone() }
    }

    /// Whether this instance can do its work.
    pub async fn health(&self) -> Health {
        let database = timeout(Duration::from_secs(2), self.is_database_up()).await.unwrap_or(false);
        let swept_at = self.pulse().0.load(Ordering::Acquire);
        let sweeper = swept_at != NEVER && micros(self.clock().monotonic()) - swept_at < micros(SWEEP_LATE);
        Health { database, sweeper, feed: self.principals().is_feed_fresh(self.clock()) }
    }

    async fn is_database_up(&self) -> bool {
        let Ok(mut connection) = self.db().read().await else { return false };
        Revocations::head(&mut connection).await.is_ok()
    }

    async fn follow_feed(self) {
        let mut failing = false;
        loop {
            let mut wake = self.db().wake().await.ok();
            loop {
                let read = self.read_feed().await;
                report("reading the revocation feed", &read, &mut failing);
                if read.is_err() {
                    sleep(FEED_EVERY).await;
                    break; // and listen anew
                }
                let Some(wake) = &mut wake else { break };
                // Silence and a broken line both end in another poll; a broken line also in another listener.
                if let Ok(Err(_)) = timeout(FEED_EVERY, wake.woken()).await {
                    break;
                }
            }
            if wake.is_none() {
                sleep(FEED_EVERY).await;
            }
        }
    }

    async fn keep_flushing(self) {
        let (mut failing, mut keeping) = (false, false);
        loop {
            sleep(TOUCHES_EVERY).await;
            report("noting when sessions were last used", &self.flush_touches().await, &mut failing);
            report("erasing answers that nobody asked for again", &self.forget_lost_answers().await, &mut keeping);
        }
    }

    async fn forget_lost_answers(&self) -> Result<()> {
        let mut tx = self.db().write_yielding().await?;
        RefreshToken::forget_lost(&mut tx, self.now()).await?;
        tx.commit().await
    }

    async fn keep_sweeping(self) {
        let mut failing = false;
        loop {
            let swept = self.sweep().await;
            report("sweeping what expired", &swept, &mut failing);
            sleep(SWEEP_EVERY).await;
        }
    }

    /// Sends mail until we stop. A mail that is being handed over then has a little longer: to cut it off would leave
    /// nobody knowing whether it arrived.
    async fn keep_delivering(self, stopped: watch::Receiver<bool>) {
        let (mut failing, mut is_down) = (false, false);
        loop {
            let round = self.deliver_round(stopped.clone());
            tokio::pin!(round);
            let outcome = tokio::select! {
                outcome = &mut round => outcome,
                () = is_stopped(stopped.clone()) => {
                    // What is cut off after that is sent once more, by another node or after the next start.
                    _ = timeout(LAST_MAIL, round).await;
                    return;
                }
            };
            if let Ok(round) = &outcome {
                report_line(round, &mut is_down);
            }
            let is_full = outcome.as_ref().is_ok_and(|round| round.is_full && round.trouble.is_none());
            report("delivering mail", &outcome.map(drop), &mut failing);
            let pause = if is_full { Duration::ZERO } else { MAIL_EVERY };
            if timeout(pause, is_stopped(stopped.clone())).await.is_ok() {
                return;
            }
        }
    }

    /// Deletes sessions and tokens that expired more than a day ago, mail of long ago, and revocations that every node
    /// has seen.
    pub async fn sweep(&self) -> Result<()> {
        let before = self.now().minus(KEEP_EXPIRED);
        loop {
            let mut tx = self.db().write_yielding().await?;
            let challenges = Challenge::sweep(&mut tx, self.now(), SWEEP_AT_ONCE).await?;
            let sessions = Session::sweep(&mut tx, before, SWEEP_AT_ONCE).await?;
            let tokens = OneTimeToken::sweep(&mut tx, before, SWEEP_AT_ONCE).await?;
            let mail = Outbox::sweep(&mut tx, self.now(), SWEEP_AT_ONCE).await?;
            let enrolments = PendingFactor::sweep(&mut tx, before, SWEEP_AT_ONCE).await?;
            let ended = before.minus(self.config().tokens.chain);
            let chains = RefreshChain::sweep(&mut tx, ended, SWEEP_AT_ONCE).await?;
            let states = OAuthState::sweep(&mut tx, self.now(), SWEEP_AT_ONCE).await?;
            let codes = OAuthCode::sweep(&mut tx, before, SWEEP_AT_ONCE).await?;
            let places = InvitationPlace::sweep(&mut tx, before, SWEEP_AT_ONCE).await?;
            RefreshToken::forget_lost(&mut tx, self.now()).await?;
            SigningKey::sweep(&mut tx, self.now()).await?;
            KnownDevice::sweep(&mut tx, self.now()).await?;
            Revocations::prune(&mut tx, before).await?;
            tx.commit().await?;
            let most = sessions.max(challenges).max(tokens).max(mail).max(enrolments).max(chains);
            if most.max(places).max(states).max(codes) < SWEEP_AT_ONCE.unsigned_abs() {
                break;
            }
        }
        self.pulse().0.store(micros(self.clock().monotonic()), Ordering::Release);
        Ok(())
    }
}

async fn until(stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = is_stopped(stopped) => {}
    }
}

/// Returns when the tasks are told to stop, or nobody is left to tell them.
async fn is_stopped(mut stopped: watch::Receiver<bool>) {
    _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Logs when the mail server stops taking mail and when it takes it again.
fn report_line(round: &Round, is_down: &mut bool) {
    match &round.trouble {
        Some(why) if !*is_down => tracing::error!("mail waits, and is tried again: {why}"),
        None if *is_down && round.tried > 0 => tracing::info!("the mail server takes mail again"),
        Some(_) | None => {}
    }
    if round.tried > 0 {
        *is_down = round.trouble.is_some();
    }
}

/// Logs when something begins to fail and when it works again, not every time between.
fn report(what: &str, result: &Result<()>, failing: &mut bool) {
    match result {
        Err(why) if !*failing => tracing::error!(error = ?why, "{what} fails"),
        Ok(()) if *failing => tracing::info!("{what} works again"),
        Ok(()) | Err(_) => {}
    }
    *failing = result.is_err();
}
