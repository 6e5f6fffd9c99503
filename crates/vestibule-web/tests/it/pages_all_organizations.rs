//! `/admin/organizations`: which there are, which nobody administers, naming an admin, deleting one.

use std::time::Duration;

use testkit::{TestEngine, db_test};
use vestibule::{AccountId, Caller, Code, OrganizationId, Scope};

use crate::pages_organizations::make;
use crate::pages_visitor::{Visitor, id_of};

const LIST: &str = "/admin/organizations";

/// An administrator, `root`, and Ann with an organization of hers.
async fn console(engine: &TestEngine) -> (Visitor, AccountId, OrganizationId) {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    let mut ann = root.stranger();
    ann.sign_up("ann@example.com").await;
    let org = make(&mut ann, "Harbour Works").await;
    (root, id_of(engine, "ann@example.com").await, org)
}

db_test!(an_orphan_is_found_and_given_an_admin, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, ann, org) = console(&engine).await;
    let here = format!("{LIST}/{org}");
    let admins = format!("{here}/admins");
    root.get(LIST).await.assert_says(&format!("<a href=\"{here}\">Harbour Works</a>"));
    root.get(&format!("{LIST}?orphaned=true")).await.assert_says("None to show.");
    let page = root.get(&here).await;
    page.assert_says("ann@example.com");
    assert!(!page.has_form(&admins), "its own admins decide");
    root.get(&format!("/admin/users/{ann}"))
        .await
        .assert_says(&format!("<a href=\"{here}\">Harbour Works</a> (admin)"));
    engine.engine.disable_account(&Caller::system(), ann).await.expect("disabled");
    root.get(&format!("{LIST}?orphaned=true")).await.assert_says("orphaned");
    root.get(&format!("{LIST}?orphaned=false")).await.assert_says("None to show.");
    let page = root.get(&here).await;
    page.assert_says("by nobody active since");
    for unknown in ["nobody@example.com", "ann@example.com"] {
        let refused = root.submit(&page, &admins, &[("admin", unknown)]).await;
        refused.assert_mistake(422, "admin", Code::AccountUnknown.message());
    }
    root.stranger().sign_up("bob@example.com").await;
    let named = root.submit(&page, &admins, &[("admin", "bob@example.com")]).await;
    assert_eq!(named.place(), format!("{here}?done=organization_admin_named"));
    root.follow(&named).await.assert_says("bob@example.com");
    let refused = root.submit(&page, &admins, &[("admin", "root")]).await;
    assert_eq!(refused.status, 409);
    refused.assert_says(Code::OrganizationNotOrphaned.message());
    root.get(&format!("/admin/audit?organization={org}")).await.assert_says("Naming an admin of an organization");
});

db_test!(the_instance_deletes_an_organization_by_its_name_after_a_proof, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _, org) = console(&engine).await;
    let (here, delete) = (format!("{LIST}/{org}"), format!("{LIST}/{org}/delete"));
    let page = root.get(&here).await;
    let wrong = root.submit(&page, &delete, &[("confirm", "Harbour")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.element("confirm-mistake").is_some(), "{}", wrong.html);
    engine.clock.advance(Duration::from_secs(16 * 60));
    let late = root.submit(&page, &delete, &[("confirm", "Harbour Works")]).await;
    assert!(late.place().starts_with("/reauthenticate?return_to=%2Fadmin%2Forganizations%2F"), "{}", late.place());
    assert!(!root.get(&here).await.has_form(&delete));
    let mut root = root.stranger();
    root.sign_in("root").await;
    let page = root.get(&here).await;
    let gone = root.submit(&page, &delete, &[("confirm", "Harbour Works")]).await;
    assert_eq!(gone.place(), format!("{LIST}?done=organization_deleted"));
    assert_eq!(root.get(&here).await.status, 404);
});

db_test!(who_may_only_look_is_shown_no_way_to_act, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (root, ann, org) = console(&engine).await;
    let here = format!("{LIST}/{org}");
    engine.engine.disable_account(&Caller::system(), ann).await.expect("disabled");
    let mut kim = root.stranger();
    kim.hold(&engine, "kim@example.com", &["view:organizations"], Scope::default()).await;
    assert_eq!(kim.get("/admin").await.console(), ["Overview", "Organizations"]);
    let page = kim.get(&here).await;
    assert!(!page.has_form(&format!("{here}/admins")) && !page.has_form(&format!("{here}/delete")));
    assert!(!page.html.contains("ann@example.com"), "who is in it takes view:users");
    let token = page.csrf_token();
    for act in ["admins", "delete"] {
        let fields = [("csrf_token", token.as_str()), ("admin", "kim@example.com"), ("confirm", "Harbour Works")];
        assert_eq!(kim.post(&format!("{here}/{act}"), &fields).await.status, 403, "{act}");
    }
    let mut eve = root.stranger();
    eve.sign_up("eve@example.com").await;
    assert_eq!(eve.get(LIST).await.status, 403);
});
