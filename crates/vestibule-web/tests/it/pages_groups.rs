//! `/admin/groups` and below: making a group, its members, deleting it, and who may see and do what.

use std::time::Duration;

use testkit::{TestEngine, db_test};
use vestibule::{ADMINISTRATORS, AccountId, Caller, Code, GroupId, MEMBERS, Scope};

use crate::pages_visitor::{Seen, Visitor, id_of};

const EARLIER: Duration = Duration::from_secs(16 * 60);
const HOSTILE: &str = "<script>alert(\"1\")</script>'&";
const NEW: &str = "/admin/groups/new";

/// An administrator, `root`, and Ann, who is none.
async fn console(engine: &TestEngine) -> (Visitor, AccountId) {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    root.stranger().sign_up("ann@example.com").await;
    let ann = id_of(engine, "ann@example.com").await;
    (root, ann)
}

/// Makes a group through the page; its id.
pub async fn make(root: &mut Visitor, fields: &[(&str, &str)]) -> GroupId {
    let page = root.get(NEW).await;
    let made = root.submit(&page, NEW, fields).await;
    let place = made.place().strip_suffix("?done=group_created").expect("it is made").to_owned();
    place.rsplit('/').next().expect("an id").parse().expect("an id")
}

/// The sentences of the summary of what is wrong.
fn summary(seen: &Seen) -> String {
    let start = seen.html.find("role=\"alert\"").unwrap_or_else(|| panic!("nothing is wrong: {}", seen.html));
    crate::pages_markup::unescape(seen.html[start..].split("</div>").next().unwrap_or_default())
}

db_test!(a_group_is_made_listed_and_shown, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    let list = root.get("/admin/groups").await;
    list.assert_says(&format!("<a href=\"/admin/groups/{ADMINISTRATORS}\">Administrators</a>"));
    assert_eq!(list.html.matches("<span class=\"badge managed\">policy file</span>").count(), 2);
    list.assert_says("joined by whoever signs up");
    let lines = "view:*\r\n\r\nupdate:users {\"regions\": [\"eu\"], \"max_amount\": 500}";
    let fields = [
        ("name", "Night Shift"),
        ("description", "Who is here\nat night"),
        ("permissions", "view:users"),
        ("permissions", "delete:sessions"),
        ("lines", lines),
        ("scope", "ids"),
        ("scope_ids", "tenant-1\r\n\r\n tenant-2 "),
    ];
    let id = make(&mut root, &fields).await;
    let page = root.get(&format!("/admin/groups/{id}")).await;
    page.assert_says("<h1>Night Shift</h1>");
    page.assert_says("Who is here\nat night");
    page.assert_says("<code>night-shift</code>");
    page.assert_says("View users <code>view:users</code>");
    page.assert_says("To view everything, where that is not explicit <code>view:*</code>");
    page.assert_says("only amount at most 500; regions: eu");
    page.assert_says("<dt>Reaches</dt><dd>tenant-1, tenant-2</dd>");
    page.assert_says("Nobody is in it.");
    let group = engine.engine.group(id).await.unwrap();
    let names: Vec<String> = group.permissions.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["view:users", "delete:sessions", "view:*", "update:users"]);
    root.get("/admin/groups").await.assert_says("Night Shift</a><span class=\"how\">night-shift</span>");
    root.get("/admin/audit").await.assert_says("Creating a group");
});

db_test!(a_group_that_cannot_be_made_is_shown_again_as_it_was_typed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    let page = root.get(NEW).await;
    let lines = "view:users\n\nfly\nview:planes\nupdate:users {\"regions\": }";
    let fields = [
        ("name", "Crew"),
        ("permissions", "view:users"),
        ("permissions", "view:audit"),
        ("lines", lines),
        ("scope", "ids"),
    ];
    let seen = root.submit(&page, NEW, &fields).await;
    let wrong = "Line 3: \"fly\" is not of the form action:resource. \
                 Line 4: There is no permission view:planes in the catalogue. \
                 Line 5: The limits cannot be read: expected value, at their character 13.";
    seen.assert_mistake(422, "lines", wrong);
    seen.assert_mistake(422, "scope_ids", "Write at least one, or choose that it reaches nothing.");
    let kept = seen.form(NEW);
    assert_eq!((kept.fields["name"].as_str(), kept.fields["scope"].as_str()), ("Crew", "ids"));
    assert_eq!(kept.fields["lines"], lines.replace('\n', "\r\n"));
    let ticked: Vec<&str> =
        kept.sent.iter().filter(|(name, _)| name == "permissions").map(|(_, value)| value.as_str()).collect();
    assert_eq!(ticked, ["view:audit", "view:users"]);
    let seen = root.submit(&page, NEW, &[("name", " ")]).await;
    seen.assert_mistake(422, "name", Code::NameInvalid.message());
    let seen = root.submit(&page, NEW, &[("name", "Crew"), ("slug", "Crew!")]).await;
    seen.assert_mistake(422, "slug", Code::SlugInvalid.message());
    let seen = root.submit(&page, NEW, &[("name", "Administrators")]).await;
    seen.assert_mistake(409, "slug", Code::SlugInUse.message());
    let token = page.csrf_token();
    let odd = [("csrf_token", token.as_str()), ("name", "Crew"), ("permissions", "fly")];
    let seen = root.post(NEW, &odd).await;
    seen.assert_mistake(422, "permissions", Code::PermissionInvalid.message());
    seen.assert_mistake(422, "scope", "Choose how far the group reaches.");
    assert_eq!(engine.engine.list_groups().await.unwrap().len(), 2, "none of it made a group");
});

