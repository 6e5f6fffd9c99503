//! What the console says while the directory does not answer.

use std::sync::Arc;
use std::time::Duration;

use testkit::{TestEngine, db_test};
use vestibule::directory::{
    Act, Admit, Answer, CancelInvite, Claim, ClaimInvite, Directory, DirectoryInvite, Member, MemberChange, MemberName,
    Minted, SignPub,
};
use vestibule::{Digest, DirectoryInviteId, Error, Page, PageRequest};

use crate::console_directory::{INVITES, NEW, PATH, console};
use crate::pages_visitor::Seen;

const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// A store that is out of reach.
#[derive(Debug)]
struct Away;

fn away<T: Send + 'static>() -> Answer<'static, T> {
    Box::pin(async { Err(Error::Unavailable { retry_after: Duration::from_secs(2) }) })
}

impl Directory for Away {
    fn insert_invite<'a>(&'a self, _: &'a DirectoryInvite, _: &'a Digest, _: &'a Act) -> Answer<'a, Minted> {
        away()
    }

    fn find_invite(&self, _: DirectoryInviteId) -> Answer<'_, Option<DirectoryInvite>> {
        away()
    }

    fn list_invites(&self, _: PageRequest) -> Answer<'_, Page<DirectoryInvite>> {
        away()
    }

    fn cancel_invite<'a>(&'a self, _: DirectoryInviteId, _: &'a Act) -> Answer<'a, CancelInvite> {
        away()
    }

    fn claim_invite<'a>(&'a self, _: &'a Claim, _: &'a Act) -> Answer<'a, ClaimInvite> {
        away()
    }

    fn admit<'a>(&'a self, _: &'a Member, _: &'a Act) -> Answer<'a, Admit> {
        away()
    }

    fn find_member<'a>(&'a self, _: &'a MemberName) -> Answer<'a, Option<Member>> {
        away()
    }

    fn list_members(&self, _: PageRequest) -> Answer<'_, Page<Member>> {
        away()
    }

    fn change_member<'a>(&'a self, _: &'a SignPub, _: MemberChange, _: &'a Act) -> Answer<'a, Option<Member>> {
        away()
    }
}

fn says_so(seen: &Seen, address: &str) {
    assert_eq!((seen.status.as_u16(), seen.header("retry-after")), (503, "2"), "{address}: {}", seen.html);
    seen.assert_says("<h1>The directory does not answer</h1>");
    assert!(seen.console().contains(&"Audit log".to_owned()), "everything else is where it was");
}

db_test!(a_directory_that_is_away_is_said_to_be_and_nothing_typed_is_lost, |db| async move {
    let engine = TestEngine::with_directory(&db, Arc::new(Away)).await;
    let mut root = console(&engine).await;
    let member = format!("{PATH}/members/{KEY}");
    for address in [PATH, INVITES, &member] {
        let seen = root.get(address).await;
        says_so(&seen, address);
        seen.assert_says(&format!("<a class=\"button\" href=\"{address}\">Try again</a>"));
    }
    let page = root.get(NEW).await;
    let fields = [("handle", "ann"), ("role", "admin"), ("expires_in_days", "30")];
    let seen = root.submit(&page, NEW, &fields).await;
    assert_eq!(seen.status, 503);
    seen.assert_says("<li>The directory does not answer at the moment. What you typed is still here");
    for (field, value) in fields {
        assert_eq!(seen.form(NEW).fields[field], value);
    }
    let token = page.csrf_token();
    for address in [
        format!("{INVITES}/00000000-0000-8000-8000-000000000000/cancel"),
        format!("{member}/revoke"),
        format!("{member}/activate"),
        format!("{member}/delete"),
    ] {
        let seen = root.post(&address, &[("csrf_token", token.as_str()), ("confirm", "Ann <3")]).await;
        says_so(&seen, &address);
        let typed = seen.form(&address).fields.get("confirm").cloned();
        assert_eq!(typed.as_deref(), address.ends_with("/delete").then_some("Ann <3"), "{address}");
        says_so(&root.submit(&seen, &address, &[]).await, &address);
    }
    assert_eq!(root.get("/admin").await.status, 200);
    assert_eq!(root.stranger().get("/directory/join").await.status, 200);
});
