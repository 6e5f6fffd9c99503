//! Known devices: what clients called themselves when an account signed in, so that its owner hears of a new one. It
//! tells browsers apart, not people: whoever copies the name of a known one is not noticed.

use std::time::Duration;

use crate::accounts::Account;
use crate::caller::Caller;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::AccountId;
use crate::mail::Words;
use crate::secret::Digest;
use crate::sessions::shorten;
use crate::time::Timestamp;

/// A device that was not seen for so long is forgotten.
const REMEMBERED: Duration = Duration::from_secs(180 * 24 * 3600);

/// The table's verbs; a row is never shown to anybody.
#[derive(Debug)]
pub(crate) struct KnownDevice;

impl KnownDevice {
    /// Notes that an account was used from a device.
    async fn see(tx: &mut Tx, account: AccountId, device: &Digest, now: Timestamp) -> Result<()> {
        let sql = "INSERT INTO known_devices (account_id, digest, last_seen_at) VALUES ($1, $2, $3)
                   ON CONFLICT (account_id, digest) DO UPDATE SET last_seen_at = excluded.last_seen_at";
        tx.exec(sql, &[&account, device, &now]).await.map(drop)
    }

    /// How many devices an account has, and how many of them are this one: one or none.
    async fn count(tx: &mut Tx, account: AccountId, device: &Digest) -> Result<(i64, i64)> {
        let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN digest = $2 THEN 1 ELSE 0 END), 0) AS BIGINT)
                     FROM known_devices WHERE account_id = $1";
        tx.one(sql, &[&account, device]).await
    }

    /// Forgets every device of an account.
    pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
        tx.exec("DELETE FROM known_devices WHERE account_id = $1", &[&account]).await.map(drop)
    }

    /// Reclaims the space of devices that were not seen for long.
    pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64> {
        tx.exec("DELETE FROM known_devices WHERE last_seen_at < $1", &[&now.minus(REMEMBERED)]).await
    }
}

impl Vestibule {
    /// Notes the device of somebody who signs in, and tells the owner when the account has others but not this one.
    pub(crate) async fn note_device(&self, tx: &mut Tx, account: &Account, caller: &Caller) -> Result<()> {
        let user_agent = caller.user_agent.as_deref().map(shorten);
        let user_agent = user_agent.as_deref().unwrap_or("a program that does not say its name");
        let device = Digest::of(user_agent.as_bytes());
        let (known, this) = KnownDevice::count(tx, account.id, &device).await?;
        KnownDevice::see(tx, account.id, &device, self.now()).await?;
        if known > 0 && this == 0 && self.config().mail.new_device_notice {
            let ip = caller.ip.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
            self.notify(tx, account, Words::NewDevice { user_agent, ip: &ip }).await?;
        }
        Ok(())
    }
}