db_test!(somebody_is_put_in_and_taken_out, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let mut ann = root.stranger();
    ann.sign_in("ann@example.com").await;
    let group = make(&mut root, &[("name", "Auditors"), ("permissions", "view:audit")]).await;
    let path = format!("/admin/groups/{group}");
    let page = root.get(&path).await;
    let seen = root.submit(&page, &format!("{path}/members"), &[("member", "nobody")]).await;
    seen.assert_mistake(422, "member", Code::AccountUnknown.message());
    assert_eq!(seen.form(&format!("{path}/members")).fields["member"], "nobody");
    let seen = root.submit(&page, &format!("{path}/members"), &[("member", " Ann@Example.com")]).await;
    assert_eq!(seen.place(), format!("{path}?done=member_added"));
    let page = root.follow(&seen).await;
    page.assert_says(&format!("<a href=\"/admin/users/{id}\">ann@example.com</a>"));
    assert!(ann.get("/admin/audit").await.place().starts_with("/sign-in"), "who gains power signs in again");
    ann.sign_in("ann@example.com").await;
    assert_eq!(ann.get("/admin/audit").await.status, 200);

    let remove = format!("{path}/members/{id}/remove");
    let seen = root.submit(&page, &remove, &[]).await;
    root.follow(&seen).await.assert_says("They are out of the group");
    assert_eq!(ann.get("/admin/audit").await.status, 403);
    assert_eq!(root.submit(&page, &remove, &[]).await.status, 404, "they are not in it any more");
    assert_eq!(root.submit(&page, &format!("{path}/members"), &[("member", &id.to_string())]).await.status, 303);

    let root_id = id_of(&engine, "root").await;
    let page = root.get(&format!("/admin/groups/{ADMINISTRATORS}")).await;
    let last = root.submit(&page, &format!("/admin/groups/{ADMINISTRATORS}/members/{root_id}/remove"), &[]).await;
    assert_eq!(last.status, 409);
    assert!(summary(&last).contains(Code::LastAdmin.message()));
});

db_test!(members_are_leafed_through, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    engine.clock.advance(Duration::from_secs(1));
    for n in 0..25 {
        root.stranger().sign_up(&format!("many{n}@example.com")).await;
    }
    let page = root.get(&format!("/admin/groups/{MEMBERS}")).await;
    page.assert_says("<dt>Members</dt><dd>26</dd>");
    let rest = page.html.split("<a href=\"").find(|link| link.contains("rel=\"next\"")).expect("older ones");
    let older = rest.split('"').next().unwrap().replace("&#38;", "&");
    assert!(older.starts_with(&format!("/admin/groups/{MEMBERS}?cursor=")), "{older}");
    root.get(&older).await.assert_says("ann@example.com");
});

db_test!(a_group_is_deleted_by_its_name_for_programs, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let group = make(&mut root, &[("name", "Night Shift"), ("permissions", "view:audit")]).await;
    let path = format!("/admin/groups/{group}");
    let page = root.get(&path).await;
    root.submit(&page, &format!("{path}/members"), &[("member", "ann@example.com")]).await;
    let mut ann = root.stranger();
    ann.sign_in("ann@example.com").await;
    let seen = root.submit(&page, &format!("{path}/delete"), &[("confirm", "Night Shift")]).await;
    seen.assert_mistake(422, "confirm", "This is not what is shown above. Type it exactly.");
    assert_eq!(ann.get("/admin/audit").await.status, 200);
    let seen = root.submit(&page, &format!("{path}/delete"), &[("confirm", "night-shift ")]).await;
    assert_eq!(seen.place(), "/admin/groups?done=group_deleted");
    assert_eq!(root.get(&path).await.status, 404);
    assert_eq!(ann.get("/admin/audit").await.status, 403);
    root.get(&format!("/admin/users/{id}")).await.assert_says("<h1>ann@example.com</h1>");
});

