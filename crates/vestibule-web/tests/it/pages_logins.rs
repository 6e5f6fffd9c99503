//! Logins elsewhere on our own pages: signing in, the second step, connecting, disconnecting, proving again.

use std::time::Duration;

use testkit::{FakeGithub, GithubUser, PASSWORD, TestDb, TestEngine, db_test};
use url::Url;

use crate::pages_visitor::{Seen, Visitor};

async fn instance(db: &TestDb) -> (TestEngine, FakeGithub) {
    let github = FakeGithub::start().await;
    let engine = TestEngine::with(db, |config| config.oauth.github = Some(github.config())).await;
    (engine, github)
}

fn ann() -> GithubUser {
    GithubUser::new(583_231, "ann", "ann@example.com")
}

/// Agrees where an answer leads to, and comes back.
async fn agree(visitor: &mut Visitor, github: &FakeGithub, address: &str, user: &GithubUser) -> Seen {
    let (state, code) = github.agree(&address.parse::<Url>().expect("an address"), user);
    visitor.get(&format!("/api/v1/oauth/github/callback?state={state}&code={code}")).await
}

async fn sign_in(visitor: &mut Visitor, github: &FakeGithub, user: &GithubUser) -> Seen {
    let left = visitor.get("/sign-in/with/github").await;
    agree(visitor, github, left.place(), user).await
}

/// Where a page leads on to by itself.
fn leads_to(seen: &Seen) -> String {
    let (_, address) = seen.header("refresh").split_once("url=").expect("it leads on");
    address.to_owned()
}

db_test!(somebody_signs_in_with_a_login_and_comes_where_they_wanted_to, |db: TestDb| async move {
    let (engine, github) = instance(&db).await;
    let mut visitor = Visitor::at(&engine);
    for page in ["/sign-in?return_to=/account/sessions", "/sign-up"] {
        let page = visitor.get(page).await;
        assert!(page.html.contains("Continue with GitHub"), "{}", page.html);
    }
    let seen = sign_in(&mut visitor, &github, &ann()).await;
    assert_eq!(seen.place(), "/account?done=signed_up", "{}", seen.html);
    assert!(visitor.has_cookie());
    visitor.follow(&seen).await.assert_says("Welcome.");
    let mut again = visitor.stranger();
    let left = again.get("/sign-in/with/github?return_to=/account/sessions").await;
    let seen = agree(&mut again, &github, left.place(), &ann()).await;
    assert_eq!(seen.place(), "/account/sessions");
    again.follow(&seen).await.assert_says("Connected login");
    let evil = visitor.stranger().get("/sign-in/with/github?return_to=//evil.example").await;
    let mut third = visitor.stranger();
    assert_eq!(evil.status.as_u16(), 303);
    let left = third.get("/sign-in/with/github?return_to=//evil.example").await;
    assert_eq!(agree(&mut third, &github, left.place(), &ann()).await.place(), "/account");
});

db_test!(a_page_without_providers_offers_none, |db: TestDb| async move {
    let engine = TestEngine::new(&db).await;
    let mut visitor = Visitor::at(&engine);
    assert!(!visitor.get("/sign-in").await.html.contains("login elsewhere"));
    assert_eq!(visitor.get("/sign-in/with/github").await.status.as_u16(), 503);
    assert_eq!(visitor.get("/sign-in/with/gitlab").await.status.as_u16(), 404);
});

db_test!(what_goes_wrong_is_said_on_the_sign_in_page, |db: TestDb| async move {
    let github = FakeGithub::start().await;
    let engine = TestEngine::with(&db, |config| {
        config.oauth.github = Some(github.config());
        config.sign_up = vestibule::SignUpMode::Closed;
    })
    .await;
    let mut visitor = Visitor::at(&engine);
    let seen = sign_in(&mut visitor, &github, &ann()).await;
    assert_eq!(seen.place(), "/sign-in?done=login_unknown");
    visitor.follow(&seen).await.assert_says("No account is connected to that login");
    let left = visitor.get("/sign-in/with/github?return_to=/account/sessions").await;
    let (state, _) = github.agree(&left.place().parse().expect("an address"), &ann());
    let seen = visitor.get(&format!("/api/v1/oauth/github/callback?state={state}&error=access_denied")).await;
    assert_eq!(seen.place(), "/sign-in?return_to=%2Faccount%2Fsessions&done=login_cancelled");
    visitor.follow(&seen).await.assert_says("broken off");
});

