//! `/confirm-email`: moving an account to the address that was mailed.

use std::time::Duration;

use testkit::{PASSWORD, TestEngine, db_test};
use vestibule::{Code, MailKind};

use crate::pages_letters as letters;
use crate::pages_visitor::Visitor;

const ANN: &str = "ann@example.com";
const LEE: &str = "lee@example.org";
const PATH: &str = "/confirm-email";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Somebody who asked to move to another address, and where the link leads.
async fn moving(engine: &TestEngine, proves: bool) -> (Visitor, String) {
    let mut ann = Visitor::at(engine);
    ann.sign_up(ANN).await;
    if proves {
        let page = ann.get(&letters::link(engine, ANN, MailKind::VerifyEmail).await).await;
        ann.submit(&page, "/verify-email", &[]).await;
    }
    let page = ann.get("/account/security/email").await;
    ann.submit(&page, "/account/security/email", &[("new_email", LEE), ("password", PASSWORD)]).await;
    let link = letters::link(engine, LEE, MailKind::EmailChange).await;
    (ann, link)
}

db_test!(an_account_moves_to_the_address_that_was_mailed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, link) = moving(&engine, true).await;
    ann.get(&link).await;
    let page = ann.get(&link).await;
    page.assert_says("The account <strong class=\"exact\">ann@example.com</strong> moves to");
    let seen = ann.submit(&page, PATH, &[]).await;
    assert_eq!(seen.place(), "/account?done=email_moved");
    let account = ann.follow(&seen).await;
    account.assert_says("Your new e-mail address is confirmed.");
    account.assert_says(LEE);
    ann.stranger().sign_in(LEE).await;
    let used = ann.get(&link).await;
    assert_eq!(used.status, 410);
    used.assert_says("This link no longer works");
});

db_test!(the_link_works_where_nobody_is_signed_in, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (ann, link) = moving(&engine, true).await;
    let mut elsewhere = ann.stranger();
    let page = elsewhere.get(&link).await;
    let form = &page.forms()[0];
    assert_eq!(form.names, ["token"], "an address that was proven before asks for no password: {}", page.html);
    let seen = elsewhere.submit(&page, PATH, &[]).await;
    assert_eq!(seen.place(), "/sign-in?done=email_moved");
    assert!(!elsewhere.has_cookie());
    elsewhere.follow(&seen).await.assert_says("It is the one to sign in with from now on.");
    elsewhere.sign_in(LEE).await;
});

db_test!(an_address_that_somebody_took_meanwhile_is_refused, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, link) = moving(&engine, true).await;
    ann.stranger().sign_up(LEE).await;
    let page = ann.get(&link).await;
    let seen = ann.submit(&page, PATH, &[]).await;
    assert_eq!(seen.status, 409);
    seen.assert_says("That address is taken");
    ann.get("/account").await.assert_says(ANN);
});

db_test!(a_link_to_move_lives_a_day, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, link) = moving(&engine, true).await;
    let page = ann.get(&link).await;
    engine.clock.advance(DAY);
    let mut ann = ann.stranger();
    let fields: Vec<_> =
        page.forms().into_iter().find(|form| form.action == PATH).unwrap().fields.into_iter().collect();
    for late in [ann.get(&link).await, ann.post(PATH, &fields).await] {
        assert_eq!(late.status, 410);
        late.assert_says("Your address is as it was.");
    }
    ann.get(PATH).await.assert_says("This link no longer works");
    ann.sign_in(ANN).await;
});

db_test!(an_account_that_was_never_proven_keeps_its_password_only_with_it, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, link) = moving(&engine, false).await;
    let mut elsewhere = ann.stranger();
    let page = elsewhere.get(&link).await;
    let blank = elsewhere.submit(&page, PATH, &[]).await;
    blank.assert_mistake(422, "password", Code::PasswordRequired.message());
    let wrong = elsewhere.submit(&page, PATH, &[("password", "nope")]).await;
    wrong.assert_mistake(401, "password", Code::CurrentPasswordIncorrect.message());
    let seen = elsewhere.submit(&page, PATH, &[("password", PASSWORD)]).await;
    assert_eq!(seen.place(), "/sign-in?done=email_moved");
    assert_eq!(ann.get("/account").await.status, 200);
    elsewhere.sign_in(LEE).await;
});

db_test!(going_on_without_the_password_leads_to_a_new_one, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, link) = moving(&engine, false).await;
    let mut elsewhere = ann.stranger();
    let page = elsewhere.get(&link).await;
    let quiet = page.forms().into_iter().find(|form| form.fields.contains_key("without")).expect("a second form");
    let seen = elsewhere.send_form(&quiet, &[]).await;
    assert_eq!(seen.place(), "/forgot-password?done=email_moved_anew");
    let page = elsewhere.follow(&seen).await;
    page.assert_says("the old password has ended");
    assert!(ann.get("/account").await.place().starts_with("/sign-in"));
    elsewhere.submit(&page, "/forgot-password", &[("email", LEE)]).await;
    assert_eq!(letters::count(&engine, LEE, MailKind::PasswordReset).await, 1);
});
