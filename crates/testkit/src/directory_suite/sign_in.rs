//! Nonces and tokens.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use vestibule::directory::{MemberStatus, sign_in_statement};
use vestibule::{
    AccessTokenVerifier, Caller, DirectorySignIn, DirectorySignInForm, Error, Presented, SignIn, SignInForm, SignUp,
    SignUpForm,
};

use crate::{Stand, race};

const PASSWORD: &str = "harbour-moss-Kettle-9";

async fn is_refused(stand: &Stand, form: DirectorySignInForm) -> bool {
    match stand.engine().sign_in_to_directory(&Caller::anonymous(), form).await.expect("an answer") {
        DirectorySignIn::Done(_) => false,
        DirectorySignIn::Refused => true,
    }
}

async fn nonce(stand: &Stand, sign_pub: &str) -> String {
    stand.engine().challenge_wallet(sign_pub).await.expect("anybody gets one").nonce
}

/// The token names its member, by a key that anybody can read.
pub async fn a_wallet_signs_in_and_its_token_says_who_it_is(stand: &Stand) {
    let (engine, ann) = (stand.engine(), stand.wallet());
    let member = ann.register(engine, &stand.invite("Ann").await).await;
    let token = ann.sign_in(engine).await.expect("she is a member");
    assert_eq!((&token.member, token.expires_in), (&member, Duration::from_secs(15 * 60)));
    assert_eq!(engine.wallet(&token.token).await.expect("an answer"), Some(member.clone()));
    let second = stand.second_node().await;
    assert_eq!(second.engine.wallet(&token.token).await.expect("on every node"), Some(member));
    stand.t.clock.advance(Duration::from_secs(15 * 60 - 1));
    assert!(engine.wallet(&token.token).await.expect("an answer").is_some());
    stand.t.clock.advance(Duration::from_secs(1));
    assert!(engine.wallet(&token.token).await.expect("an answer").is_none());
}

/// A nonce is used up by who it was given for, and by nobody else.
#[expect(clippy::cognitive_complexity, reason = "one story, told in order")]
pub async fn a_nonce_is_good_once_for_one_key_and_for_a_minute(stand: &Stand) {
    let (engine, ann, bob) = (stand.engine(), stand.wallet(), stand.wallet());
    let (key, url) = (ann.sign_pub().to_hex(), engine.issuer());
    ann.register(engine, &stand.invite("ann").await).await;
    bob.register(engine, &stand.invite("bob").await).await;

    let one = nonce(stand, &key).await;
    assert!(is_refused(stand, bob.answer(&url, &one)).await, "another's nonce");
    let other_instance = DirectorySignInForm { ..ann.answer("https://other.example.com", &one) };
    assert!(is_refused(stand, other_instance).await);
    let bobs = DirectorySignInForm { sign_pub: key.clone(), ..bob.answer(&url, &one) };
    assert!(is_refused(stand, bobs).await, "another's signature");
    for signature in ["", "x", &"0".repeat(128)] {
        let form = DirectorySignInForm { signature: signature.to_owned(), ..ann.answer(&url, &one) };
        assert!(is_refused(stand, form).await, "{signature:?}");
    }
    let made_up = DirectorySignInForm {
        sign_pub: key.clone(),
        nonce: "moss".to_owned(),
        signature: ann.sign(&sign_in_statement(&url, &ann.sign_pub(), "moss")),
    };
    assert!(is_refused(stand, made_up).await);

    let form = ann.answer(&url, &one);
    let ends = race(20, |_| {
        let (engine, form) = (engine.clone(), form.clone());
        async move { engine.sign_in_to_directory(&Caller::anonymous(), form).await.expect("an answer") }
    })
    .await;
    assert_eq!(ends.iter().filter(|end| matches!(end, DirectorySignIn::Done(_))).count(), 1);

    let (live, dead) = (nonce(stand, &key).await, nonce(stand, &key).await);
    assert_ne!(live, dead);
    stand.t.clock.advance(Duration::from_secs(60) - Duration::from_micros(1));
    assert!(!is_refused(stand, ann.answer(&url, &live)).await);
    stand.t.clock.advance(Duration::from_micros(1));
    assert!(is_refused(stand, ann.answer(&url, &dead)).await);
    let malformed = engine.challenge_wallet("x").await;
    assert!(matches!(malformed, Err(Error::Invalid(_))), "{malformed:?}");
}

