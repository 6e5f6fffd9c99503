//! `/admin`, `/admin/users` and below.

use std::time::Duration;

use testkit::{TestEngine, db_test};
use vestibule::{ADMINISTRATORS, AccountId, Code, MEMBERS};

use crate::pages_visitor::{Seen, Visitor, id_of};

const EARLIER: Duration = Duration::from_secs(16 * 60);
const NEXT: &str = "velvet spoon arcade 79";

/// A console with its administrator `root`, and Ann, who is none.
async fn console(engine: &TestEngine) -> (Visitor, Visitor, AccountId) {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    let mut ann = root.stranger();
    ann.sign_up("ann@example.com").await;
    let id = id_of(engine, "ann@example.com").await;
    (root, ann, id)
}

fn has_form(page: &Seen, action: &str) -> bool {
    page.forms().iter().any(|form| form.action == action)
}

db_test!(who_holds_nothing_is_shown_nothing_of_the_console, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, mut ann, id) = console(&engine).await;
    let mut stranger = root.stranger();
    let user = format!("/admin/users/{id}");
    for path in [
        "/admin",
        "/admin/users",
        "/admin/users/new",
        &user,
        "/admin/admins",
        "/admin/admins/new",
        "/admin/groups",
        "/admin/groups/new",
        "/admin/permissions",
        "/admin/explain",
        "/admin/directory",
        "/admin/directory/invites",
        "/admin/directory/invites/new",
        "/admin/mail",
        "/admin/audit",
    ] {
        assert_eq!(root.get(path).await.status, 200, "{path}");
        let refused = ann.get(path).await;
        assert_eq!(refused.status, 403, "{path}");
        refused.assert_says("Not for your account");
        assert!(!refused.header("x-request-id").is_empty());
        refused.assert_says(refused.header("x-request-id"));
        assert!(stranger.get(path).await.place().starts_with("/sign-in?return_to=%2Fadmin"), "{path}");
    }
    let token = ann.get("/account").await.csrf_token();
    for act in ["profile", "email", "groups", "password", "disable", "enable", "unlock", "delete", "sessions/end-all"] {
        let seen = ann.post(&format!("{user}/{act}"), &[("csrf_token", &token)]).await;
        assert_eq!(seen.status, 403, "{act}");
        let seen = stranger.post(&format!("{user}/{act}"), &[("csrf_token", &token)]).await;
        assert_eq!(seen.place(), format!("/sign-in?return_to=%2Fadmin%2Fusers%2F{id}"), "{act}");
    }
    let page = root.get("/admin").await;
    page.assert_says("<strong>2</strong> accounts");
    page.assert_says("Creating the account");
});

db_test!(accounts_are_found_by_name_state_and_group, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _, id) = console(&engine).await;
    let found = async |root: &mut Visitor, query: &str| {
        let page = root.get(&format!("/admin/users?{query}")).await;
        ["ann@example.com", "root"].map(|label| page.html.contains(&format!("\">{label}</a></th>")))
    };
    assert_eq!(found(&mut root, "").await, [true, true]);
    assert_eq!(found(&mut root, "search=EXAMPLE&state=&group=").await, [true, false]);
    assert_eq!(found(&mut root, &format!("group={ADMINISTRATORS}")).await, [false, true]);
    assert_eq!(found(&mut root, "state=disabled").await, [false, false]);
    root.get("/admin/users?search=zzz").await.assert_says("No account is like that.");
    let page = root.get(&format!("/admin/users/{id}")).await;
    root.submit(&page, &format!("/admin/users/{id}/disable"), &[]).await;
    assert_eq!(found(&mut root, "state=disabled").await, [true, false]);
    assert_eq!(root.get("/admin/users?state=sleepy").await.status, 422);
    let long = "a".repeat(201);
    let seen = root.get(&format!("/admin/users?search={long}&state=active")).await;
    seen.assert_mistake(422, "search", Code::FieldInvalid.message());
    seen.assert_says(&long);
    seen.assert_says("<option value=\"active\" selected>");
    let choices = root.get("/admin/users?state=disabled").await;
    choices.assert_says("<option value=\"disabled\" selected>disabled</option>");
    for n in 0..26 {
        root.stranger().sign_up(&format!("many{n}@example.com")).await;
    }
    let page = root.get("/admin/users?search=many&state=active").await;
    let older =
        page.html.split("<a href=\"").find(|link| link.contains("rel=\"next\"")).unwrap().split('"').next().unwrap();
    assert!(older.starts_with("/admin/users?search=many&#38;state=active&#38;cursor="), "{older}");
    let rest = root.get(&older.replace("&#38;", "&")).await;
    assert_eq!(rest.html.matches("\">many").count(), 1);
});

