//! `/admin/admins` and below, `/admin/audit`.

use testkit::{TestEngine, db_test};
use vestibule::{AccountId, Code};

use crate::pages_visitor::{Visitor, id_of};

const NEXT: &str = "velvet spoon arcade 79";

/// A console of two administrators, `root`, who is returned, and `second`.
async fn console(engine: &TestEngine) -> (Visitor, AccountId) {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    let page = root.get("/admin/admins/new").await;
    let fields = [("email", "second@example.com"), ("username", "second"), ("name", "Second"), ("password", NEXT)];
    let seen = root.submit(&page, "/admin/admins/new", &fields).await;
    assert_eq!(seen.place(), "/admin/admins?done=administrator_created");
    root.follow(&seen).await.assert_says("second@example.com");
    (root, id_of(engine, "second").await)
}

db_test!(an_administrator_is_made_and_mistakes_stand_beside_their_fields, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    let page = root.get("/admin/admins/new").await;
    let seen = root.submit(&page, "/admin/admins/new", &[("password", "short")]).await;
    seen.assert_mistake(422, "email", Code::IdentifierRequired.message());
    seen.assert_mistake(422, "password", Code::PasswordTooShort.message());
    let fields = [("username", "second"), ("name", "Third"), ("password", "quiet lantern orbit 77")];
    let seen = root.submit(&page, "/admin/admins/new", &fields).await;
    seen.assert_mistake(409, "username", Code::UsernameInUse.message());
    assert_eq!(seen.forms()[1].fields["name"], "Third");
});

db_test!(an_administrator_is_an_account_and_changed_on_its_page, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let path = format!("/admin/users/{id}");
    let list = root.get("/admin/admins").await;
    list.assert_says(&format!("<a href=\"{path}\">second@example.com</a>"));
    let mut second = root.stranger();
    let sign_in = second.get("/sign-in").await;
    let credentials = [("identifier", "second"), ("password", NEXT)];
    second.submit(&sign_in, "/sign-in", &credentials).await;
    assert_eq!(second.get("/admin").await.status, 200);

    let page = root.get(&path).await;
    let seen = root.submit(&page, &format!("{path}/disable"), &[]).await;
    assert_eq!(seen.place(), format!("{path}?done=user_disabled"));
    assert!(second.get("/admin").await.place().starts_with("/sign-in"));
    let page = root.get(&path).await;
    let seen = root.submit(&page, &format!("{path}/enable"), &[]).await;
    root.follow(&seen).await.assert_says("The account was enabled");
    assert_eq!(second.submit(&sign_in, "/sign-in", &credentials).await.place(), "/account");

    let page = root.get(&path).await;
    let seen = root.submit(&page, &format!("{path}/password"), &[("password", NEXT)]).await;
    seen.assert_mistake(422, "password", Code::PasswordReused.message());
    let seen = root.submit(&page, &format!("{path}/password"), &[("password", "quiet lantern orbit 77")]).await;
    assert_eq!(seen.place(), format!("{path}?done=password_set"));
    assert!(second.get("/admin").await.place().starts_with("/sign-in"));
    let seen = root.submit(&page, &format!("{path}/delete"), &[("confirm", "second@example.com")]).await;
    assert_eq!(seen.place(), "/admin/users?done=user_deleted");
    assert!(!root.get("/admin/admins").await.html.contains("second@example.com"));
});

db_test!(who_is_no_administrator_is_not_among_them, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    root.stranger().sign_up("ann@example.com").await;
    assert!(!root.get("/admin/admins").await.html.contains("ann@example.com"));
});

db_test!(the_audit_log_is_narrowed_by_who_whom_what_and_outcome, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let mut stranger = root.stranger();
    let page = stranger.get("/sign-in").await;
    stranger.submit(&page, "/sign-in", &[("identifier", "second"), ("password", "nope")]).await;
    let acts = async |root: &mut Visitor, query: &str| {
        let page = root.get(&format!("/admin/audit?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        page.html.matches("<th scope=\"row\">").count()
    };
    assert_eq!(acts(&mut root, "").await, 5); // the policy, root and second made, root signed in, second refused
    assert_eq!(acts(&mut root, "actor=&target=&action=&outcome=").await, 5);
    assert_eq!(acts(&mut root, "actor=root").await, 2);
    assert_eq!(acts(&mut root, "target=second@example.com").await, 2);
    assert_eq!(acts(&mut root, &format!("target={id}&outcome=refused")).await, 1);
    assert_eq!(acts(&mut root, "action=account.created").await, 2);
    assert_eq!(acts(&mut root, "action=nothing.done").await, 0);
    let page = root.get("/admin/audit?action=account.created").await;
    page.assert_says("<option value=\"account.created\" selected>Creating the account</option>");
    let nobody = root.get("/admin/audit?actor=nobody").await;
    nobody.assert_mistake(422, "actor", "Nobody is known by this. Whoever was deleted can be found by id.");
    assert_eq!(root.get("/admin/audit?outcome=maybe").await.status, 422);
});
