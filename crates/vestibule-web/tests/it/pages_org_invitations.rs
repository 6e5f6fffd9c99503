//! The pages of invitations to organizations: made by an admin, looked at by whoever has the link, and the way from a
//! mail through sign-up into the organization.

use testkit::{PASSWORD, TestEngine, db_test};
use vestibule::{MailKind, SignUpMode};

use crate::pages_visitor::{Seen, Visitor};

const CARL: &str = "carl@example.com";

/// Makes an organization; its page.
async fn organization(visitor: &mut Visitor) -> String {
    let page = visitor.get("/account/organizations").await;
    let made = visitor.submit(&page, "/account/organizations", &[("name", "Harbour Works")]).await;
    made.place().split('?').next().expect("a path").to_owned()
}

/// Makes an invitation; its page, below the base.
async fn invite(visitor: &mut Visitor, org: &str, fields: &[(&str, &str)]) -> String {
    let address = format!("{org}/invitations/new");
    let page = visitor.get(&address).await;
    let shown = visitor.submit(&page, &address, fields).await;
    assert_eq!((shown.status.as_u16(), shown.header("cache-control")), (200, "no-store"), "{}", shown.html);
    link_in(&shown.html)
}

fn link_in(text: &str) -> String {
    let (_, rest) = text.split_once("http://localhost:8080/invitations/").expect("a link");
    let code: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    format!("/invitations/{code}")
}

async fn mail_to(engine: &TestEngine, to: &str, kind: MailKind) -> String {
    let mail = engine.engine.kept_mail(50).await.expect("the outbox");
    mail.into_iter().find(|mail| mail.row.recipient == to && mail.row.kind == kind).expect("a mail").text
}

fn says_none_of(seen: &Seen, words: &[&str]) {
    for word in words {
        assert!(!seen.html.contains(word), "{word}: {}", seen.html);
    }
}

db_test!(an_admin_makes_one_sees_it_used_and_calls_it_back, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let org = organization(&mut ann).await;
    let link = invite(&mut ann, &org, &[("max_uses", "2")]).await;
    let mut bob = ann.stranger();
    let seen = bob.get(&link).await;
    seen.assert_says("You are invited to");
    assert!(seen.forms().is_empty() && seen.html.contains("/sign-in?return_to=%2Finvitations%2F"), "{}", seen.html);
    bob.sign_up("bob@example.com").await;
    let seen = bob.get(&link).await;
    seen.assert_says("bob@example.com");
    let joined = bob.submit(&seen, &link, &[]).await;
    assert_eq!(joined.place(), format!("{org}?done=organization_joined"));
    let seen = bob.get(&link).await;
    assert_eq!(seen.status.as_u16(), 409);
    seen.assert_says("already");
    assert_eq!(bob.get(&format!("{org}/invitations")).await.status, 403);
    assert_eq!(bob.get(&format!("{org}/invitations/new")).await.status, 403);
    let page = ann.get(&format!("{org}/invitations")).await;
    page.assert_says("1 of 2");
    says_none_of(&page, &[link.rsplit('/').next().expect("a code")]);
    let form = page.forms().into_iter().find(|form| form.action.ends_with("/revoke")).expect("it can be called back");
    let back = ann.send_form(&form, &[]).await;
    assert_eq!(back.place(), format!("{org}/invitations?done=invitation_revoked"));
    ann.follow(&back).await.assert_says("called back");
    let mut carl = ann.stranger();
    let seen = carl.get(&link).await;
    assert_eq!(seen.status.as_u16(), 410);
    seen.assert_says("is no good any more");
    assert!(seen.forms().is_empty());
    assert_eq!(carl.get("/invitations/aB3dE6gH").await.status, 404);
});

db_test!(what_cannot_be_is_said_beside_its_field, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let org = organization(&mut ann).await;
    let address = format!("{org}/invitations/new");
    let page = ann.get(&address).await;
    for uses in ["0", "-1", "many", "1.5"] {
        let seen = ann.submit(&page, &address, &[("max_uses", uses)]).await;
        seen.assert_mistake(422, "max_uses", "Write a whole number from 1, or nothing.");
    }
    let seen = ann.submit(&page, &address, &[("email", "bob")]).await;
    seen.assert_mistake(422, "email", vestibule::Code::EmailInvalid.message());
    assert!(ann.submit(&page, &address, &[("expires_at", "1")]).await.element("expires_at-mistake").is_some());
});