db_test!(a_login_is_connected_and_disconnected_on_the_account_page, |db: TestDb| async move {
    let (engine, github) = instance(&db).await;
    let mut bob = Visitor::at(&engine);
    bob.sign_up("bob@example.com").await;
    let page = bob.get("/account/logins").await;
    page.assert_says("You have none.");
    let leaving = bob.submit(&page, "/account/logins/connect/github", &[]).await;
    leaving.assert_says("You are being sent to GitHub.");
    let seen = agree(&mut bob, &github, &leads_to(&leaving), &ann()).await;
    assert_eq!(seen.place(), "/account/logins?done=login_connected");
    let page = bob.follow(&seen).await;
    page.assert_says("ann@example.com");
    assert_eq!(sign_in(&mut bob.stranger(), &github, &ann()).await.place(), "/account");

    let mut eve = bob.stranger();
    eve.sign_up("eve@example.com").await;
    let hers = eve.get("/account/logins").await;
    let leaving = eve.submit(&hers, "/account/logins/connect/github", &[]).await;
    let seen = agree(&mut eve, &github, &leads_to(&leaving), &ann()).await;
    assert_eq!(seen.place(), "/account/logins?done=login_in_use");
    eve.follow(&seen).await.assert_says("You have none.");

    let action = page.forms().into_iter().find(|form| form.action.ends_with("/disconnect")).expect("a button").action;
    let foreign = eve.post(&action, &[("csrf_token", hers.csrf_token())]).await;
    assert_eq!(foreign.status.as_u16(), 404);
    let seen = bob.submit(&page, &action, &[]).await;
    assert_eq!(seen.place(), "/account/logins?done=login_disconnected");
    bob.follow(&seen).await.assert_says("You have none.");
});

db_test!(the_last_way_in_is_kept_and_says_so, |db: TestDb| async move {
    let (engine, github) = instance(&db).await;
    let mut visitor = Visitor::at(&engine);
    sign_in(&mut visitor, &github, &ann()).await;
    let page = visitor.get("/account/logins").await;
    let action = page.forms().into_iter().find(|form| form.action.ends_with("/disconnect")).expect("a button").action;
    let refused = visitor.submit(&page, &action, &[]).await;
    assert_eq!(refused.status.as_u16(), 409);
    refused.assert_says("This is the last way into your account.");
});

db_test!(an_old_proof_leads_by_way_of_the_login_and_back, |db: TestDb| async move {
    let (engine, github) = instance(&db).await;
    let mut visitor = Visitor::at(&engine);
    let mut user = ann();
    user.emails.clear();
    sign_in(&mut visitor, &github, &user).await;
    engine.clock.advance(Duration::from_secs(16 * 60));
    let page = visitor.get("/account/logins").await;
    assert!(page.forms().iter().all(|form| !form.action.contains("connect")), "{}", page.html);
    let prove = visitor.get("/reauthenticate?return_to=/account/logins").await;
    prove.assert_says("by signing in once more with a connected login");
    let leaving = visitor.submit(&prove, "/reauthenticate/with/github", &[]).await;
    let seen = agree(&mut visitor, &github, &leads_to(&leaving), &user).await;
    assert_eq!(seen.place(), "/account/logins");
    let page = visitor.follow(&seen).await;
    assert!(page.has_form("/account/logins/connect/github"), "{}", page.html);

    engine.clock.advance(Duration::from_secs(16 * 60));
    let prove = visitor.get("/reauthenticate?return_to=/account/logins").await;
    let leaving = visitor.submit(&prove, "/reauthenticate/with/github", &[]).await;
    let stranger = GithubUser::new(1, "eve", "eve@example.com");
    let seen = agree(&mut visitor, &github, &leads_to(&leaving), &stranger).await;
    assert_eq!(seen.place(), "/reauthenticate?return_to=%2Faccount%2Flogins&done=login_of_another");
});

db_test!(a_password_is_the_better_proof, |db: TestDb| async move {
    let (engine, github) = instance(&db).await;
    let mut bob = Visitor::at(&engine);
    bob.sign_up("bob@example.com").await;
    let page = bob.get("/account/logins").await;
    let leaving = bob.submit(&page, "/account/logins/connect/github", &[]).await;
    agree(&mut bob, &github, &leads_to(&leaving), &ann()).await;
    let prove = bob.get("/reauthenticate").await;
    assert!(!prove.has_form("/reauthenticate/with/github"));
    let token = prove.csrf_token();
    let forced = bob.post("/reauthenticate/with/github", &[("csrf_token", token)]).await;
    assert_eq!(forced.place(), "/reauthenticate?return_to=%2Faccount");
    let proven = bob.submit(&prove, "/reauthenticate", &[("password", PASSWORD)]).await;
    assert_eq!(proven.place(), "/account");
});
