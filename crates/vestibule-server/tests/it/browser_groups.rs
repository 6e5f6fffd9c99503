//! A person at a real browser, with scripts and without, who makes a group, looks at what a change of it would do, puts
//! somebody in, asks why they may not, mends it, and asks again.

use testkit::{Server, TestDb};
use thirtyfour::By;

use crate::browser::set_up;
use crate::host::PASSWORD;
use crate::node::node;
use crate::person::Person;

const ANN: &str = "ann@example.com";
const LIMITED: &str = r#"view:users {"regions": ["eu"]}"#;

/// Somebody signs up in a window of their own, who may see nothing of the console yet.
async fn newcomer(server: &Server, javascript: bool) -> Person {
    let ann = Person::at(server, javascript).await;
    ann.open("/sign-up").await;
    ann.submit("/sign-up", &[("email", ANN), ("name", "Ann"), ("password", PASSWORD)]).await;
    ann.arrives("/account").await;
    ann.sees("nothing else here").await;
    ann.open("/admin/audit").await;
    ann.sees("This needs the permission view:audit").await;
    ann
}

/// Makes a group, after a mistake that loses nothing; its address.
async fn make_a_group(root: &Person) -> String {
    root.open("/admin/groups").await;
    root.follow("New group").await;
    root.press("input[value='view:audit']").await;
    root.submit("/admin/groups/new", &[("name", "Auditors"), ("lines", "view:audit\nfly")]).await;
    root.sees("Line 2: \"fly\" is not of the form action:resource.").await;
    root.submit("/admin/groups/new", &[("lines", "")]).await;
    root.sees("The group was created").await;
    root.sees("View the audit log view:audit").await;
    root.path().await
}

/// Puts Ann in, who signs in again and sees what the group lets her see.
async fn put_her_in(root: &Person, ann: &Person, group: &str) {
    root.submit(&format!("{group}/members"), &[("member", "nobody@example.com")]).await;
    root.sees("There is no such account").await;
    root.submit(&format!("{group}/members"), &[("member", ANN)]).await;
    root.sees("They are in the group").await;
    ann.open("/admin/audit").await;
    ann.arrives("/sign-in").await;
    ann.sign_in(ANN, PASSWORD).await;
    ann.arrives("/admin/audit").await;
    ann.sees("Putting somebody in a group").await;
    ann.open("/admin/users").await;
    ann.sees("This needs the permission view:users").await;
}

/// Asks whether Ann may view users, in these circumstances.
async fn ask(root: &Person, context: &str) {
    root.open("/admin/explain").await;
    let question = [("principal", ANN), ("action", "view"), ("resource", "users"), ("context", context)];
    root.submit("/admin/explain", &question).await;
}

/// Changes the group: looks at what that does, goes back, looks again, saves.
async fn mend_the_group(root: &Person, group: &str) {
    root.open(group).await;
    root.follow("Change the group").await;
    let edit = format!("{group}/edit");
    root.submit(&edit, &[("lines", LIMITED)]).await;
    root.sees("Nothing is saved yet").await;
    root.sees("View users view:users\nonly regions: eu").await;
    root.sees(ANN).await;
    root.press("form[action$='/edit/save'] button.quiet").await;
    root.sees("Wildcards and limits").await;
    let lines = root.browser.find(By::Name("lines")).await.expect("the lines").prop("value").await.expect("a value");
    assert_eq!(lines.as_deref(), Some(LIMITED), "going back loses nothing");
    root.submit(&edit, &[]).await;
    root.sees("Nothing is saved yet").await;
    root.press("form[action$='/edit/save'] button:not(.quiet)").await;
    root.sees("The group was changed").await;
}

async fn journey(db: TestDb, javascript: bool) {
    let server = node(&db).await;
    let root = Person::at(&server, javascript).await;
    set_up(&root, &server).await;
    let ann = newcomer(&server, javascript).await;
    root.sign_in("root@example.com", PASSWORD).await;
    root.arrives("/account").await;
    let group = make_a_group(&root).await;
    put_her_in(&root, &ann, &group).await;
    ask(&root, "").await;
    root.sees("Denied").await;
    root.sees("No grant allows view:users").await;
    mend_the_group(&root, &group).await;
    ask(&root, "").await;
    root.sees("regions is not stated").await;
    ask(&root, "regions = eu").await;
    root.sees("Allowed").await;
    root.sees("Auditors").await;
    root.follow("Auditors").await;
    root.arrives(&group).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: run cargo xtask test"]
async fn a_group_is_made_explained_and_mended_in_a_browser() {
    journey(TestDb::sqlite(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and PostgreSQL: run cargo xtask test"]
async fn a_group_is_made_explained_and_mended_without_scripts() {
    journey(TestDb::postgres(), false).await;
}
