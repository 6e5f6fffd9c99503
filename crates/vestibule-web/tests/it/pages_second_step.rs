//! `/sign-in/step`: the code after the password.

use std::time::Duration;

use testkit::{PASSWORD, TestApp, TestEngine, db_test};
use vestibule::Code;

use crate::pages_authenticator::{Authenticator, set_up};
use crate::pages_visitor::{Seen, Visitor};

const ANN: &str = "ann@example.com";
const STEP: &str = "/sign-in/step";
const AGAIN: &str = "/sign-in?done=sign_in_again";
const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);

/// Somebody with two-step sign-in, at another browser, whose password was right.
async fn half_way(engine: &TestEngine, query: &str) -> (Visitor, Seen, Authenticator, Vec<String>) {
    let mut ann = Visitor::at(engine);
    ann.sign_up(ANN).await;
    let (authenticator, codes) = set_up(engine, &mut ann).await;
    let mut elsewhere = ann.stranger();
    let seen = type_password(&mut elsewhere, query).await;
    assert_eq!(seen.place(), format!("{STEP}{query}"));
    (elsewhere, seen, authenticator, codes)
}

async fn type_password(who: &mut Visitor, query: &str) -> Seen {
    let page = who.get(&format!("/sign-in{query}")).await;
    who.submit(&page, "/sign-in", &[("identifier", ANN), ("password", PASSWORD)]).await
}

db_test!(a_code_after_the_password_leads_to_where_the_visitor_wanted_to_go, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, seen, authenticator, codes) = half_way(&engine, "?return_to=%2Faccount%2Fdata").await;
    assert!(!ann.has_cookie() && ann.cookie("vestibule-step").is_some());
    assert!(ann.get("/account").await.place().starts_with("/sign-in"), "a password alone opens nothing");
    let page = ann.follow(&seen).await;
    page.assert_says("One more step");
    assert!(page.html.contains("autocomplete=\"one-time-code\""), "{}", page.html);
    let blank = ann.submit(&page, STEP, &[("mfa_code", " ")]).await;
    blank.assert_mistake(401, "mfa_code", Code::MfaRequired.message());
    let code = authenticator.wrong(&engine);
    let wrong = ann.submit(&blank, STEP, &[("mfa_code", &code)]).await;
    wrong.assert_mistake(401, "mfa_code", Code::InvalidMfaCode.message());
    assert!(!wrong.html.contains(&code) && !ann.has_cookie(), "{}", wrong.html);
    let right = ann.submit(&wrong, STEP, &[("mfa_code", &authenticator.next(&engine))]).await;
    assert_eq!(right.place(), "/account/data");
    assert!(ann.has_cookie() && ann.cookie("vestibule-step").is_none());
    assert_eq!(ann.follow(&right).await.status, 200);

    let mut other = ann.stranger();
    let seen = type_password(&mut other, "").await;
    let page = other.follow(&seen).await;
    let spaced = codes[0].to_lowercase().replace('-', " ");
    assert_eq!(other.submit(&page, STEP, &[("mfa_code", &spaced)]).await.place(), "/account");
    let mut late = ann.stranger();
    let seen = type_password(&mut late, "").await;
    let page = late.follow(&seen).await;
    let spent = late.submit(&page, STEP, &[("mfa_code", &spaced)]).await;
    spent.assert_mistake(401, "mfa_code", Code::InvalidMfaCode.message());
});

db_test!(a_step_without_its_password_leads_back_to_the_beginning, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut nobody = Visitor::at(&engine);
    let back = format!("{AGAIN}&return_to=%2Faccount%2Fdata");
    assert_eq!(nobody.get("/sign-in/step?return_to=/account/data").await.place(), back);
    let fields = [("mfa_code", "123456"), ("return_to", "/account/data")];
    let seen = nobody.post(STEP, &fields).await;
    assert_eq!(seen.place(), back);
    let page = nobody.follow(&seen).await;
    page.assert_says("Begin again.");
    assert_eq!(page.forms()[0].fields["return_to"], "/account/data");
    let elsewhere = [("mfa_code", "123456"), ("return_to", "//evil.example")];
    assert_eq!(nobody.post(STEP, &elsewhere).await.place(), AGAIN);
});

db_test!(a_step_is_good_for_five_minutes, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, seen, authenticator, _) = half_way(&engine, "?return_to=%2Faccount%2Fdata").await;
    let page = ann.follow(&seen).await;
    engine.clock.advance(FIVE_MINUTES);
    let late = ann.submit(&page, STEP, &[("mfa_code", &authenticator.shows(&engine))]).await;
    assert_eq!(late.place(), format!("{AGAIN}&return_to=%2Faccount%2Fdata"));
    assert!(!ann.has_cookie() && ann.cookie("vestibule-step").is_none());
});

db_test!(a_step_is_worth_nothing_after_the_password_changed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut mallory, seen, authenticator, codes) = half_way(&engine, "").await;
    let page = mallory.follow(&seen).await;
    let mut ann = mallory.stranger();
    let seen = type_password(&mut ann, "").await;
    let step = ann.follow(&seen).await;
    ann.submit(&step, STEP, &[("mfa_code", &codes[0])]).await;
    let security = ann.get("/account/security").await;
    let fields = [("current_password", PASSWORD), ("new_password", "velvet spoon arcade 79")];
    let changed = ann.submit(&security, "/account/security", &fields).await;
    assert_eq!(changed.place(), "/account/security?done=password_changed");
    let seen = mallory.submit(&page, STEP, &[("mfa_code", &authenticator.next(&engine))]).await;
    assert_eq!(seen.place(), AGAIN);
    assert!(!mallory.has_cookie());
});

db_test!(five_wrong_codes_end_the_step, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, seen, authenticator, _) = half_way(&engine, "").await;
    let page = ann.follow(&seen).await;
    for _ in 0..5 {
        let wrong = ann.submit(&page, STEP, &[("mfa_code", &authenticator.wrong(&engine))]).await;
        assert_eq!(wrong.status, 401);
    }
    let right = ann.submit(&page, STEP, &[("mfa_code", &authenticator.next(&engine))]).await;
    assert_eq!(right.place(), AGAIN, "the account is locked");
    assert!(!ann.has_cookie());
});

db_test!(guesses_at_the_second_step_are_limited, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = Some("2/60".parse().unwrap())).await;
    let ann = app.sign_up(ANN).await;
    crate::careful::Careful::enrol(&app, &ann).await;
    let fields = [("identifier", ANN), ("password", PASSWORD)];
    let step = app.post("/sign-in").form(&fields).await;
    let cookie = step.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("vestibule-step="), "{cookie}");
    for status in [401, 401, 429] {
        let answer = app.post(STEP).header("cookie", &cookie).form(&[("mfa_code", "000000")]).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
});