/// A nonce tells nothing, and neither does a refusal.
pub async fn unknown_revoked_and_deleted_are_refused_alike(stand: &Stand) {
    let (engine, host) = (stand.engine(), Caller::host("root"));
    let (stranger, revoked, deleted) = (stand.wallet(), stand.wallet(), stand.wallet());
    revoked.register(engine, &stand.invite("revoked").await).await;
    deleted.register(engine, &stand.invite("deleted").await).await;
    engine.set_directory_status(&host, &revoked.sign_pub().to_hex(), MemberStatus::Revoked).await.expect("revoked");
    engine.delete_directory_member(&host, &deleted.sign_pub().to_hex()).await.expect("deleted");
    for wallet in [stranger, revoked, deleted] {
        let one = nonce(stand, &wallet.sign_pub().to_hex()).await;
        assert_eq!(one.len(), 64);
        assert!(is_refused(stand, wallet.answer(&engine.issuer(), &one)).await);
        assert!(is_refused(stand, wallet.answer(&engine.issuer(), &one)).await, "and the nonce is used up");
    }
}

/// At our own door a token is asked about each time.
pub async fn a_token_is_worth_nothing_once_its_member_is_gone(stand: &Stand) {
    let (engine, host, ann) = (stand.engine(), Caller::host("root"), stand.wallet());
    let key = ann.sign_pub().to_hex();
    let second = stand.second_node().await;
    let lives = async |token: &str| {
        let here = engine.wallet(token).await.expect("an answer").is_some();
        assert_eq!(second.engine.wallet(token).await.expect("an answer").is_some(), here, "on every node");
        here
    };
    ann.register(engine, &stand.invite("ann").await).await;
    let token = ann.sign_in(engine).await.expect("she is a member").token;
    assert!(lives(&token).await);
    engine.set_directory_status(&host, &key, MemberStatus::Revoked).await.expect("revoked");
    assert!(!lives(&token).await);
    engine.set_directory_status(&host, &key, MemberStatus::Active).await.expect("back");
    assert!(lives(&token).await);
    engine.delete_directory_member(&host, &key).await.expect("deleted");
    assert!(!lives(&token).await);
    stand.t.clock.advance(Duration::from_secs(1));
    ann.register(engine, &stand.invite("ann").await).await;
    assert!(!lives(&token).await, "what was said of her before she was deleted is over");
    assert!(lives(&ann.sign_in(engine).await.expect("she is a member").token).await);
}

/// Signed by the same keys, and never mistaken for each other.
pub async fn neither_kind_of_token_passes_for_the_other(stand: &Stand) {
    let (engine, ann) = (stand.engine(), stand.wallet());
    ann.register(engine, &stand.invite("ann").await).await;
    let wallet = ann.sign_in(engine).await.expect("she is a member").token;

    let form = SignUpForm {
        email: "ann@example.com".to_owned(),
        password: Some(PASSWORD.into()),
        name: None,
        invitation_code: None,
    };
    let SignUp::Done(_) = engine.sign_up(&Caller::anonymous(), form).await.expect("sign-up is open") else {
        panic!("she is not signed up")
    };
    let password = SecretString::from(PASSWORD);
    let form = SignInForm { identifier: "ann@example.com".to_owned(), password, mfa_code: None };
    let SignIn::Done(issued) = engine.issue_tokens_by_password(&Caller::anonymous(), form).await.expect("an answer")
    else {
        panic!("she is not signed in")
    };
    let access = issued.access_token.expose_secret();

    let jwks = engine.jwks().await.expect("keys");
    for audience in [engine.audience(), engine.directory_audience()] {
        let verifier = AccessTokenVerifier::new(engine.issuer(), audience, &jwks);
        assert!(verifier.verify(&wallet, engine.now()).is_none(), "a wallet is no account");
    }
    let verifier = AccessTokenVerifier::new(engine.issuer(), engine.audience(), &jwks);
    assert!(verifier.verify(access, engine.now()).is_some());
    assert!(engine.wallet(access).await.expect("an answer").is_none(), "an account is no wallet");
    assert!(engine.wallet(&wallet).await.expect("an answer").is_some());
    let presented = engine.principal(&wallet).await.expect("an answer");
    assert!(matches!(presented, Presented::Unknown), "{presented:?}");
}
