//! `/organizations/{org}/keys` and `/organizations/{org}/bots`: made, shown once, renewed, revoked, switched off.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{Code, OrganizationId, OrganizationRole, Presented};

use crate::pages_authenticator::shown_once;
use crate::pages_organizations::{make, put};
use crate::pages_visitor::{Seen, Visitor, id_of};

const HOSTILE: &str = "<script>alert(\"1\")</script>'&";
const EARLIER: Duration = Duration::from_secs(16 * 60);

/// Ann, who administers an organization, and Bob, who is a member of it, and its address.
async fn two(engine: &TestEngine) -> (Visitor, Visitor, String) {
    let mut ann = Visitor::at(engine);
    ann.sign_up("ann@example.com").await;
    let mut bob = ann.stranger();
    bob.sign_up("bob@example.com").await;
    let org: OrganizationId = make(&mut ann, "Harbour Works").await;
    put(engine, org, id_of(engine, "bob@example.com").await, OrganizationRole::Member).await;
    (ann, bob, format!("/organizations/{org}"))
}

/// Makes a key through the page; its secret.
async fn key(who: &mut Visitor, org: &str, name: &str) -> String {
    let new = format!("{org}/keys/new");
    let page = who.get(&new).await;
    let made = who.submit(&page, &new, &[("name", name), ("may", "all")]).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (200, "no-store"), "{}", made.html);
    shown_once(&made)
}

/// Makes a bot through the page; its first key's secret.
async fn bot(who: &mut Visitor, org: &str, name: &str) -> String {
    let new = format!("{org}/bots/new");
    let page = who.get(&new).await;
    let made = who.submit(&page, &new, &[("name", name), ("responsible_email", "robot@example.com")]).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (200, "no-store"), "{}", made.html);
    shown_once(&made)
}

/// Where the form of this act in a list is sent, if there is one.
fn act(page: &Seen, act: &str) -> Option<String> {
    page.forms().into_iter().map(|form| form.action).find(|action| action.ends_with(act))
}

async fn is_live(engine: &TestEngine, secret: &str) -> bool {
    matches!(engine.engine.principal(secret).await.expect("an answer"), Presented::Live(_))
}

db_test!(a_member_makes_renews_and_revokes_a_key_of_their_own, |db: TestDb| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut bob, org) = two(&engine).await;
    let keys = format!("{org}/keys");
    bob.get(&keys).await.assert_says("You have none here.");
    let secret = key(&mut bob, &org, HOSTILE).await;
    let listed = bob.get(&keys).await;
    assert!(!listed.html.contains("<script>alert") && !listed.html.contains(&secret));
    listed.assert_says("everything you may");
    let rotate = act(&listed, "/rotate").expect("it is his");
    let renewed = bob.submit(&listed, &rotate, &[("grace", "3600")]).await;
    renewed.assert_says("Its earlier secret stays good until");
    let renewed = shown_once(&renewed);
    assert!(is_live(&engine, &secret).await && is_live(&engine, &renewed).await);
    let odd = bob.submit(&listed, &rotate, &[("grace", "12")]).await;
    assert_eq!(odd.status, 400, "the form offers nothing else");
    ann.get(&keys).await.assert_says("<div>bob@example.com</div>");
    let listed = bob.get(&keys).await;
    let revoked = bob.submit(&listed, &act(&listed, "/revoke").expect("his"), &[]).await;
    assert_eq!(revoked.place(), format!("{keys}?done=api_key_revoked"));
    bob.follow(&revoked).await.assert_says("You have none here.");
    assert!(!is_live(&engine, &secret).await && !is_live(&engine, &renewed).await);
});

db_test!(an_admin_sees_all_keys_and_revokes_but_does_not_renew_anothers, |db: TestDb| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut bob, org) = two(&engine).await;
    let keys = format!("{org}/keys");
    let secret = key(&mut bob, &org, "backup").await;
    let listed = ann.get(&keys).await;
    listed.assert_says("everything its owner may");
    assert_eq!(act(&listed, "/rotate"), None);
    let revoke = act(&listed, "/revoke").expect("an admin may");
    let forged = ann.post(&revoke.replace("/revoke", "/rotate"), &[("grace", "0"), ("csrf_token", "")]).await;
    assert_eq!(forged.status, 403);
    let forged = [("grace".to_owned(), "0".to_owned()), ("csrf_token".to_owned(), listed.csrf_token())];
    let forged = ann.post(&revoke.replace("/revoke", "/rotate"), &forged).await;
    assert_eq!(forged.status, 403);
    forged.assert_says(Code::KeyOwnerRequired.message());
    assert!(is_live(&engine, &secret).await);
    assert_eq!(bob.get(&format!("{org}/bots")).await.status, 403, "bots are for admins");
    ann.submit(&listed, &revoke, &[]).await;
    assert!(!is_live(&engine, &secret).await);
});

