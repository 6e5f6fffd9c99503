//! `/magic-link`: signing in by a mailed link.

use std::time::Duration;

use testkit::{PASSWORD, TestApp, TestEngine, db_test};
use vestibule::{Code, MailKind};

use crate::pages_authenticator::set_up;
use crate::pages_letters as letters;
use crate::pages_visitor::Visitor;

const ANN: &str = "ann@example.com";
const PATH: &str = "/magic-link";
const ELSEWHERE: &str = "This link was asked for on another device or in another browser.";
const USED: &str = "This link no longer works";
const MOMENT: Duration = Duration::from_secs(1);
const FIFTEEN_MINUTES: Duration = Duration::from_secs(15 * 60);

/// Asks for a link in a browser, and gives where it leads.
async fn ask(engine: &TestEngine, who: &mut Visitor, query: &str) -> String {
    engine.clock.advance(MOMENT);
    let page = who.get(&format!("{PATH}{query}")).await;
    let seen = who.submit(&page, "/magic-link/request", &[("email", ANN)]).await;
    assert_eq!(seen.place(), "/check-your-mail");
    letters::link(engine, ANN, MailKind::MagicLink).await
}

/// Somebody whose address is proven.
async fn proven(engine: &TestEngine) -> Visitor {
    let mut ann = Visitor::at(engine);
    ann.sign_up(ANN).await;
    let page = ann.get(&letters::link(engine, ANN, MailKind::VerifyEmail).await).await;
    let seen = ann.submit(&page, "/verify-email", &[]).await;
    assert_eq!(seen.place(), "/account?done=email_verified");
    ann
}

db_test!(a_link_signs_in_the_browser_that_presses_its_button, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = proven(&engine).await.stranger();
    let link = ask(&engine, &mut ann, "?return_to=/account/sessions").await;
    for _ in 0..3 {
        let page = ann.get(&link).await;
        page.assert_says("This signs you in as <strong class=\"exact\">ann@example.com</strong>, in this browser.");
        assert!(!page.html.contains(ELSEWHERE) && page.forms().len() == 1, "{}", page.html);
    }
    let page = ann.get(&link).await;
    let seen = ann.submit(&page, PATH, &[]).await;
    assert_eq!(seen.place(), "/account/sessions", "where they wanted to go before they went to their mailbox");
    assert!(ann.has_cookie() && ann.cookie("vestibule-mail").is_none());
    assert_eq!(ann.follow(&seen).await.status, 200);

    for mut late in [ann.stranger(), ann] {
        let used = late.get(&link).await;
        assert_eq!(used.status, 410);
        used.assert_says(USED);
        assert!(used.html.contains("href=\"/magic-link\"") && !used.html.contains(ANN), "{}", used.html);
    }
});

db_test!(a_link_that_was_asked_for_elsewhere_warns, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = proven(&engine).await.stranger();
    let link = ask(&engine, &mut ann, "").await;
    let mut elsewhere = ann.stranger();
    let page = elsewhere.get(&link).await;
    page.assert_says(ELSEWHERE);
    assert_eq!(elsewhere.submit(&page, PATH, &[]).await.place(), "/account");
    assert!(elsewhere.has_cookie() && !ann.has_cookie());
    let late = ann.post(PATH, &page.forms()[0].fields.iter().collect::<Vec<_>>()).await;
    assert_eq!(late.status, 410);
    late.assert_says(USED);
});

db_test!(a_link_lives_fifteen_minutes_whoever_asks_for_another, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = proven(&engine).await.stranger();
    let first = ask(&engine, &mut ann, "").await;
    let second = ask(&engine, &mut ann, "").await;
    assert_eq!(ann.get(&first).await.status, 200);
    let page = ann.get(&second).await;
    engine.clock.advance(FIFTEEN_MINUTES);
    for late in [ann.get(&second).await, ann.submit(&page, PATH, &[]).await] {
        assert_eq!(late.status, 410);
        late.assert_says("This link has expired");
        late.assert_says("It was good for 15 minutes.");
        assert!(late.html.contains("href=\"/magic-link\""), "{}", late.html);
    }
    assert!(!ann.has_cookie());
    for nonsense in ["", "x", "vst_mgl_x"] {
        ann.get(&format!("{PATH}?token={nonsense}")).await.assert_says(USED);
    }
});

