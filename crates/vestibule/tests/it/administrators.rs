//! The first administrator and the last: one winner, and one always remains.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    ADMINISTRATORS, AccountId, AuditFilter, AuditOutcome, Bootstrap, Caller, Code, Error, MEMBERS, NewAdministrator,
    PageRequest, SetUp, SetUpForm, UserEdit, Vestibule, needs,
};

use crate::people::{PASSWORD, administrator, by, live, nobody, sign_up};

fn form(token: &str, username: &str) -> SetUpForm {
    let username = Some(username.to_owned());
    SetUpForm { setup_token: token.into(), email: None, username, password: PASSWORD.into() }
}

fn new_administrator(username: &str) -> NewAdministrator {
    NewAdministrator { email: None, username: Some(username.to_owned()), name: None, password: PASSWORD.into() }
}

async fn token(engine: &Vestibule) -> String {
    let token = engine.issue_setup_token(&Caller::system()).await.expect("an answer").expect("armed");
    token.expose().to_owned()
}

async fn administrators(engine: &Vestibule) -> i64 {
    engine.count_accounts().await.expect("a count").administrators
}

db_test!(whoever_holds_the_setup_token_becomes_the_first_administrator, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    assert!(t.engine.is_setup_armed().await.expect("an answer"));
    let (first, second) = (token(&t.engine).await, token(&t.engine).await);
    let wrong = t.engine.set_up(&nobody(), form("vst_set_nonsense", "root")).await;
    assert!(matches!(wrong, Ok(SetUp::WrongToken)), "{wrong:?}");
    let Ok(SetUp::Done(root)) = t.engine.set_up(&nobody(), form(&first, "root")).await else { panic!("armed") };
    assert!(live(&t.engine, &root).await.expect("signed in").may(needs::VIEW_USERS));
    assert_eq!(root.account.groups.iter().map(|group| group.id).collect::<Vec<_>>(), [ADMINISTRATORS]);
    let late = t.engine.set_up(&nobody(), form(&second, "mallory")).await;
    assert!(matches!(late, Ok(SetUp::Closed)), "{late:?}");
    assert!(t.engine.issue_setup_token(&Caller::system()).await.expect("an answer").is_none());
});

db_test!(a_setup_token_lives_a_day_and_a_weak_password_does_not_burn_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let token = token(&t.engine).await;
    t.clock.advance(Duration::from_secs(24 * 3600) - Duration::from_micros(1));
    let weak = SetUpForm { password: "short".into(), ..form(&token, "root") };
    assert!(matches!(t.engine.set_up(&nobody(), weak).await, Err(Error::Invalid(_))));
    t.clock.advance(Duration::from_micros(1));
    assert!(matches!(t.engine.set_up(&nobody(), form(&token, "root")).await, Ok(SetUp::WrongToken)));
});

db_test!(a_hundred_bootstraps_at_once_make_one_administrator, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let other = t.second_node().await;
    for round in 0..25 {
        let token = token(&t.engine).await;
        let made = race(100, |i| {
            let engine = if i % 2 == 0 { t.engine.clone() } else { other.engine.clone() };
            let (form, admin) = (form(&token, &format!("root-{i}")), new_administrator(&format!("root-{i}")));
            async move {
                match i % 4 {
                    0 => matches!(engine.bootstrap(admin).await.expect("an answer"), Bootstrap::Made(_)),
                    _ => matches!(engine.set_up(&nobody(), form).await.expect("an answer"), SetUp::Done(_)),
                }
            }
        })
        .await;
        assert_eq!(made.iter().filter(|made| **made).count(), 1, "round {round}");
        assert_eq!(administrators(&t.engine).await, 1, "round {round}");
        let mut tx = t.engine.db().write().await.expect("a transaction");
        tx.exec("DELETE FROM accounts", &[]).await.expect("for the next round");
        tx.commit().await.expect("committed");
    }
});

db_test!(the_bootstrap_is_inert_once_anybody_was_administrator_and_never_promotes, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, "ann@example.com").await;
    let taken = NewAdministrator { email: Some("ANN@example.com".into()), username: None, ..new_administrator("x") };
    let refused = t.engine.bootstrap(taken).await;
    assert!(matches!(refused, Err(Error::Setup(_))), "{refused:?}");
    assert_eq!(administrators(&t.engine).await, 0);
    let root = administrator(&t.engine, "root").await.account;
    let mut tx = t.engine.db().write().await.expect("a transaction");
    tx.exec("UPDATE accounts SET state = 'disabled' WHERE id = $1", &[&root.id]).await.expect("disabled by hand");
    tx.commit().await.expect("committed");
    assert!(!t.engine.is_setup_armed().await.expect("an answer"), "an inactive one disarms as well");
    assert!(matches!(t.engine.bootstrap(new_administrator("second")).await, Ok(Bootstrap::Inert)));
    administrator(&t.engine, "rescued").await;
    assert_eq!(administrators(&t.engine).await, 1, "the host can always make one");
});

#[derive(Clone, Copy, Debug)]
enum Act {
    Disable,
    Delete,
    Demote,
}

async fn act(engine: &Vestibule, what: Act, by: &Caller, on: AccountId) -> Result<(), Error> {
    match what {
        Act::Disable => engine.disable_account(by, on).await.map(drop),
        Act::Delete => engine.delete_account(by, on).await,
        Act::Demote => {
            let edit = UserEdit { group_ids: Some(vec![MEMBERS]), ..UserEdit::default() };
            engine.edit_user(by, on, edit).await.map(drop)
        }
    }
}

