//! Invites in their bucket. Using one and withdrawing it are changes of one entry, so one of any two that race finds the
//! entry changed, and looks again.

use vestibule::directory::{CancelInvite, Claim, ClaimInvite, DirectoryInvite, InviteState, Minted};
use vestibule::{Digest, DirectoryInviteId, Error, Result, Timestamp};

use crate::JetStreamDirectory;
use crate::bucket::{Held, away, parsed};
use crate::entries::in_list;
use crate::records::InviteRecord;
use crate::tries::Tries;

impl JetStreamDirectory {
    pub(crate) async fn keep_invite(&self, invite: &DirectoryInvite, digest: &Digest) -> Result<Minted> {
        match self.invites.put(&key(invite.id), &InviteRecord::of(invite, digest), 0).await? {
            Some(_) => Ok(Minted),
            None => Err(Error::internal("two invites have one id")),
        }
    }

    /// An invite as it is kept and as it reads, with its revision.
    pub(crate) async fn invite(&self, id: DirectoryInviteId) -> Result<Option<(InviteRecord, DirectoryInvite, u64)>> {
        let Held { value, revision } = self.invites.get::<InviteRecord>(&key(id)).await?;
        let Some(record) = value else { return Ok(None) };
        let invite = record.read()?;
        Ok(Some((record, invite, revision)))
    }

    pub(crate) async fn every_invite(&self) -> Result<Vec<DirectoryInvite>> {
        let entries = self.invites.all().await?;
        let invites = entries.iter().map(|(key, value)| (key, parsed::<InviteRecord>(key, value)));
        Ok(invites.filter_map(|(key, record)| in_list(key, record.and_then(|record| record.read()))).collect())
    }

    pub(crate) async fn withdraw(&self, id: DirectoryInviteId, now: Timestamp) -> Result<CancelInvite> {
        let mut tries = Tries::default();
        while tries.next().await {
            let Some((record, invite, revision)) = self.invite(id).await? else { return Ok(CancelInvite::Unknown) };
            match invite.state(now) {
                InviteState::Used => return Ok(CancelInvite::Used),
                InviteState::Canceled => return Ok(CancelInvite::Done),
                InviteState::Pending | InviteState::Expired => {}
            }
            let record = InviteRecord { canceled_at: Some(now.to_rfc3339()), ..record };
            if self.invites.put(&key(id), &record, revision).await?.is_some() {
                return Ok(CancelInvite::Done);
            }
        }
        Err(away("an invite keeps changing"))
    }

    pub(crate) async fn spend(&self, claim: &Claim, now: Timestamp) -> Result<ClaimInvite> {
        let id = DirectoryInviteId::of(&claim.digest);
        let mut tries = Tries::default();
        while tries.next().await {
            let Some((record, invite, revision)) = self.invite(id).await? else { return Ok(ClaimInvite::Unknown) };
            if record.digest != claim.digest.to_hex() {
                return Ok(ClaimInvite::Unknown);
            }
            match invite.state(now) {
                InviteState::Used => return Ok(ClaimInvite::Used),
                InviteState::Canceled => return Ok(ClaimInvite::Canceled),
                InviteState::Expired => return Ok(ClaimInvite::Expired),
                InviteState::Pending => {}
            }
            let record = InviteRecord {
                used_at: Some(now.to_rfc3339()),
                used_sign_pub: Some(claim.sign_pub.to_hex()),
                used_kex_pub: Some(claim.kex_pub.to_hex()),
                ..record
            };
            if self.invites.put(&key(id), &record, revision).await?.is_some() {
                return record.read().map(ClaimInvite::Done);
            }
        }
        Err(away("an invite keeps changing"))
    }
}

fn key(id: DirectoryInviteId) -> String {
    format!("i.{id}")
}
