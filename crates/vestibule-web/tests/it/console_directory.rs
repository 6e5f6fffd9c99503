//! `/admin/directory` and below, and `/directory/join`, where invites lead.

use std::time::Duration;

use testkit::{TestApp, TestEngine, Wallet, db_test, read_picture};
use vestibule::directory::{Member, MemberStatus};
use vestibule::{
    AuditFilter, Caller, Code, DirectoryInviteId, PageRequest, Register, Scope, Secret, SecretKind, Vestibule,
};

use crate::logs::LOG;
use crate::pages_authenticator::shown_once;
use crate::pages_visitor::{Seen, Visitor};

pub const PATH: &str = "/admin/directory";
pub const INVITES: &str = "/admin/directory/invites";
pub const NEW: &str = "/admin/directory/invites/new";
const NOBODYS_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const EARLIER: Duration = Duration::from_secs(16 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOSTILE: &str = "<script>alert(\"1\")</script>'&";

pub async fn console(engine: &TestEngine) -> Visitor {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    root
}

/// Makes an invite through the page; the page that hands it over.
async fn invite(root: &mut Visitor, fields: &[(&str, &str)]) -> Seen {
    let page = root.get(NEW).await;
    let made = root.submit(&page, NEW, fields).await;
    assert_eq!(made.status, 200, "{}", made.html);
    assert_eq!(made.header("cache-control"), "no-store");
    made
}

/// The token in the link of an invite.
fn token(made: &Seen) -> Secret {
    let link = shown_once(made);
    let (_, token) = link.split_once("/directory/join#").unwrap_or_else(|| panic!("no link: {link}"));
    Secret::parse(SecretKind::DirectoryInvite, token).expect("the token of an invite")
}

/// Registers by an invite that a page handed over.
async fn register(engine: &Vestibule, wallet: &Wallet, made: &Seen) -> Register {
    let form = wallet.form(&engine.issuer(), &token(made));
    engine.register_in_directory(&Caller::anonymous(), form).await.expect("the directory answers")
}

/// A member of this handle, and where its page is.
async fn member(engine: &TestEngine, root: &mut Visitor, handle: &str) -> (Wallet, Member, String) {
    let wallet = Wallet::fresh(engine.engine.random());
    let made = invite(root, &[("handle", handle)]).await;
    match register(&engine.engine, &wallet, &made).await {
        Register::Done(member) => (wallet, member.clone(), format!("{PATH}/members/{}", member.sign_pub)),
        Register::Refused(why) => panic!("refused: {why}"),
    }
}

async fn newest_invite(engine: &TestEngine) -> DirectoryInviteId {
    let invites = engine.engine.list_directory_invites(PageRequest::first()).await.expect("the directory answers");
    invites.items[0].id
}

/// How this member stands; none: it is gone.
async fn status(engine: &TestEngine, member: &Member) -> Option<MemberStatus> {
    engine.engine.directory_member(&member.sign_pub.to_hex()).await.ok().map(|member| member.status)
}

/// The picture in the page, as it would be scanned.
fn scanned(seen: &Seen) -> String {
    let (_, rest) = seen.html.split_once("class=\"qr\">").unwrap_or_else(|| panic!("no picture: {}", seen.html));
    read_picture(rest.split("</div>").next().expect("it ends"))
}

db_test!(an_invite_is_shown_this_once_as_a_link_and_as_a_picture_of_it, |db| async move {
    let log = LOG.clone();
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let empty = root.get(PATH).await;
    empty.assert_says("Nobody is in it yet.");
    assert!(empty.console().contains(&"Directory".to_owned()));
    root.get(INVITES).await.assert_says("There is none.");

    let made = invite(&mut root, &[("handle", " Ann "), ("role", "admin")]).await;
    let (link, secret) = (shown_once(&made), token(&made));
    assert_eq!(link, format!("http://localhost:8080/directory/join#{}", secret.expose()));
    assert_eq!(scanned(&made), link);
    assert!(made.html.contains("<svg role=\"img\" aria-label=\"QR code with the link of the invite\""));
    assert_eq!(made.html.matches(secret.expose()).count(), 1);
    made.assert_says("<dt>Handle</dt><dd>Ann</dd>");
    made.assert_says("<dt>Role</dt><dd>admin</dd>");
    made.assert_says("2026-01-08 00:00 UTC");

    let (listed, audit) = (root.get(INVITES).await, root.get("/admin/audit").await);
    listed.assert_says("Ann <span class=\"badge active\">pending</span>");
    audit.assert_says("Inviting to the directory");
    let rows = engine.engine.list_audit(&AuditFilter::default(), PageRequest::first()).await.expect("rows");
    let (rows, log) = (format!("{rows:?}"), log.lock().expect("no listener panics").clone());
    let again = root.get(NEW).await;
    for text in [&listed.html, &audit.html, &again.html, &rows, &log] {
        assert!(!text.contains(secret.expose()), "{text}");
    }

    let wallet = Wallet::fresh(engine.engine.random());
    let Register::Done(member) = register(&engine.engine, &wallet, &made).await else { panic!("it is good") };
    assert_eq!((member.handle.as_str(), member.role.as_str()), ("Ann", "admin"));
    let listed = root.get(INVITES).await;
    listed.assert_says("Ann <span class=\"badge used\">used</span>");
    listed.assert_says(&format!("by <code>{}</code>", member.sign_pub.fingerprint()));
    assert_eq!(listed.forms().len(), 1, "there is nothing left to cancel");
});

db_test!(where_an_invite_leads_says_what_to_do_with_it_to_anybody, |db| async move {
    let engine =
        TestEngine::with(&db, |config| config.public_url = "http://localhost:8080/auth".parse().expect("a URL"));
    let engine = engine.await;
    let mut root = Visitor::at(&engine);
    let joined = root.stranger().get("/directory/join").await;
    assert_eq!(joined.status, 200);
    joined.assert_says("your keys never leave your own program");
    joined.assert_says("Copy the whole address of this page");
    joined.assert_says("vestibule directory register \\\n  --invite - \\\n  --key-file wallet.json");
    assert!(joined.forms().is_empty(), "nothing is registered here");
    let policy = joined.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && joined.header("referrer-policy") == "no-referrer");
    assert_eq!(root.get("/directory").await.status, 404);
});

