//! Vestibule's directory of wallets on NATS JetStream: two key-value buckets, every change a compare-and-swap on the
//! revision that was read, every read answered by the leader. What is here keeps the contract of
//! [`vestibule::directory::Directory`]; what a member or an invite is stays there.

mod admit;
mod bucket;
mod connect;
mod entries;
mod invites;
mod members;
mod records;
mod servers;
mod streams;
mod tries;

use vestibule::directory::{
    Act, Admit, Answer, CancelInvite, Claim, ClaimInvite, Directory, DirectoryInvite, Member, MemberChange, MemberName,
    Minted, SignPub,
};
use vestibule::{Digest, DirectoryInviteId, Page, PageRequest};

use crate::bucket::Bucket;

pub use connect::JetStreamConfig;

/// The directory in two buckets. Cheap to clone; the connection heals by itself.
#[derive(Clone, Debug)]
pub struct JetStreamDirectory {
    invites: Bucket,
    members: Bucket,
}

impl Directory for JetStreamDirectory {
    fn insert_invite<'a>(
        &'a self,
        invite: &'a DirectoryInvite,
        digest: &'a Digest,
        act: &'a Act,
    ) -> Answer<'a, Minted> {
        Box::pin(async move {
            self.invites.require_connection()?;
            act.around(self.keep_invite(invite, digest)).await
        })
    }

    fn find_invite(&self, id: DirectoryInviteId) -> Answer<'_, Option<DirectoryInvite>> {
        Box::pin(async move { Ok(self.invite(id).await?.map(|(_, invite, _)| invite)) })
    }

    fn list_invites(&self, page: PageRequest) -> Answer<'_, Page<DirectoryInvite>> {
        Box::pin(async move { Ok(page.of(self.every_invite().await?, DirectoryInvite::place)) })
    }

    fn cancel_invite<'a>(&'a self, id: DirectoryInviteId, act: &'a Act) -> Answer<'a, CancelInvite> {
        Box::pin(async move {
            self.invites.require_connection()?;
            act.around(self.withdraw(id, act.now())).await
        })
    }

    fn claim_invite<'a>(&'a self, claim: &'a Claim, act: &'a Act) -> Answer<'a, ClaimInvite> {
        Box::pin(async move {
            self.invites.require_connection()?;
            act.around(self.spend(claim, act.now())).await
        })
    }

    fn admit<'a>(&'a self, member: &'a Member, act: &'a Act) -> Answer<'a, Admit> {
        Box::pin(async move {
            self.members.require_connection()?;
            act.around(self.make_member(member, act.now())).await
        })
    }

    fn find_member<'a>(&'a self, name: &'a MemberName) -> Answer<'a, Option<Member>> {
        Box::pin(async move {
            Ok(match name {
                MemberName::SignPub(key) => self.member(&key.to_hex()).await?.map(|(member, _)| member),
                MemberName::Handle(handle) => self.member_called(handle).await?,
            })
        })
    }

    fn list_members(&self, page: PageRequest) -> Answer<'_, Page<Member>> {
        Box::pin(async move { Ok(page.of(self.every_member().await?, Member::place)) })
    }

    fn change_member<'a>(
        &'a self,
        sign_pub: &'a SignPub,
        change: MemberChange,
        act: &'a Act,
    ) -> Answer<'a, Option<Member>> {
        Box::pin(async move {
            self.members.require_connection()?;
            act.around(self.change(sign_pub, change)).await
        })
    }
}
