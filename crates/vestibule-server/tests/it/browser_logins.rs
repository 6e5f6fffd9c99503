//! A person at a real browser with a login at a real OpenID provider of somebody else's making: an account by it, in again
//! by it with a second factor, connected to another account, and refused where it opens somebody else's.

use testkit::{OpenIdProvider, Server, TestDb};
use thirtyfour::By;
use thirtyfour::prelude::ElementQueryable as _;

use crate::authenticator::Authenticator;
use crate::host::PASSWORD;
use crate::node::node_with;
use crate::person::Person;

/// A server and its provider.
async fn instance(db: &TestDb) -> (Server, OpenIdProvider) {
    let mut provider = OpenIdProvider::start();
    let oidc = serde_json::json!([{
        "name": "corp",
        "label": "Example Corp",
        "issuer": provider.issuer(),
        "client_id": OpenIdProvider::CLIENT_ID,
        "client_secret": OpenIdProvider::CLIENT_SECRET,
        "allow_private": true,
    }]);
    let oidc = oidc.to_string();
    let cheap = [("VESTIBULE_PASSWORD_ARGON2_MEMORY_KIB", "8"), ("VESTIBULE_PASSWORD_ARGON2_ITERATIONS", "1")];
    let server = node_with(db, &[&cheap[..], &[("VESTIBULE_OAUTH_OIDC", &oidc)]].concat()).await;
    provider.serve(&format!("{}/api/v1/oauth/corp/callback", server.url()));
    (server, provider)
}

/// Signs in at the provider under a name, and consents.
async fn agree(person: &Person, name: &str) {
    let login = person.browser.query(By::Name("login")).first().await.expect("the provider asks for a name");
    login.send_keys(name).await.expect("it can be typed into");
    let password = person.browser.find(By::Name("password")).await.expect("and for a password");
    password.send_keys("anything").await.expect("it can be typed into");
    person.press("form button[type=submit]").await;
    consent(person).await;
}

/// Only the button of the provider's page of consent takes the focus by itself.
async fn consent(person: &Person) {
    person.press("form button[autofocus]").await;
}

/// An account by the login, which is its last way in.
async fn come_by_the_login(person: &Person) {
    person.open("/sign-in?return_to=/account/logins").await;
    person.follow("Continue with Example Corp").await;
    agree(person, "ann").await;
    person.arrives("/account/logins").await;
    person.sees("ann@example.com").await;
    person.press("form[action$='/disconnect'] button").await;
    person.sees("This is the last way into your account.").await;
}

/// A password and a second factor for it.
async fn take_care(person: &Person) -> Authenticator {
    person.open("/account/security/password").await;
    person.submit("/account/security/password", &[("new_password", PASSWORD)]).await;
    person.sees("Your password is set").await;
    person.follow("Set it up").await;
    person.submit("/account/security/two-step", &[("password", PASSWORD)]).await;
    let mut authenticator = Authenticator::typed(&person.reads("p.secret").await);
    let code = authenticator.code().await;
    person.submit("/account/security/two-step/confirm", &[("code", &code)]).await;
    person.sees("Two-step sign-in is on").await;
    person.follow("I have them").await;
    person.sign_out().await;
    authenticator
}

/// In again: the provider remembers them and asks for nothing, and we ask for a code.
async fn come_again(person: &Person, authenticator: &mut Authenticator) {
    person.follow("Continue with Example Corp").await;
    person.arrives("/sign-in/step").await;
    person.submit("/sign-in/step", &[("mfa_code", &authenticator.code().await)]).await;
    person.arrives("/account").await;
    person.open("/account/sessions").await;
    person.sees("Connected login and authenticator app").await;
}

/// The login is disconnected and connected again.
async fn reconnect(person: &Person) {
    person.open("/account/logins").await;
    person.press("form[action$='/disconnect'] button").await;
    person.sees("The login was disconnected").await;
    person.press("form[action$='/connect/corp'] button").await;
    person.sees("The login is connected").await;
    person.sign_out().await;
}

/// Somebody else at the same browser gets nothing by it.
async fn try_anothers(person: &Person) {
    person.open("/sign-up").await;
    person.submit("/sign-up", &[("email", "bob@example.com"), ("password", PASSWORD)]).await;
    person.arrives("/account").await;
    person.open("/account/logins").await;
    person.press("form[action$='/connect/corp'] button").await;
    person.sees("That login opens another account").await;
    person.sees("You have none.").await;
}

async fn journey(db: TestDb, javascript: bool) {
    let (server, _provider) = instance(&db).await;
    let person = Person::at(&server, javascript).await;
    come_by_the_login(&person).await;
    let mut authenticator = take_care(&person).await;
    come_again(&person, &mut authenticator).await;
    reconnect(&person).await;
    try_anothers(&person).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and Node.js: run cargo xtask test"]
async fn a_login_at_a_real_provider_works_in_a_browser() {
    journey(TestDb::sqlite(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium, Node.js and PostgreSQL: run cargo xtask test"]
async fn a_login_at_a_real_provider_works_without_scripts() {
    journey(TestDb::postgres(), false).await;
}
