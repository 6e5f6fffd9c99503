//! People without a password: how they confirm who they are, and how they set the first one.

use std::time::Duration;

use testkit::{Mailbox, PASSWORD, TestEngine, db_test};
use vestibule::{Caller, Code, MailKind, Presenter, SignUp, SignUpForm, VerifyEmail};

use crate::letters::token_in;
use crate::pages_authenticator::{Authenticator, CONFIRM, SET_UP};
use crate::pages_visitor::Visitor;

const ANN: &str = "ann@example.com";
const FIRST: &str = "/account/security/password";
const EARLIER: Duration = Duration::from_secs(16 * 60);

/// Ann, who signed up without a password and was signed in by the link that confirmed her address.
async fn ann(engine: &TestEngine, mail: &Mailbox) -> Visitor {
    let form = SignUpForm { email: ANN.to_owned(), password: None, name: None, invitation_code: None };
    let asked = engine.engine.sign_up(&Caller::anonymous(), form).await.expect("the engine answers");
    assert!(matches!(asked, SignUp::MailSent), "{asked:?}");
    let token = token_in(&mail.latest_link(ANN).await);
    let verified = engine
        .engine
        .verify_email(&Caller::anonymous(), &token, Presenter::default())
        .await
        .expect("the engine answers");
    let VerifyEmail::Done(Some(signed_in)) = verified else { panic!("not signed in: {verified:?}") };
    let mut ann = Visitor::at(engine);
    ann.arrive(signed_in.token.expose());
    ann
}

db_test!(the_first_password_is_set_on_a_page_of_its_own, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mail = Mailbox::open(&engine.engine);
    let mut ann = ann(&engine, &mail).await;
    let hub = ann.get("/account/security").await;
    hub.assert_says("You have none: you sign in without one.");
    assert!(!hub.html.contains("current_password"), "{}", hub.html);
    let page = ann.get(FIRST).await;
    let weak = ann.submit(&page, FIRST, &[("new_password", "short")]).await;
    weak.assert_mistake(422, "new_password", Code::PasswordTooShort.message());
    let set = ann.submit(&weak, FIRST, &[("new_password", PASSWORD)]).await;
    assert_eq!(set.place(), "/account/security?done=first_password_set");
    ann.follow(&set).await.assert_says("Change your password");
    assert_eq!(mail.kinds(ANN).await, [MailKind::PasswordChanged]);
    assert_eq!(ann.get(FIRST).await.place(), "/account/security", "it is changed from now on");
    let again = ann.submit(&page, FIRST, &[("new_password", "velvet spoon arcade 79")]).await;
    assert_eq!(again.status, 409);
    again.assert_says(Code::PasswordSet.message());
    ann.stranger().sign_in(ANN).await;
});

db_test!(who_has_no_password_confirms_by_a_code_that_is_mailed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mail = Mailbox::open(&engine.engine);
    let mut ann = ann(&engine, &mail).await;
    engine.clock.advance(EARLIER);
    let sent = ann.get(FIRST).await;
    assert_eq!(sent.place(), "/reauthenticate?return_to=%2Faccount%2Fsecurity%2Fpassword");
    let page = ann.follow(&sent).await;
    page.assert_says("by a code, which we send to ann@example.com");
    assert!(!page.html.contains("type=\"password\""), "{}", page.html);
    let asked = ann.submit(&page, "/reauthenticate/send-code", &[]).await;
    assert_eq!(asked.place(), format!("{}&done=code_sent", sent.place()));
    let page = ann.follow(&asked).await;
    page.assert_says("We sent a code to your e-mail address.");
    let code = mail.latest_code(ANN).await;
    let wrong = ann.submit(&page, "/reauthenticate", &[("code", &crate::letters::another(&code))]).await;
    wrong.assert_mistake(401, "code", Code::CodeInvalid.message());
    let right = ann.submit(&wrong, "/reauthenticate", &[("code", &code)]).await;
    assert_eq!(right.place(), FIRST);
    assert_eq!(ann.follow(&right).await.status, 200);
});

db_test!(a_second_factor_confirms_where_there_is_no_password, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mail = Mailbox::open(&engine.engine);
    let mut ann = ann(&engine, &mail).await;
    let page = ann.get(SET_UP).await;
    assert!(!page.html.contains("type=\"password\""), "there is none to ask for: {}", page.html);
    let begun = ann.submit(&page, SET_UP, &[]).await;
    let authenticator = Authenticator::typed_from(&begun);
    assert_eq!(ann.submit(&begun, CONFIRM, &[("code", &authenticator.shows(&engine))]).await.status, 200);
    assert_eq!(mail.kinds(ANN).await, [MailKind::SecondFactorEnabled]);
    engine.clock.advance(EARLIER);
    let page = ann.get("/reauthenticate").await;
    page.assert_says("a code of your authenticator app is needed");
    assert!(!page.html.contains("send-code") && !page.html.contains("instead"), "{}", page.html);
    let token = page.csrf_token();
    let asked = ann.post("/reauthenticate/send-code", &[("csrf_token", token)]).await;
    assert_eq!(asked.place(), "/reauthenticate?return_to=%2Faccount", "and nothing is mailed");
    let right = ann.submit(&page, "/reauthenticate", &[("code", &authenticator.next(&engine))]).await;
    assert_eq!(right.place(), "/account");
    let off = ann.get("/account/security/two-step/off").await;
    let fields = [("code", &*authenticator.next(&engine))];
    let seen = ann.submit(&off, "/account/security/two-step/off", &fields).await;
    assert_eq!(seen.place(), "/account/security?done=two_step_off");
    assert_eq!(mail.kinds(ANN).await, [MailKind::SecondFactorDisabled]);
});

db_test!(who_has_both_chooses_what_to_confirm_by, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    ann.get("/reauthenticate?by=code").await.assert_says("so your password is needed once more");
    let (authenticator, _) = crate::pages_authenticator::set_up(&engine, &mut ann).await;
    let page = ann.get("/reauthenticate?return_to=/account/data").await;
    page.assert_says("Use a code of my authenticator app instead");
    let other = ann.get("/reauthenticate?return_to=%2Faccount%2Fdata&by=code").await;
    other.assert_says("Use my password instead");
    let wrong = ann.submit(&other, "/reauthenticate", &[("code", &authenticator.wrong(&engine))]).await;
    wrong.assert_mistake(401, "code", Code::CodeInvalid.message());
    let right = ann.submit(&wrong, "/reauthenticate", &[("code", &authenticator.next(&engine))]).await;
    assert_eq!(right.place(), "/account/data");
    let page = ann.get("/reauthenticate?return_to=/account/data").await;
    assert_eq!(ann.submit(&page, "/reauthenticate", &[("password", PASSWORD)]).await.place(), "/account/data");
    let token = ann.get("/account").await.csrf_token();
    assert_eq!(ann.post("/reauthenticate", &[("csrf_token", token)]).await.status, 422, "nothing was given");
});
