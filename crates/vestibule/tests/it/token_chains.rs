//! Refresh chains: each token works once, a lost answer is given again for a moment, a token that comes back ends the
//! chain, and no chain outlives its cap or its session.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{Clock, Code, Db, Error, MailKind, Timestamp, UserEdit, Vestibule};

use crate::authenticators::{Careful, logged};
use crate::holders::{host, last_refusal};
use crate::people::{count_mailed, live, sign_up};
use crate::programs::{
    acting, assert_dead, heard, jwt, opens, read_elsewhere, refreshed, tokens_for_password, tokens_of,
};

const ANN: &str = "ann@example.com";
const DAY: Duration = Duration::from_secs(24 * 3600);
const TICK: Duration = Duration::from_micros(1);
const GRACE: Duration = Duration::from_secs(10);

/// How many sealed successors are kept, and how many tokens there are.
async fn kept(engine: &Vestibule) -> (i64, i64) {
    let mut connection = engine.db().read().await.expect("a connection");
    connection.one("SELECT COUNT(child), COUNT(*) FROM refresh_tokens", &[]).await.expect("a count")
}

db_test!(a_lost_answer_is_given_again_for_ten_seconds_and_not_at_ten, |db: TestDb| async move {
    let t = TestEngine::quiet(&db, |_| {}).await;
    sign_up(&t.engine, ANN).await;
    let first = tokens_for_password(&t.engine, ANN).await;
    let child = refreshed(&t.engine, first.refresh_token.expose()).await.expect("the next pair");
    t.clock.advance(GRACE - TICK);
    let again = refreshed(&t.engine, first.refresh_token.expose()).await.expect("the answer that was lost");
    assert_eq!(again.refresh_token.expose(), child.refresh_token.expose(), "letter by letter");
    assert_ne!(jwt(&again), jwt(&child), "with an access token of its own");
    assert_eq!(kept(&t.engine).await, (1, 2), "and nothing new was drawn");
    t.clock.advance(TICK);
    assert!(refreshed(&t.engine, first.refresh_token.expose()).await.is_none(), "at ten seconds it comes back");
    assert_dead(&t.engine, &child, "and ends the chain").await;
    assert!(!opens(&t.engine, jwt(&first)).await && !opens(&t.engine, jwt(&again)).await);
});

db_test!(a_token_whose_successor_was_used_ends_the_chain_at_once, |db: TestDb| async move {
    let t = TestEngine::quiet(&db, |_| {}).await;
    let ann = sign_up(&t.engine, ANN).await;
    let first = tokens_of(&t.engine, &ann).await;
    let second = refreshed(&t.engine, first.refresh_token.expose()).await.expect("the next pair");
    let third = refreshed(&t.engine, second.refresh_token.expose()).await.expect("the next pair");
    assert_eq!(kept(&t.engine).await, (1, 3), "of the first nothing is kept since the second was used");
    assert!(refreshed(&t.engine, first.refresh_token.expose()).await.is_none());
    assert_dead(&t.engine, &third, "neither goes on").await;
    assert!(live(&t.engine, &ann).await.is_some(), "the session does");
});

db_test!(what_is_kept_for_a_lost_answer_is_erased_after_ten_seconds, |db: TestDb| async move {
    let t = TestEngine::quiet(&db, |_| {}).await;
    sign_up(&t.engine, ANN).await;
    let first = tokens_for_password(&t.engine, ANN).await;
    let child = refreshed(&t.engine, first.refresh_token.expose()).await.expect("the next pair");
    t.clock.advance(GRACE - TICK);
    t.engine.sweep().await.expect("swept");
    assert_eq!(kept(&t.engine).await, (1, 2));
    t.clock.advance(TICK);
    t.engine.sweep().await.expect("swept");
    assert_eq!(kept(&t.engine).await, (0, 2));
    assert!(refreshed(&t.engine, child.refresh_token.expose()).await.is_some(), "the successor is as good as it was");
});

