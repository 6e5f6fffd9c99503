//! People at real browsers, with scripts and without: one makes an organization, the instance takes her away, names
//! another admin, and he takes her out, renames it, may not leave it, and deletes it.

use testkit::{Server, TestDb};

use crate::browser::set_up;
use crate::host::PASSWORD;
use crate::node::node;
use crate::person::Person;

const LIST: &str = "/account/organizations";

/// Somebody signs up in a window of their own.
async fn newcomer(server: &Server, javascript: bool, name: &str) -> Person {
    let who = Person::at(server, javascript).await;
    who.open("/sign-up").await;
    who.submit("/sign-up", &[("email", &format!("{name}@example.com")), ("password", PASSWORD)]).await;
    who.arrives("/account").await;
    who
}

/// Makes an organization, after a mistake; its address.
async fn make(ann: &Person) -> String {
    ann.follow("Organizations").await;
    ann.sees("You are in none.").await;
    ann.submit(LIST, &[("name", " \u{a0}")]).await;
    ann.sees("A name has 1 to 200 characters").await;
    ann.submit(LIST, &[("name", "Harbour Works")]).await;
    ann.sees("The organization is there, and you administer it.").await;
    ann.sees("ann@example.com").await;
    let here = ann.path().await;
    ann.open(LIST).await;
    ann.press("td.acts summary").await;
    ann.press(&format!("form[action='{LIST}/{}/leave'] button", id(&here))).await;
    ann.sees("At least one active administrator must remain.").await;
    here
}

fn id(here: &str) -> &str {
    here.rsplit('/').next().expect("an id")
}

/// Disables Ann, finds the orphan and names Bob.
async fn hand_over(root: &Person) {
    root.open("/admin/users").await;
    root.follow("ann@example.com").await;
    root.press("form[action$='/disable'] button").await;
    root.sees("The account was disabled").await;
    root.open("/admin/organizations?orphaned=true").await;
    root.sees("orphaned").await;
    root.follow("Harbour Works").await;
    root.sees("by nobody active since").await;
    let admins = format!("{}/admins", root.path().await);
    root.submit(&admins, &[("admin", "nobody@example.com")]).await;
    root.sees("There is no such account.").await;
    root.submit(&admins, &[("admin", "bob@example.com")]).await;
    root.sees("The organization has an admin again.").await;
}

/// Takes Ann out, renames the organization, reads its log, and deletes it.
async fn take_over(bob: &Person, here: &str) {
    bob.open(here).await;
    bob.sees("disabled").await;
    bob.press("tr.more:has(form[action$='/remove']) summary").await;
    bob.press("form[action$='/remove'] button").await;
    bob.sees("They are out of the organization").await;
    bob.follow("Settings").await;
    bob.submit(&format!("{here}/settings/rename"), &[("name", "Quay")]).await;
    bob.sees("The organization was renamed.").await;
    bob.follow("Audit log").await;
    bob.sees("Losing its last active admin").await;
    bob.sees("Renaming an organization").await;
    bob.follow("Settings").await;
    bob.submit(&format!("{here}/settings/delete"), &[("confirm", "Harbour Works")]).await;
    bob.sees("This is not what is shown above").await;
    bob.submit(&format!("{here}/settings/delete"), &[("confirm", "Quay")]).await;
    bob.sees("The organization was deleted, with everything in it.").await;
}

async fn journey(db: TestDb, javascript: bool) {
    let server = node(&db).await;
    let root = Person::at(&server, javascript).await;
    set_up(&root, &server).await;
    let ann = newcomer(&server, javascript, "ann").await;
    let bob = newcomer(&server, javascript, "bob").await;
    let here = make(&ann).await;
    bob.open(&here).await;
    bob.sees("There is nothing at this address, or it is not yours to see.").await;
    root.sign_in("root@example.com", PASSWORD).await;
    root.arrives("/account").await;
    hand_over(&root).await;
    ann.open(&here).await;
    ann.arrives("/sign-in").await;
    take_over(&bob, &here).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: run cargo xtask test"]
async fn an_organization_is_made_orphaned_handed_over_and_deleted_in_a_browser() {
    journey(TestDb::sqlite(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and PostgreSQL: run cargo xtask test"]
async fn an_organization_is_made_orphaned_handed_over_and_deleted_without_scripts() {
    journey(TestDb::postgres(), false).await;
}
