//! `/api/v1/token/refresh`, `/api/v1/token/revoke`: what a chain of tokens lives on, and what ends it.

use std::time::Duration;

use serde_json::json;
use testkit::{PASSWORD, SignedIn, TestApp, db_test, race};
use vestibule::{Caller, MailKind};

use crate::letters;
use crate::programs::{Tokens, refresh};

const ANN: &str = "ann@example.com";
const DAY: Duration = Duration::from_secs(24 * 3600);

#[track_caller]
fn is_dead(answer: &testkit::Answer) {
    assert_eq!(answer.problem(), (401, "refresh_token_invalid".into()));
}

async fn told(app: &TestApp) -> usize {
    letters::kinds(app, ANN).await.into_iter().filter(|kind| *kind == MailKind::TokenReused).count()
}

db_test!(each_token_gives_the_next_once, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let first = Tokens::by_session(&app, &ann).await;
    let answer = refresh(&app, &first.refresh).await;
    assert_eq!((answer.header("cache-control"), &answer.json()["account"]["email"]), ("no-store", &json!(ANN)));
    let second = Tokens::of(&answer);
    let third = Tokens::of(&refresh(&app, &format!(" {} ", second.refresh)).await);
    assert!(first.refresh != second.refresh && second.refresh != third.refresh);
    for tokens in [&first, &second, &third] {
        assert!(tokens.is_live(&app).await, "an access token lives its quarter of an hour");
    }
    app.clock.advance(Duration::from_secs(15 * 60));
    assert!(!third.is_live(&app).await);
    assert!(Tokens::of(&refresh(&app, &third.refresh).await).is_live(&app).await);
});

db_test!(a_lost_answer_comes_again_while_nobody_went_on, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    let first = Tokens::by_password(&app, ANN).await;
    let second = Tokens::of(&refresh(&app, &first.refresh).await);
    app.clock.advance(Duration::from_secs(9));
    let again = Tokens::of(&refresh(&app, &first.refresh).await);
    assert_eq!(again.refresh, second.refresh);
    let third = Tokens::of(&refresh(&app, &second.refresh).await);
    is_dead(&refresh(&app, &first.refresh).await);
    is_dead(&refresh(&app, &third.refresh).await);
    assert!(!third.is_live(&app).await && !first.is_live(&app).await);
    assert_eq!(told(&app).await, 1);
});

db_test!(a_token_that_comes_back_late_ends_all_that_came_of_it, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let (first, other) = (Tokens::by_session(&app, &ann).await, Tokens::by_session(&app, &ann).await);
    let second = Tokens::of(&refresh(&app, &first.refresh).await);
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(told(&app).await, 0);
    is_dead(&refresh(&app, &first.refresh).await);
    assert_eq!(told(&app).await, 1);
    is_dead(&refresh(&app, &second.refresh).await);
    is_dead(&refresh(&app, &first.refresh).await);
    assert!(!second.is_live(&app).await);
    assert_eq!(told(&app).await, 1, "it is told once");
    assert!(other.is_live(&app).await, "another grant is another chain");
    assert!(app.get("/api/v1/session").bearer(&ann.token).await.status == 200, "and the session stays");
});

db_test!(fifty_at_once_get_one_successor, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    for round in 0..5 {
        let first = Tokens::by_password(&app, ANN).await;
        let answers = race(50, |_| {
            let body = json!({"refresh_token": first.refresh});
            app.post("/api/v1/token/refresh").json(body).into_future()
        })
        .await;
        let given: std::collections::BTreeSet<String> =
            answers.iter().map(|answer| Tokens::of(answer).refresh).collect();
        assert_eq!(given.len(), 1, "{round}");
        let child = given.first().expect("one");
        assert_eq!(refresh(&app, child).await.status, 200, "{round}");
        is_dead(&refresh(&app, &first.refresh).await);
    }
});

