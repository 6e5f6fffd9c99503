//! Connecting and disconnecting logins, and proving by one who one is.

use std::sync::Arc;
use std::time::Duration;

use testkit::{GithubUser, TestDb, db_test, race};
use vestibule::{
    Caller, Code, Config, Credential, Error, IdentityId, LiveSession, MailKind, OAuthDone, OAuthRefusal, OAuthWish,
    PageRequest, Presenter, SignedIn, StartOAuth, VerifyEmail,
};

use crate::logins::{Logins, Trip, ann, browser};
use crate::people::{PASSWORD, account, by, count_mailed, live, mailed, nobody, sign_up, signs_in};

const BOB: &str = "bob@example.com";

async fn session(l: &Logins, who: &SignedIn) -> Arc<LiveSession> {
    live(l.engine(), who).await.expect("signed in")
}

fn caller(session: &LiveSession) -> Caller {
    let owner = nobody().acting_as(session.account_id, session.label.clone());
    Caller { credential: Some(Credential::Session(session.session_id)), ..owner }
}

/// Connects a login to somebody's account.
async fn link(l: &Logins, who: &SignedIn, user: &GithubUser) -> Result<OAuthDone, OAuthRefusal> {
    let session = session(l, who).await;
    let trip = Trip { session: Some(session.clone()), ..browser("a browser") };
    l.page(&trip, OAuthWish::Link(session), user).await
}

async fn ids(l: &Logins, who: &SignedIn) -> Vec<IdentityId> {
    let page = PageRequest { limit: 100, cursor: None };
    let list = l.engine().list_identities(who.session.account_id, page).await.expect("a list");
    list.items.into_iter().map(|identity| identity.id).collect()
}

async fn unlink(l: &Logins, who: &SignedIn, id: IdentityId) -> Result<(), Error> {
    let session = session(l, who).await;
    l.engine().unlink_identity(&caller(&session), &session, id).await
}

db_test!(a_connected_login_opens_the_account_and_its_owner_is_told, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let bob = sign_up(l.engine(), BOB).await;
    assert!(matches!(link(&l, &bob, &ann()).await, Ok(OAuthDone::Linked)));
    assert!(matches!(link(&l, &bob, &ann()).await, Ok(OAuthDone::Linked)), "it is connected already");
    assert_eq!(count_mailed(l.engine(), BOB, MailKind::IdentityLinked).await, 1);
    assert_eq!(l.signs_in(&ann()).await.session.account_id, bob.session.account_id);
    assert_eq!(account(l.engine(), bob.session.account_id).await.email.as_deref(), Some(BOB));
    assert_eq!(ids(&l, &bob).await.len(), 1);
});

db_test!(a_login_of_one_account_is_never_connected_to_another, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = l.signs_in(&ann()).await;
    let bob = sign_up(l.engine(), BOB).await;
    assert_eq!(link(&l, &bob, &ann()).await.err(), Some(OAuthRefusal::IdentityInUse));
    assert!(ids(&l, &bob).await.is_empty());
    assert_eq!(l.signs_in(&ann()).await.session.account_id, ann_here.session.account_id);
});

db_test!(of_two_accounts_that_connect_one_login_at_once_one_gets_it, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    for round in 0..25u64 {
        let user = GithubUser::new(5000 + round, "ann", "ann@example.com");
        let mut answers = Vec::new();
        for who in ["bob", "eve"] {
            let who = sign_up(l.engine(), &format!("{who}{round}@example.com")).await;
            let session = session(&l, &who).await;
            let trip = Trip { session: Some(session.clone()), ..browser("a browser") };
            answers.push(Some(l.leave(&trip, OAuthWish::Link(session), &user).await));
        }
        let answers = std::sync::Mutex::new(answers);
        let outcomes = race(2, |i| {
            let (engine, answer) = (l.engine().clone(), answers.lock().unwrap()[i].take().unwrap());
            async move { engine.finish_oauth(&nobody(), answer).await.expect("an answer") }
        })
        .await;
        let linked = |one: &&vestibule::FinishOAuth| {
            matches!(one, vestibule::FinishOAuth::Page { outcome: Ok(OAuthDone::Linked), .. })
        };
        assert_eq!(outcomes.iter().filter(linked).count(), 1, "round {round}");
    }
});

