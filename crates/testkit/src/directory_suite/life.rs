//! What becomes of invites and members when all goes well, and when something stops in the middle.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vestibule::directory::{
    Act, Admit, Answer, CancelInvite, Claim, ClaimInvite, Directory, DirectoryInvite, DirectoryRole, InviteState,
    Member, MemberChange, MemberName, MemberStatus, Minted, SignPub,
};
use vestibule::{Caller, Code, Digest, DirectoryInviteId, Error, NewDirectoryInvite, Page, PageRequest, Register};

use crate::Stand;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn host() -> Caller {
    Caller::host("root")
}

/// An invite makes the member that it says, and keeps what it was used with.
pub async fn an_invite_makes_one_member_and_says_so(stand: &Stand) {
    let (engine, ann) = (stand.engine(), stand.wallet());
    let new = NewDirectoryInvite { handle: "Ann.1".to_owned(), role: DirectoryRole::Admin, expires_at: None };
    let made = engine.create_directory_invite(&host(), new).await.expect("the host may");
    let kept = engine.directory_invite(made.invite.id).await.expect("it is kept");
    assert_eq!(kept, made.invite);
    assert_eq!(kept.expires_at, Some(engine.now().plus(7 * DAY)));
    assert_eq!((kept.state(engine.now()), kept.used_at), (InviteState::Pending, None));

    stand.t.clock.advance(DAY);
    let member = ann.register(engine, &made).await;
    assert_eq!((member.sign_pub, member.kex_pub), (ann.sign_pub(), ann.kex_pub()));
    assert_eq!(
        (member.handle.as_str(), member.role, member.status),
        ("Ann.1", DirectoryRole::Admin, MemberStatus::Active)
    );
    assert_eq!((member.created_at, member.invite_id), (engine.now(), made.invite.id));
    assert_eq!(engine.directory_member(&ann.sign_pub().to_hex()).await.expect("she is there"), member);
    assert_eq!(engine.directory_member_by_handle("aNN.1").await.expect("in any case"), member);

    let used = engine.directory_invite(made.invite.id).await.expect("it is kept");
    assert_eq!((used.state(engine.now()), used.used_at), (InviteState::Used, Some(engine.now())));
    assert_eq!((used.used_sign_pub, used.used_kex_pub), (Some(ann.sign_pub()), Some(ann.kex_pub())));
    let second = stand.second_node().await;
    assert_eq!(second.engine.directory_member_by_handle("ann.1").await.expect("on every node"), member);
}

/// Revoking keeps the key, deleting frees it and its handle.
#[expect(clippy::cognitive_complexity, reason = "one story, told in order")]
pub async fn a_revoked_key_stays_out_and_a_deleted_one_may_come_again(stand: &Stand) {
    let (engine, ann) = (stand.engine(), stand.wallet());
    let key = ann.sign_pub().to_hex();
    let first = ann.register(engine, &stand.invite("ann").await).await;
    let revoked = engine.set_directory_status(&host(), &key, MemberStatus::Revoked).await.expect("revoked");
    assert_eq!(revoked, Member { status: MemberStatus::Revoked, ..first.clone() });
    assert_eq!(engine.directory_member(&key).await.expect("it stays"), revoked);
    assert!(ann.sign_in(engine).await.is_none());
    let again = ann.try_register(engine, &stand.invite("other").await).await.expect("an answer");
    assert_eq!(again, Register::Refused(Code::UserExists));

    let back = engine.set_directory_status(&host(), &key, MemberStatus::Active).await.expect("let in again");
    assert_eq!(back, first);
    assert!(ann.sign_in(engine).await.is_some());

    engine.delete_directory_member(&host(), &key).await.expect("deleted");
    for gone in [engine.directory_member(&key).await, engine.directory_member_by_handle("ann").await] {
        assert!(matches!(gone, Err(Error::NotFound)), "{gone:?}");
    }
    assert!(matches!(engine.delete_directory_member(&host(), &key).await, Err(Error::NotFound)));
    let revoked = engine.set_directory_status(&host(), &key, MemberStatus::Revoked).await;
    assert!(matches!(revoked, Err(Error::NotFound)), "{revoked:?}");

    let invite = stand.invite("ANN").await;
    let second = ann.register(engine, &invite).await;
    assert_eq!((second.handle.as_str(), second.invite_id), ("ANN", invite.invite.id));
    assert_eq!(engine.directory_member_by_handle("ann").await.expect("she is back"), second);
    assert_eq!(engine.list_directory_members(PageRequest::first()).await.expect("a list").items, [second]);
}