db_test!(a_token_that_comes_back_ends_its_chain_on_a_new_engine_too_and_its_owner_hears, |db: TestDb| async move {
    let t = TestEngine::quiet(&db, |_| {}).await;
    let ann = sign_up(&t.engine, ANN).await;
    let (first, other) = (tokens_of(&t.engine, &ann).await, tokens_of(&t.engine, &ann).await);
    let child = refreshed(&t.engine, first.refresh_token.expose()).await.expect("the next pair");
    assert!(opens(&t.engine, jwt(&child)).await);
    t.clock.advance(GRACE);
    let again = t.second_node().await;
    assert!(refreshed(&again.engine, first.refresh_token.expose()).await.is_none(), "another process knows");
    let row = last_refusal(&again.engine).await;
    assert_eq!((row.action.as_str(), row.details.0["reason"].as_str()), ("token.refreshed", Some("refresh_reuse")));
    assert_eq!(row.target_id, Some(ann.account.account.id.0));
    assert_eq!(count_mailed(&again.engine, ANN, MailKind::TokenReused).await, 1);
    for node in [&again.engine, &t.engine] {
        assert_dead(node, &child, "the chain has ended").await;
        assert!(opens(node, jwt(&other)).await, "the other goes on");
    }
    assert!(refreshed(&t.engine, first.refresh_token.expose()).await.is_none(), "and no second mail, no second row");
    assert_eq!(count_mailed(&again.engine, ANN, MailKind::TokenReused).await, 1);
    assert_eq!(logged(&t.engine, ann.account.account.id, "token.refreshed").await, (0, 1));
});

db_test!(the_cap_is_counted_from_the_first_token_however_often_it_is_refreshed, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    let mut last = tokens_for_password(&t.engine, ANN).await;
    for _ in 0..29 {
        t.clock.advance(DAY);
        last = refreshed(&t.engine, last.refresh_token.expose()).await.expect("within thirty days");
    }
    t.clock.advance(DAY - TICK);
    let end = t.engine.now().plus(TICK);
    last = refreshed(&t.engine, last.refresh_token.expose()).await.expect("to the last moment");
    heard(&t).await;
    assert!(opens(&t.engine, jwt(&last)).await);
    t.clock.advance(TICK);
    assert_eq!(t.engine.now(), end);
    assert_dead(&t.engine, &last, "thirty days are over").await;
});

db_test!(an_access_token_says_no_later_end_than_its_chain_has, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.tokens.chain = Duration::from_secs(3600)).await;
    sign_up(&t.engine, ANN).await;
    let first = tokens_for_password(&t.engine, ANN).await;
    let begun = read_elsewhere(&t.engine, jwt(&first)).await.expect("it is good").iat;
    t.clock.advance(Duration::from_secs(50 * 60));
    let last = refreshed(&t.engine, first.refresh_token.expose()).await.expect("ten minutes are left");
    assert_eq!(last.expires_in, Duration::from_secs(600));
    assert_eq!(read_elsewhere(&t.engine, jwt(&last)).await.expect("it is good").exp, begun + 3600);
    t.clock.advance(Duration::from_secs(600) - TICK);
    assert!(read_elsewhere(&t.engine, jwt(&last)).await.is_some() && opens(&t.engine, jwt(&last)).await);
    t.clock.advance(TICK);
    assert!(read_elsewhere(&t.engine, jwt(&last)).await.is_none());
    assert_dead(&t.engine, &last, "the chain is over").await;
});

db_test!(a_chain_ends_when_its_session_would_and_its_use_is_a_use_of_the_session, |db: TestDb| async move {
    let hour = Duration::from_secs(3600);
    let t = TestEngine::with(&db, |config| {
        config.session.idle = hour;
        config.session.absolute = 3 * hour;
    })
    .await;
    let ann = sign_up(&t.engine, ANN).await;
    let mut last = tokens_of(&t.engine, &ann).await;
    for _ in 0..3 {
        t.clock.advance(hour - Duration::from_secs(60));
        last = refreshed(&t.engine, last.refresh_token.expose()).await.expect("the session is in use");
        assert!(live(&t.engine, &ann).await.is_some());
    }
    assert_eq!(last.expires_in, Duration::from_secs(180), "what is left of the session");
    heard(&t).await;
    assert!(opens(&t.engine, jwt(&last)).await);
    t.clock.advance(Duration::from_secs(180) - TICK);
    heard(&t).await;
    assert!(opens(&t.engine, jwt(&last)).await);
    t.clock.advance(TICK);
    assert_dead(&t.engine, &last, "three hours are over").await;
    let bob = sign_up(&t.engine, "bob@example.com").await;
    let unused = tokens_of(&t.engine, &bob).await;
    t.clock.advance(hour);
    assert_dead(&t.engine, &unused, "nobody used the session").await;
});

