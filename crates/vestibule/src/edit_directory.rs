//! Members of the directory: who they are, and what becomes of them. Whoever is revoked stays, so that the key cannot
//! come back; whoever is deleted can be invited again. What a member belongs to elsewhere is left as it is: nobody can
//! prove to be that member any more.

use serde_json::json;

use crate::audit::Entry;
use crate::caller::Caller;
use crate::detached::detached;
use crate::directory::{Act, Handle, Member, MemberChange, MemberName, MemberStatus, SignPub};
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::needs;
use crate::paging::{Page, PageRequest};
use crate::refusals::Target;

impl Vestibule {
    /// The member of this signing key, revoked or not. What is no key is nobody's.
    pub async fn directory_member(&self, sign_pub: &str) -> Result<Member> {
        let sign_pub = SignPub::parse(sign_pub).map_err(|_| Error::NotFound)?;
        self.directory().find_member(&MemberName::SignPub(sign_pub)).await?.ok_or(Error::NotFound)
    }

    /// The member of this handle, in any case, revoked or not.
    pub async fn directory_member_by_handle(&self, handle: &str) -> Result<Member> {
        let handle = Handle::parse(handle).map_err(|_| Error::NotFound)?;
        self.directory().find_member(&MemberName::Handle(handle)).await?.ok_or(Error::NotFound)
    }

    /// A page of members, newest first.
    pub async fn list_directory_members(&self, page: PageRequest) -> Result<Page<Member>> {
        self.directory().list_members(page).await
    }

    /// Revokes a member, or lets it in again.
    pub async fn set_directory_status(&self, caller: &Caller, sign_pub: &str, status: MemberStatus) -> Result<Member> {
        let action = match status {
            MemberStatus::Active => "directory_member.activated",
            MemberStatus::Revoked => "directory_member.revoked",
        };
        let member = self.directory_member(sign_pub).await?;
        let details = json!({
            "sign_pub": member.sign_pub, "before": { "status": member.status }, "after": { "status": status },
        });
        let entry = Entry::done(action).on_member(&member).with(details);
        let act = Act::new(self, caller, Some(needs::UPDATE_DIRECTORY), entry);
        let changed = self.change_directory_member(member.sign_pub, MemberChange::Status(status), act).await;
        let target = Target::DirectoryMember(member.sign_pub);
        self.audit_refusal(caller, action, target, changed).await?.ok_or(Error::NotFound)
    }

    /// Deletes a member; key and handle are free.
    pub async fn delete_directory_member(&self, caller: &Caller, sign_pub: &str) -> Result<()> {
        let action = "directory_member.deleted";
        let member = self.directory_member(sign_pub).await?;
        let details = json!({ "sign_pub": member.sign_pub, "kex_pub": member.kex_pub, "role": member.role });
        let entry = Entry::done(action).on_member(&member).with(details);
        let act = Act::new(self, caller, Some(needs::DELETE_DIRECTORY), entry);
        let deleted = self.change_directory_member(member.sign_pub, MemberChange::Delete, act).await;
        let target = Target::DirectoryMember(member.sign_pub);
        self.audit_refusal(caller, action, target, deleted).await?.ok_or(Error::NotFound).map(drop)
    }

    /// Once begun it goes on when its caller leaves, so that the log has its outcome.
    async fn change_directory_member(&self, key: SignPub, change: MemberChange, act: Act) -> Result<Option<Member>> {
        let directory = self.directory().clone();
        detached(async move { directory.change_member(&key, change, &act).await }).await
    }
}
