//! `/api/v1/admin/audit-log`

use serde_json::{Value, json};
use testkit::{TestApp, db_test};

db_test!(every_act_is_in_the_log_with_who_and_whence, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let act = app.post(&format!("/api/v1/admin/users/{}/disable", ann.account_id));
    let disabled = act.bearer(&root.token).peer("192.0.2.7").header("x-request-id", "mine").await;
    assert_eq!(disabled.status, 204);
    let log = |query: String| app.get(&format!("/api/v1/admin/audit-log?{query}")).bearer(&root.token);
    let body = log("limit=1".into()).await.json();
    let row = &body["items"][0];
    assert_eq!(row["actor"], json!({"kind": "account", "id": root.account_id.to_string(), "label": "root"}));
    assert_eq!(row["target"]["id"], ann.account_id.to_string());
    assert_eq!((&row["ip"], &row["outcome"]), (&json!("192.0.2.7"), &json!("done")));
    assert_eq!(row["request_id"], disabled.header("x-request-id"));
    assert_ne!(row["request_id"], "mine");

    let only = |body: Value| body["items"].as_array().expect("items").len();
    let action = row["action"].as_str().expect("an action");
    assert_eq!(
        only(log(format!("action={action}&actor={}&target={}", root.account_id, ann.account_id)).await.json()),
        1
    );
    assert_eq!(only(log(format!("action={action}&actor={}", ann.account_id)).await.json()), 0);
    assert_eq!(only(log(format!("action={action}&outcome=refused")).await.json()), 0);
});

db_test!(a_refused_sign_in_is_in_the_log, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let wrong = json!({"identifier": "root", "password": "quite another thing 7"});
    app.post("/api/v1/sign-in").json(wrong).await;
    let body = app.get("/api/v1/admin/audit-log?outcome=refused").bearer(&root.token).await.json();
    assert_eq!(body["items"][0]["actor"]["kind"], "anonymous");
    assert!(!body.to_string().contains("quite another"));
});

db_test!(a_filter_that_cannot_be_read_is_refused, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    for (query, status, code) in [
        ("actor=x", 422, "field_invalid"),
        ("target=1", 422, "field_invalid"),
        ("outcome=maybe", 422, "field_invalid"),
        ("limit=0", 422, "field_invalid"),
        ("cursor=x", 422, "field_invalid"),
        ("action=%00", 400, "bad_request"),
        ("limit=1&limit=2", 400, "bad_request"),
    ] {
        let answer = app.get(&format!("/api/v1/admin/audit-log?{query}")).bearer(&root.token).await;
        assert_eq!(answer.problem(), (status, code.into()), "{query}");
    }
});
