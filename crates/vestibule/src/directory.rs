//! The directory of wallets: members who are nothing but public keys, made by invites that work once. Where it is kept
//! is behind one trait, since a database and a key-value store on a message bus promise different things; what it does
//! is the same on each, and one suite of tests holds every store to it.

mod act;
mod challenges;
mod handle;
mod invites;
mod keys;
mod members;
mod proof;
mod sql;

use std::fmt;
use std::pin::Pin;

pub use act::{Act, Ended};
pub(crate) use challenges::Challenge;
pub use handle::Handle;
pub use invites::{DirectoryInvite, InviteState, invite_link};
pub use keys::{KexPub, SignPub};
pub use members::{DirectoryRole, Member, MemberName, MemberStatus};
pub use proof::{register_statement, sign_in_statement};
pub(crate) use sql::SqlDirectory;

use crate::code::Code;
use crate::error::Result;
use crate::id::DirectoryInviteId;
use crate::paging::{Page, PageRequest};
use crate::secret::Digest;

/// What a store answers, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A store of the directory.
///
/// Whatever races, on any number of nodes:
/// - An invite is claimed once, and never after it was canceled or has expired; an end that is missing or cannot be read
///   is over. `claim_invite` marks it used before anything else happens, so a crash loses it and never doubles it.
/// - `admit` makes a member only if neither its signing key nor its handle (in any case of its letters) is another's,
///   revoked members included. Only who has claimed an invite calls it, once.
/// - What was answered is kept, and is what the next reader sees. What was answered with an error may have been done.
/// - A store that is out of reach answers [`Error::Unavailable`](crate::Error::Unavailable), soon.
///
/// Every method that changes something is given the [`Act`], and sees to it that it is in the log: one that keeps
/// everything in Vestibule's database writes it in the same transaction, any other wraps its work in [`Act::around`].
pub trait Directory: Send + Sync + fmt::Debug {
    /// Keeps a new invite.
    fn insert_invite<'a>(&'a self, invite: &'a DirectoryInvite, digest: &'a Digest, act: &'a Act)
    -> Answer<'a, Minted>;
    /// The invite of this id, however it stands.
    fn find_invite(&self, id: DirectoryInviteId) -> Answer<'_, Option<DirectoryInvite>>;
    /// A page of invites, newest first, used and dead ones as well.
    fn list_invites(&self, page: PageRequest) -> Answer<'_, Page<DirectoryInvite>>;
    /// Withdraws an invite for good, unless it was used; one that was withdrawn stays as it is.
    fn cancel_invite<'a>(&'a self, id: DirectoryInviteId, act: &'a Act) -> Answer<'a, CancelInvite>;
    /// Marks an invite used by these keys.
    fn claim_invite<'a>(&'a self, claim: &'a Claim, act: &'a Act) -> Answer<'a, ClaimInvite>;
    /// Makes the member that an invite was claimed for.
    fn admit<'a>(&'a self, member: &'a Member, act: &'a Act) -> Answer<'a, Admit>;
    /// The member of this name, revoked or not.
    fn find_member<'a>(&'a self, name: &'a MemberName) -> Answer<'a, Option<Member>>;
    /// A page of members, newest first, revoked ones as well.
    fn list_members(&self, page: PageRequest) -> Answer<'_, Page<Member>>;
    /// Changes a member, and gives it as it is then, or was last; none: there is no such member.
    fn change_member<'a>(
        &'a self,
        sign_pub: &'a SignPub,
        change: MemberChange,
        act: &'a Act,
    ) -> Answer<'a, Option<Member>>;
}

/// Who claims an invite.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The digest of the invite's token.
    pub digest: Digest,
    /// The key to sign with.
    pub sign_pub: SignPub,
    /// The key to agree on keys with.
    pub kex_pub: KexPub,
}

/// An invite was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minted;

/// How the cancelation of an invite ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelInvite {
    /// It is canceled, now or before.
    Done,
    /// It was used, and says by whom.
    Used,
    /// There is no such invite.
    Unknown,
}

/// How a claim ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimInvite {
    /// It is this caller's, and spent.
    Done(DirectoryInvite),
    /// Somebody was first.
    Used,
    /// Its time is over.
    Expired,
    /// It was withdrawn.
    Canceled,
    /// There is no such invite.
    Unknown,
}

/// How an admission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admit {
    /// There is a member more.
    Done,
    /// The key or the handle is another member's.
    Exists,
}

/// What is done to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// It is given this status.
    Status(MemberStatus),
    /// It is removed; its key and its handle can be invited again.
    Delete,
}

impl Ended for Minted {
    fn refusal(&self) -> Option<Code> {
        None
    }
}

impl Ended for CancelInvite {
    fn refusal(&self) -> Option<Code> {
        match self {
            CancelInvite::Done => None,
            CancelInvite::Used => Some(Code::InviteSpent),
            CancelInvite::Unknown => Some(Code::NotFound),
        }
    }
}

impl Ended for ClaimInvite {
    fn refusal(&self) -> Option<Code> {
        match self {
            ClaimInvite::Done(_) => None,
            ClaimInvite::Used => Some(Code::InviteUsed),
            ClaimInvite::Expired => Some(Code::InviteExpired),
            ClaimInvite::Canceled => Some(Code::InviteCanceled),
            ClaimInvite::Unknown => Some(Code::NotFound),
        }
    }
}

impl Ended for Admit {
    fn refusal(&self) -> Option<Code> {
        match self {
            Admit::Done => None,
            Admit::Exists => Some(Code::UserExists),
        }
    }
}

impl Ended for Option<Member> {
    fn refusal(&self) -> Option<Code> {
        match self {
            Some(_) => None,
            None => Some(Code::NotFound),
        }
    }
}