db_test!(thirty_days_after_its_start_a_chain_ends_however_much_it_is_used, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    let mut tokens = Tokens::by_password(&app, ANN).await;
    for _ in 0..29 {
        app.clock.advance(DAY);
        tokens = Tokens::of(&refresh(&app, &tokens.refresh).await);
    }
    app.clock.advance(DAY - Duration::from_secs(60));
    tokens = Tokens::of(&refresh(&app, &tokens.refresh).await);
    assert!(tokens.is_live(&app).await);
    app.clock.advance(Duration::from_secs(60));
    is_dead(&refresh(&app, &tokens.refresh).await);
    assert!(!tokens.is_live(&app).await);
    assert_eq!(told(&app).await, 0);
});

/// A way in which a session ends, tokens and all.
async fn end(app: &TestApp, ann: &SignedIn, how: &str) {
    let call = match how {
        "sign-out" => app.post("/api/v1/sign-out").bearer(&ann.token),
        "own session" => {
            let sessions = app.get("/api/v1/me/sessions").bearer(&ann.token).await.json();
            let sessions = sessions["items"].as_array().expect("items").clone();
            let own = sessions.iter().find(|one| one["current"] == true).expect("this one");
            app.delete(&format!("/api/v1/me/sessions/{}", own["id"].as_str().expect("an id"))).bearer(&ann.token)
        }
        "others" => {
            let other = app.sign_in(ANN).await;
            app.delete("/api/v1/me/sessions").bearer(&other.token)
        }
        "password" => {
            let body = json!({"current_password": PASSWORD, "new_password": "lantern gravel orbit 77"});
            app.post("/api/v1/password/change").bearer(&ann.token).json(body)
        }
        other => panic!("{other} is no way"),
    };
    let answer = call.await;
    assert!(answer.status.is_success(), "{how}: {}", answer.text);
}

db_test!(a_chain_ends_with_its_session, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up(ANN).await;
    for how in ["sign-out", "own session", "others", "password"] {
        let ann = app.sign_in(ANN).await;
        let tokens = Tokens::by_session(&app, &ann).await;
        assert!(tokens.is_live(&app).await, "{how}");
        end(&app, &ann, how).await;
        assert!(!tokens.is_live(&app).await, "{how}");
        is_dead(&refresh(&app, &tokens.refresh).await);
    }
    assert_eq!(told(&app).await, 0, "nothing of it was reused");
});

db_test!(a_chain_of_its_own_ends_with_the_password_and_the_account, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let by_password = Tokens::by_password(&app, ANN).await;
    assert_eq!(app.post("/api/v1/sign-out").bearer(&app.sign_in(ANN).await.token).await.status, 204);
    assert!(by_password.is_live(&app).await, "it is no session's");
    let tokens = Tokens::by_password(&app, ANN).await;
    app.engine.disable_account(&Caller::host("root"), ann.account_id).await.expect("disabled");
    for tokens in [&by_password, &tokens] {
        assert!(!tokens.is_live(&app).await);
        is_dead(&refresh(&app, &tokens.refresh).await);
    }
    app.engine.enable_account(&Caller::host("root"), ann.account_id).await.expect("enabled");
    assert!(!tokens.is_live(&app).await, "nothing comes back");
    is_dead(&refresh(&app, &tokens.refresh).await);
    let tokens = Tokens::by_password(&app, ANN).await;
    end(&app, &app.sign_in(ANN).await, "password").await;
    assert!(!tokens.is_live(&app).await);
    is_dead(&refresh(&app, &tokens.refresh).await);
});

