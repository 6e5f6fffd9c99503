//! `/api/v1/me/sessions`

use serde_json::json;
use testkit::{TestApp, db_test};

db_test!(sessions_are_listed_newest_first_with_the_current_one_marked, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let ann = app.sign_in("ann@example.com").await;
    let body = app.get("/api/v1/me/sessions").bearer(&ann.token).await.json();
    assert_eq!(body["items"].as_array().map(Vec::len), Some(2));
    assert_eq!((&body["items"][0]["current"], &body["items"][1]["current"]), (&json!(true), &json!(false)));
    assert_eq!((&body["items"][0]["method"], &body["next_cursor"]), (&json!("password"), &json!(null)));
    assert!(!body.to_string().contains("vst_"));

    let first = app.get("/api/v1/me/sessions?limit=1").bearer(&ann.token).await.json();
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let rest = app.get(&format!("/api/v1/me/sessions?limit=1&cursor={cursor}")).bearer(&ann.token).await.json();
    assert_eq!((&rest["items"][0], &rest["next_cursor"]), (&body["items"][1], &json!(null)));
});

db_test!(one_may_end_any_of_ones_own_sessions_and_nobody_elses, |db| async move {
    let app = TestApp::new(&db).await;
    let there = app.sign_up("ann@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let here = app.sign_in("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let id = |n: usize, list: &serde_json::Value| list["items"][n]["id"].as_str().expect("an id").to_owned();
    let mine = app.get("/api/v1/me/sessions").bearer(&here.token).await.json();
    let theirs = app.get("/api/v1/me/sessions").bearer(&bob.token).await.json();

    let end = |id: String| app.delete(&format!("/api/v1/me/sessions/{id}")).bearer(&here.token);
    assert_eq!(end(id(0, &theirs)).await.problem(), (404, "not_found".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&bob.token).await.status, 200);
    assert_eq!(end(id(1, &mine)).await.status, 204);
    assert_eq!(app.get("/api/v1/me").bearer(&there.token).await.status, 401);
    assert_eq!(end(id(1, &mine)).await.problem(), (404, "not_found".into()));
    let own = app.delete(&format!("/api/v1/me/sessions/{}", id(0, &mine))).browser(&here).await;
    assert_eq!((own.status.as_u16(), own.session_cookie()), (204, Some("")));
    assert_eq!(app.get("/api/v1/me").bearer(&here.token).await.status, 401);
});

db_test!(signing_out_everywhere_else_keeps_this_session, |db| async move {
    let app = TestApp::new(&db).await;
    let first = app.sign_up("ann@example.com").await;
    let second = app.sign_in("ann@example.com").await;
    let here = app.sign_in("ann@example.com").await;
    let ended = app.delete("/api/v1/me/sessions").browser(&here).await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""));
    for (who, status) in [(first, 401), (second, 401), (here, 200)] {
        assert_eq!(app.get("/api/v1/me").bearer(&who.token).await.status, status);
    }
});
