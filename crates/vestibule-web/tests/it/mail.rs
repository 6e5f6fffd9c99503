//! `/api/v1/admin/mail`

use serde_json::{Value, json};
use testkit::{PASSWORD, SignedIn, TestApp, db_test};

use crate::letters;

const PATH: &str = "/api/v1/admin/mail";

async fn list(app: &TestApp, who: &SignedIn, query: &str) -> Value {
    let answer = app.get(&format!("{PATH}?{query}")).bearer(&who.token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// An administrator with an address.
async fn administrator(app: &TestApp) -> SignedIn {
    let root = app.administrator("root").await;
    let body = json!({"email": "adm@example.com", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/admin/admins").bearer(&root.token).json(body).await.status, 201);
    app.sign_in("adm@example.com").await
}

db_test!(mail_is_listed_newest_first_without_what_it_says, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    for path in ["/api/v1/password/forgot", "/api/v1/magic-link", "/api/v1/email-code"] {
        letters::ask(&app, path, "ann@example.com").await;
        letters::ask(&app, path, "nobody@example.com").await;
    }
    let body = list(&app, &root, "").await;
    let kinds: Vec<_> = body["items"].as_array().expect("items").iter().map(|mail| mail["kind"].as_str()).collect();
    assert_eq!(kinds, [Some("email_code"), Some("magic_link"), Some("password_reset"), Some("verify_email")]);
    let first = &body["items"][0];
    assert_eq!((&first["recipient"], &first["state"]), (&json!("ann@example.com"), &json!("kept")));
    assert_eq!(first["account_id"], ann.account_id.to_string());
    for secret in ["vst_", "?token=", "<html", "text", "html"] {
        assert!(!body.to_string().contains(secret), "{secret}: {body}");
    }
    let page = list(&app, &root, "limit=3").await;
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let rest = list(&app, &root, &format!("limit=3&cursor={cursor}")).await;
    assert_eq!((rest["items"][0]["kind"].as_str(), &rest["next_cursor"]), (Some("verify_email"), &json!(null)));
});

db_test!(a_test_mail_goes_to_the_administrator_who_asks, |db| async move {
    let app = TestApp::new(&db).await;
    let admin = administrator(&app).await;
    let sent = app.post(&format!("{PATH}/test")).bearer(&admin.token).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    assert_eq!(letters::kinds(&app, "adm@example.com").await[0], vestibule::MailKind::Test);
    let listed = list(&app, &admin, "limit=1").await;
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["kind"]), (&sent.json()["id"], &json!("test")));
    let root = app.sign_in("root").await;
    let nowhere = app.post(&format!("{PATH}/test")).bearer(&root.token).await;
    assert_eq!(nowhere.problem(), (422, "email_required".into()));
});

db_test!(an_instance_that_sends_no_mail_says_so, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com").await;
    let admin = administrator(&app).await;
    let off = app.post(&format!("{PATH}/test")).bearer(&admin.token).await;
    assert_eq!(off.problem(), (409, "mail_off".into()));
});

db_test!(what_was_kept_is_not_sent_again, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    app.sign_up("ann@example.com").await;
    let id = list(&app, &root, "").await["items"][0]["id"].as_str().expect("an id").to_owned();
    let retry = |id: &str| app.post(&format!("{PATH}/{id}/retry")).bearer(&root.token);
    assert_eq!(retry(&id).await.problem(), (409, "mail_not_retryable".into()));
    assert_eq!(retry("00000000-0000-7000-8000-000000000000").await.problem(), (404, "not_found".into()));
    assert_eq!(retry("x").await.problem(), (404, "not_found".into()));
});