db_test!(connecting_takes_the_very_session_that_began_it_and_a_recent_proof, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let bob = sign_up(l.engine(), BOB).await;
    let began = session(&l, &bob).await;
    let other = signs_in(l.engine(), BOB, PASSWORD).await.expect("signed in");
    let eve = sign_up(l.engine(), "eve@example.com").await;
    for stranger in [None, Some(session(&l, &other).await), Some(session(&l, &eve).await)] {
        let trip = Trip { session: stranger, ..browser("a browser") };
        let outcome = l.page(&trip, OAuthWish::Link(began.clone()), &ann()).await;
        assert_eq!(outcome.err(), Some(OAuthRefusal::SessionEnded));
    }
    let trip = Trip { session: Some(began.clone()), ..browser("a browser") };
    let answer = l.leave(&trip, OAuthWish::Link(began.clone()), &ann()).await;
    l.engine().sign_out(&by(&bob.account.account), &began).await.expect("signed out");
    let vestibule::FinishOAuth::Page { outcome, .. } = l.arrive(answer).await else {
        assert!(ids(&l, &bob).await.is_empty());
        return; // the session took what it had begun along
    };
    assert_eq!(outcome.err(), Some(OAuthRefusal::SessionEnded));
    assert!(ids(&l, &bob).await.is_empty());
});

db_test!(an_old_proof_neither_connects_nor_disconnects, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = l.signs_in(&ann()).await;
    l.t.clock.advance(Duration::from_secs(15 * 60));
    let session = session(&l, &ann_here).await;
    let started = l.engine().start_oauth("github", browser("b").browser, OAuthWish::Link(session)).await;
    assert!(matches!(started, Err(Error::Denied(Code::ReauthenticationRequired))));
    let id = ids(&l, &ann_here).await[0];
    assert!(matches!(unlink(&l, &ann_here, id).await, Err(Error::Denied(Code::ReauthenticationRequired))));
});

db_test!(the_last_way_in_stays, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = l.signs_in(&ann()).await;
    let id = ids(&l, &ann_here).await[0];
    // Its address is proven, but no mail is sent from here.
    assert!(matches!(unlink(&l, &ann_here, id).await, Err(Error::Conflict(Code::LastWayIn))));
    assert!(matches!(
        link(&l, &ann_here, &GithubUser::new(8, "ann2", "ann2@example.com")).await,
        Ok(OAuthDone::Linked)
    ));
    unlink(&l, &ann_here, id).await.expect("there is another login");
    let last = ids(&l, &ann_here).await[0];
    assert!(matches!(unlink(&l, &ann_here, last).await, Err(Error::Conflict(Code::LastWayIn))));
    let session = session(&l, &ann_here).await;
    l.engine().set_first_password(&caller(&session), &session, PASSWORD.into()).await.expect("set");
    unlink(&l, &ann_here, last).await.expect("there is a password, and an address to sign in by");
    assert_eq!(count_mailed(l.engine(), "ann@example.com", MailKind::IdentityUnlinked).await, 2);
    assert_eq!(l.sign_in(&ann()).await.map(|_| ()), Ok(()), "and it makes an account of its own again");
    assert!(matches!(unlink(&l, &ann_here, last).await, Err(Error::NotFound)));
});

db_test!(a_password_without_a_name_to_sign_in_by_is_no_way_in, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let mut user = ann();
    user.emails.clear();
    let ann_here = l.signs_in(&user).await;
    let session = session(&l, &ann_here).await;
    l.engine().set_first_password(&caller(&session), &session, PASSWORD.into()).await.expect("set");
    let id = ids(&l, &ann_here).await[0];
    assert!(matches!(unlink(&l, &ann_here, id).await, Err(Error::Conflict(Code::LastWayIn))));
});

db_test!(of_two_last_logins_that_are_disconnected_at_once_one_stays, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    for round in 0..25u64 {
        let ann_here = l.signs_in(&GithubUser::new(100 + 2 * round, "ann", "")).await;
        link(&l, &ann_here, &GithubUser::new(101 + 2 * round, "ann", "")).await.expect("connected");
        let (session, both) = (session(&l, &ann_here).await, ids(&l, &ann_here).await);
        let outcomes = race(2, |i| {
            let (engine, session, id) = (l.engine().clone(), session.clone(), both[i]);
            async move { engine.unlink_identity(&caller(&session), &session, id).await.is_ok() }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|done| **done).count(), 1, "round {round}");
        assert_eq!(ids(&l, &ann_here).await.len(), 1, "round {round}");
    }
});

