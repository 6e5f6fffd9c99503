//! `/api/v1/me`, `/api/v1/me/export`

use serde_json::json;
use testkit::{TestApp, db_test};

db_test!(a_profile_changes_only_where_told, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let edit = |body: serde_json::Value| app.patch("/api/v1/me").bearer(&ann.token).json(body);
    let answer = edit(json!({"name": " Ann Lee ", "username": "Ann"})).await;
    assert_eq!(answer.status, 200);
    assert_eq!((&answer.json()["name"], &answer.json()["username"]), (&json!("Ann Lee"), &json!("ann")));
    let answer = edit(json!({"name": null})).await;
    assert_eq!((&answer.json()["name"], &answer.json()["username"]), (&json!(null), &json!("ann")));
    let answer = edit(json!({"email": "other@example.com", "groups": [], "state": "disabled"})).await;
    assert_eq!(answer.json(), app.get("/api/v1/me").bearer(&ann.token).await.json());
    assert_eq!(answer.json()["email"], "ann@example.com");
    app.administrator("root").await;
    assert_eq!(edit(json!({"username": "ROOT"})).await.problem(), (409, "username_in_use".into()));
    assert_eq!(edit(json!({"username": "a"})).await.problem(), (422, "username_invalid".into()));
    assert_eq!(edit(json!({"name": "\u{202e}"})).await.problem(), (422, "name_invalid".into()));
});

db_test!(the_export_holds_what_is_mine_and_no_secret, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    app.sign_up("bob@example.com").await;
    let answer = app.get("/api/v1/me/export").bearer(&ann.token).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("ann@example.com") && !answer.text.contains("bob@example.com"));
    assert!(!answer.text.contains("$argon2") && !answer.text.contains(&ann.token));
    assert!(answer.header("content-disposition").starts_with("attachment"));
});

db_test!(the_export_does_not_say_where_others_acted_from, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.sign_up("ann@example.com").await;
    let id = app.engine.find_account("ann@example.com").await.expect("the engine answers").expect("Ann").account.id;
    let mut requests = Vec::new();
    for act in ["disable", "enable", "unlock"] {
        let call = app.post(&format!("/api/v1/admin/users/{id}/{act}")).bearer(&root.token).peer("192.0.2.7");
        let answer = call.await;
        assert_eq!(answer.status, 204, "{act}");
        requests.push(answer.header("x-request-id").to_owned());
    }
    let body = json!({"identifier": "ann@example.com", "password": testkit::PASSWORD});
    let signed_in = app.post("/api/v1/sign-in").peer("203.0.113.9").json(body).await;
    let ann = testkit::SignedIn::of(&signed_in);
    for path in ["/api/v1/me/export", "/account/data/export"] {
        let export = app.get(path).cookie(&ann.token).await;
        assert!(export.text.contains("account.disabled") && export.text.contains("account.enabled"), "{}", export.text);
        assert!(!export.text.contains("192.0.2.7"), "{path}: {}", export.text);
        assert!(!requests.iter().any(|id| export.text.contains(id.as_str())), "{path}: {}", export.text);
        let own = signed_in.header("x-request-id");
        assert!(export.text.contains("203.0.113.9") && export.text.contains(own), "{path}: {}", export.text);
    }
});

db_test!(closing_an_account_is_for_good_but_not_for_the_last_administrator, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    assert_eq!(app.delete("/api/v1/me").bearer(&root.token).await.problem(), (409, "last_admin".into()));
    let ann = app.sign_up("ann@example.com").await;
    let closed = app.delete("/api/v1/me").browser(&ann).await;
    assert_eq!((closed.status.as_u16(), closed.session_cookie()), (204, Some("")));
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.status, 401);
    let gone = app.get(&format!("/api/v1/admin/users/{}", ann.account_id)).bearer(&root.token).await;
    assert_eq!(gone.problem(), (404, "not_found".into()));
    app.sign_up("ann@example.com").await;
});