db_test!(whoever_has_a_token_gives_all_of_its_chain_back, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let revoke = |token: &str| app.post("/api/v1/token/revoke").json(json!({ "token": token }));
    let by_refresh = Tokens::by_session(&app, &ann).await;
    let by_access = Tokens::by_session(&app, &ann).await;
    let kept = Tokens::by_session(&app, &ann).await;
    for (tokens, presented) in [(&by_refresh, &by_refresh.refresh), (&by_access, &by_access.access)] {
        for _ in 0..2 {
            let answer = revoke(presented).await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
        }
        assert!(!tokens.is_live(&app).await);
        is_dead(&refresh(&app, &tokens.refresh).await);
    }
    let key = crate::programs::Key::make(&app, &ann, None).await.token;
    for other in ["", "x", "vst_rft_x", "a.b.c", &ann.token, &key] {
        assert_eq!(revoke(other).await.status, 204, "{other}");
    }
    assert!(kept.is_live(&app).await && crate::programs::is_live(&app, &key).await);
    assert_eq!(app.get("/api/v1/session").bearer(&ann.token).await.status, 200);
});

db_test!(a_refresh_token_is_good_for_nothing_else_and_nothing_else_for_it, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let tokens = Tokens::by_session(&app, &ann).await;
    let key = crate::programs::Key::make(&app, &ann, None).await.token;
    let service = crate::programs::service_key(&app, &["introspect"]).await;
    for other in [&ann.token, &tokens.access, &key, &service, &ann.token.replace("_ses_", "_rft_"), "", "vst_rft_"] {
        is_dead(&refresh(&app, other).await);
    }
    for path in ["/api/v1/me", "/api/v1/session", "/api/v1/me/permissions"] {
        for call in [app.get(path).bearer(&tokens.refresh), app.get(path).cookie(&tokens.refresh)] {
            assert_eq!(call.await.problem(), (401, "unauthenticated".into()), "{path}");
        }
    }
    assert_eq!(refresh(&app, &tokens.refresh).await.status, 200, "none of it harmed it");
});

db_test!(a_chain_is_not_refreshed_without_end, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = Some("2/60".parse().expect("a limit"))).await;
    app.sign_up(ANN).await;
    let (mine, other) = (Tokens::by_password(&app, ANN).await, Tokens::by_password(&app, ANN).await);
    let second = Tokens::of(&refresh(&app, &mine.refresh).await);
    let third = Tokens::of(&refresh(&app, &second.refresh).await);
    let refused = refresh(&app, &third.refresh).await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()), "though the token is another each time");
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refresh(&app, &other.refresh).await.status, 200, "whoever shares the address goes on");
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(refresh(&app, &third.refresh).await.status, 200, "it was not used up");
});

db_test!(tokens_that_are_nothing_are_counted_by_address, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = Some("2/60".parse().expect("a limit"))).await;
    app.sign_up(ANN).await;
    let tokens = Tokens::by_password(&app, ANN).await;
    let revoke = |token: &str| app.post("/api/v1/token/revoke").peer("192.0.2.1").json(json!({ "token": token }));
    let refresh = |peer: &str, token: &str| {
        app.post("/api/v1/token/refresh").peer(peer).json(json!({ "refresh_token": token })).into_future()
    };
    is_dead(&refresh("192.0.2.1", "x").await);
    assert_eq!(revoke("vst_rft_x").await.status, 204);
    assert_eq!(revoke("y").await.problem(), (429, "too_many_requests".into()));
    let refused = refresh("192.0.2.1", &tokens.refresh).await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()));
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refresh("192.0.2.2", &tokens.refresh).await.status, 200, "nobody else is kept from it");
});

db_test!(giving_back_what_has_ended_writes_nothing_and_is_counted, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = Some("3/60".parse().expect("a limit"))).await;
    app.sign_up(ANN).await;
    let tokens = Tokens::by_password(&app, ANN).await;
    let revoke = || app.post("/api/v1/token/revoke").json(json!({ "token": tokens.access }));
    assert_eq!(revoke().await.status, 204);
    let writer = app.engine.db().write().await.expect("the one writer");
    let again = tokio::time::timeout(Duration::from_secs(20), revoke().into_future()).await;
    assert_eq!(again.expect("it waits for nobody").status, 204);
    drop(writer);
    assert_eq!(revoke().await.status, 204);
    assert_eq!(revoke().await.problem(), (429, "too_many_requests".into()));
});