db_test!(a_session_whose_last_use_is_not_written_yet_gives_tokens_that_live, |db: TestDb| async move {
    let hour = Duration::from_secs(3600);
    let t = TestEngine::quiet(&db, |config| config.session.idle = hour).await;
    let ann = sign_up(&t.engine, ANN).await;
    t.engine.session(&ann.token).await.expect("an answer").expect("signed in");
    t.clock.advance(hour - TICK);
    t.engine.session(&ann.token).await.expect("an answer").expect("to the last moment");
    let issued = tokens_of(&t.engine, &ann).await;
    t.clock.advance(Duration::from_secs(60));
    assert!(opens(&t.engine, jwt(&issued)).await, "its use of a minute ago counts");
});

db_test!(a_second_factor_ends_the_chains_that_began_before_it_without_one, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let (by_password, by_session) = (tokens_for_password(&t.engine, ANN).await, tokens_of(&t.engine, &ann).await);
    assert!(opens(&t.engine, jwt(&by_password)).await && opens(&t.engine, jwt(&by_session)).await);
    Careful::enrol(&t, ann).await;
    assert_dead(&t.engine, &by_password, "the password alone is not enough any more").await;
    assert!(opens(&t.engine, jwt(&by_session)).await, "the session that enrolled goes on, and what it gave");
});

db_test!(another_address_ends_the_chains_of_the_one_before, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let (by_password, by_session) = (tokens_for_password(&t.engine, ANN).await, tokens_of(&t.engine, &ann).await);
    let edit = UserEdit { email: Some("lee@example.com".into()), ..UserEdit::default() };
    t.engine.edit_user(&host(), ann.account.account.id, edit).await.expect("the host may");
    assert_dead(&t.engine, &by_session, "its session ended").await;
    assert_dead(&t.engine, &by_password, "and so does what has none").await;
});

db_test!(a_lost_answer_is_not_given_by_a_clock_that_stands_before_its_use, |db: TestDb| async move {
    let t = TestEngine::quiet(&db, |_| {}).await;
    sign_up(&t.engine, ANN).await;
    let start = t.engine.now();
    t.clock.advance(2 * GRACE);
    let node = async |behind: Duration| {
        let database = Db::connect(&db.url).await.expect("it opens");
        let clock = Clock::manual(t.engine.now().minus(behind));
        let config = t.engine.config().clone();
        let random = t.engine.random().clone();
        let builder = Vestibule::builder(database, vec![7; 32].into()).clock(clock).config(config).random(random);
        builder.build().await.expect("it builds")
    };
    let first = tokens_for_password(&t.engine, ANN).await;
    let child = refreshed(&t.engine, first.refresh_token.expose()).await.expect("the next pair");
    let behind = node(GRACE).await;
    assert!(refreshed(&behind, first.refresh_token.expose()).await.is_some(), "clocks differ a little");
    let wrong = node(GRACE + TICK).await;
    assert!(wrong.now() > start && wrong.now() < Timestamp(i64::MAX));
    assert!(refreshed(&wrong, first.refresh_token.expose()).await.is_none(), "but not without end");
    assert_dead(&t.engine, &child, "it came back").await;
});

db_test!(a_session_older_than_a_chain_lives_gives_no_tokens_and_says_why, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.tokens.chain = DAY).await;
    let ann = sign_up(&t.engine, ANN).await;
    for _ in 0..2 {
        t.clock.advance(DAY / 2 - TICK);
        heard(&t).await;
        tokens_of(&t.engine, &ann).await;
    }
    t.clock.advance(2 * TICK);
    let session = live(&t.engine, &ann).await.expect("the session goes on");
    let refused = t.engine.issue_tokens(&acting(&session), &session).await;
    assert!(matches!(refused, Err(Error::Denied(Code::SessionTooOld))), "{refused:?}");
});