db_test!(from_the_mail_through_sign_up_into_the_organization, |db| async move {
    let engine = TestEngine::with(&db, |config| {
        config.sign_up = SignUpMode::Invite;
        config.require_verified_email = true;
    })
    .await;
    let mut ann = Visitor::at(&engine);
    ann.administer(&engine, "ann").await;
    let org = organization(&mut ann).await;
    invite(&mut ann, &org, &[("email", CARL), ("role", "admin")]).await;
    let link = link_in(&mail_to(&engine, CARL, MailKind::OrganizationInvite).await);
    let code = link.rsplit('/').next().expect("a code").to_owned();
    let mut carl = ann.stranger();
    let seen = carl.get(&link).await;
    seen.assert_says("an <strong>admin</strong>");
    says_none_of(&seen, &[CARL]);
    assert!(seen.html.contains(&format!("/sign-up?invitation={code}")), "{}", seen.html);
    let page = carl.get(&format!("/sign-up?invitation={code}")).await;
    assert_eq!(page.form("/sign-up").fields["invitation_code"], code);
    let other = carl.submit(&page, "/sign-up", &[("email", "eve@example.com"), ("password", PASSWORD)]).await;
    other.assert_mistake(403, "invitation_code", vestibule::Code::InvitationForAnotherAddress.message());
    let sent = carl.submit(&page, "/sign-up", &[("email", CARL), ("password", PASSWORD)]).await;
    assert_eq!(sent.place(), "/check-your-mail");
    let text = mail_to(&engine, CARL, MailKind::VerifyEmail).await;
    let (_, rest) = text.split_once("http://localhost:8080").expect("a link");
    let verify = rest.split_whitespace().next().expect("an address").to_owned();
    let page = carl.get(&verify).await;
    let arrived = carl.submit(&page, "/verify-email", &[("password", PASSWORD)]).await;
    assert_eq!(arrived.place(), link);
    let page = carl.get(&link).await;
    let joined = carl.submit(&page, &link, &[]).await;
    assert_eq!(joined.place(), format!("{org}?done=organization_joined"));
    carl.follow(&joined).await.assert_says("You administer this organization");
});

db_test!(an_admin_sees_why_an_invitation_with_uses_left_is_good_for_nobody, |db| async move {
    let engine = TestEngine::with(&db, |config| config.require_verified_email = true).await;
    let mut ann = Visitor::at(&engine);
    ann.administer(&engine, "ann").await;
    let org = organization(&mut ann).await;
    let link = invite(&mut ann, &org, &[("max_uses", "2")]).await;
    let code = link.rsplit('/').next().expect("a code").to_owned();
    let list = format!("{org}/invitations");
    says_none_of(&ann.get(&list).await, &["held"]);
    for (n, email) in ["bob@example.com", CARL].into_iter().enumerate() {
        let mut visitor = ann.stranger();
        let page = visitor.get(&format!("/sign-up?invitation={code}")).await;
        let sent = visitor.submit(&page, "/sign-up", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(sent.place(), "/check-your-mail");
        let seen = ann.get(&list).await;
        seen.assert_says(&format!("0 of 2, {} held", n + 1));
        seen.assert_says("Nobody else comes in by it.");
        says_none_of(&seen, &[email]);
    }
    ann.stranger().get(&link).await.assert_says("is no good any more");
});

db_test!(another_account_is_warned_and_not_told_whose_it_is, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let org = organization(&mut ann).await;
    let link = invite(&mut ann, &org, &[("email", CARL)]).await;
    let mut bob = ann.stranger();
    bob.sign_up("bob@example.com").await;
    let seen = bob.get(&link).await;
    assert_eq!((seen.status.as_u16(), seen.has_form(&link)), (403, false));
    seen.assert_says("not the confirmed one of the account");
    says_none_of(&seen, &[CARL]);
    assert!(seen.has_form("/sign-out"));
    let token = seen.csrf_token();
    let forced = bob.post(&link, &[("csrf_token", token.as_str())]).await;
    assert_eq!(forced.status.as_u16(), 403);
    says_none_of(&forced, &[CARL]);
});