db_test!(members_are_listed_newest_first_by_their_keys, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let mut members = Vec::new();
    for n in 0..26 {
        engine.clock.advance(Duration::from_secs(1));
        members.push(member(&engine, &mut root, &format!("wallet{n}")).await.1);
    }
    let page = root.get(PATH).await;
    let at = |handle: &str| page.html.find(&format!("\">{handle}</a>"));
    assert!(at("wallet25") < at("wallet24") && at("wallet1").is_some() && at("wallet0").is_none(), "{}", page.html);
    let newest = &members[25];
    page.assert_says(&format!("<code>{}</code>", newest.sign_pub.fingerprint()));
    page.assert_says(&format!("<code class=\"whole\">{}</code>", newest.sign_pub));
    page.assert_says("<span class=\"badge active\">active</span>");
    let older = page.html.split("<a href=\"").find(|link| link.contains("rel=\"next\"")).expect("an older page");
    let rest = root.get(&older.split('"').next().expect("an address").replace("&#38;", "&")).await;
    assert_eq!(rest.html.matches("\">wallet").count(), 1);
    rest.assert_says(">wallet0</a>");
    let invites = root.get(INVITES).await;
    assert!(invites.html.contains("wallet25") && !invites.html.contains("wallet0 "));
    for path in [PATH, INVITES] {
        let seen = root.get(&format!("{path}?cursor=x")).await;
        assert_eq!(seen.status, 422, "{path}");
    }
});

db_test!(a_refused_invite_says_why_and_keeps_what_was_typed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let page = root.get(NEW).await;
    assert_eq!(page.form(NEW).fields["expires_in_days"], "7");
    let fields = [("handle", HOSTILE), ("role", "admin"), ("expires_in_days", "soon")];
    let seen = root.submit(&page, NEW, &fields).await;
    seen.assert_mistake(422, "handle", Code::HandleInvalid.message());
    seen.assert_mistake(422, "expires_in_days", "Write a whole number of days, from 1 to 3650.");
    for (field, value) in fields {
        assert_eq!(seen.form(NEW).fields[field], value);
    }
    assert!(!seen.html.contains("<script"), "{}", seen.html);
    for days in ["", "0", "-1", "1.5", "3651", "99999999999999999999"] {
        let seen = root.submit(&page, NEW, &[("handle", "ann"), ("expires_in_days", days)]).await;
        assert!(seen.status == 422 && seen.element("expires_in_days-mistake").is_some(), "{days}: {}", seen.html);
    }
    let seen = root.submit(&page, NEW, &[("handle", "ann"), ("role", "owner")]).await;
    assert_eq!(seen.status, 400, "no page of ours sends that");
    root.get(INVITES).await.assert_says("There is none.");
    let longest = root.submit(&page, NEW, &[("handle", "ann"), ("expires_in_days", " 3650 ")]).await;
    longest.assert_says("2035-12-30 00:00 UTC");
});