db_test!(of_a_group_of_the_policy_file_only_the_members_change, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let path = format!("/admin/groups/{ADMINISTRATORS}");
    let page = root.get(&path).await;
    page.assert_says("What it gives and how far it reaches is changed there.");
    page.assert_says("Everything that is not explicit <code>admin:*</code>");
    assert!(!page.html.contains(&format!("{path}/edit")) && !page.has_form(&format!("{path}/delete")));
    let refused = root.get(&format!("{path}/edit")).await;
    assert_eq!(refused.status, 403);
    refused.assert_says(Code::SystemManaged.message());
    let token = page.csrf_token();
    for (act, fields) in [("edit", [("name", "Mine")]), ("edit/save", [("name", "Mine")])] {
        let fields = [("csrf_token", token.as_str()), fields[0], ("scope", "all")];
        assert_eq!(root.post(&format!("{path}/{act}"), &fields).await.status, 403, "{act}");
    }
    let fields = [("csrf_token", token.as_str()), ("confirm", "administrators")];
    let seen = root.post(&format!("{path}/delete"), &fields).await;
    assert_eq!(seen.status, 403);
    assert!(summary(&seen).contains("Administrators comes from the policy file"));
    let seen = root.submit(&page, &format!("{path}/members"), &[("member", "ann@example.com")]).await;
    root.follow(&seen).await.assert_says("They are in the group.");
    let mut ann = root.stranger();
    ann.sign_in("ann@example.com").await;
    assert_eq!(ann.get(&format!("/admin/users/{id}")).await.status, 200);
});

db_test!(who_may_only_look_is_shown_nothing_to_press_and_is_refused_by_name, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let group = make(&mut root, &[("name", "Auditors"), ("permissions", "view:audit")]).await;
    let path = format!("/admin/groups/{group}");
    let page = root.get(&path).await;
    root.submit(&page, &format!("{path}/members"), &[("member", "ann@example.com")]).await;
    let mut eve = root.stranger();
    eve.hold(&engine, "eve@example.com", &["view:groups"], Scope::default()).await;
    for seen in ["/admin", "/admin/groups", &path, "/admin/permissions", "/admin/explain"] {
        let page = eve.get(seen).await;
        assert_eq!((page.status.as_u16(), seen), (200, seen));
        assert_eq!(page.forms().len(), 1, "but for signing out: {}", page.html);
        assert!(!page.html.contains("/edit\"") && !page.html.contains(NEW) && !page.html.contains("/admin/users"));
    }
    let page = eve.get(&path).await;
    assert_eq!(page.console(), ["Overview", "Groups", "Permissions", "Explain"]);
    assert!(!page.html.contains("ann@example.com"), "who is in it is for those who may see accounts");
    let token = page.csrf_token();
    for (address, permission) in [
        (NEW, "create:groups"),
        (&format!("{path}/edit"), "update:groups"),
        (&format!("{path}/edit/back"), "update:groups"),
        (&format!("{path}/edit/save"), "update:groups"),
        (&format!("{path}/delete"), "delete:groups"),
        (&format!("{path}/members"), "update:users"),
        (&format!("{path}/members/{id}/remove"), "update:users"),
        ("/admin/permissions", "update:groups"),
        (&format!("/admin/permissions/{id}/delete"), "update:groups"),
        (&format!("/admin/users/{id}/grants"), "update:users"),
        (&format!("/admin/users/{id}/grants/take-back"), "update:users"),
    ] {
        let seen = eve.post(address, &[("csrf_token", &token)]).await;
        assert_eq!(seen.status, 403, "{address}");
        seen.assert_says("Not for your account");
        seen.assert_says(&format!("This needs the permission {permission}, which you do not have."));
    }
    for (address, permission) in [
        (NEW, "create:groups"),
        (&format!("{path}/edit"), "update:groups"),
        ("/admin/users", "view:users"),
        (&format!("/admin/users/{id}"), "view:users"),
        ("/admin/audit", "view:audit"),
        ("/admin/mail", "view:settings"),
    ] {
        let seen = eve.get(address).await;
        assert_eq!(seen.status, 403, "{address}");
        seen.assert_says(&format!("This needs the permission {permission}"));
    }
    assert_eq!(engine.engine.group(group).await.unwrap().member_count, 1);
});