db_test!(an_account_is_made_for_somebody_else, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, ..) = console(&engine).await;
    let page = root.get("/admin/users/new").await;
    assert_eq!(page.forms()[1].fields["group_ids"], MEMBERS.to_string(), "Members is ticked at first");
    let both = [MEMBERS.to_string(), ADMINISTRATORS.to_string()];
    let fields = [
        ("email", "ann@example.com"),
        ("username", "bob"),
        ("password", NEXT),
        ("group_ids", &both[0]),
        ("group_ids", &both[1]),
    ];
    let taken = root.submit(&page, "/admin/users/new", &fields).await;
    taken.assert_mistake(409, "email", Code::EmailInUse.message());
    assert_eq!((taken.forms()[1].fields["username"].as_str(), taken.html.matches(" checked").count()), ("bob", 2));
    let token = taken.csrf_token();
    let none = [("csrf_token", token.as_str()), ("email", "bob"), ("password", "short")];
    let seen = root.post("/admin/users/new", &none).await;
    seen.assert_mistake(422, "email", Code::EmailInvalid.message());
    seen.assert_mistake(422, "group_ids", Code::NoGroups.message());
    assert!(seen.element("password-mistake").is_some());
    let fields = [("email", "bob@example.com"), ("username", ""), ("password", NEXT)];
    let made = root.submit(&page, "/admin/users/new", &fields).await;
    assert!(made.place().ends_with("?done=user_created"));
    root.follow(&made).await.assert_says("<h1>bob@example.com</h1>");
});

db_test!(a_sensitive_change_wants_a_recent_proof, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _, id) = console(&engine).await;
    let path = format!("/admin/users/{id}");
    let fresh = root.get(&path).await;
    engine.clock.advance(EARLIER);
    let stale = root.get(&path).await;
    let prove = format!("/reauthenticate?return_to=%2Fadmin%2Fusers%2F{id}");
    for act in ["email", "groups", "password", "disable", "delete"] {
        let action = format!("{path}/{act}");
        assert!(has_form(&fresh, &action) && !has_form(&stale, &action), "{act}");
        assert_eq!(root.submit(&fresh, &action, &[]).await.place(), prove, "{act}");
    }
    stale.assert_says(&format!("href=\"{prove}\""));
    for path in ["/admin/users/new", "/admin/admins/new"] {
        let sent = root.get(path).await;
        assert_eq!(sent.place(), format!("/reauthenticate?return_to={}", path.replace('/', "%2F")));
    }
    let seen = root.submit(&stale, &format!("{path}/profile"), &[("name", "Ann")]).await;
    assert_eq!(seen.place(), format!("{path}?done=profile_saved"), "a name is not sensitive");
    let renamed = [("name", "Eve"), ("username", "ann")];
    let seen = root.submit(&stale, &format!("{path}/profile"), &renamed).await;
    assert_eq!(seen.place(), prove, "a username is: one signs in with it");
    let page = root.get(&path).await;
    page.assert_says("A new username is a sensitive change");
    assert_eq!(page.forms().into_iter().find(|form| form.action.ends_with("/profile")).unwrap().fields["name"], "Ann");
    let seen = root.post(&format!("{path}/enable"), &[("csrf_token", fresh.csrf_token())]).await;
    assert_eq!(seen.place(), prove);
    for act in ["unlock", "sessions/end-all"] {
        let seen = root.post(&format!("{path}/{act}"), &[("csrf_token", fresh.csrf_token())]).await;
        assert!(seen.place().starts_with(&format!("{path}?done=")), "{act} takes no power");
    }
});

db_test!(an_account_is_edited_from_the_console, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, mut ann, id) = console(&engine).await;
    let path = format!("/admin/users/{id}");
    let page = root.get(&path).await;
    let seen = root.submit(&page, &format!("{path}/profile"), &[("name", "Ann Lee"), ("username", "root")]).await;
    seen.assert_mistake(409, "username", Code::UsernameInUse.message());
    let seen = root.submit(&page, &format!("{path}/profile"), &[("name", "Ann Lee"), ("username", "ann")]).await;
    root.follow(&seen).await.assert_says("The profile was saved.");
    assert_eq!(ann.get("/account").await.status, 200);

    let seen = root.submit(&page, &format!("{path}/email"), &[("email", "nonsense")]).await;
    seen.assert_mistake(422, "email", Code::EmailInvalid.message());
    let seen = root.submit(&page, &format!("{path}/email"), &[("email", "ann@example.org")]).await;
    root.follow(&seen).await.assert_says("ann@example.org");
    assert!(ann.get("/account").await.place().starts_with("/sign-in"), "a new address ends the sessions");

    let seen = root.post(&format!("{path}/groups"), &[("csrf_token", page.csrf_token())]).await;
    seen.assert_mistake(422, "group_ids", Code::NoGroups.message());
    let administrators = ADMINISTRATORS.to_string();
    let seen = root.submit(&page, &format!("{path}/groups"), &[("group_ids", &administrators)]).await;
    root.follow(&seen).await.assert_says("The groups were changed.");

    let seen = root.submit(&page, &format!("{path}/password"), &[("password", "short")]).await;
    seen.assert_mistake(422, "password", Code::PasswordTooShort.message());
    let seen = root.submit(&page, &format!("{path}/password"), &[("password", NEXT)]).await;
    root.follow(&seen).await.assert_says("The new password is set");
    let sign_in = ann.get("/sign-in").await;
    let seen = ann.submit(&sign_in, "/sign-in", &[("identifier", "ann"), ("password", NEXT)]).await;
    assert_eq!(seen.place(), "/account");
    assert_eq!(ann.get("/admin").await.status, 200, "and she is an administrator now");
});

