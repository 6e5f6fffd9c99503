//! Making a member of two entries that no transaction holds together: first the handle's, then the member's, then the
//! handle's again at the revision it was claimed at. The last step is what makes a member for good: if somebody took the
//! handle over meanwhile it fails, and what was made is taken back.

use std::time::Duration;

use vestibule::directory::{Admit, Member};
use vestibule::{Result, Timestamp};

use crate::JetStreamDirectory;
use crate::bucket::{Held, away};
use crate::records::{HandleRecord, MemberRecord, key_of_handle, member_key};
use crate::tries::Tries;

/// How old the claim of a handle must be to be taken over where no member was made of it.
const ABANDONED_AFTER: Duration = Duration::from_secs(60);

impl JetStreamDirectory {
    pub(crate) async fn make_member(&self, member: &Member, now: Timestamp) -> Result<Admit> {
        let (record, handle) = (MemberRecord::of(member), key_of_handle(member.handle.as_str()));
        let claim = HandleRecord { sign_pub: record.sign_pub.clone(), claimed_at: now.to_rfc3339() };
        let Some(claimed) = self.claim_handle(&handle, &claim, now).await? else { return Ok(Admit::Exists) };
        let Some(made) = self.put_member(&record).await? else {
            // The key is another member's. The handle is free again now, or in a minute.
            if let Err(why) = self.members.purge(&handle, claimed).await {
                tracing::warn!("a handle that was not needed stays claimed for a minute: {why}");
            }
            return Ok(Admit::Exists);
        };
        if self.confirm_handle(&handle, &claim, claimed).await? {
            return Ok(Admit::Done);
        }
        self.members.purge(&member_key(&record.sign_pub), made).await?;
        Ok(Admit::Exists)
    }

    /// Claims a handle that nobody has, or that was claimed long ago for a member who was never made; none: it is taken.
    async fn claim_handle(&self, key: &str, claim: &HandleRecord, now: Timestamp) -> Result<Option<u64>> {
        let mut tries = Tries::default();
        while tries.next().await {
            let Held { value, revision } = self.members.get::<HandleRecord>(key).await?;
            if let Some(held) = value {
                let holder = self.members.get::<MemberRecord>(&member_key(&held.sign_pub)).await?.value;
                let is_made = holder.is_some_and(|holder| holder.key_of_handle() == key);
                if is_made || now.since(held.claimed_at()) <= ABANDONED_AFTER {
                    return Ok(None);
                }
            }
            if let Some(claimed) = self.members.put(key, claim, revision).await? {
                return Ok(Some(claimed));
            }
        }
        Err(away("a handle keeps changing"))
    }

    /// Writes a handle's entry again at the revision of its claim; false: somebody took it over.
    async fn confirm_handle(&self, key: &str, claim: &HandleRecord, claimed: u64) -> Result<bool> {
        let mut tries = Tries::default();
        while tries.next().await {
            if self.members.put(key, claim, claimed).await?.is_some() {
                return Ok(true);
            }
            // Refused, it may be for what another only tried to write at the same moment.
            if self.members.get::<HandleRecord>(key).await?.revision != claimed {
                return Ok(false);
            }
        }
        Err(away("a handle keeps changing"))
    }

    /// Makes the entry of a member; none: its key is a member's. One that does not count is what a registration left
    /// whose handle was taken over, and gives way.
    async fn put_member(&self, record: &MemberRecord) -> Result<Option<u64>> {
        let key = member_key(&record.sign_pub);
        let mut tries = Tries::default();
        while tries.next().await {
            let Held { value, revision } = self.members.get::<MemberRecord>(&key).await?;
            if let Some(there) = value
                && self.counts(&there).await?
            {
                return Ok(None);
            }
            if let Some(made) = self.members.put(&key, record, revision).await? {
                return Ok(Some(made));
            }
        }
        Err(away("a member keeps changing"))
    }
}