db_test!(nobody_gives_what_they_do_not_hold, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    let strong = make(&mut root, &[("name", "Strong"), ("permissions", "delete:users"), ("scope", "all")]).await;
    let mut eve = root.stranger();
    let held = ["view:groups", "create:groups", "update:groups", "update:users"];
    eve.hold(&engine, "eve@example.com", &held, Scope::of(["eu"]).unwrap()).await;
    let page = eve.get(NEW).await;
    let seen = eve.submit(&page, NEW, &[("name", "Mine"), ("permissions", "delete:users")]).await;
    assert_eq!(seen.status, 403);
    assert!(summary(&seen).contains("You do not hold delete:users yourself, so you cannot give it."));
    assert_eq!(seen.form(NEW).fields["permissions"], "delete:users", "and what was typed is still there");
    let seen = eve.submit(&page, NEW, &[("name", "Mine"), ("scope", "ids"), ("scope_ids", "eu\nus")]).await;
    assert!(summary(&seen).contains("Your scope does not reach us"));
    let path = format!("/admin/groups/{strong}");
    let page = eve.get(&path).await;
    let seen = eve.submit(&page, &format!("{path}/members"), &[("member", "ann@example.com")]).await;
    assert_eq!(seen.status, 403);
    assert!(summary(&seen).contains("You do not hold delete:users yourself"));
    let seen = eve.submit(&page, &format!("{path}/members"), &[("member", "eve@example.com")]).await;
    assert_eq!(seen.status, 403);
    assert!(summary(&seen).contains("Nobody gives delete:users to themselves"));
    assert_eq!(engine.engine.group(strong).await.unwrap().member_count, 0);
    root.get("/admin/audit?outcome=refused").await.assert_says("Putting somebody in a group");
});

db_test!(what_changes_a_group_wants_a_recent_proof_and_the_token, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let group = make(&mut root, &[("name", "Auditors"), ("permissions", "view:audit")]).await;
    let path = format!("/admin/groups/{group}");
    let fresh = root.get(&path).await;
    root.submit(&fresh, &format!("{path}/members"), &[("member", "ann@example.com")]).await;
    let edit = root.get(&format!("{path}/edit")).await;
    let preview = root.submit(&edit, &format!("{path}/edit"), &[("name", "Others")]).await;
    let new = root.get(NEW).await;
    for form in fresh.forms().iter().chain(&edit.forms()).chain(&preview.forms()).chain(&new.forms()) {
        let forged: Vec<_> = form.sent.iter().filter(|(name, _)| name != "csrf_token").collect();
        let fields: Vec<(&str, &str)> = forged.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let seen = root.post(&form.action, &fields).await;
        assert_eq!(seen.status, 403, "{}", form.action);
        seen.assert_says("This page was out of date");
    }
    engine.clock.advance(EARLIER);
    let stale = root.get(&path).await;
    stale.assert_says("Confirm first that it is you.");
    assert_eq!(stale.forms().len(), 1, "only signing out is left");
    let here = format!("/reauthenticate?return_to=%2Fadmin%2Fgroups%2F{group}");
    let member = format!("{path}/members/{id}/remove");
    for act in [format!("{path}/members"), member, format!("{path}/delete")] {
        let seen = root.post(&act, &[("csrf_token", fresh.csrf_token())]).await;
        assert_eq!(seen.place(), here, "{act}");
    }
    assert_eq!(root.get(&format!("{path}/edit")).await.place(), format!("{here}%2Fedit"));
    let saved = root.submit(&preview, &format!("{path}/edit/save"), &[]).await;
    assert_eq!(saved.place(), format!("{here}%2Fedit"));
    assert_eq!(root.get(NEW).await.place(), "/reauthenticate?return_to=%2Fadmin%2Fgroups%2Fnew");
    assert_eq!(engine.engine.group(group).await.unwrap().name, "Auditors");
});

db_test!(a_hostile_group_is_only_ever_text, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let limits = serde_json::json!({ HOSTILE: [HOSTILE] });
    let lines = format!("view:audit {limits}");
    let fields = [
        ("name", HOSTILE),
        ("slug", "hostile"),
        ("description", HOSTILE),
        ("lines", lines.as_str()),
        ("scope", "ids"),
        ("scope_ids", HOSTILE),
    ];
    let group = make(&mut root, &fields).await;
    let path = format!("/admin/groups/{group}");
    engine.engine.add_member(&Caller::system(), group, id, vestibule::BreakGlass::No).await.unwrap();
    let edit = root.get(&format!("{path}/edit")).await;
    assert_eq!(edit.form(&format!("{path}/edit")).fields["name"], HOSTILE);
    let changed = [("lines", "view:users"), ("scope", "nothing"), ("description", "</textarea><b>")];
    let preview = root.submit(&edit, &format!("{path}/edit"), &changed).await;
    let again = root.submit(&edit, &format!("{path}/edit"), &[("lines", HOSTILE)]).await;
    assert_eq!(again.status, 422);
    let pages = ["/admin/groups", &path, &format!("/admin/users/{id}"), "/admin/users", "/admin/audit"];
    let mut seen = vec![edit, preview, again];
    for page in pages {
        seen.push(root.get(page).await);
    }
    for page in seen {
        assert!(!page.html.contains("<script") && page.html.contains("&#60;script&#62;"), "{}", page.html);
    }
});
