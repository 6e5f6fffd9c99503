//! The programs of these tests: what they are given, and what it opens.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use testkit::TestEngine;
use vestibule::{
    AccessClaims, AccessTokenVerifier, Caller, Clock, CreatedApiKey, IssuedTokens, KeyExpiry, NewApiKey, Presented,
    Principal, RefreshTokens, SignIn, SignInForm, SignedIn, Vestibule,
};

use crate::holders::permissions;
use crate::people::{PASSWORD, live, nobody};

/// Somebody who acts by what was presented.
pub fn acting(principal: &Principal) -> Caller {
    let caller = nobody().acting_as(principal.account_id, principal.label.clone());
    Caller { credential: Some(principal.credential), ..caller }
}

/// Somebody who acts by their session.
pub async fn by_session(engine: &Vestibule, signed_in: &SignedIn) -> Caller {
    acting(&live(engine, signed_in).await.expect("signed in"))
}

/// What a session is given.
pub async fn tokens_of(engine: &Vestibule, signed_in: &SignedIn) -> IssuedTokens {
    let session = live(engine, signed_in).await.expect("signed in");
    engine.issue_tokens(&acting(&session), &session).await.expect("a session may")
}

pub async fn try_password(engine: &Vestibule, caller: &Caller, form: SignInForm) -> SignIn<Box<IssuedTokens>> {
    engine.issue_tokens_by_password(caller, form).await.expect("an answer")
}

pub fn form(identifier: &str, password: &str) -> SignInForm {
    SignInForm { identifier: identifier.to_owned(), password: password.into(), mfa_code: None }
}

/// What a password is given.
pub async fn tokens_for_password(engine: &Vestibule, identifier: &str) -> IssuedTokens {
    match try_password(engine, &nobody(), form(identifier, PASSWORD)).await {
        SignIn::Done(issued) => *issued,
        other @ (SignIn::MfaRequired(_) | SignIn::WrongMfaCode | SignIn::EmailNotVerified | SignIn::Refused) => {
            panic!("{identifier} got none: {other:?}")
        }
    }
}

pub fn jwt(issued: &IssuedTokens) -> &str {
    issued.access_token.expose_secret()
}

/// The next pair, if there is one.
pub async fn refreshed(engine: &Vestibule, refresh_token: &str) -> Option<IssuedTokens> {
    match engine.refresh_tokens(&nobody(), refresh_token).await.expect("an answer") {
        RefreshTokens::Done(issued) => Some(*issued),
        RefreshTokens::Refused => None,
    }
}

/// Whether a bearer token stands for anybody.
pub async fn opens(engine: &Vestibule, token: &str) -> bool {
    matches!(engine.principal(token).await.expect("an answer"), Presented::Live(_))
}

/// Whom it stands for.
pub async fn principal(engine: &Vestibule, token: &str) -> Arc<Principal> {
    match engine.principal(token).await.expect("an answer") {
        Presented::Live(principal) => principal,
        other @ (Presented::Revoked | Presented::Expired | Presented::Unknown) => panic!("it is not live: {other:?}"),
    }
}

/// Neither the access token nor the refresh token of these is good for anything.
pub async fn assert_dead(engine: &Vestibule, issued: &IssuedTokens, why: &str) {
    assert!(!opens(engine, jwt(issued)).await, "{why}: the access token is live");
    assert!(refreshed(engine, issued.refresh_token.expose()).await.is_none(), "{why}: the refresh token is live");
}

/// What another service reads in an access token, knowing nothing but the published keys.
pub async fn read_elsewhere(engine: &Vestibule, token: &str) -> Option<AccessClaims> {
    let keys = engine.jwks().await.expect("keys");
    AccessTokenVerifier::new(engine.issuer(), engine.audience(), &keys).verify(token, engine.now())
}

/// A key of somebody, which says this; none: all that they may.
pub async fn key(engine: &Vestibule, signed_in: &SignedIn, says: Option<&[&str]>) -> CreatedApiKey {
    let new = NewApiKey { name: "A key".into(), permissions: says.map(permissions), expiry: KeyExpiry::Usual };
    let caller = by_session(engine, signed_in).await;
    engine.create_api_key(&caller, signed_in.account.account.id, new).await.expect("its owner holds that")
}

/// Waits until the node believes its cache again, as after the clock was moved far.
pub async fn heard(t: &TestEngine) {
    let clock = Clock::system();
    while !t.engine.health().await.feed {
        assert!(clock.monotonic() < Duration::from_secs(20), "the feed is not read");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until something is so on a node, which it must be within a second.
pub async fn within_a_second(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let clock = Clock::system();
    while !is_so().await {
        assert!(clock.monotonic() < Duration::from_secs(1), "{what}: not within a second");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