/// Pages neither skip nor repeat.
pub async fn a_list_has_everything_once_and_newest_first(stand: &Stand) {
    let engine = stand.engine();
    assert!(engine.list_directory_members(PageRequest::first()).await.expect("a list").items.is_empty());
    assert!(engine.list_directory_invites(PageRequest::first()).await.expect("a list").items.is_empty());
    for i in 0..7 {
        let invite = stand.invite(&format!("member-{i}")).await;
        stand.wallet().register(engine, &invite).await;
        if i % 2 == 0 {
            stand.t.clock.advance(Duration::from_secs(1)); // some are of one moment
        }
    }
    let (mut members, mut invites) = (Vec::new(), Vec::new());
    let mut cursor = None;
    loop {
        let request = PageRequest::parse(Some("3"), cursor.as_deref()).expect("a page");
        let page = engine.list_directory_members(request).await.expect("a list");
        assert!(page.items.len() <= 3);
        members.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    loop {
        let request = PageRequest::parse(Some("2"), cursor.as_deref()).expect("a page");
        let page = engine.list_directory_invites(request).await.expect("a list");
        invites.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let handles: BTreeSet<_> = members.iter().map(|member| member.handle.key()).collect();
    assert_eq!((members.len(), handles.len(), invites.len()), (7, 7, 7));
    assert!(members.iter().rev().is_sorted_by_key(|member| (member.created_at, member.invite_id)));
    assert!(invites.iter().rev().is_sorted_by_key(|invite| (invite.created_at, invite.id)));
}

/// Whoever hangs up after the claim has registered all the same.
pub async fn a_registration_goes_on_when_its_caller_leaves(stand: &Stand) {
    let engine = stand.engine();
    for pauses in 0..12 {
        let (wallet, invite) = (stand.wallet(), stand.invite(&format!("leaver-{pauses}")).await);
        let mut asked = Box::pin(wallet.try_register(engine, &invite));
        for _ in 0..pauses {
            let pause = Duration::from_micros(700);
            if tokio::time::timeout(pause, &mut asked).await.is_ok() {
                break;
            }
        }
        drop(asked);
        // It ends in good order, wherever it was: either nothing has begun, or there is a member soon.
        let is_used = async || engine.directory_invite(invite.invite.id).await.expect("kept").used_at.is_some();
        let has_member = async || engine.directory_member(&wallet.sign_pub().to_hex()).await.is_ok();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut is_over = !is_used().await;
        for _ in 0..1000 {
            is_over = is_over || has_member().await;
            if is_over {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(is_over, "the invite is spent and nobody was made, after {pauses} pauses");
    }
}

/// What stops after the claim leaves the invite spent and nobody made.
pub async fn a_crash_between_claim_and_member_loses_the_invite(stand: &Stand) {
    let (engine, ann) = (stand.engine(), stand.wallet());
    let invite = stand.invite("ann").await;
    let crashing = stand.t.second_node_with(Some(Arc::new(Crashing(Arc::clone(engine.directory()))))).await;
    let crashed = ann.try_register(&crashing.engine, &invite).await;
    assert!(matches!(crashed, Err(Error::Internal(_))), "{crashed:?}");

    let used = engine.directory_invite(invite.invite.id).await.expect("it is kept");
    assert_eq!((used.state(engine.now()), used.used_sign_pub), (InviteState::Used, Some(ann.sign_pub())));
    let again = ann.try_register(engine, &invite).await.expect("an answer");
    assert_eq!(again, Register::Refused(Code::InviteUsed));
    assert!(engine.list_directory_members(PageRequest::first()).await.expect("a list").items.is_empty());
    ann.register(engine, &stand.invite("ann").await).await;
}

/// A node that dies after each claim.
#[derive(Debug)]
struct Crashing(Arc<dyn Directory>);

impl Directory for Crashing {
    fn insert_invite<'a>(
        &'a self,
        invite: &'a DirectoryInvite,
        digest: &'a Digest,
        act: &'a Act,
    ) -> Answer<'a, Minted> {
        self.0.insert_invite(invite, digest, act)
    }

    fn find_invite(&self, id: DirectoryInviteId) -> Answer<'_, Option<DirectoryInvite>> {
        self.0.find_invite(id)
    }

    fn list_invites(&self, page: PageRequest) -> Answer<'_, Page<DirectoryInvite>> {
        self.0.list_invites(page)
    }

    fn cancel_invite<'a>(&'a self, id: DirectoryInviteId, act: &'a Act) -> Answer<'a, CancelInvite> {
        self.0.cancel_invite(id, act)
    }

    fn claim_invite<'a>(&'a self, claim: &'a Claim, act: &'a Act) -> Answer<'a, ClaimInvite> {
        self.0.claim_invite(claim, act)
    }

    fn admit<'a>(&'a self, _: &'a Member, _: &'a Act) -> Answer<'a, Admit> {
        Box::pin(async { Err(Error::internal("the node died here")) })
    }

    fn find_member<'a>(&'a self, name: &'a MemberName) -> Answer<'a, Option<Member>> {
        self.0.find_member(name)
    }

    fn list_members(&self, page: PageRequest) -> Answer<'_, Page<Member>> {
        self.0.list_members(page)
    }

    fn change_member<'a>(&'a self, key: &'a SignPub, change: MemberChange, act: &'a Act) -> Answer<'a, Option<Member>> {
        self.0.change_member(key, change, act)
    }
}
