//! `/sign-up`.

use testkit::{PASSWORD, TestEngine, db_test};
use vestibule::{Code, SignUpMode};

use crate::pages_visitor::Visitor;

db_test!(whoever_signs_up_is_welcomed_on_their_own_page, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    let page = ann.get("/sign-up?return_to=/app%3Fa%3Db").await;
    let fields = [("email", "ann@example.com"), ("name", " Ann Lee "), ("password", PASSWORD)];
    let seen = ann.submit(&page, "/sign-up", &fields).await;
    assert_eq!(seen.place(), "/app?a=b");
    let page = ann.get("/account").await;
    page.assert_says("ann@example.com");
    let profile = page.forms().into_iter().find(|form| form.action == "/account").expect("the profile");
    assert_eq!(profile.fields["name"], "Ann Lee");
    assert_eq!(ann.get("/sign-up").await.place(), "/account");
});

db_test!(a_refused_sign_up_says_why_beside_the_field, |db| async move {
    let engine = TestEngine::with(&db, |config| config.email_domains = vec!["example.com".to_owned()]).await;
    let mut visitor = Visitor::at(&engine);
    visitor.stranger().sign_up("ann@example.com").await;
    let page = visitor.get("/sign-up").await;
    for (email, name, password, status, field, code) in [
        ("ann@example.com", "", PASSWORD, 409, "email", Code::EmailInUse),
        ("bob@example.org", "", PASSWORD, 403, "email", Code::EmailDomainNotAllowed),
        ("bob", "", PASSWORD, 422, "email", Code::EmailInvalid),
        ("bob@example.com", "a\u{202e}b", PASSWORD, 422, "name", Code::NameInvalid),
        ("bob@example.com", "Bob", "password1234", 422, "password", Code::PasswordTooCommon),
    ] {
        let fields = [("email", email), ("name", name), ("password", password)];
        let seen = visitor.submit(&page, "/sign-up", &fields).await;
        seen.assert_mistake(status, field, code.message());
        let form = &seen.forms()[0];
        assert_eq!((form.fields["email"].as_str(), form.fields["name"].as_str()), (email, name));
        assert!(!seen.html.contains(password) && !visitor.has_cookie());
    }
});

db_test!(where_sign_up_is_closed_the_pages_say_so, |db| async move {
    let engine = TestEngine::with(&db, |config| config.sign_up = SignUpMode::Closed).await;
    let mut visitor = Visitor::at(&engine);
    let page = visitor.get("/sign-up").await;
    page.assert_says("Sign-up is closed");
    assert!(page.forms().is_empty());
    assert!(!visitor.get("/sign-in").await.html.contains("/sign-up"));
    let fields = [("email", "ann@example.com"), ("name", ""), ("password", PASSWORD)];
    let seen = visitor.post("/sign-up", &fields).await;
    assert_eq!(seen.status, 403);
    seen.assert_says("Sign-up is closed");
});

db_test!(where_sign_up_is_by_invitation_the_pages_say_so, |db| async move {
    let engine = TestEngine::with(&db, |config| config.sign_up = SignUpMode::Invite).await;
    let mut visitor = Visitor::at(&engine);
    let page = visitor.get("/sign-up").await;
    page.assert_says("Here an account begins with an invitation");
    assert!(!visitor.get("/sign-in").await.html.contains("/sign-up"));
    for code in ["", "aB3dE6gH"] {
        let fields = [("email", "ann@example.com"), ("password", PASSWORD), ("invitation_code", code)];
        let seen = visitor.submit(&page, "/sign-up", &fields).await;
        seen.assert_mistake(403, "invitation_code", Code::InvitationRequired.message());
    }
});

db_test!(an_address_with_an_account_is_not_signed_up_again_without_a_password, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut visitor = Visitor::at(&engine);
    visitor.stranger().sign_up("ann@example.com").await;
    let page = visitor.get("/sign-up").await;
    let seen = visitor.submit(&page, "/sign-up", &[("email", "ann@example.com")]).await;
    seen.assert_mistake(409, "email", Code::EmailInUse.message());
});
