//! `/account/security/two-step` and its neighbours.

use std::time::Duration;

use testkit::{PASSWORD, TestApp, TestEngine, db_test};
use vestibule::Code;

use crate::pages_authenticator::{Authenticator, CONFIRM, SET_UP, recovery_codes, set_up, shown_once};
use crate::pages_visitor::Visitor;

const HUB: &str = "/account/security";
const OFF: &str = "/account/security/two-step/off";
const CODES: &str = "/account/security/recovery-codes";
const EARLIER: Duration = Duration::from_secs(16 * 60);
const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);

db_test!(two_step_sign_in_is_set_up_with_the_secret_in_the_page, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut elsewhere) = (Visitor::at(&engine), Visitor::at(&engine));
    ann.sign_up("ann@example.com").await;
    elsewhere.sign_in("ann@example.com").await;
    let hub = ann.get(HUB).await;
    hub.assert_says("Set it up");
    let page = ann.get(SET_UP).await;
    assert!(!page.forms()[1].names.contains(&"code".to_owned()), "there is no authenticator yet: {}", page.html);
    let wrong = ann.submit(&page, SET_UP, &[("password", "nope")]).await;
    wrong.assert_mistake(401, "password", Code::CurrentPasswordIncorrect.message());

    let begun = ann.submit(&wrong, SET_UP, &[("password", PASSWORD)]).await;
    assert_eq!(begun.status, 200);
    assert!(begun.html.contains("<svg role=\"img\" aria-label=\"QR code with"), "{}", begun.html);
    let secret = shown_once(&begun);
    assert_eq!((secret.len(), secret.split(' ').count()), (32 + 7, 8), "{secret}");
    begun.assert_says("inputmode=\"numeric\"");
    let awaited = ann.get(HUB).await;
    awaited.assert_says("2026-01-01 00:05 UTC");
    assert!(!awaited.html.contains(&secret) && awaited.html.contains(CONFIRM), "{}", awaited.html);
    assert_eq!(elsewhere.get("/account").await.status, 200, "nothing changed yet");

    let authenticator = Authenticator::typed_from(&begun);
    let wrong = ann.submit(&begun, CONFIRM, &[("code", &authenticator.wrong(&engine))]).await;
    wrong.assert_mistake(422, "code", Code::InvalidMfaCode.message());
    assert!(!wrong.html.contains("class=\"secret\"") && !wrong.html.contains("QR code"), "{}", wrong.html);
    let blank = ann.submit(&wrong, CONFIRM, &[("code", " ")]).await;
    blank.assert_mistake(422, "code", Code::MfaCodeRequired.message());
    let done = ann.submit(&blank, CONFIRM, &[("code", &authenticator.shows(&engine))]).await;
    assert_eq!(done.status, 200, "{}", done.html);
    done.assert_says("Two-step sign-in is on, and you are signed out everywhere else.");
    let codes = recovery_codes(&done);
    assert_eq!((codes.len(), codes.iter().filter(|code| code.len() == 19).count()), (10, 10), "{codes:?}");
    assert!(elsewhere.get("/account").await.place().starts_with("/sign-in"));
    let hub = ann.get(HUB).await;
    hub.assert_says("<span class=\"badge active\">on</span> since");
    hub.assert_says("<dd>10</dd>");
    assert!(!hub.html.contains(&codes[0]) && !hub.html.contains("recovery codes are left"), "{}", hub.html);
    let again = ann.submit(&begun, CONFIRM, &[("code", &authenticator.next(&engine))]).await;
    assert_eq!(again.status, 422);
    again.assert_says(Code::NoEnrollmentInProgress.message());
});

