//! Inviting to the directory: an invite names the member that it will make, works once, and can be withdrawn while it
//! has not. Its token is shown when it is made and never again.

use std::time::Duration;

use serde_json::json;

use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::detached::detached;
use crate::directory::{Act, CancelInvite, DirectoryInvite, DirectoryRole, Handle};
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::DirectoryInviteId;
use crate::needs;
use crate::paging::{Page, PageRequest};
use crate::refusals::Target;
use crate::secret::{Secret, SecretKind};
use crate::time::Timestamp;

/// How long an invite lives if nothing is said.
const USUAL_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest that may be said: ten years.
const LONGEST_LIFE: Duration = Duration::from_secs(3650 * 24 * 3600);

/// What a new invite is made of.
#[derive(Clone, Debug)]
pub struct NewDirectoryInvite {
    /// What the member will be called.
    pub handle: String,
    /// What the member will be.
    pub role: DirectoryRole,
    /// When it ends, in ten years at the latest; none: in seven days.
    pub expires_at: Option<Timestamp>,
}

/// An invite that was made, with its token, handed out this once.
#[derive(Debug)]
pub struct CreatedDirectoryInvite {
    /// The invite.
    pub invite: DirectoryInvite,
    /// Its token.
    pub token: Secret,
}

impl Vestibule {
    /// Makes an invite.
    pub async fn create_directory_invite(
        &self,
        caller: &Caller,
        new: NewDirectoryInvite,
    ) -> Result<CreatedDirectoryInvite> {
        let now = self.now();
        let handle = Handle::parse(&new.handle).map_err(|code| Error::field("handle", code))?;
        let expires_at = new.expires_at.unwrap_or(now.plus(USUAL_LIFE));
        if expires_at <= now || expires_at > now.plus(LONGEST_LIFE) {
            return Err(Error::field("expires_at", Code::ExpiryInvalid));
        }
        let token = Secret::fresh(SecretKind::DirectoryInvite, self.random());
        let digest = token.digest();
        let invite = DirectoryInvite {
            id: DirectoryInviteId::of(&digest),
            handle,
            role: new.role,
            created_at: now,
            created_by: caller.account_id(),
            expires_at: Some(expires_at),
            canceled_at: None,
            used_at: None,
            used_sign_pub: None,
            used_kex_pub: None,
        };
        let action = "directory_invite.created";
        let details = json!({ "role": invite.role, "expires_at": expires_at });
        let entry = Entry::done(action).on_directory_invite(&invite).with(details);
        let act = Act::new(self, caller, Some(needs::CREATE_DIRECTORY), entry);
        let (directory, kept) = (self.directory().clone(), invite.clone());
        let made = detached(async move { directory.insert_invite(&kept, &digest, &act).await }).await;
        self.audit_refusal(caller, action, Target::Nobody, made).await?;
        Ok(CreatedDirectoryInvite { invite, token })
    }

    /// The invite of this id, however it stands.
    pub async fn directory_invite(&self, id: DirectoryInviteId) -> Result<DirectoryInvite> {
        self.directory().find_invite(id).await?.ok_or(Error::NotFound)
    }

    /// A page of invites, newest first.
    pub async fn list_directory_invites(&self, page: PageRequest) -> Result<Page<DirectoryInvite>> {
        self.directory().list_invites(page).await
    }

    /// Withdraws an invite for good. It may be withdrawn already; one that was used stays as it is.
    pub async fn cancel_directory_invite(&self, caller: &Caller, id: DirectoryInviteId) -> Result<()> {
        let action = "directory_invite.canceled";
        let invite = self.directory_invite(id).await?;
        let entry = Entry::done(action).on_directory_invite(&invite);
        let act = Act::new(self, caller, Some(needs::DELETE_DIRECTORY), entry);
        let directory = self.directory().clone();
        let canceled = detached(async move { directory.cancel_invite(id, &act).await }).await;
        match self.audit_refusal(caller, action, Target::DirectoryInvite(id), canceled).await? {
            CancelInvite::Done => Ok(()),
            CancelInvite::Used => Err(Error::Conflict(Code::InviteSpent)),
            CancelInvite::Unknown => Err(Error::NotFound),
        }
    }
}