db_test!(an_invite_is_canceled_unless_it_was_used, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let [ann, bob] = [(); 2].map(|()| Wallet::fresh(engine.engine.random()));
    let made = invite(&mut root, &[("handle", "ann")]).await;
    let cancel = format!("{INVITES}/{}/cancel", newest_invite(&engine).await);
    let page = root.get(INVITES).await;
    let seen = root.submit(&page, &cancel, &[]).await;
    assert_eq!(seen.place(), "/admin/directory/invites?done=directory_invite_canceled");
    let after = root.follow(&seen).await;
    after.assert_says("The invite was canceled.");
    after.assert_says("ann <span class=\"badge disabled\">canceled</span>");
    assert!(!after.has_form(&cancel));
    assert_eq!(register(&engine.engine, &ann, &made).await, Register::Refused(Code::InviteCanceled));
    assert_eq!(root.submit(&page, &cancel, &[]).await.status, 303, "it is canceled already");

    let made = invite(&mut root, &[("handle", "bob")]).await;
    let cancel = format!("{INVITES}/{}/cancel", newest_invite(&engine).await);
    let page = root.get(INVITES).await;
    assert!(matches!(register(&engine.engine, &bob, &made).await, Register::Done(_)));
    let late = root.submit(&page, &cancel, &[]).await;
    assert_eq!(late.status, 409);
    late.assert_says("<li>This invite was used already, and stays as it is.</li>");
    late.assert_says("bob <span class=\"badge used\">used</span>");
    let unknown = format!("{INVITES}/{}/cancel", uuid_of_nothing());
    for address in [unknown.as_str(), "/admin/directory/invites/x/cancel"] {
        assert_eq!(root.post(address, &[("csrf_token", late.csrf_token())]).await.status, 404, "{address}");
    }

    invite(&mut root, &[("handle", "late"), ("expires_in_days", "1")]).await;
    engine.clock.advance(DAY);
    root.sign_in("root").await;
    root.get(INVITES).await.assert_says("late <span class=\"badge waiting\">expired</span>");
});

fn uuid_of_nothing() -> &'static str {
    "00000000-0000-8000-8000-000000000000"
}

db_test!(a_member_is_revoked_let_in_again_and_deleted_by_its_handle, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let (wallet, ann, path) = member(&engine, &mut root, "Ann").await;
    let page = root.get(&path).await;
    for words in [
        ann.sign_pub.to_hex(),
        ann.kex_pub.to_hex(),
        ann.sign_pub.fingerprint(),
        ann.invite_id.to_string(),
        "<span class=\"badge active\">active</span>".to_owned(),
        "2026-01-01 00:00 UTC".to_owned(),
        "is left as it is".to_owned(),
    ] {
        page.assert_says(&words);
    }
    let [revoke, activate, delete] = ["revoke", "activate", "delete"].map(|act| format!("{path}/{act}"));
    assert!(!page.has_form(&activate));

    let seen = root.submit(&page, &revoke, &[]).await;
    assert_eq!(seen.place(), format!("{path}?done=directory_member_revoked"));
    let revoked = root.follow(&seen).await;
    revoked.assert_says("The wallet was revoked");
    revoked.assert_says("<span class=\"badge disabled\">revoked</span>");
    assert!(!revoked.has_form(&revoke));
    assert!(wallet.sign_in(&engine.engine).await.is_none());
    let seen = root.submit(&revoked, &activate, &[]).await;
    root.follow(&seen).await.assert_says("The wallet is let in again");
    assert!(wallet.sign_in(&engine.engine).await.is_some());

    for wrong in ["", "ann", "Ann Lee", HOSTILE] {
        let seen = root.submit(&page, &delete, &[("confirm", wrong)]).await;
        seen.assert_mistake(422, "confirm", "This is not what is shown above. Type it exactly.");
        assert_eq!(seen.form(&delete).fields["confirm"], wrong);
    }
    assert_eq!(status(&engine, &ann).await, Some(MemberStatus::Active));
    let seen = root.submit(&page, &delete, &[("confirm", " Ann ")]).await;
    assert_eq!(seen.place(), "/admin/directory?done=directory_member_deleted");
    root.follow(&seen).await.assert_says("Nobody is in it yet.");
    assert_eq!(status(&engine, &ann).await, None);
    let audit = root.get("/admin/audit").await;
    for words in ["Revoking a wallet", "Letting a wallet in again", "Deleting a wallet"] {
        audit.assert_says(words);
    }
    for act in [&revoke, &delete] {
        let seen = root.submit(&page, act, &[]).await;
        assert_eq!(seen.status, 404, "{act}");
    }
    let shouted = ann.sign_pub.to_hex().to_uppercase();
    for key in [NOBODYS_KEY, "x", "%20", &shouted] {
        assert_eq!(root.get(&format!("{PATH}/members/{key}")).await.status, 404, "{key}");
    }
});

