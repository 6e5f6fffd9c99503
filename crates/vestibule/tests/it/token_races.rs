//! Races for refresh tokens: however many come at once, on however many nodes, a token has one successor; and what ends
//! a chain ends it, whoever refreshes at that moment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{Error, IssuedTokens, PasswordChange, RefreshTokens, SignedIn, Vestibule};

use crate::holders::host;
use crate::people::{OTHER, PASSWORD, live, nobody, sign_up};
use crate::programs::{acting, assert_dead, jwt, opens, read_elsewhere, refreshed, tokens_for_password, tokens_of};

const ROUNDS: usize = 25;

async fn count_tokens(engine: &Vestibule) -> i64 {
    let mut connection = engine.db().read().await.expect("a connection");
    connection.one::<(i64,)>("SELECT COUNT(*) FROM refresh_tokens", &[]).await.expect("a count").0
}

/// Fifty present one token at the same moment; gives the one successor that they were all given.
async fn fifty(nodes: &[Vestibule], token: &str) -> String {
    let children = race(50, |i| {
        let (node, token) = (nodes[i % nodes.len()].clone(), token.to_owned());
        async move { refreshed(&node, &token).await.map(|issued| issued.refresh_token.expose().to_owned()) }
    })
    .await;
    let children: BTreeSet<String> = children.into_iter().map(|child| child.expect("nobody is refused")).collect();
    assert_eq!(children.len(), 1, "two successors of one token");
    children.into_iter().next().expect("there is one")
}

db_test!(fifty_refreshes_at_once_give_one_successor, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, "ann@example.com").await;
    let first = tokens_for_password(&t.engine, "ann@example.com").await;
    let child = fifty(std::slice::from_ref(&t.engine), first.refresh_token.expose()).await;
    assert_eq!(count_tokens(&t.engine).await, 2);
    let next = fifty(std::slice::from_ref(&t.engine), &child).await;
    assert_eq!(count_tokens(&t.engine).await, 3);
    assert!(refreshed(&t.engine, &next).await.is_some());
});

db_test!(fifty_refreshes_at_once_on_two_nodes_give_one_successor, |db: TestDb| async move {
    let one = TestEngine::new(&db).await;
    let two = one.second_node().await;
    let nodes = [one.engine.clone(), two.engine.clone()];
    sign_up(&one.engine, "ann@example.com").await;
    let first = tokens_for_password(&one.engine, "ann@example.com").await;
    let mut last = first.refresh_token.expose().to_owned();
    for generation in 2..5 {
        last = fifty(&nodes, &last).await;
        assert_eq!(count_tokens(&one.engine).await, generation);
    }
    assert!(refreshed(&two.engine, &last).await.is_some());
});

db_test!(fifty_who_bring_back_a_used_token_end_the_chain_once, |db: TestDb| async move {
    let one = TestEngine::new(&db).await;
    let two = one.second_node().await;
    let ann = sign_up(&one.engine, "ann@example.com").await;
    let first = tokens_of(&one.engine, &ann).await;
    let child = refreshed(&one.engine, first.refresh_token.expose()).await.expect("the next pair");
    one.clock.advance(Duration::from_secs(10));
    let gained = race(50, |i| {
        let (node, token) = (if i % 2 == 0 { &one } else { &two }, first.refresh_token.expose().to_owned());
        let node = node.engine.clone();
        async move { refreshed(&node, &token).await.is_some() }
    })
    .await;
    assert!(gained.iter().all(|gained| !gained));
    assert_dead(&one.engine, &child, "the chain has ended").await;
    let id = ann.account.account.id;
    assert_eq!(crate::authenticators::logged(&one.engine, id, "token.refreshed").await, (0, 1), "written down once");
    let mails = crate::people::count_mailed(&one.engine, "ann@example.com", vestibule::MailKind::TokenReused).await;
    assert_eq!(mails, 1);
});

/// What ends a chain.
#[derive(Clone, Copy, Debug)]
enum End {
    SignOut,
    PasswordChange,
    Disable,
    AllSessions,
    Revoke,
}

