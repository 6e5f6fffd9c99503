//! The logins of these tests: somebody at a GitHub of the test's own, and the round trips of their browser.

use testkit::{FakeGithub, GithubUser, TestDb, TestEngine};
use vestibule::{
    Config, Digest, FinishOAuth, LiveSession, OAuthAnswer, OAuthApplication, OAuthDone, OAuthExchange, OAuthRefusal,
    OAuthWish, ProvenLogin, RedeemOAuthCode, SignedIn, StartOAuth, Vestibule,
};

use crate::people::nobody;

/// Where the application of these tests wants browsers back.
pub const APP: &str = "https://app.example.com/back";

/// An instance with a GitHub.
pub struct Logins {
    pub t: TestEngine,
    pub github: FakeGithub,
}

/// Somebody at their browser.
#[derive(Clone)]
pub struct Trip {
    pub browser: Digest,
    pub session: Option<std::sync::Arc<LiveSession>>,
}

pub fn ann() -> GithubUser {
    GithubUser::new(583_231, "ann", "ann@example.com")
}

/// What stands for a browser.
pub fn browser(name: &str) -> Trip {
    Trip { browser: Digest::of(name.as_bytes()), session: None }
}

impl Logins {
    pub async fn new(db: &TestDb) -> Logins {
        Logins::with(db, |_| {}).await
    }

    pub async fn with(db: &TestDb, change: impl FnOnce(&mut Config)) -> Logins {
        let github = FakeGithub::start().await;
        let t = TestEngine::with(db, |config| {
            config.oauth.github = Some(github.config());
            config.oauth.redirect_uris = vec![APP.to_owned(), format!("{APP}?tenant=1")];
            change(config);
        })
        .await;
        Logins { t, github }
    }

    pub fn engine(&self) -> &Vestibule {
        &self.t.engine
    }

    /// Leaves for GitHub and agrees there: what the browser comes back with.
    pub async fn leave(&self, trip: &Trip, wish: OAuthWish, user: &GithubUser) -> OAuthAnswer {
        let started = self.engine().start_oauth("github", trip.browser, wish).await.expect("it starts");
        let StartOAuth::Away(address) = started else { panic!("not away: {started:?}") };
        let (state, code) = self.github.agree(&address, user);
        OAuthAnswer {
            provider: "github".to_owned(),
            browser: Some(trip.browser),
            session: trip.session.clone(),
            state: Some(state),
            code: Some(code.into()),
            ..OAuthAnswer::default()
        }
    }

    /// Comes back.
    pub async fn arrive(&self, answer: OAuthAnswer) -> FinishOAuth {
        self.engine().finish_oauth(&nobody(), answer).await.expect("an answer")
    }

    /// Leaves and comes back, on our own pages.
    pub async fn page(&self, trip: &Trip, wish: OAuthWish, user: &GithubUser) -> Result<OAuthDone, OAuthRefusal> {
        match self.arrive(self.leave(trip, wish, user).await).await {
            FinishOAuth::Page { outcome, .. } => outcome,
            other @ (FinishOAuth::UnknownProvider
            | FinishOAuth::NotConfigured
            | FinishOAuth::StateInvalid
            | FinishOAuth::Application { .. }) => panic!("not a page: {other:?}"),
        }
    }

    /// Signs in on our own pages.
    pub async fn sign_in(&self, user: &GithubUser) -> Result<OAuthDone, OAuthRefusal> {
        self.page(&browser("a browser"), OAuthWish::SignIn { return_to: None }, user).await
    }

    /// The session of somebody who signs in on our own pages without a second factor.
    pub async fn signs_in(&self, user: &GithubUser) -> SignedIn {
        match self.sign_in(user).await {
            Ok(OAuthDone::SignedIn { signed_in, .. }) => *signed_in,
            other => panic!("not signed in: {other:?}"),
        }
    }

    /// Signs in to the application: what it gets.
    pub async fn prove(&self, user: &GithubUser) -> Result<ProvenLogin, OAuthRefusal> {
        proven(self.arrive(self.leave(&browser("a browser"), to_app(None), user).await).await)
    }

    /// Exchanges a code as the application.
    pub async fn exchange(&self, code: &str) -> RedeemOAuthCode {
        exchange(self.engine(), exchange_of(code)).await
    }
}

pub fn to_app(code_challenge: Option<&str>) -> OAuthWish {
    let code_challenge = code_challenge.map(str::to_owned);
    let state = Some("what the app wants back".to_owned());
    OAuthWish::Application(OAuthApplication { redirect_uri: APP.to_owned(), state, code_challenge })
}

pub fn proven(finished: FinishOAuth) -> Result<ProvenLogin, OAuthRefusal> {
    match finished {
        FinishOAuth::Application { redirect_uri, state, outcome } => {
            assert_eq!((redirect_uri.as_str(), state.as_deref()), (APP, Some("what the app wants back")));
            outcome
        }
        other @ (FinishOAuth::UnknownProvider
        | FinishOAuth::NotConfigured
        | FinishOAuth::StateInvalid
        | FinishOAuth::Page { .. }) => panic!("not for the application: {other:?}"),
    }
}

pub fn exchange_of(code: &str) -> OAuthExchange {
    let (auth_code, redirect_uri) = (code.to_owned(), APP.to_owned());
    OAuthExchange { auth_code, redirect_uri, code_verifier: None, mfa_code: None }
}

pub async fn exchange(engine: &Vestibule, exchange: OAuthExchange) -> RedeemOAuthCode {
    engine.redeem_oauth_code(&nobody(), exchange).await.expect("an answer")
}
