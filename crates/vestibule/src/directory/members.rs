//! Members of the directory: a pair of public keys, a handle, and a role that others give a meaning to. It grants
//! nothing in Vestibule itself.

use serde::Serialize;

use crate::db::text_enum;
use crate::directory::{Handle, KexPub, SignPub};
use crate::id::DirectoryInviteId;
use crate::paging::Cursor;
use crate::time::Timestamp;

/// A member, revoked or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The Ed25519 key that it is known by.
    pub sign_pub: SignPub,
    /// The X25519 key that others encrypt to.
    pub kex_pub: KexPub,
    /// What it is called.
    pub handle: Handle,
    /// What it is, to others.
    pub role: DirectoryRole,
    /// Whether it may sign in.
    pub status: MemberStatus,
    /// When it registered.
    pub created_at: Timestamp,
    /// The invite that it registered by.
    pub invite_id: DirectoryInviteId,
}

text_enum! {
    /// What a member is, to whoever asks the directory.
    DirectoryRole {
        /// A member.
        Member = "member",
        /// Somebody with power on what the directory is for.
        Admin = "admin",
    }
}

text_enum! {
    /// Whether a member may sign in.
    MemberStatus {
        /// It may.
        Active = "active",
        /// It may not, and its key cannot register again.
        Revoked = "revoked",
    }
}

/// What a member is looked for by.
#[derive(Clone, Debug)]
pub enum MemberName {
    /// Its signing key.
    SignPub(SignPub),
    /// Its handle, in any case.
    Handle(Handle),
}

impl Member {
    /// Its place in lists: no two members come from one invite.
    pub fn place(&self) -> Cursor {
        Cursor { created_at: self.created_at, id: self.invite_id.0 }
    }
}
