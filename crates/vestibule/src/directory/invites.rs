//! Invites to the directory: each makes one member, whose handle and role were fixed when it was made. What an invite
//! was used for stays on it; the token itself is nowhere.

use secrecy::SecretString;
use serde::Serialize;

use crate::db::text_enum;
use crate::directory::{DirectoryRole, Handle, KexPub, SignPub};
use crate::id::{AccountId, DirectoryInviteId};
use crate::paging::Cursor;
use crate::secret::Secret;
use crate::time::Timestamp;

/// An invite, however it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DirectoryInvite {
    /// Its id, made from the digest of its token.
    pub id: DirectoryInviteId,
    /// What the member will be called.
    pub handle: Handle,
    /// What the member will be.
    pub role: DirectoryRole,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it; none: the host.
    pub created_by: Option<AccountId>,
    /// When it ends; none: nobody can tell, so it has ended.
    pub expires_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub canceled_at: Option<Timestamp>,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// The signing key that it was used with.
    pub used_sign_pub: Option<SignPub>,
    /// The key-agreement key that it was used with.
    pub used_kex_pub: Option<KexPub>,
}

text_enum! {
    /// How an invite stands.
    InviteState {
        /// It can be used.
        Pending = "pending",
        /// It was used.
        Used = "used",
        /// It was withdrawn.
        Canceled = "canceled",
        /// Its time is over.
        Expired = "expired",
    }
}

/// An invite as an address, for whoever is invited to give to their program. The token stands after the `#`, which no
/// browser sends, so that it is in no log.
pub fn invite_link(public_url: &str, token: &Secret) -> SecretString {
    format!("{public_url}/directory/join#{}", token.expose()).into()
}

impl DirectoryInvite {
    /// Its place in lists.
    pub fn place(&self) -> Cursor {
        Cursor { created_at: self.created_at, id: self.id.0 }
    }

    /// How it stands.
    pub fn state(&self, now: Timestamp) -> InviteState {
        if self.used_at.is_some() {
            InviteState::Used
        } else if self.canceled_at.is_some() {
            InviteState::Canceled
        } else if self.expires_at.is_some_and(|end| now < end) {
            InviteState::Pending
        } else {
            InviteState::Expired
        }
    }
}