db_test!(two_administrators_removing_each_other_leave_one, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let other = t.second_node().await;
    for round in 0..200 {
        let what = [Act::Disable, Act::Delete, Act::Demote][round % 3];
        let admins = [
            administrator(&t.engine, &format!("ann-{round}")).await.account,
            administrator(&t.engine, &format!("bob-{round}")).await.account,
        ];
        let outcomes = race(2, |i| {
            let engine = if i == 0 { t.engine.clone() } else { other.engine.clone() };
            // By the host the guard alone decides; an administrator who is gone already is refused for that.
            let caller = if round % 2 == 0 { Caller::host("root") } else { by(&admins[i]) };
            let target = admins[1 - i].id;
            async move { act(&engine, what, &caller, target).await }
        })
        .await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let held = outcomes.iter().filter(|outcome| match outcome {
            Err(Error::Conflict(code)) => *code == Code::LastAdmin,
            Err(Error::Denied(_)) => round % 2 == 1,
            Err(Error::Forbidden(why)) => round % 2 == 1 && why.code == Code::PermissionRequired,
            Ok(()) | Err(_) => false,
        });
        assert_eq!((done, held.count()), (1, 1), "round {round}, {what:?}: {outcomes:?}");
        assert_eq!(administrators(&t.engine).await, 1, "round {round}");
        let mut tx = t.engine.db().write().await.expect("a transaction");
        tx.exec("DELETE FROM accounts", &[]).await.expect("for the next round");
        tx.commit().await.expect("committed");
    }
});

db_test!(the_last_administrator_cannot_go_by_any_way_and_each_try_is_audited, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let host = Caller::host("root");
    for what in [Act::Disable, Act::Delete, Act::Demote] {
        let refused = act(&t.engine, what, &host, root.id).await;
        assert!(matches!(refused, Err(Error::Conflict(Code::LastAdmin))), "{what:?}: {refused:?}");
    }
    let signed_in = crate::people::signs_in(&t.engine, "root", PASSWORD).await.expect("still an administrator");
    let session = live(&t.engine, &signed_in).await.expect("signed in");
    let closed = t.engine.close_account(&by(&root), &session).await;
    assert!(matches!(closed, Err(Error::Conflict(Code::LastAdmin))), "{closed:?}");
    let refusals = AuditFilter { outcome: Some(AuditOutcome::Refused), ..AuditFilter::default() };
    let rows = t.engine.list_audit(&refusals, PageRequest::first()).await.expect("the log").items;
    let mut actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["account.closed", "account.deleted", "account.disabled", "account.edited"]);
    assert!(rows.iter().all(|row| row.details.0["reason"] == "last_admin"));
});

db_test!(a_disabled_administrator_does_not_count, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (ann, bob) = (administrator(&t.engine, "ann").await.account, administrator(&t.engine, "bob").await.account);
    t.engine.disable_account(&by(&ann), bob.id).await.expect("ann remains");
    let refused = t.engine.disable_account(&Caller::host("root"), ann.id).await;
    assert!(matches!(refused, Err(Error::Conflict(Code::LastAdmin))));
    t.engine.delete_account(&by(&ann), bob.id).await.expect("bob counted no more");
    let own = t.engine.disable_account(&by(&ann), ann.id).await;
    assert!(matches!(own, Err(Error::Conflict(Code::OwnAccount))), "{own:?}");
});

db_test!(whoever_lost_their_standing_while_asking_changes_nothing, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = sign_up(&t.engine, "ann@example.com").await.account.account;
    for (n, lost) in ["session", "membership", "account"].iter().enumerate() {
        let mallory = administrator(&t.engine, &format!("mallory-{n}")).await.account;
        let signed_in = crate::people::signs_in(&t.engine, &format!("mallory-{n}"), PASSWORD).await.expect("signed in");
        let mut caller = by(&mallory);
        caller.credential = Some(vestibule::Credential::Session(signed_in.session.id));
        t.engine.unlock_account(&caller, ann.id).await.expect("still an administrator");
        match *lost {
            "session" => drop(t.engine.end_all_sessions(&by(&root), mallory.id).await.expect("ended")),
            "membership" => act(&t.engine, Act::Demote, &by(&root), mallory.id).await.expect("demoted"),
            _ => act(&t.engine, Act::Disable, &by(&root), mallory.id).await.expect("disabled"),
        }
        let before = t.engine.count_accounts().await.expect("a count").total;
        let backdoor = t.engine.create_administrator(&caller, new_administrator("backdoor")).await.map(drop);
        let others = [
            backdoor,
            act(&t.engine, Act::Disable, &caller, root.id).await,
            act(&t.engine, Act::Delete, &caller, root.id).await,
            act(&t.engine, Act::Demote, &caller, root.id).await,
            t.engine.enable_account(&caller, ann.id).await.map(drop),
            t.engine.unlock_account(&caller, ann.id).await.map(drop),
            t.engine.set_password(&caller, ann.id, "willow-Anchor-9-fig".into()).await,
            t.engine.end_all_sessions(&caller, ann.id).await.map(drop),
        ];
        for (i, refused) in others.iter().enumerate() {
            match refused {
                Err(Error::Denied(_)) => assert_ne!(*lost, "membership", "act {i}: they are still who they were"),
                Err(Error::Forbidden(why)) => {
                    assert_eq!((*lost, why.code), ("membership", Code::PermissionRequired), "act {i}");
                }
                other => panic!("{lost}, act {i}: {other:?}"),
            }
        }
        assert_eq!(t.engine.count_accounts().await.expect("a count").total, before);
        let tries = AuditFilter { actor: Some(mallory.id), outcome: Some(AuditOutcome::Refused), ..Default::default() };
        let tries = t.engine.list_audit(&tries, PageRequest::first()).await.expect("the log").items;
        assert_eq!(tries.len(), others.len(), "each try is written down: {tries:?}");
    }
});
