//! What the buckets hold, as JSON that other programs can read: instants in RFC 3339, keys in hexadecimal. An end that
//! cannot be read is no end that is still to come.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vestibule::directory::{DirectoryInvite, DirectoryRole, Handle, KexPub, Member, MemberStatus, SignPub};
use vestibule::{Code, Digest, Error, Result, Timestamp};

/// How the keys of the entries that say whose a handle is begin.
pub(crate) const HANDLES: &str = "h.";
/// How the keys of the entries of members begin.
pub(crate) const MEMBERS: &str = "m.";

/// An invite, under `i.` and its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InviteRecord {
    pub id: vestibule::DirectoryInviteId,
    pub digest: String,
    pub handle: String,
    pub role: DirectoryRole,
    pub created_at: String,
    #[serde(default)]
    pub created_by: Option<vestibule::AccountId>,
    /// Whatever stands there: what is no instant is an end that has come.
    #[serde(default)]
    pub expires_at: Option<Value>,
    #[serde(default)]
    pub canceled_at: Option<String>,
    #[serde(default)]
    pub used_at: Option<String>,
    #[serde(default)]
    pub used_sign_pub: Option<String>,
    #[serde(default)]
    pub used_kex_pub: Option<String>,
}

/// A member, under `m.` and its signing key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MemberRecord {
    pub sign_pub: String,
    pub kex_pub: String,
    pub handle: String,
    pub role: DirectoryRole,
    pub status: MemberStatus,
    pub created_at: String,
    pub invite_id: vestibule::DirectoryInviteId,
}

/// Whose a handle is, under `h.` and the SHA-256 of the handle in lower case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HandleRecord {
    pub sign_pub: String,
    pub claimed_at: String,
}

impl InviteRecord {
    pub(crate) fn of(invite: &DirectoryInvite, digest: &Digest) -> InviteRecord {
        InviteRecord {
            id: invite.id,
            digest: digest.to_hex(),
            handle: invite.handle.to_string(),
            role: invite.role,
            created_at: invite.created_at.to_rfc3339(),
            created_by: invite.created_by,
            expires_at: invite.expires_at.map(|end| Value::String(end.to_rfc3339())),
            canceled_at: invite.canceled_at.map(Timestamp::to_rfc3339),
            used_at: invite.used_at.map(Timestamp::to_rfc3339),
            used_sign_pub: invite.used_sign_pub.map(SignPub::to_hex),
            used_kex_pub: invite.used_kex_pub.map(KexPub::to_hex),
        }
    }

    pub(crate) fn read(&self) -> Result<DirectoryInvite> {
        Ok(DirectoryInvite {
            id: self.id,
            handle: readable(Handle::parse(&self.handle))?,
            role: self.role,
            created_at: instant(&self.created_at)?,
            created_by: self.created_by,
            expires_at: self.expires_at.as_ref().and_then(Value::as_str).and_then(Timestamp::parse_rfc3339),
            canceled_at: self.canceled_at.as_deref().map(instant).transpose()?,
            used_at: self.used_at.as_deref().map(instant).transpose()?,
            used_sign_pub: self.used_sign_pub.as_deref().map(SignPub::parse).transpose().map_err(unreadable)?,
            used_kex_pub: self.used_kex_pub.as_deref().map(KexPub::parse).transpose().map_err(unreadable)?,
        })
    }
}

impl MemberRecord {
    pub(crate) fn of(member: &Member) -> MemberRecord {
        MemberRecord {
            sign_pub: member.sign_pub.to_hex(),
            kex_pub: member.kex_pub.to_hex(),
            handle: member.handle.to_string(),
            role: member.role,
            status: member.status,
            created_at: member.created_at.to_rfc3339(),
            invite_id: member.invite_id,
        }
    }

    pub(crate) fn read(&self) -> Result<Member> {
        Ok(Member {
            sign_pub: readable(SignPub::parse(&self.sign_pub))?,
            kex_pub: readable(KexPub::parse(&self.kex_pub))?,
            handle: readable(Handle::parse(&self.handle))?,
            role: self.role,
            status: self.status,
            created_at: instant(&self.created_at)?,
            invite_id: self.invite_id,
        })
    }

    /// The key of the entry that says whose its handle is.
    pub(crate) fn key_of_handle(&self) -> String {
        key_of_handle(&self.handle)
    }
}

impl HandleRecord {
    /// When it was claimed; what cannot be read was long ago.
    pub(crate) fn claimed_at(&self) -> Timestamp {
        Timestamp::parse_rfc3339(&self.claimed_at).unwrap_or(Timestamp(0))
    }
}

/// The key of the entry that says whose a handle is.
pub(crate) fn key_of_handle(handle: &str) -> String {
    format!("{HANDLES}{}", Digest::of(handle.to_ascii_lowercase().as_bytes()).to_hex())
}

/// The key of the entry of a member.
pub(crate) fn member_key(sign_pub: &str) -> String {
    format!("{MEMBERS}{sign_pub}")
}

fn instant(text: &str) -> Result<Timestamp> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| Error::internal("an instant in the directory cannot be read"))
}

fn readable<T>(value: Result<T, Code>) -> Result<T> {
    value.map_err(unreadable)
}

fn unreadable(why: Code) -> Error {
    Error::internal(format!("an entry of the directory cannot be read: {why}"))
}
