//! `/verify-email`: proving an address by its link, from sign-up on.

use std::time::Duration;

use testkit::{PASSWORD, TestEngine, db_test};
use vestibule::{Code, MailKind};

use crate::pages_authenticator::set_up;
use crate::pages_letters as letters;
use crate::pages_visitor::{Seen, Visitor};

const ANN: &str = "ann@example.com";
const PATH: &str = "/verify-email";
const REQUEST: &str = "/verify-email/request";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// An instance where addresses are proven before anybody signs in.
async fn strict(db: &testkit::TestDb) -> TestEngine {
    TestEngine::with(db, |config| config.require_verified_email = true).await
}

/// Signs up where that is answered by mail; the page after it.
async fn sign_up(who: &mut Visitor, query: &str, password: &str) -> Seen {
    let page = who.get(&format!("/sign-up{query}")).await;
    let seen = who.submit(&page, "/sign-up", &[("email", ANN), ("password", password)]).await;
    assert_eq!(seen.place(), "/check-your-mail");
    who.follow(&seen).await
}

fn without_password(page: &Seen) -> crate::pages_visitor::Form {
    page.forms().into_iter().find(|form| form.fields.contains_key("without")).expect("a form without the password")
}

db_test!(who_signed_up_proves_the_address_and_goes_where_they_wanted_to, |db| async move {
    let engine = strict(&db).await;
    let mut ann = Visitor::at(&engine);
    let check = sign_up(&mut ann, "?return_to=/account/data", PASSWORD).await;
    check.assert_says("A mail is on its way to <strong class=\"exact\">ann@example.com</strong>.");
    assert!(!ann.has_cookie());
    let link = letters::link(&engine, ANN, MailKind::VerifyEmail).await;
    ann.get(&link).await;
    let page = ann.get(&link).await;
    page.assert_says("Is <strong class=\"exact\">ann@example.com</strong> your address?");
    let blank = ann.submit(&page, PATH, &[]).await;
    blank.assert_mistake(422, "password", Code::PasswordRequired.message());
    let wrong = ann.submit(&blank, PATH, &[("password", "not that one")]).await;
    wrong.assert_mistake(401, "password", Code::CurrentPasswordIncorrect.message());
    assert!(!wrong.html.contains("not that one") && !ann.has_cookie(), "{}", wrong.html);
    let right = ann.submit(&wrong, PATH, &[("password", PASSWORD)]).await;
    assert_eq!(right.place(), "/account/data");
    assert!(ann.has_cookie());
    ann.stranger().sign_in(ANN).await;
    let mut late = ann.stranger();
    for used in [late.get(&link).await, late.submit(&wrong, PATH, &[("password", PASSWORD)]).await] {
        assert_eq!(used.status, 410, "{}", used.html);
        used.assert_says("If you confirmed your address with it, all is well: sign in.");
    }
});

db_test!(signing_up_says_the_same_whether_the_address_is_taken_or_not, |db| async move {
    let engine = strict(&db).await;
    let mut ann = Visitor::at(&engine);
    let fresh = sign_up(&mut ann, "", PASSWORD).await;
    let link = letters::link(&engine, ANN, MailKind::VerifyEmail).await;
    let page = ann.get(&link).await;
    ann.submit(&page, PATH, &[("password", PASSWORD)]).await;
    let taken = sign_up(&mut ann.stranger(), "", "velvet spoon arcade 79").await;
    assert_eq!(fresh.html, taken.html);
    assert_eq!(letters::count(&engine, ANN, MailKind::AddressInUse).await, 1);
});

db_test!(signing_in_before_that_offers_to_send_the_mail_again, |db| async move {
    let engine = strict(&db).await;
    let mut ann = Visitor::at(&engine);
    sign_up(&mut ann, "", PASSWORD).await;
    let mut elsewhere = ann.stranger();
    let page = elsewhere.get("/sign-in?return_to=/account/data").await;
    let wrong = elsewhere.submit(&page, "/sign-in", &[("identifier", ANN), ("password", "nope")]).await;
    assert_eq!(wrong.status, 401);
    wrong.assert_says(Code::InvalidCredentials.message());
    let seen = elsewhere.submit(&wrong, "/sign-in", &[("password", PASSWORD)]).await;
    assert_eq!(seen.status, 403);
    seen.assert_says("Your password is right.");
    assert_eq!(seen.forms()[0].fields["email"], ANN);
    engine.clock.advance(Duration::from_secs(1));
    let asked = elsewhere.submit(&seen, REQUEST, &[]).await;
    assert_eq!(asked.place(), "/check-your-mail");
    elsewhere.follow(&asked).await.assert_says("waits here to be confirmed");
    assert_eq!(letters::count(&engine, ANN, MailKind::VerifyEmail).await, 2);
    let page = elsewhere.get(&letters::link(&engine, ANN, MailKind::VerifyEmail).await).await;
    assert_eq!(elsewhere.submit(&page, PATH, &[("password", PASSWORD)]).await.place(), "/account/data");
});

