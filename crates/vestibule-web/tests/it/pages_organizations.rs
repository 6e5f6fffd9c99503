//! `/account/organizations` and `/organizations/{org}`: making one, who is in it, its log, its settings.

use std::time::Duration;

use testkit::{TestEngine, db_test};
use vestibule::{AccountId, Code, OrganizationId, OrganizationRole};

use crate::pages_visitor::{Seen, Visitor, id_of};

pub const LIST: &str = "/account/organizations";
const HOSTILE: &str = "<script>alert(\"1\")</script>'&";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// Makes an organization through the page; its id.
pub async fn make(who: &mut Visitor, name: &str) -> OrganizationId {
    let page = who.get(LIST).await;
    let made = who.submit(&page, LIST, &[("name", name)]).await;
    let place = made.place().strip_suffix("?done=organization_made").expect("it is made").to_owned();
    place.rsplit('/').next().expect("an id").parse().expect("an id")
}

/// Puts an account into an organization, as accepting an invitation does.
pub async fn put(engine: &TestEngine, org: OrganizationId, account: AccountId, role: OrganizationRole) {
    let sql = "INSERT INTO organization_members (organization_id, account_id, role, created_at)
               VALUES ($1, $2, $3, $4)";
    let mut tx = engine.engine.db().write().await.expect("a transaction");
    tx.exec(sql, &[&org, &account, &role, &engine.engine.now()]).await.expect("inserted");
    tx.commit().await.expect("committed");
}

/// Ann, who administers an organization of this name, and Bob, who is a member of it.
async fn two(engine: &TestEngine, name: &str) -> (Visitor, Visitor, OrganizationId) {
    let mut ann = Visitor::at(engine);
    ann.sign_up("ann@example.com").await;
    let mut bob = ann.stranger();
    bob.sign_up("bob@example.com").await;
    let org = make(&mut ann, name).await;
    put(engine, org, id_of(engine, "bob@example.com").await, OrganizationRole::Member).await;
    (ann, bob, org)
}

/// The links of the organization's own navigation.
fn tabs(seen: &Seen) -> Vec<String> {
    let start = seen.html.find("aria-label=\"Organization\"").expect("a navigation");
    let nav = seen.html[start..].split("</ul>").next().unwrap_or_default();
    nav.split("</a>")
        .filter_map(|link| Some(link.rsplit_once('>')?.1.trim().to_owned()))
        .filter(|name| !name.is_empty())
        .collect()
}

db_test!(an_organization_is_made_listed_and_left, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut bob, org) = two(&engine, "Harbour Works").await;
    let list = ann.get(LIST).await;
    list.assert_says(&format!("<a href=\"/organizations/{org}\">Harbour Works</a>"));
    let again = ann.submit(&list, LIST, &[("name", "  ")]).await;
    again.assert_mistake(422, "name", Code::NameInvalid.message());
    let leave = format!("{LIST}/{org}/leave");
    let refused = ann.submit(&list, &leave, &[]).await;
    assert_eq!(refused.status, 409);
    refused.assert_says(Code::LastAdmin.message());
    let list = bob.get(LIST).await;
    let left = bob.submit(&list, &leave, &[]).await;
    assert_eq!(left.place(), format!("{LIST}?done=organization_left"));
    bob.follow(&left).await.assert_says("You are in none.");
    assert_eq!(bob.get(&format!("/organizations/{org}")).await.status, 404);
    assert_eq!(bob.submit(&list, &leave, &[]).await.status, 404);
});