db_test!(a_bot_is_made_changed_switched_off_and_deleted, |db: TestDb| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut bob, org) = two(&engine).await;
    let bots = format!("{org}/bots");
    let empty = ann.get(&bots).await;
    empty.assert_says("There are none.");
    let new = format!("{org}/bots/new");
    assert_eq!(bob.get(&new).await.status, 403);
    let page = ann.get(&new).await;
    let wrong = ann.submit(&page, &new, &[("name", " "), ("responsible_email", "robot")]).await;
    wrong.assert_mistake(422, "name", Code::NameInvalid.message());
    wrong.assert_mistake(422, "responsible_email", Code::EmailInvalid.message());
    let secret = bot(&mut ann, &org, HOSTILE).await;
    let listed = ann.get(&bots).await;
    assert!(!listed.html.contains("<script>alert") && !listed.html.contains(&secret));
    listed.assert_says("robot@example.com");
    let switch = act(&listed, "/switch").expect("an admin may");
    let off = ann.submit(&listed, &switch, &[]).await;
    let off = ann.follow(&off).await;
    off.assert_says("<span class=\"badge disabled\">off</span>");
    assert!(!is_live(&engine, &secret).await);
    let on = ann.submit(&off, &switch, &[]).await;
    assert_eq!(on.place(), format!("{bots}?done=bot_enabled"));
    assert!(is_live(&engine, &secret).await);
    let edit = act(&listed, "/edit").expect("an admin may");
    let wrong = ann.submit(&listed, &edit, &[("responsible_email", "robot")]).await;
    wrong.assert_says(Code::EmailInvalid.message());
    let edited = ann.submit(&listed, &edit, &[("name", "Baker"), ("responsible_email", "ann@example.com")]).await;
    let edited = ann.follow(&edited).await;
    edited.assert_says("Baker");
    let more = ann.submit(&edited, &act(&edited, "/keys").expect("an admin may"), &[("key_name", "second")]).await;
    let more = shown_once(&more);
    assert!(is_live(&engine, &more).await);
    let keys = ann.get(&format!("{org}/keys")).await;
    keys.assert_says("Baker <span class=\"badge managed\">bot</span>");
    let renewed = ann.submit(&keys, &act(&keys, "/rotate").expect("a bot's"), &[("grace", "0")]).await;
    renewed.assert_says("Its earlier secret has ended.");
    let deleted = ann.submit(&edited, &act(&edited, "/delete").expect("an admin may"), &[]).await;
    ann.follow(&deleted).await.assert_says("There are none.");
    for dead in [&secret, &more, &shown_once(&renewed)] {
        assert!(!is_live(&engine, dead).await);
    }
});

db_test!(secrets_take_a_recent_proof_and_strangers_find_nothing, |db: TestDb| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, _, org) = two(&engine).await;
    let mut eve = ann.stranger();
    eve.sign_up("eve@example.com").await;
    for path in ["/keys", "/keys/new", "/bots", "/bots/new"] {
        assert_eq!(eve.get(&format!("{org}{path}")).await.status, 404, "{path}");
        assert_eq!(ann.get(&format!("{org}{path}")).await.status, 200, "{path}");
    }
    key(&mut ann, &org, "backup").await;
    bot(&mut ann, &org, "Builder").await;
    engine.clock.advance(EARLIER);
    for path in ["/keys", "/bots"] {
        let listed = ann.get(&format!("{org}{path}")).await;
        listed.assert_says("confirm it is you</a> first.");
        assert!(act(&listed, "/rotate").is_none());
    }
    for path in ["/keys/new", "/bots/new"] {
        let asked = ann.get(&format!("{org}{path}")).await;
        assert!(asked.place().starts_with("/reauthenticate?return_to="), "{}", asked.place());
    }
});
