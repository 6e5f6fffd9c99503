//! `/admin/permissions`, what an account holds on its page and on one's own, and what of the console one is shown.

use std::time::Duration;

use testkit::{TestEngine, db_test};
use vestibule::{AccountId, Code, Scope};

use crate::pages_visitor::{Visitor, id_of};

const PATH: &str = "/admin/permissions";
const EARLIER: Duration = Duration::from_secs(16 * 60);
const HOSTILE: &str = "<script>alert(\"1\")</script>'&";

async fn console(engine: &TestEngine) -> (Visitor, AccountId) {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    root.stranger().sign_up("ann@example.com").await;
    let ann = id_of(engine, "ann@example.com").await;
    (root, ann)
}

db_test!(a_permission_is_added_and_deleted, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    let page = root.get(PATH).await;
    page.assert_says("View users</th>");
    page.assert_says("<code>view:users</code>");
    assert!(!page.forms().iter().any(|form| form.action.ends_with("/delete")), "the policy file's stay");
    let fields = [("action", "buy"), ("resource", "plans"), ("label", "Buy plans")];
    let added = root.submit(&page, PATH, &fields).await;
    let page = root.follow(&added).await;
    page.assert_says("The permission is known from now on.");
    page.assert_says("Buy plans");
    let own = [("action", "cancel"), ("resource", "plans"), ("own", "owner"), ("any", "buy")];
    let seen = root.submit(&page, PATH, &own).await;
    root.follow(&seen).await.assert_says("counts for what is one's own; buy always does");
    let form = |page: &crate::pages_visitor::Seen, name: &str| {
        let of = format!("Delete<span class=\"unseen\"> {name}</span>");
        let before = page.html.split(&of).next().unwrap();
        before.rsplit("action=\"").next().unwrap().split('"').next().unwrap().to_owned()
    };
    let page = root.get(PATH).await;
    let needed = root.submit(&page, &form(&page, "buy:plans"), &[]).await;
    assert_eq!(needed.status, 409);
    needed.assert_says(Code::PermissionConflict.message());
    for name in ["cancel:plans", "buy:plans"] {
        let seen = root.submit(&page, &form(&page, name), &[]).await;
        root.follow(&seen).await.assert_says("The permission is no longer known");
    }
    assert!(!root.get(PATH).await.html.contains("plans</code>"));
    root.get("/admin/audit").await.assert_says("Deleting a permission from the catalogue");
});

db_test!(a_permission_that_cannot_be_added_is_said_beside_its_field, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let page = root.get(PATH).await;
    let seen = root.submit(&page, PATH, &[("action", "Buy"), ("resource", "plans"), ("label", HOSTILE)]).await;
    seen.assert_mistake(422, "action", Code::PermissionInvalid.message());
    assert_eq!(seen.form(PATH).fields["label"], HOSTILE);
    let seen = root.submit(&page, PATH, &[("action", "buy"), ("resource", "*")]).await;
    seen.assert_mistake(422, "resource", Code::PermissionInvalid.message());
    let seen = root.submit(&page, PATH, &[("action", "view"), ("resource", "users")]).await;
    seen.assert_mistake(409, "action", Code::PermissionExists.message());
    let fields = [("action", "buy"), ("resource", "plans"), ("own", "scope"), ("any", "nothing")];
    let seen = root.submit(&page, PATH, &fields).await;
    seen.assert_mistake(422, "any", Code::PermissionInvalid.message());
    assert_eq!(seen.form(PATH).fields["own"], "scope");
    let known =
        engine.engine.list_permissions().await.unwrap().into_iter().find(|one| one.entry.slug() == "view:users");
    let token = page.csrf_token();
    let delete = format!("{PATH}/{}/delete", known.unwrap().id);
    let seen = root.post(&delete, &[("csrf_token", token.as_str())]).await;
    assert_eq!(seen.status, 403);
    seen.assert_says("view:users comes from the policy file, and is changed there.");
    assert_eq!(root.post(&format!("{PATH}/{id}/delete"), &[("csrf_token", token.as_str())]).await.status, 404);
    assert_eq!(root.post(&delete, &[("csrf_token", "0")]).await.status, 403);
    let seen = root.submit(&page, PATH, &[("action", "buy"), ("resource", "plans"), ("label", HOSTILE)]).await;
    let listed = root.follow(&seen).await;
    assert!(!listed.html.contains("<script") && listed.html.contains("&#60;script&#62;"));
    engine.clock.advance(EARLIER);
    let stale = root.get(PATH).await;
    assert_eq!(stale.forms().len(), 1, "only signing out is left");
    let seen = root.submit(&page, PATH, &[]).await;
    assert_eq!(seen.place(), "/reauthenticate?return_to=%2Fadmin%2Fpermissions");
});

