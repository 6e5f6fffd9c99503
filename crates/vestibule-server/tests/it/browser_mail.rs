//! A person at a real browser, with scripts and without, whose address must be proven: by way of their mail to an account
//! with two-step sign-in, out of it and in again by code, by recovery code, by another password and by a mailed link.

use testkit::TestDb;

use crate::authenticator::Authenticator;
use crate::host::PASSWORD;
use crate::person::Person;
use crate::post_office::PostOffice;

const ANN: &str = "ann@example.com";
const OTHER: &str = "lantern-Quarry-4-otter";

/// Opens a link as it was mailed.
async fn open_mail(person: &Person, office: &mut PostOffice, page: &str) {
    let link = office.link_to(ANN, page).await;
    person.browser.goto(link).await.expect("the page opens");
}

/// Signs up, is asked to open the mail, does, and keeps the password by typing it once more.
async fn sign_up(person: &Person, office: &mut PostOffice) {
    person.open("/sign-up").await;
    person.submit("/sign-up", &[("email", ANN), ("name", "Ann"), ("password", PASSWORD)]).await;
    person.arrives("/check-your-mail").await;
    person.sees("A mail is on its way to ann@example.com").await;
    person.open("/sign-in").await;
    person.sign_in(ANN, PASSWORD).await;
    person.sees("Before you can sign in, open the link in the mail").await;
    open_mail(person, office, "/verify-email").await;
    person.sees("Is ann@example.com your address?").await;
    person.submit("/verify-email", &[("password", OTHER)]).await;
    person.sees("not your current password").await;
    person.submit("/verify-email", &[("password", PASSWORD)]).await;
    person.arrives("/account").await;
    person.sign_out().await;
    person.sign_in(ANN, PASSWORD).await;
    person.arrives("/account").await;
}

/// Types the secret into an authenticator, its code into the page, and notes the recovery codes.
async fn set_two_step_up(person: &Person) -> (Authenticator, Vec<String>) {
    person.open("/account/security").await;
    person.follow("Set it up").await;
    person.submit("/account/security/two-step", &[("password", PASSWORD)]).await;
    person.sees("Scan this with your authenticator app").await;
    let mut authenticator = Authenticator::typed(&person.reads("p.secret").await);
    let code = authenticator.code().await;
    person.submit("/account/security/two-step/confirm", &[("code", &code)]).await;
    person.sees("Two-step sign-in is on").await;
    let codes: Vec<String> = person.reads("pre.secret").await.lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    person.follow("I have them").await;
    person.arrives("/account/security").await;
    person.sign_out().await;
    (authenticator, codes)
}

/// Signs in with the password and then with a code, which may be a recovery code.
async fn sign_in(person: &Person, password: &str, code: &str) {
    person.sign_in(ANN, password).await;
    person.arrives("/sign-in/step").await;
    person.submit("/sign-in/step", &[("mfa_code", code)]).await;
    person.arrives("/account").await;
}

/// By the authenticator, after a mistake; then by a recovery code, which works once.
async fn sign_in_by_either(person: &Person, authenticator: &mut Authenticator, codes: &[String]) {
    person.sign_in(ANN, PASSWORD).await;
    person.arrives("/sign-in/step").await;
    person.submit("/sign-in/step", &[("mfa_code", "XXXX-XXXX-XXXX-XXXX")]).await;
    person.sees("not right").await;
    person.submit("/sign-in/step", &[("mfa_code", &authenticator.code().await)]).await;
    person.arrives("/account").await;
    person.sign_out().await;
    sign_in(person, PASSWORD, &codes[0]).await;
    person.open("/account/security").await;
    person.sees("Recovery codes left\n9").await;
    person.sign_out().await;
    person.sign_in(ANN, PASSWORD).await;
    person.arrives("/sign-in/step").await;
    person.submit("/sign-in/step", &[("mfa_code", &codes[0])]).await;
    person.sees("not right").await;
}

/// Forgets the password, chooses another by way of the mail, and needs the code all the same.
async fn reset_password(person: &Person, office: &mut PostOffice, authenticator: &mut Authenticator) {
    person.open("/sign-in").await;
    person.follow("Forgot your password?").await;
    person.submit("/forgot-password", &[("email", ANN)]).await;
    person.arrives("/check-your-mail").await;
    open_mail(person, office, "/reset-password").await;
    person.submit("/reset-password", &[("new_password", "short")]).await;
    person.sees("too short").await;
    person.submit("/reset-password", &[("new_password", OTHER)]).await;
    person.arrives("/sign-in").await;
    person.sign_in(ANN, PASSWORD).await;
    person.sees("not right").await;
    sign_in(person, OTHER, &authenticator.code().await).await;
    person.sign_out().await;
}

/// Asks for a link to sign in by, which another browser is warned of and signs in by.
async fn open_a_link_elsewhere(person: &Person, other: &Person, office: &mut PostOffice, code: &str) {
    person.follow("with a link by mail").await;
    person.submit("/magic-link/request", &[("email", ANN)]).await;
    person.arrives("/check-your-mail").await;
    let warning = "asked for on another device or in another browser";
    open_mail(other, office, "/magic-link").await;
    other.sees(warning).await;
    open_mail(person, office, "/magic-link").await;
    person.sees("This signs you in as ann@example.com, in this browser").await;
    assert!(person.text().await.is_some_and(|text| !text.contains(warning)), "it was asked for here");
    other.submit("/magic-link", &[("mfa_code", code)]).await;
    other.arrives("/account").await;
    person.submit("/magic-link", &[("mfa_code", code)]).await;
    person.sees("used").await;
    person.open("/account").await;
    person.arrives("/sign-in").await;
}

async fn journey(db: TestDb, javascript: bool) {
    let mut office = PostOffice::open(db).await;
    let person = Person::at(&office.server, javascript).await;
    sign_up(&person, &mut office).await;
    let (mut authenticator, codes) = set_two_step_up(&person).await;
    sign_in_by_either(&person, &mut authenticator, &codes).await;
    reset_password(&person, &mut office, &mut authenticator).await;
    let other = Person::at(&office.server, javascript).await;
    open_a_link_elsewhere(&person, &other, &mut office, &codes[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and Python: run cargo xtask test"]
async fn mail_and_a_second_factor_work_in_a_browser() {
    journey(TestDb::sqlite(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium, PostgreSQL and Python: run cargo xtask test"]
async fn mail_and_a_second_factor_work_without_scripts() {
    journey(TestDb::postgres(), false).await;
}