db_test!(who_did_not_choose_the_password_goes_on_without_it, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut squatter = Visitor::at(&engine);
    squatter.sign_up(ANN).await;
    let (_, _) = set_up(&engine, &mut squatter).await;
    let mut ann = squatter.stranger();
    let page = ann.get(&letters::link(&engine, ANN, MailKind::VerifyEmail).await).await;
    page.assert_says("I did not choose this password, or forgot it");
    page.assert_says("every session, and two-step sign-in");
    let seen = ann.send_form(&without_password(&page), &[]).await;
    assert_eq!(seen.place(), "/account/security?done=email_verified_anew");
    let security = ann.follow(&seen).await;
    security.assert_says("Your e-mail address is confirmed, and no password is set.");
    security.assert_says("Set a password");
    assert!(squatter.get("/account").await.place().starts_with("/sign-in"), "whoever chose it is out");
    let page = squatter.get("/sign-in").await;
    let fields = [("identifier", ANN), ("password", PASSWORD)];
    assert_eq!(squatter.submit(&page, "/sign-in", &fields).await.status, 401);
});

db_test!(with_a_second_factor_its_code_is_needed_besides_the_password, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    let (authenticator, codes) = set_up(&engine, &mut ann).await;
    let mut elsewhere = ann.stranger();
    let page = elsewhere.get(&letters::link(&engine, ANN, MailKind::VerifyEmail).await).await;
    let blank = elsewhere.submit(&page, PATH, &[("password", PASSWORD)]).await;
    blank.assert_mistake(401, "mfa_code", Code::MfaRequired.message());
    let fields = [("password", PASSWORD), ("mfa_code", &authenticator.wrong(&engine))];
    let wrong = elsewhere.submit(&blank, PATH, &fields).await;
    wrong.assert_mistake(401, "mfa_code", Code::InvalidMfaCode.message());
    let right = elsewhere.submit(&wrong, PATH, &[("password", PASSWORD), ("mfa_code", &codes[0])]).await;
    assert_eq!(right.place(), "/account?done=email_verified");
    assert_eq!(ann.get("/account").await.status, 200, "the session from before lives");
});

db_test!(in_a_browser_that_is_signed_in_one_button_is_all, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    set_up(&engine, &mut ann).await;
    let page = ann.get(&letters::link(&engine, ANN, MailKind::VerifyEmail).await).await;
    let form = page.forms().into_iter().find(|form| form.action == PATH).expect("a form");
    assert_eq!(form.names, ["csrf_token", "token"], "{}", page.html);
    let seen = ann.submit(&page, PATH, &[]).await;
    assert_eq!(seen.place(), "/account?done=email_verified");
    ann.follow(&seen).await.assert_says("Your e-mail address is confirmed.");
    ann.get("/account/security").await.assert_says("<span class=\"badge active\">on</span>");
});

db_test!(who_signed_up_without_a_password_is_signed_in_by_the_link, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.get("/sign-up").await.assert_says("Without one you sign in with links and codes that we mail you.");
    sign_up(&mut ann, "", "").await;
    let page = ann.get(&letters::link(&engine, ANN, MailKind::VerifyEmail).await).await;
    page.assert_says("Confirm it, and you are signed in.");
    let seen = ann.submit(&page, PATH, &[]).await;
    assert_eq!(seen.place(), "/account/security?done=email_verified_anew");
    ann.follow(&seen).await.assert_says("Set one now, or go on with links and codes in your mail.");
});

db_test!(a_link_lives_a_day_and_a_newer_one_ends_it, |db| async move {
    let engine = strict(&db).await;
    let mut ann = Visitor::at(&engine);
    let check = sign_up(&mut ann, "", PASSWORD).await;
    let first = letters::link(&engine, ANN, MailKind::VerifyEmail).await;
    engine.clock.advance(Duration::from_secs(1));
    let again = ann.submit(&check, REQUEST, &[]).await;
    assert_eq!(again.place(), "/check-your-mail?done=asked_again");
    assert_eq!(ann.get(&first).await.status, 410);
    let second = letters::link(&engine, ANN, MailKind::VerifyEmail).await;
    let page = ann.get(&second).await;
    engine.clock.advance(DAY);
    for late in [ann.get(&second).await, ann.submit(&page, PATH, &[("password", PASSWORD)]).await] {
        assert_eq!(late.status, 410);
        late.assert_says("This link has expired");
        assert!(late.html.contains("href=\"/verify-email\""), "{}", late.html);
    }
    let page = ann.get(PATH).await;
    assert_eq!(ann.submit(&page, REQUEST, &[("email", ANN)]).await.place(), "/check-your-mail");
    let page = ann.get(&letters::link(&engine, ANN, MailKind::VerifyEmail).await).await;
    assert_eq!(ann.submit(&page, PATH, &[("password", PASSWORD)]).await.place(), "/account?done=email_verified");
});