db_test!(anothers_login_is_as_if_it_were_not_there, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = l.signs_in(&ann()).await;
    let bob = sign_up(l.engine(), BOB).await;
    let foreign = ids(&l, &ann_here).await[0];
    assert!(matches!(unlink(&l, &bob, foreign).await, Err(Error::NotFound)));
    assert_eq!(ids(&l, &ann_here).await.len(), 1);
});

db_test!(a_login_proves_again_an_account_that_has_nothing_better, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = l.signs_in(&ann()).await;
    l.t.clock.advance(Duration::from_secs(16 * 60));
    let old = session(&l, &ann_here).await;
    assert!(!old.is_recently_proven(l.engine().now()));
    let wish = || OAuthWish::Reauthenticate { session: old.clone(), return_to: Some("/account".to_owned()) };
    let trip = Trip { session: Some(old.clone()), ..browser("a browser") };
    let stranger = GithubUser::new(9, "eve", "eve@example.com");
    assert_eq!(l.page(&trip, wish(), &stranger).await.err(), Some(OAuthRefusal::IdentityOfAnother));
    let Ok(OAuthDone::Reproven(renewed)) = l.page(&trip, wish(), &ann()).await else { panic!() };
    assert!(session(&l, &renewed).await.is_recently_proven(l.engine().now()));
    assert!(live(l.engine(), &ann_here).await.is_none(), "the old token ended");

    let session = session(&l, &renewed).await;
    let trip = Trip { session: Some(session.clone()), ..browser("a browser") };
    let wish = || OAuthWish::Reauthenticate { session: session.clone(), return_to: None };
    let begun = l.leave(&trip, wish(), &ann()).await;
    l.engine().set_first_password(&caller(&session), &session, PASSWORD.into()).await.expect("set");
    let started = l.engine().start_oauth("github", trip.browser, wish()).await.expect("an answer");
    assert!(matches!(started, StartOAuth::NotOffered), "a password proves more");
    let vestibule::FinishOAuth::Page { outcome, .. } = l.arrive(begun).await else { panic!() };
    assert_eq!(outcome.err(), Some(OAuthRefusal::NotOffered));
});

db_test!(the_first_proof_of_an_address_takes_the_logins_of_whoever_was_there_before, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let eve = sign_up(l.engine(), BOB).await; // with bob's address
    let hers = GithubUser::new(6, "eve", "eve@example.com");
    link(&l, &eve, &hers).await.expect("connected");
    let token = mailed(l.engine(), BOB, MailKind::VerifyEmail).await;
    let verified = l.engine().verify_email(&nobody(), &token, Presenter::default()).await.expect("an answer");
    let VerifyEmail::Done(Some(bob)) = verified else { panic!("{verified:?}") };
    assert!(ids(&l, &bob).await.is_empty());
    assert_ne!(l.signs_in(&hers).await.session.account_id, bob.session.account_id);
});

db_test!(logins_are_exported_deleted_and_forgotten_with_their_account, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let ann_here = l.signs_in(&ann()).await;
    let export = l.engine().export(ann_here.session.account_id).await.expect("an export");
    assert_eq!(export["identities"][0]["provider"], "github");
    assert_eq!(export["identities"][0]["subject"], "583231");
    let session = session(&l, &ann_here).await;
    l.engine().close_account(&caller(&session), &session).await.expect("closed");
    let again = l.signs_in(&ann()).await;
    assert_ne!(again.session.account_id, ann_here.session.account_id);
    assert_eq!(account(l.engine(), again.session.account_id).await.email.as_deref(), Some("ann@example.com"));
});

db_test!(what_was_begun_and_never_ended_is_swept, |db: TestDb| async move {
    let change: fn(&mut Config) = |_| {};
    let l = Logins::with(&db, change).await;
    let answer = l.leave(&browser("a browser"), crate::logins::to_app(None), &ann()).await;
    let code = l.prove(&ann()).await.expect("proven").code;
    l.engine().sweep().await.expect("swept");
    assert!(matches!(l.exchange(code.expose()).await, vestibule::RedeemOAuthCode::Done { .. }), "live ones stay");
    assert!(crate::logins::proven(l.arrive(answer).await).is_ok());
    l.leave(&browser("a browser"), crate::logins::to_app(None), &ann()).await;
    l.t.clock.advance(Duration::from_secs(48 * 3600));
    l.engine().sweep().await.expect("swept");
});