db_test!(an_admin_decides_who_is_in_it_and_a_member_looks, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut bob, org) = two(&engine, HOSTILE).await;
    let here = format!("/organizations/{org}");
    let bobs = id_of(&engine, "bob@example.com").await;
    let seen = bob.get(&here).await;
    seen.assert_says(&format!("<h1>Members · {HOSTILE}</h1>"));
    assert!(!seen.html.contains("<script>alert"), "{}", seen.html);
    assert!(!seen.has_form(&format!("{here}/members/{bobs}/remove")));
    assert!(!tabs(&seen).contains(&"Settings".to_owned()) && tabs(&seen).contains(&"Members".to_owned()));
    for closed in ["audit", "settings"] {
        assert_eq!(bob.get(&format!("{here}/{closed}")).await.status, 403, "{closed}");
    }
    let page = ann.get(&here).await;
    assert!(tabs(&page).contains(&"Settings".to_owned()));
    let role = format!("{here}/members/{bobs}/role");
    let forged = [("csrf_token", seen.csrf_token()), ("role", "admin".to_owned())];
    let refused = bob.post(&role, &forged).await;
    assert_eq!(refused.status, 403);
    refused.assert_says("Only an admin of this organization may do this.");
    let changed = ann.submit(&page, &role, &[]).await;
    assert_eq!(changed.place(), format!("{here}?done=role_changed"));
    let page = bob.get(&here).await;
    page.assert_says("You administer this organization");
    let anns = id_of(&engine, "ann@example.com").await;
    let taken = bob.submit(&page, &format!("{here}/members/{anns}/remove"), &[]).await;
    assert_eq!(taken.place(), format!("{here}?done=member_taken_out"));
    assert_eq!(ann.get(&here).await.status, 404);
    let page = bob.follow(&taken).await;
    let refused = bob.submit(&page, &role, &[]).await;
    assert_eq!(refused.status, 409, "he is the last");
    refused.assert_says(Code::LastAdmin.message());
    let log = bob.get(&format!("{here}/audit")).await;
    for act in ["Making an organization", "Changing what a member is", "Taking somebody out of an organization"] {
        log.assert_says(act);
    }
    log.assert_says("refused");
});

db_test!(an_organization_is_renamed_and_deleted_by_its_name_after_a_proof, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut bob, org) = two(&engine, "Harbour Works").await;
    let settings = format!("/organizations/{org}/settings");
    let (rename, delete) = (format!("{settings}/rename"), format!("{settings}/delete"));
    let page = ann.get(&settings).await;
    ann.submit(&page, &rename, &[("name", "")]).await.assert_mistake(422, "name", Code::NameInvalid.message());
    let renamed = ann.submit(&page, &rename, &[("name", "Quay")]).await;
    assert_eq!(renamed.place(), format!("{settings}?done=organization_renamed"));
    let page = ann.follow(&renamed).await;
    page.assert_says("<h1>Settings · Quay</h1>");
    let wrong = ann.submit(&page, &delete, &[("confirm", "Harbour Works")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.element("confirm-mistake").is_some(), "{}", wrong.html);
    engine.clock.advance(Duration::from_secs(16 * 60));
    let stale = ann.get(&settings).await;
    stale.assert_says("Confirm first that it is you");
    assert!(!stale.has_form(&delete) && stale.has_form(&rename));
    let late = ann.submit(&page, &delete, &[("confirm", "Quay")]).await;
    assert!(late.place().starts_with("/reauthenticate?return_to="), "{}", late.place());
    assert!(late.place().contains("settings"), "and comes back here: {}", late.place());
    let mut ann = ann.stranger();
    ann.sign_in("ann@example.com").await;
    let page = ann.get(&settings).await;
    let gone = ann.submit(&page, &delete, &[("confirm", "Quay")]).await;
    assert_eq!(gone.place(), format!("{LIST}?done=organization_deleted"));
    assert_eq!(bob.get(&settings).await.status, 404);
    bob.get(LIST).await.assert_says("You are in none.");
});

db_test!(one_goes_from_an_organization_to_the_others, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut bob, org) = two(&engine, "Harbour Works").await;
    let quay = make(&mut ann, "Quay").await;
    let page = ann.get(&format!("/organizations/{org}")).await;
    page.assert_says(&format!("<a href=\"/organizations/{quay}\">Quay</a>"));
    assert!(!bob.get(&format!("/organizations/{org}")).await.html.contains("Other organizations"));
    let mut nobody = ann.stranger();
    let sent = nobody.get(&format!("/organizations/{org}")).await;
    assert!(sent.place().starts_with("/sign-in?return_to="), "{}", sent.place());
    for path in [format!("/organizations/{quay}"), format!("/organizations/{NOBODY}"), "/organizations/x".to_owned()] {
        let seen = bob.get(&path).await;
        assert_eq!(seen.status, 404, "{path}");
        seen.assert_says("There is nothing at this address, or it is not yours to see.");
    }
});

db_test!(the_pages_of_an_organization_live_below_the_path_of_the_instance, |db| async move {
    let at = "http://localhost:8080/accounts".parse().expect("a URL");
    let engine = TestEngine::with(&db, |config| config.public_url = at).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let org = make(&mut ann, "Harbour Works").await;
    for tab in ["", "/audit", "/settings"] {
        let page = ann.get(&format!("/organizations/{org}{tab}")).await;
        assert_eq!(page.status, 200);
        page.assert_says(&format!("href=\"/accounts/organizations/{org}/settings\""));
    }
});