db_test!(a_secret_waits_five_minutes_for_its_first_code, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    assert_eq!(ann.get(CONFIRM).await.place(), SET_UP, "nothing waits");
    let page = ann.get(SET_UP).await;
    let begun = ann.submit(&page, SET_UP, &[("password", PASSWORD)]).await;
    let authenticator = Authenticator::typed_from(&begun);
    let later = ann.get(CONFIRM).await;
    later.assert_says("begin again");
    assert!(!later.html.contains(&shown_once(&begun)), "shown once: {}", later.html);
    engine.clock.advance(FIVE_MINUTES);
    let late = ann.submit(&later, CONFIRM, &[("code", &authenticator.shows(&engine))]).await;
    assert_eq!(late.status, 422);
    late.assert_says(Code::EnrollmentExpired.message());
    let begun = ann.submit(&late, SET_UP, &[("password", PASSWORD)]).await;
    let another = Authenticator::typed_from(&begun);
    assert_eq!(ann.submit(&begun, CONFIRM, &[("code", &another.shows(&engine))]).await.status, 200);
});

db_test!(recovery_codes_are_renewed_by_the_authenticator_alone, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    assert_eq!(ann.get(CODES).await.place(), HUB, "there is nothing to renew");
    let (authenticator, first) = set_up(&engine, &mut ann).await;
    let page = ann.get(CODES).await;
    page.assert_says("You have 10 recovery codes left.");
    for (code, why) in [
        (authenticator.wrong(&engine), Code::InvalidMfaCode),
        (first[0].clone(), Code::InvalidMfaCode),
        (String::new(), Code::MfaCodeRequired),
    ] {
        let refused = ann.submit(&page, CODES, &[("code", &code)]).await;
        refused.assert_mistake(422, "code", why.message());
        assert!(code.is_empty() || !refused.html.contains(&code), "a code is never filled in: {}", refused.html);
    }
    let renewed = ann.submit(&page, CODES, &[("code", &authenticator.next(&engine))]).await;
    assert_eq!(renewed.status, 200, "{}", renewed.html);
    renewed.assert_says("The codes you had before no longer work.");
    let second = recovery_codes(&renewed);
    assert!(second.len() == 10 && !second.iter().any(|code| first.contains(code)), "{second:?}");
});

db_test!(who_has_few_recovery_codes_left_is_told, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let (_, codes) = set_up(&engine, &mut ann).await;
    let mut told = Vec::new();
    for code in &codes {
        let page = ann.get("/reauthenticate?by=code").await;
        let seen = ann.submit(&page, "/reauthenticate", &[("code", code)]).await;
        assert_eq!(seen.place(), "/account", "each works once");
        let hub = ann.get(HUB).await;
        told.push(hub.html.matches("Make new ones.").count());
    }
    assert_eq!(told, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1], "from three on");
    ann.get(HUB).await.assert_says("No recovery code is left.");
});

db_test!(another_authenticator_takes_a_code_of_the_one_before, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let (old, first) = set_up(&engine, &mut ann).await;
    let page = ann.get(SET_UP).await;
    page.assert_says("<h1>Move to another authenticator</h1>");
    let missing = ann.submit(&page, SET_UP, &[("password", PASSWORD)]).await;
    missing.assert_mistake(422, "code", Code::MfaCodeRequired.message());
    let wrong = [("password", PASSWORD), ("code", &old.wrong(&engine))];
    ann.submit(&page, SET_UP, &wrong).await.assert_mistake(422, "code", Code::InvalidMfaCode.message());
    let begun = ann.submit(&page, SET_UP, &[("password", PASSWORD), ("code", &old.next(&engine))]).await;
    let new = Authenticator::typed_from(&begun);
    let proving = ann.get("/reauthenticate?by=code").await;
    let seen = ann.submit(&proving, "/reauthenticate", &[("code", &old.next(&engine))]).await;
    assert_eq!(seen.place(), "/account", "the old one goes on until then");
    let page = ann.get(CONFIRM).await;
    let done = ann.submit(&page, CONFIRM, &[("code", &new.shows(&engine))]).await;
    assert!(!recovery_codes(&done).iter().any(|code| first.contains(code)));
    let proving = ann.get("/reauthenticate?by=code").await;
    let seen = ann.submit(&proving, "/reauthenticate", &[("code", &old.next(&engine))]).await;
    seen.assert_mistake(401, "code", Code::CodeInvalid.message());
});