db_test!(an_account_is_disabled_enabled_and_unlocked, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, mut ann, id) = console(&engine).await;
    let path = format!("/admin/users/{id}");
    let page = root.get(&path).await;
    assert!(!has_form(&page, &format!("{path}/unlock")) && !has_form(&page, &format!("{path}/enable")));
    let seen = root.submit(&page, &format!("{path}/disable"), &[]).await;
    let page = root.follow(&seen).await;
    page.assert_says("<span class=\"badge disabled\">disabled</span>");
    assert!(ann.get("/account").await.place().starts_with("/sign-in"));
    let seen = root.submit(&page, &format!("{path}/enable"), &[]).await;
    root.follow(&seen).await.assert_says("The account was enabled.");

    let page = ann.get("/sign-in").await;
    for _ in 0..5 {
        ann.submit(&page, "/sign-in", &[("identifier", "ann@example.com"), ("password", "nope")]).await;
    }
    let locked = root.get(&path).await;
    locked.assert_says("after 5 wrong attempts");
    let seen = root.submit(&locked, &format!("{path}/unlock"), &[]).await;
    root.follow(&seen).await.assert_says("The account was unlocked.");
    ann.sign_in("ann@example.com").await;

    let page = root.get(&path).await;
    let one = page.forms().into_iter().find(|form| form.action.contains("/sessions/")).unwrap().action;
    let seen = root.submit(&page, &one, &[]).await;
    assert_eq!(seen.place(), format!("{path}?done=session_ended"));
    assert!(ann.get("/account").await.place().starts_with("/sign-in"));
    ann.sign_in("ann@example.com").await;
    let page = root.get(&path).await;
    let seen = root.submit(&page, &format!("{path}/sessions/end-all"), &[]).await;
    root.follow(&seen).await.assert_says("signed out everywhere");
    assert!(ann.get("/account").await.place().starts_with("/sign-in"));
});

db_test!(an_account_is_deleted_by_its_name_and_its_acts_stay_in_the_log, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, mut ann, id) = console(&engine).await;
    let path = format!("/admin/users/{id}");
    let page = root.get(&path).await;
    let seen = root.submit(&page, &format!("{path}/delete"), &[("confirm", "Ann")]).await;
    seen.assert_mistake(422, "confirm", "This is not what is shown above. Type it exactly.");
    assert_eq!(ann.get("/account").await.status, 200);
    let seen = root.submit(&page, &format!("{path}/delete"), &[("confirm", "ann@example.com")]).await;
    assert_eq!(seen.place(), "/admin/users?done=user_deleted");
    assert!(ann.get("/account").await.place().starts_with("/sign-in"));
    assert_eq!(root.get(&path).await.status, 404);
    root.get(&format!("/admin/audit?target={id}")).await.assert_says("Deleting the account");
});

db_test!(on_ones_own_account_the_console_points_to_ones_own_pages, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, ..) = console(&engine).await;
    let id = id_of(&engine, "root").await;
    let path = format!("/admin/users/{id}");
    let page = root.get(&path).await;
    page.assert_says("This is you.");
    for act in ["disable", "password", "delete"] {
        assert!(!has_form(&page, &format!("{path}/{act}")));
        let token = page.csrf_token();
        let fields = [("csrf_token", token.as_str()), ("password", NEXT), ("confirm", "root")];
        let seen = root.post(&format!("{path}/{act}"), &fields).await;
        assert_eq!(seen.status, 409, "{act}");
        seen.assert_says(Code::OwnAccount.message());
    }
    let members = MEMBERS.to_string();
    let seen = root.submit(&page, &format!("{path}/groups"), &[("group_ids", &members)]).await;
    assert_eq!(seen.status, 409);
    seen.assert_says(Code::LastAdmin.message());
});