db_test!(the_second_factor_is_asked_for_on_the_same_page, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = proven(&engine).await;
    let (authenticator, codes) = set_up(&engine, &mut ann).await;
    let mut ann = ann.stranger();
    let link = ask(&engine, &mut ann, "").await;
    let page = ann.get(&link).await;
    page.assert_says("Code of your authenticator");
    let blank = ann.submit(&page, PATH, &[]).await;
    blank.assert_mistake(401, "mfa_code", Code::MfaRequired.message());
    let wrong = ann.submit(&blank, PATH, &[("mfa_code", &authenticator.wrong(&engine))]).await;
    wrong.assert_mistake(401, "mfa_code", Code::InvalidMfaCode.message());
    assert!(!ann.has_cookie());
    let right = ann.submit(&wrong, PATH, &[("mfa_code", &codes[0])]).await;
    assert_eq!(right.place(), "/account");
    assert!(ann.has_cookie());
});

db_test!(who_is_signed_in_as_somebody_else_is_told, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = proven(&engine).await;
    let mut bob = ann.stranger();
    let link = ask(&engine, &mut bob, "").await;
    bob.sign_up("bob@example.com").await;
    let page = bob.get(&link).await;
    page.assert_says("You are signed in here as <strong class=\"exact\">bob@example.com</strong>.");
    let seen = bob.submit(&page, PATH, &[]).await;
    bob.follow(&seen).await.assert_says(ANN);
    let link = ask(&engine, &mut ann.stranger(), "").await;
    let own = ann.get(&link).await;
    assert!(!own.html.contains("You are signed in here as"), "{}", own.html);
    assert_eq!(ann.submit(&own, PATH, &[]).await.place(), "/account");
    let unproven = ann.post(PATH, &[("token", "vst_mgl_x")]).await;
    assert_eq!(unproven.status, 403, "a session's form without its token");
});

db_test!(an_address_that_was_never_proven_keeps_its_password_only_with_it, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    let mut elsewhere = ann.stranger();
    let page = elsewhere.get(&ask(&engine, &mut ann.stranger(), "").await).await;
    let blank = elsewhere.submit(&page, PATH, &[]).await;
    blank.assert_mistake(422, "password", Code::PasswordRequired.message());
    let wrong = elsewhere.submit(&blank, PATH, &[("password", "nope")]).await;
    wrong.assert_mistake(401, "password", Code::CurrentPasswordIncorrect.message());
    assert_eq!(elsewhere.submit(&wrong, PATH, &[("password", PASSWORD)]).await.place(), "/account");
    assert_eq!(ann.get("/account").await.status, 200, "the session from before lives");
    ann.stranger().sign_in(ANN).await;
});

db_test!(without_the_password_a_first_proof_begins_anew, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut squatter = Visitor::at(&engine);
    squatter.sign_up(ANN).await;
    let mut ann = squatter.stranger();
    let page = ann.get(&ask(&engine, &mut squatter.stranger(), "").await).await;
    page.assert_says("I did not choose this password, or forgot it");
    let quiet = page.forms().into_iter().find(|form| form.fields.contains_key("without")).expect("a second form");
    let seen = ann.send_form(&quiet, &[]).await;
    assert_eq!(seen.place(), "/account/security?done=email_verified_anew");
    let security = ann.follow(&seen).await;
    security.assert_says("no password is set");
    assert!(squatter.get("/account").await.place().starts_with("/sign-in"));
});

db_test!(under_a_prefix_a_link_leads_below_it, |db| async move {
    let engine =
        TestEngine::with(&db, |config| config.public_url = "http://localhost:8080/auth".parse().unwrap()).await;
    let mut ann = Visitor::at(&engine);
    ann.stranger().sign_up(ANN).await;
    let page = ann.get("/magic-link?return_to=/app").await;
    let seen = ann.submit(&page, "/magic-link/request", &[("email", ANN)]).await;
    assert_eq!(seen.place(), "/auth/check-your-mail");
    ann.follow(&seen).await.assert_says(ANN);
    let link = letters::link(&engine, ANN, MailKind::MagicLink).await;
    let page = ann.get(link.strip_prefix("/auth").expect("below the prefix")).await;
    let seen = ann.submit(&page, PATH, &[("password", PASSWORD)]).await;
    assert_eq!(seen.place(), "/app", "the program that Vestibule is mounted in");
});

db_test!(guessed_links_are_limited, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = Some("2/60".parse().unwrap())).await;
    for status in [410, 410, 429] {
        assert_eq!(app.post(PATH).form(&[("token", "vst_mgl_x")]).await.status, status);
    }
});