async fn end(engine: &Vestibule, how: End, ann: &SignedIn, first: &IssuedTokens) {
    let id = ann.account.account.id;
    let session = live(engine, ann).await.expect("signed in");
    match how {
        End::SignOut => engine.sign_out(&acting(&session), &session).await.expect("signed out"),
        End::PasswordChange => {
            let change = PasswordChange { current: PASSWORD.into(), new: OTHER.into(), revoke_api_keys: false };
            drop(engine.change_password(&acting(&session), &session, change).await.expect("changed"));
        }
        End::Disable => drop(engine.disable_account(&host(), id).await.expect("disabled")),
        End::AllSessions => drop(engine.end_all_sessions(&host(), id).await.expect("ended")),
        End::Revoke => engine.revoke_token(&nobody(), jwt(first)).await.expect("revoked"),
    }
}

/// Three refresh, one asks for another chain, and one ends them all: nothing is alive afterwards, here or there.
async fn refreshing_while(db: TestDb, how: End) {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    for round in 0..ROUNDS {
        let ann = Arc::new(sign_up(&t.engine, &format!("ann{round}@example.com")).await);
        let session = live(&t.engine, &ann).await.expect("signed in");
        let first = Arc::new(tokens_of(&t.engine, &ann).await);
        assert!(opens(&t.engine, jwt(&first)).await);
        let given = race(5, |i| {
            let (here, there) = (t.engine.clone(), there.engine.clone());
            let (ann, first, session) = (ann.clone(), first.clone(), session.clone());
            async move {
                match i {
                    2 => {
                        end(&here, how, &ann, &first).await;
                        assert!(!opens(&here, jwt(&first)).await, "from the moment of the answer");
                        None
                    }
                    4 if !matches!(how, End::Revoke) => match here.issue_tokens(&acting(&session), &session).await {
                        Ok(issued) => Some(issued),
                        Err(Error::Denied(_)) => None,
                        Err(other) => panic!("{other:?}"),
                    },
                    _ => {
                        let node = if i % 2 == 0 { here } else { there };
                        match node.refresh_tokens(&nobody(), first.refresh_token.expose()).await.expect("an answer") {
                            RefreshTokens::Done(issued) => Some(*issued),
                            RefreshTokens::Refused => None,
                        }
                    }
                }
            }
        })
        .await;
        for issued in given.iter().flatten().chain([&*first]) {
            match how {
                End::PasswordChange => assert_dead_unless_from_after(&t.engine, issued, &first).await,
                End::SignOut | End::Disable | End::AllSessions | End::Revoke => {
                    assert_dead(&t.engine, issued, "here").await
                }
            }
        }
    }
}

/// A password change keeps the session that changed it, which may go on to ask for tokens: what it was given after the
/// change is good, and everything of the chain from before is not.
async fn assert_dead_unless_from_after(engine: &Vestibule, issued: &IssuedTokens, first: &IssuedTokens) {
    let of = read_elsewhere(engine, jwt(issued)).await.expect("we signed it");
    let before = read_elsewhere(engine, jwt(first)).await.expect("we signed it");
    if of.sid == before.sid || of.sv == before.sv {
        assert_dead(engine, issued, "from before the change").await;
    } else {
        assert!(opens(engine, jwt(issued)).await, "from after the change");
    }
}

db_test!(a_refresh_racing_a_sign_out_leaves_nothing, |db: TestDb| refreshing_while(db, End::SignOut));
db_test!(a_refresh_racing_a_change_of_password_leaves_nothing, |db: TestDb| refreshing_while(db, End::PasswordChange));
db_test!(a_refresh_racing_the_end_of_the_account_leaves_nothing, |db: TestDb| refreshing_while(db, End::Disable));
db_test!(a_refresh_racing_the_end_of_all_sessions_leaves_nothing, |db: TestDb| refreshing_while(db, End::AllSessions));
db_test!(a_refresh_racing_a_revocation_leaves_nothing, |db: TestDb| refreshing_while(db, End::Revoke));
