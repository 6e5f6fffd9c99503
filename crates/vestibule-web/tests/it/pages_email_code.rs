//! `/email-code`: signing in by a mailed code.

use std::time::Duration;

use testkit::{PASSWORD, TestApp, TestEngine, db_test};
use vestibule::Code;

use crate::pages_authenticator::set_up;
use crate::pages_letters as letters;
use crate::pages_visitor::{Seen, Visitor};

const ANN: &str = "ann@example.com";
const PATH: &str = "/email-code";
const REQUEST: &str = "/email-code/request";
const MOMENT: Duration = Duration::from_secs(1);
const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);

/// Asks for a code in a browser; the page that takes it.
async fn ask(engine: &TestEngine, who: &mut Visitor, email: &str, query: &str) -> Seen {
    engine.clock.advance(MOMENT);
    let page = who.get(&format!("{PATH}{query}")).await;
    let seen = who.submit(&page, REQUEST, &[("email", email)]).await;
    assert_eq!(seen.place(), PATH);
    who.follow(&seen).await
}

db_test!(a_code_signs_in_where_it_was_asked_for, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.stranger().sign_up(ANN).await;
    let page = ask(&engine, &mut ann, ANN, "?return_to=/account/sessions").await;
    page.assert_says("If <strong class=\"exact\">ann@example.com</strong> has an account here, a mail with a code");
    page.assert_says("It is good for 10 minutes, and for 5 tries.");
    assert!(page.html.contains("inputmode=\"numeric\"") && page.html.contains("href=\"/dev/outbox\""), "{}", page.html);
    let code = letters::code(&engine, ANN).await;
    let wrong = ann.submit(&page, PATH, &[("code", &letters::another(&code))]).await;
    wrong.assert_mistake(401, "code", Code::CodeInvalid.message());
    wrong.assert_says("A code takes 5 tries. This is number 2.");
    let spaced = format!(" {} {}", &code[..3], &code[3..]);
    let right = ann.submit(&wrong, PATH, &[("code", &spaced)]).await;
    assert_eq!(right.place(), "/account/sessions");
    assert!(ann.has_cookie() && ann.cookie("vestibule-mail").is_none());
    assert_eq!(ann.follow(&right).await.status, 200);
    let mut late = ann.stranger();
    let again = late.post(PATH, &[("email", ANN), ("code", &code)]).await;
    again.assert_mistake(401, "code", Code::CodeInvalid.message());
});

db_test!(a_code_takes_five_tries_whether_its_address_is_known_or_not, |db| async move {
    let engine = TestEngine::new(&db).await;
    Visitor::at(&engine).sign_up(ANN).await;
    let mut told = Vec::new();
    for email in [ANN, "bob@example.com"] {
        let mut visitor = Visitor::at(&engine);
        let mut page = ask(&engine, &mut visitor, email, "").await;
        for tried in 1..=5 {
            let seen = visitor.submit(&page, PATH, &[("code", "1")]).await;
            assert_eq!(seen.status, 401);
            told.push((email, seen.html.replace(email, "somebody")));
            if tried < 5 {
                seen.assert_says(&format!("This is number {}.", tried + 1));
                page = seen;
            } else {
                seen.assert_says("5 codes were tried here");
                assert_eq!(seen.forms().len(), 1, "another code is all that helps: {}", seen.html);
                assert!(seen.html.contains("<title>Error: "), "{}", seen.html);
                let again = visitor.submit(&seen, REQUEST, &[]).await;
                assert_eq!(again.place(), "/email-code?done=asked_again");
                visitor.follow(&again).await.assert_says("Asked again.");
            }
        }
    }
    let (known, unknown) = told.split_at(5);
    assert!(known.iter().zip(unknown).all(|(known, unknown)| known.1 == unknown.1), "{told:?}");
    let mut ann = Visitor::at(&engine);
    let code = letters::code(&engine, ANN).await;
    let locked = ann.post(PATH, &[("email", ANN), ("code", &code)]).await;
    locked.assert_mistake(401, "code", Code::CodeInvalid.message());
});

db_test!(a_code_lives_ten_minutes, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.stranger().sign_up(ANN).await;
    let page = ask(&engine, &mut ann, ANN, "").await;
    let code = letters::code(&engine, ANN).await;
    engine.clock.advance(TEN_MINUTES);
    let late = ann.submit(&page, PATH, &[("code", &code)]).await;
    late.assert_mistake(401, "code", Code::CodeInvalid.message());
    assert!(!late.html.contains(&code), "a code that was refused is not filled in: {}", late.html);
});

