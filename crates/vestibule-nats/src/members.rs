//! Members in their bucket. One counts only if the entry of its handle names it, so that of two that ever claimed one
//! handle at most one is a member, whatever crashed between.

use std::collections::HashMap;

use vestibule::Result;
use vestibule::directory::{Handle, Member, MemberChange, SignPub};

use crate::JetStreamDirectory;
use crate::bucket::{Held, TRIES, away};
use crate::records::{HandleRecord, MemberRecord, MembersRecord, key_of_handle, member_key};

impl JetStreamDirectory {
    /// The member of a signing key, with its revision.
    pub(crate) async fn member(&self, sign_pub: &str) -> Result<Option<(Member, u64)>> {
        let Held { value, revision } = self.members.get::<MemberRecord>(&member_key(sign_pub)).await?;
        match value {
            Some(record) if self.counts(&record).await? => Ok(Some((record.read()?, revision))),
            Some(_) | None => Ok(None),
        }
    }

    /// The member of a handle.
    pub(crate) async fn member_called(&self, handle: &Handle) -> Result<Option<Member>> {
        let key = key_of_handle(handle.as_str());
        let Some(named) = self.members.get::<HandleRecord>(&key).await?.value else { return Ok(None) };
        let record = self.members.get::<MemberRecord>(&member_key(&named.sign_pub)).await?.value;
        record.filter(|record| record.key_of_handle() == key).map(|record| record.read()).transpose()
    }

    /// Whether the entry of its handle names it.
    pub(crate) async fn counts(&self, record: &MemberRecord) -> Result<bool> {
        let named = self.members.get::<HandleRecord>(&record.key_of_handle()).await?.value;
        Ok(named.is_some_and(|named| named.sign_pub == record.sign_pub))
    }

    pub(crate) async fn every_member(&self) -> Result<Vec<Member>> {
        let entries = self.members.all::<MembersRecord>().await?;
        let mut named = HashMap::new();
        let mut members = Vec::new();
        for (key, entry) in entries {
            match entry {
                MembersRecord::Member(member) => members.push(member),
                MembersRecord::Handle(handle) => {
                    named.insert(key, handle.sign_pub);
                }
            }
        }
        members.retain(|member| named.get(&member.key_of_handle()) == Some(&member.sign_pub));
        members.iter().map(MemberRecord::read).collect()
    }

    pub(crate) async fn change(&self, sign_pub: &SignPub, change: MemberChange) -> Result<Option<Member>> {
        let hex = sign_pub.to_hex();
        for _ in 0..TRIES {
            let Some((mut member, revision)) = self.member(&hex).await? else { return Ok(None) };
            let is_changed = match change {
                MemberChange::Status(status) => {
                    member.status = status;
                    self.members.put(&member_key(&hex), &MemberRecord::of(&member), revision).await?.is_some()
                }
                MemberChange::Delete => self.members.purge(&member_key(&hex), revision).await?,
            };
            if !is_changed {
                continue;
            }
            if change == MemberChange::Delete {
                self.release(&member, &hex).await;
            }
            return Ok(Some(member));
        }
        Err(away("a member keeps changing"))
    }

    /// Frees the handle of a member that is deleted. If that fails it is free a minute after its claim, as the handle of
    /// any registration that was not finished.
    async fn release(&self, member: &Member, sign_pub: &str) {
        let key = key_of_handle(member.handle.as_str());
        let released = async {
            let Held { value, revision } = self.members.get::<HandleRecord>(&key).await?;
            match value {
                Some(named) if named.sign_pub == sign_pub => self.members.purge(&key, revision).await.map(drop),
                Some(_) | None => Ok(()),
            }
        };
        if let Err(why) = released.await {
            tracing::warn!("the handle of a deleted member stays claimed until somebody wants it: {why}");
        }
    }
}