db_test!(a_permission_is_granted_directly_and_taken_back, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let path = format!("/admin/users/{id}");
    let (grant, take_back) = (format!("{path}/grants"), format!("{path}/grants/take-back"));
    let page = root.get(&path).await;
    page.assert_says("It holds no permission.");
    page.assert_says(&format!("<a href=\"/admin/explain?principal={id}\">Explain a decision</a>"));
    let seen = root.submit(&page, &grant, &[("permission", "view users")]).await;
    seen.assert_mistake(422, "permission", "\"view users\" is not of the form action:resource.");
    assert_eq!(seen.form(&grant).fields["permission"], "view users");
    let seen = root.submit(&page, &grant, &[("permission", "view:planes")]).await;
    seen.assert_mistake(422, "permission", "There is no permission view:planes in the catalogue.");
    let line = "view:users {\"regions\": [\"eu\", \"<b>\"]}";
    let seen = root.submit(&page, &grant, &[("permission", line)]).await;
    assert_eq!(seen.place(), format!("{path}?done=grant_added"));
    let page = root.follow(&seen).await;
    page.assert_says("only regions: <b>, eu");
    page.assert_says("granted directly");
    let seen = root.submit(&page, &grant, &[("permission", line)]).await;
    seen.assert_mistake(409, "permission", Code::GrantExists.message());
    assert_eq!(page.form(&take_back).fields["permission"], "view:users {\"regions\":[\"<b>\",\"eu\"]}");
    let seen = root.submit(&page, &take_back, &[]).await;
    let after = root.follow(&seen).await;
    after.assert_says("The permission was taken back");
    after.assert_says("Nothing: what it may do comes from its groups.");
    assert_eq!(root.submit(&page, &take_back, &[]).await.status, 404);
    engine.clock.advance(EARLIER);
    let stale = root.get(&path).await;
    assert!(!stale.has_form(&grant));
    let seen = root.submit(&page, &grant, &[("permission", "view:users")]).await;
    assert_eq!(seen.place(), format!("/reauthenticate?return_to=%2Fadmin%2Fusers%2F{id}"));
});

db_test!(what_somebody_may_do_is_shown_with_where_it_is_from, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    let me = id_of(&engine, "root").await;
    let page = root.get(&format!("/admin/users/{me}")).await;
    page.assert_says("<summary>37 permissions</summary>");
    page.assert_says("Administrators</a><span class=\"how\">by admin:*</span>");
    page.assert_says("<dt>Reaches</dt><dd>everything</dd>");
    let mut eve = root.stranger();
    eve.hold(&engine, "eve@example.com", &["view:audit"], Scope::of(["a", "b"]).unwrap()).await;
    let own = eve.get("/account").await;
    own.assert_says("What you may do");
    own.assert_says("<summary>One permission</summary>");
    own.assert_says("View the audit log <code>view:audit</code>");
    assert!(!own.html.contains("/admin/groups"), "who may not view groups is led to none");
    let mut ann = root.stranger();
    ann.sign_in("ann@example.com").await;
    ann.get("/account").await.assert_says("Whatever is about your own account, and nothing else here.");
});

