//! Members in their bucket. One counts only if the entry of its handle names it, so that of two that ever claimed one
//! handle at most one is a member, whatever crashed between.

use std::collections::HashMap;

use vestibule::Result;
use vestibule::directory::{Handle, Member, MemberChange, SignPub};

use crate::JetStreamDirectory;
use crate::bucket::{Held, away, parsed};
use crate::entries::in_list;
use crate::records::{HANDLES, HandleRecord, MEMBERS, MemberRecord, key_of_handle, member_key};
use crate::tries::Tries;

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
        let entries = self.members.all().await?;
        let of_kind = |kind: &'static str| entries.iter().filter(move |(key, _)| key.starts_with(kind));
        let mut named = HashMap::new();
        for (key, value) in of_kind(HANDLES) {
            named.extend(in_list(key, parsed::<HandleRecord>(key, value)).map(|handle| (key, handle.sign_pub)));
        }
        let mut members = Vec::new();
        for (key, value) in of_kind(MEMBERS) {
            let record = in_list(key, parsed::<MemberRecord>(key, value));
            let record = record.filter(|record| named.get(&record.key_of_handle()) == Some(&record.sign_pub));
            members.extend(record.and_then(|record| in_list(key, record.read())));
        }
        Ok(members)
    }

    pub(crate) async fn change(&self, sign_pub: &SignPub, change: MemberChange) -> Result<Option<Member>> {
        let hex = sign_pub.to_hex();
        let mut tries = Tries::default();
        while tries.next().await {
            let Some((mut member, revision)) = self.member(&hex).await? else { return Ok(None) };
            let is_changed = match change {
                MemberChange::Status(status) => {
                    member.status = status;
                    self.members.put(&member_key(&hex), &MemberRecord::of(&member), revision).await?.is_some()
                }
                MemberChange::Delete => self.delete(&member, revision).await?,
            };
            if is_changed {
                return Ok(Some(member));
            }
        }
        Err(away("a member keeps changing"))
    }

    /// Takes a member away, and then its handle, if that is still as it was before: between the two the same key may have
    /// registered again, and its handle is not ours to free. False: the member is not as it was read.
    async fn delete(&self, member: &Member, revision: u64) -> Result<bool> {
        let (sign_pub, handle) = (member.sign_pub.to_hex(), key_of_handle(member.handle.as_str()));
        let Held { value, revision: named_at } = self.members.get::<HandleRecord>(&handle).await?;
        if !self.members.purge(&member_key(&sign_pub), revision).await? {
            return Ok(false);
        }
        if value.is_some_and(|named| named.sign_pub == sign_pub)
            && let Err(why) = self.members.purge(&handle, named_at).await
        {
            // It is free a minute after its claim, as the handle of any registration that was not finished.
            tracing::warn!("the handle of a deleted member stays claimed until somebody wants it: {why}");
        }
        Ok(true)
    }
}
