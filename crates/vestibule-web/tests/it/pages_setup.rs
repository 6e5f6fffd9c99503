//! `/`, `/setup`: from an empty instance to the first administrator.

use testkit::{PASSWORD, TestEngine, db_test};
use vestibule::{Caller, Code};

use crate::pages_visitor::Visitor;

db_test!(the_first_administrator_is_made_on_the_setup_page, |db| async move {
    let engine = TestEngine::new(&db).await;
    let token = engine.engine.issue_setup_token(&Caller::system()).await.unwrap().expect("nobody administers it yet");
    let mut visitor = Visitor::at(&engine);
    assert_eq!(visitor.get("/").await.place(), "/setup");
    let page = visitor.get("/setup").await;
    page.assert_says("vestibule setup-token");
    let fields = [("setup_token", token.expose()), ("username", "root"), ("password", PASSWORD)];
    let seen = visitor.submit(&page, "/setup", &fields).await;
    assert_eq!(seen.place(), "/admin?done=set_up");
    visitor.follow(&seen).await.assert_says("you are its first administrator");
    assert_eq!(visitor.get("/").await.place(), "/account");

    let mut stranger = visitor.stranger();
    assert_eq!(stranger.get("/").await.place(), "/sign-in");
    let closed = stranger.get("/setup").await;
    assert_eq!(closed.status, 200);
    closed.assert_says("This instance has an administrator, so setup is closed.");
    let late = stranger
        .post("/setup", &[("setup_token", token.expose()), ("email", ""), ("username", "eve"), ("password", PASSWORD)])
        .await;
    assert_eq!(late.status, 409);
    late.assert_says("Already set up");
    assert!(!stranger.has_cookie());
});

db_test!(a_mistake_in_setup_is_shown_beside_its_field_and_keeps_what_was_typed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let token = engine.engine.issue_setup_token(&Caller::system()).await.unwrap().expect("nobody administers it yet");
    let mut visitor = Visitor::at(&engine);
    let page = visitor.get("/setup").await;

    let fields = [("setup_token", "vst_set_guess"), ("email", "root@example.com"), ("password", PASSWORD)];
    let seen = visitor.submit(&page, "/setup", &fields).await;
    seen.assert_mistake(403, "setup_token", Code::SetupTokenInvalid.message());
    assert!(!seen.html.contains("vst_set_guess"), "a token is a secret too");
    assert_eq!(seen.forms()[0].fields["email"], "root@example.com");

    let fields = [("setup_token", token.expose()), ("password", "short")];
    let seen = visitor.submit(&page, "/setup", &fields).await;
    seen.assert_mistake(422, "email", Code::IdentifierRequired.message());
    seen.assert_mistake(422, "password", Code::PasswordTooShort.message());
    assert!(!visitor.has_cookie());
});