db_test!(elsewhere_the_address_is_typed_as_well, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.stranger().sign_up(ANN).await;
    ask(&engine, &mut ann.stranger(), ANN, "").await;
    let code = letters::code(&engine, ANN).await;
    let asking = ann.get("/email-code?return_to=/account/data").await;
    assert!(asking.html.contains("href=\"/email-code?have=1&#38;return_to=%2Faccount%2Fdata\""), "{}", asking.html);
    let page = ann.get("/email-code?have=1&return_to=/account/data").await;
    let mistyped = ann.submit(&page, PATH, &[("email", "ann"), ("code", &code)]).await;
    mistyped.assert_mistake(422, "email", Code::EmailInvalid.message());
    assert_eq!(mistyped.forms()[0].fields["email"], "ann");
    let seen = ann.submit(&mistyped, PATH, &[("email", ANN), ("code", &code)]).await;
    assert_eq!(seen.place(), "/account/data");
});

db_test!(another_address_can_be_used, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    let page = ask(&engine, &mut ann, "anne@example.com", "").await;
    assert!(page.html.contains("href=\"/email-code?anew=1\""), "{}", page.html);
    assert_eq!(ann.get(PATH).await.forms()[0].action, PATH, "the link in the mail leads to the field for the code");
    let anew = ann.get("/email-code?anew=1").await;
    assert_eq!(anew.forms()[0].action, REQUEST);
    let seen = ann.submit(&anew, REQUEST, &[("email", ANN)]).await;
    ann.follow(&seen).await.assert_says(ANN);
});

db_test!(a_right_code_is_kept_while_the_second_factor_is_asked_for, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    let page = ann.get(&letters::link(&engine, ANN, vestibule::MailKind::VerifyEmail).await).await;
    ann.submit(&page, "/verify-email", &[]).await;
    let (authenticator, codes) = set_up(&engine, &mut ann).await;
    let mut ann = ann.stranger();
    let page = ask(&engine, &mut ann, ANN, "").await;
    assert!(!page.html.contains("authenticator"), "who has one is nobody's business: {}", page.html);
    let code = letters::code(&engine, ANN).await;
    let asked = ann.submit(&page, PATH, &[("code", &code)]).await;
    assert_eq!(asked.status, 200);
    asked.assert_says("The code that we mailed is right.");
    assert!(!asked.html.contains("role=\"alert\"") && !ann.has_cookie(), "{}", asked.html);
    let blank = ann.submit(&asked, PATH, &[("mfa_code", "")]).await;
    blank.assert_mistake(401, "mfa_code", Code::MfaRequired.message());
    let wrong = ann.submit(&blank, PATH, &[("mfa_code", &authenticator.wrong(&engine))]).await;
    wrong.assert_mistake(401, "mfa_code", Code::InvalidMfaCode.message());
    assert_eq!(wrong.forms()[0].fields["tries"], "1", "that one counted");
    let right = ann.submit(&wrong, PATH, &[("mfa_code", &codes[0])]).await;
    assert_eq!(right.place(), "/account");
});

db_test!(a_password_that_comes_with_the_code_stays, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    let (authenticator, _) = set_up(&engine, &mut ann).await;
    let mut elsewhere = ann.stranger();
    let page = ask(&engine, &mut elsewhere, ANN, "").await;
    page.assert_says("You signed up with a password and never confirmed this address?");
    let code = letters::code(&engine, ANN).await;
    let wrong = elsewhere.submit(&page, PATH, &[("code", &code), ("password", "nope")]).await;
    wrong.assert_mistake(401, "code", Code::CodeInvalid.message());
    assert!(wrong.html.contains("<details open>") && page.html.contains("<details>"), "{}", wrong.html);
    let asked = elsewhere.submit(&wrong, PATH, &[("code", &code), ("password", PASSWORD)]).await;
    assert_eq!(asked.status, 200, "{}", asked.html);
    assert!(!asked.html.contains(PASSWORD), "{}", asked.html);
    let next = authenticator.next(&engine);
    let forgotten = elsewhere.submit(&asked, PATH, &[("mfa_code", &next)]).await;
    forgotten.assert_mistake(422, "password", Code::PasswordRequired.message());
    let fields = [("mfa_code", next.as_str()), ("password", PASSWORD)];
    assert_eq!(elsewhere.submit(&forgotten, PATH, &fields).await.place(), "/account");
    assert_eq!(ann.get("/account").await.status, 200, "the session from before lives");
});

db_test!(guessed_codes_are_limited, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = Some("2/60".parse().unwrap())).await;
    let fields = [("email", ANN), ("code", "000000")];
    for status in [401, 401, 429] {
        assert_eq!(app.post(PATH).form(&fields).await.status, status);
    }
    let app = TestApp::with(&testkit::TestDb::sqlite(), |config| {
        config.limits.sign_in_identifier = Some("2/60".parse().unwrap());
    })
    .await;
    for status in [401, 401, 429] {
        assert_eq!(app.post(PATH).form(&fields).await.status, status);
    }
});