db_test!(who_may_only_look_is_shown_nothing_to_press, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let (_, _, path) = member(&engine, &mut root, "ann").await;
    invite(&mut root, &[("handle", "bob")]).await;
    let cancel = format!("{INVITES}/{}/cancel", newest_invite(&engine).await);
    let acts = [
        (NEW.to_owned(), "create:directory"),
        (cancel, "delete:directory"),
        (format!("{path}/revoke"), "update:directory"),
        (format!("{path}/activate"), "update:directory"),
        (format!("{path}/delete"), "delete:directory"),
    ];
    let mut eve = root.stranger();
    eve.hold(&engine, "eve@example.com", &["view:directory"], Scope::default()).await;
    for seen in [PATH, INVITES, path.as_str()] {
        let page = eve.get(seen).await;
        assert_eq!(
            (page.status.as_u16(), page.console()),
            (200, vec!["Overview".into(), "Directory".into()]),
            "{seen}"
        );
        assert_eq!(page.forms().len(), 1, "but for signing out: {}", page.html);
        assert!(!page.html.contains(NEW), "{seen}");
    }
    let token = eve.get(PATH).await.csrf_token();
    for (address, permission) in &acts {
        let seen = eve.post(address, &[("csrf_token", &token)]).await;
        assert_eq!(seen.status, 403, "{address}");
        seen.assert_says(&format!("This needs the permission {permission}, which you do not have."));
    }
    assert_eq!(eve.get(NEW).await.status, 403);

    let mut bob = root.stranger();
    bob.hold(&engine, "bob@example.com", &["view:users", "create:directory"], Scope::default()).await;
    assert!(!bob.get("/admin").await.html.contains(PATH), "nobody is led where they may not go");
    for path in [PATH, INVITES, path.as_str()] {
        let seen = bob.get(path).await;
        assert_eq!(seen.status, 403, "{path}");
        seen.assert_says("This needs the permission view:directory");
    }
    let made = invite(&mut bob, &[("handle", "carol")]).await;
    assert!(!made.html.contains(INVITES), "who may invite and not look is led to no list");
    let mut stranger = root.stranger();
    for address in [PATH, INVITES, NEW, path.as_str()] {
        assert!(stranger.get(address).await.place().starts_with("/sign-in?return_to="), "{address}");
    }
});

db_test!(what_changes_the_directory_wants_a_recent_proof_and_the_token, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let (_, ann, path) = member(&engine, &mut root, "ann").await;
    invite(&mut root, &[("handle", "bob")]).await;
    let cancel = format!("{INVITES}/{}/cancel", newest_invite(&engine).await);
    let (invites, new, page) = (root.get(INVITES).await, root.get(NEW).await, root.get(&path).await);
    for form in invites.forms().iter().chain(&new.forms()).chain(&page.forms()) {
        let forged: Vec<_> = form.sent.iter().filter(|(name, _)| name != "csrf_token").cloned().collect();
        let seen = root.post(&form.action, &forged).await;
        assert_eq!(seen.status, 403, "{}", form.action);
        seen.assert_says("This page was out of date");
    }
    engine.clock.advance(EARLIER);
    let prove = |path: &str| format!("/reauthenticate?return_to={}", path.replace('/', "%2F"));
    assert_eq!(root.get(NEW).await.place(), prove(NEW));
    let [revoke, delete] = ["revoke", "delete"].map(|act| format!("{path}/{act}"));
    for (page, address, back) in [
        (&new, NEW, NEW),
        (&invites, cancel.as_str(), INVITES),
        (&page, revoke.as_str(), path.as_str()),
        (&page, delete.as_str(), path.as_str()),
    ] {
        assert_eq!(root.submit(page, address, &[]).await.place(), prove(back), "{address}");
    }
    for path in [INVITES, path.as_str()] {
        let stale = root.get(path).await;
        stale.assert_says("Confirm first that it is you.");
        assert_eq!(stale.forms().len(), 1, "only signing out is left: {path}");
    }
    assert_eq!(status(&engine, &ann).await, Some(MemberStatus::Active));
});

db_test!(a_form_from_another_site_changes_nothing_in_the_directory, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let fields = [
        ("csrf_token", root.csrf_token.as_str()),
        ("handle", "eve"),
        ("role", "admin"),
        ("expires_in_days", "7"),
        ("confirm", "eve"),
    ];
    for address in [
        NEW.to_owned(),
        format!("{INVITES}/{}/cancel", uuid_of_nothing()),
        format!("{PATH}/members/{NOBODYS_KEY}/revoke"),
        format!("{PATH}/members/{NOBODYS_KEY}/delete"),
    ] {
        let call = app.post(&address).cookie(&root.token).form(&fields);
        let sent = call.header("sec-fetch-site", "cross-site").header("origin", "https://evil.example").await;
        assert_eq!(sent.status, 403, "{address}");
        assert!(sent.text.contains("Sent from somewhere else"), "{}", sent.text);
    }
    let invites = app.engine.list_directory_invites(PageRequest::first()).await.expect("the directory answers");
    assert!(invites.items.is_empty());
});