db_test!(two_step_sign_in_is_turned_off_with_password_and_code, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    assert_eq!(ann.get(OFF).await.place(), HUB, "it is off");
    let (authenticator, codes) = set_up(&engine, &mut ann).await;
    let page = ann.get(OFF).await;
    let wrong = ann.submit(&page, OFF, &[("password", "nope"), ("code", &codes[0])]).await;
    wrong.assert_mistake(401, "password", Code::CurrentPasswordIncorrect.message());
    let wrong = ann.submit(&page, OFF, &[("password", PASSWORD), ("code", &authenticator.wrong(&engine))]).await;
    wrong.assert_mistake(422, "code", Code::InvalidMfaCode.message());
    let missing = ann.submit(&page, OFF, &[("password", PASSWORD)]).await;
    missing.assert_mistake(422, "code", Code::MfaCodeRequired.message());
    let fields = [("password", PASSWORD), ("code", codes[0].as_str())];
    let done = ann.submit(&page, OFF, &fields).await;
    assert_eq!(done.place(), "/account/security?done=two_step_off");
    let hub = ann.follow(&done).await;
    hub.assert_says("Two-step sign-in is off.");
    hub.assert_says("Set it up");
    assert!(!hub.html.contains(CODES), "{}", hub.html);
    let again = ann.submit(&page, OFF, &fields).await;
    assert_eq!(again.place(), "/account/security?done=two_step_off", "off already");
});

db_test!(each_page_of_two_step_sign_in_wants_a_recent_proof, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let (_, codes) = set_up(&engine, &mut ann).await;
    let mut fresh = Vec::new();
    for path in [SET_UP, CODES, OFF] {
        fresh.push((path, ann.get(path).await));
    }
    engine.clock.advance(EARLIER);
    assert_eq!(ann.get(HUB).await.status, 200, "how one stands is no secret");
    let sent = |path: &str| format!("/reauthenticate?return_to={}", path.replace('/', "%2F"));
    for (path, page) in &fresh {
        assert_eq!(ann.get(path).await.place(), sent(path));
        let fields = [("code", codes[0].as_str())];
        let fields = if page.forms()[1].names.contains(&"password".to_owned()) { &fields[..0] } else { &fields };
        assert_eq!(ann.submit(page, path, fields).await.place(), sent(HUB), "{path}");
    }
    assert_eq!(ann.get(CONFIRM).await.place(), sent(CONFIRM));
    let token = ann.get(HUB).await.csrf_token();
    assert_eq!(ann.post(CONFIRM, &[("csrf_token", token.as_str()), ("code", "1")]).await.place(), sent(HUB));
    let proving = ann.get(&sent(OFF)).await;
    let back = ann.submit(&proving, "/reauthenticate", &[("password", PASSWORD)]).await;
    assert_eq!(back.place(), OFF);
    assert_eq!(ann.follow(&back).await.status, 200);
});

db_test!(forms_of_two_step_sign_in_need_their_token_and_a_session, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let mut stranger = ann.stranger();
    for path in [SET_UP, CONFIRM, CODES, OFF, "/account/security/email", "/account/security/password"] {
        let seen = ann.post(path, &[("password", PASSWORD), ("code", "123456")]).await;
        assert_eq!(seen.status, 403, "{path}");
        seen.assert_says("This page was out of date");
        let sent = format!("/sign-in?return_to={}", path.replace('/', "%2F"));
        assert_eq!(stranger.get(path).await.place(), sent);
        let seen = stranger.post(path, &[("csrf_token", "0")]).await;
        assert_eq!(seen.place(), "/sign-in?return_to=%2Faccount%2Fsecurity", "{path}");
    }
});

db_test!(guessing_codes_on_these_pages_is_limited, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = Some("1/60".parse().unwrap())).await;
    let ann = app.sign_up("ann@example.com").await;
    let fields = [("csrf_token", ann.csrf_token.as_str()), ("password", "nope"), ("code", "123456")];
    assert_eq!(app.post(SET_UP).cookie(&ann.token).form(&fields).await.status, 401);
    for path in [SET_UP, CONFIRM, CODES, OFF, "/reauthenticate"] {
        assert_eq!(app.post(path).cookie(&ann.token).form(&fields).await.status, 429, "{path}");
    }
});
