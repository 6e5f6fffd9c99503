//! `/api/v1/admin/users/{id}/sessions`

use serde_json::json;
use testkit::{SignedIn, TestApp, db_test};

db_test!(an_administrator_sees_and_ends_the_sessions_of_an_account, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    app.sign_in("ann@example.com").await;
    let path = format!("/api/v1/admin/users/{}/sessions", ann.account_id);
    let body = app.get(&path).bearer(&root.token).await.json();
    assert_eq!(body["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["items"][0]["current"], json!(false));
    let ended = app.delete(&path).bearer(&root.token).await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401);
    assert_eq!(app.get(&path).bearer(&root.token).await.json()["items"], json!([]));
});

db_test!(an_administrator_ends_one_session_of_the_account_it_belongs_to, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(16 * 60));
    let elsewhere = app.sign_in("ann@example.com").await;
    let of = |who: &SignedIn| format!("/api/v1/admin/users/{}/sessions", who.account_id);
    let listed = app.get(&of(&ann)).bearer(&root.token).await.json();
    let newest = listed["items"][0]["id"].as_str().expect("an id").to_owned();
    let end = |whose: &SignedIn, id: &str| app.delete(&format!("{}/{id}", of(whose))).bearer(&root.token);
    assert_eq!(end(&bob, &newest).await.problem(), (404, "not_found".into()), "it is not Bob's");
    assert_eq!(end(&ann, "x").await.problem(), (404, "not_found".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&elsewhere.token).await.status, 200);
    let ended = end(&ann, &newest).await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""), "no recent proof is asked for");
    for (who, status) in [(&elsewhere, 401), (&ann, 200), (&bob, 200)] {
        assert_eq!(app.get("/api/v1/me").bearer(&who.token).await.status, status);
    }
    assert_eq!(end(&ann, &newest).await.problem(), (404, "not_found".into()));
});

db_test!(sessions_of_nobody_are_not_found, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for id in ["00000000-0000-7000-8000-000000000000", "x", "%00", "%ff", "..%2f", "1"] {
        let path = format!("/api/v1/admin/users/{id}/sessions");
        assert_eq!(app.get(&path).bearer(&root.token).await.problem(), (404, "not_found".into()), "{id}");
        assert_eq!(app.delete(&path).bearer(&root.token).await.problem(), (404, "not_found".into()), "{id}");
    }
});