db_test!(the_console_shows_each_what_they_may_see, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, ann) = console(&engine).await;
    let everything = [
        "Overview",
        "Users",
        "Administrators",
        "Groups",
        "Permissions",
        "Explain",
        "Organizations",
        "Service keys",
        "Directory",
        "Mail",
        "Audit log",
    ];
    assert_eq!(root.get("/admin").await.console(), everything);
    let rows: [(&str, &[&str], &[&str]); 6] = [
        ("view:users", &["Overview", "Users", "Administrators"], &["accounts</a>"]),
        ("view:groups", &["Overview", "Groups", "Permissions", "Explain"], &["groups</a>"]),
        ("view:service-keys", &["Overview", "Service keys"], &["the keys of services</a>"]),
        ("view:directory", &["Overview", "Directory"], &["the wallets of the directory</a>"]),
        ("view:settings", &["Overview", "Mail"], &["development outbox"]),
        ("view:audit", &["Overview", "Audit log"], &["Latest acts"]),
    ];
    for (permission, menu, parts) in rows {
        let mut eve = root.stranger();
        let email = format!("{}@example.com", permission.replace(':', "-"));
        eve.hold(&engine, &email, &[permission], Scope::default()).await;
        let page = eve.get("/admin").await;
        assert_eq!((page.status.as_u16(), page.console()), (200, menu.iter().map(ToString::to_string).collect()));
        for (_, _, others) in rows {
            assert_eq!(page.html.contains(others[0]), others == parts, "{permission}: {}", others[0]);
        }
        page.assert_says("<a href=\"/admin\" aria-current=\"true\">Console</a>");
    }
    let mut ann_here = root.stranger();
    ann_here.sign_in("ann@example.com").await;
    assert!(!ann_here.get("/account").await.html.contains("Console</a>"));
    let refused = ann_here.get("/admin").await;
    assert_eq!(refused.status, 403);
    refused.assert_says("This needs the permission view:users");
    let mut acts_only = root.stranger();
    acts_only.hold(&engine, "acts@example.com", &["update:users"], Scope::default()).await;
    assert!(!acts_only.get("/account").await.html.contains("Console</a>"), "nothing to see there");
    let token = acts_only.get("/account").await.csrf_token();
    let seen =
        acts_only.post(&format!("/admin/users/{ann}/email"), &[("csrf_token", token.as_str()), ("email", "x")]).await;
    assert_eq!(seen.status, 403, "and no page of somebody comes back with a mistake");
    seen.assert_says("This needs the permission view:users");
});

db_test!(on_a_users_page_each_is_shown_what_they_may_see_and_do, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (root, ann) = console(&engine).await;
    let path = format!("/admin/users/{ann}");
    let parts =
        ["id=\"sessions\"", "id=\"latest\"", "id=\"permissions\"", "id=\"mail\"", "id=\"profile\"", "/delete\""];
    let rows: [(&str, [bool; 6]); 6] = [
        ("view:users", [false, false, false, false, false, false]),
        ("view:sessions", [true, false, false, false, false, false]),
        ("view:audit", [false, true, false, false, false, false]),
        ("view:groups", [false, false, true, false, false, false]),
        ("update:users", [false, false, false, false, true, false]),
        ("delete:users", [false, false, false, false, false, true]),
    ];
    for (permission, shown) in rows {
        let mut eve = root.stranger();
        let email = format!("{}@example.com", permission.replace(':', "-"));
        eve.hold(&engine, &email, &["view:users", permission], Scope::default()).await;
        let page = eve.get(&path).await;
        assert_eq!(page.status, 200);
        assert_eq!(parts.map(|part| page.html.contains(part)), shown, "{permission}");
        let token = page.csrf_token();
        for (act, needed) in [
            ("disable", "update:users"),
            ("unlock", "update:users"),
            ("groups", "update:users"),
            ("reset-link", "update:users"),
            ("delete", "delete:users"),
            ("sessions/end-all", "delete:sessions"),
        ] {
            if needed != permission {
                let seen = eve.post(&format!("{path}/{act}"), &[("csrf_token", token.as_str())]).await;
                assert_eq!(seen.status, 403, "{permission} {act}");
                seen.assert_says(&format!("This needs the permission {needed}"));
            }
        }
        let new = eve.get("/admin/users").await.html.contains("/admin/users/new");
        assert!(!new && eve.get("/admin/users/new").await.status == 403);
    }
});
