//! `/api/v1/organizations/{org}/bots`: made, listed, changed, given keys and deleted by admins alone.

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp, TestDb, db_test};
use vestibule::{AccountId, MailKind};

use crate::letters;
use crate::organizations::{NOBODY, make, put, two};
use crate::programs::Key;

const EMAIL: &str = "robot@example.com";

async fn create(app: &TestApp, org: &str, token: &str, body: Value) -> Answer {
    app.post(&format!("{org}/bots")).bearer(token).json(body).await
}

/// A bot, and its first key.
async fn bot(app: &TestApp, org: &str, by: &SignedIn) -> (AccountId, Key) {
    let made = create(app, org, &by.token, json!({"name": "Builder", "responsible_email": EMAIL})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let body = made.json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let key = Key { id: text(&body["api_key"]["id"]), token: text(&body["api_key"]["token"]) };
    (text(&body["account_id"]).parse().expect("an id"), key)
}

async fn list(app: &TestApp, org: &str, token: &str) -> Answer {
    app.get(&format!("{org}/bots")).bearer(token).await
}

db_test!(a_bot_is_made_with_one_key_which_is_shown_once, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let body = json!({"name": " Nightly build ", "responsible_email": " Robot@EXAMPLE.com "});
    let made = create(&app, &org, &ann.token, body).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text);
    let made = made.json();
    let row = json!({
        "account_id": made["account_id"], "name": "Nightly build", "responsible_email": "Robot@example.com",
        "role": "member", "disabled": false, "live_keys": 1, "created_at": "2026-01-01T00:00:00Z",
    });
    let listed = list(&app, &org, &ann.token).await;
    assert_eq!(listed.json()["items"], json!([row]));
    let key = made["api_key"]["token"].as_str().expect("a secret");
    assert!(key.starts_with("vst_key_") && !listed.text.contains(key));
    let me = app.get("/api/v1/me").bearer(key).await.json();
    assert_eq!((&me["kind"], &me["name"], &me["groups"]), (&json!("bot"), &json!("Nightly build"), &json!([])));
    assert_eq!(me["email"], json!(null), "not to be taken for the person");
    let keys = app.get(&format!("{org}/api-keys")).bearer(&ann.token).await.json();
    assert_eq!(keys["items"].as_array().map(Vec::len), Some(1), "exactly one");
    assert_eq!((&keys["items"][0]["owner"], &keys["items"][0]["bot"]), (&json!("Nightly build"), &json!(true)));
    assert_eq!(app.get(&format!("{org}/api-keys")).bearer(key).await.json()["items"], keys["items"], "its own");
    let members = app.get(&format!("{org}/members")).bearer(&bob.token).await.json();
    let member = members["items"].as_array().expect("items").iter().find(|one| one["bot"] == true);
    assert_eq!(member.map(|one| &one["account_id"]), Some(&made["account_id"]));
    assert!(letters::kinds(&app, "Robot@example.com").await.contains(&MailKind::BotResponsible));
});

db_test!(only_admins_make_and_see_bots, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let eve = app.sign_up("eve@example.com").await;
    let good = json!({"name": "Builder", "responsible_email": EMAIL});
    let refused = |answer: Answer| answer.problem();
    let not_admin = (403, "organization_admin_required".to_owned());
    assert_eq!(refused(create(&app, &org, &bob.token, good.clone()).await), not_admin);
    assert_eq!(refused(list(&app, &org, &bob.token).await), not_admin);
    assert_eq!(refused(create(&app, &org, &eve.token, good.clone()).await), (404, "not_found".into()));
    assert_eq!(refused(list(&app, &org, &eve.token).await), (404, "not_found".into()));
    for (body, status, code) in [
        (json!({"name": " ", "responsible_email": EMAIL}), 422, "name_invalid"),
        (json!({"name": "Builder", "responsible_email": " "}), 422, "email_invalid"),
        (json!({"name": "Builder", "responsible_email": "robot"}), 422, "email_invalid"),
        (json!({"name": "Builder", "responsible_email": EMAIL, "expires_at": "never"}), 422, "expiry_invalid"),
        (json!({"name": "Builder"}), 400, "malformed_json"),
        (json!({"name": "Builder", "responsible_email": EMAIL, "role": "admin"}), 400, "malformed_json"),
    ] {
        let answer = create(&app, &org, &ann.token, body.clone()).await;
        assert!(answer.status == status && answer.text.contains(code), "{body}: {}", answer.text);
    }
    let both = create(&app, &org, &ann.token, json!({"name": " ", "responsible_email": ""})).await.json();
    let fields: Vec<&str> =
        both["errors"].as_array().expect("errors").iter().filter_map(|e| e["field"].as_str()).collect();
    assert_eq!(fields, ["name", "responsible_email"]);
    assert_eq!(list(&app, &org, &ann.token).await.json()["items"], json!([]), "nothing is left of them");
    let admins = Key::make(&app, &ann, None).await;
    assert_eq!(refused(create(&app, &org, &admins.token, good.clone()).await), (403, "session_required".into()));
    assert_eq!(list(&app, &org, &admins.token).await.status, 200, "a key of an admin sees what they see");
    app.clock.advance(std::time::Duration::from_secs(15 * 60));
    assert_eq!(refused(create(&app, &org, &ann.token, good).await), (403, "reauthentication_required".into()));
});

db_test!(a_bot_is_changed_switched_off_given_keys_and_deleted, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let (id, first) = bot(&app, &org, &ann).await;
    let at = format!("{org}/bots/{id}");
    let me = async |key: &Key| app.get("/api/v1/me").bearer(&key.token).await;
    let patch = async |token: &str, body: Value| app.patch(&at).bearer(token).json(body).await;
    assert_eq!(patch(&bob.token, json!({"disabled": true})).await.problem().1, "organization_admin_required");
    assert_eq!(patch(&ann.token, json!({"disabled": true})).await.json()["disabled"], true);
    assert_eq!(me(&first).await.problem(), (401, "key_revoked".into()), "at once");
    assert_eq!(patch(&ann.token, json!({"disabled": false})).await.json()["disabled"], false);
    assert_eq!(me(&first).await.status, 200);
    let edited = patch(&ann.token, json!({"name": "Baker", "responsible_email": "bob@example.com"})).await.json();
    assert_eq!((&edited["name"], &edited["responsible_email"]), (&json!("Baker"), &json!("bob@example.com")));
    assert_eq!(patch(&ann.token, json!({"name": " "})).await.problem().1, "name_invalid");
    assert_eq!(patch(&ann.token, json!({"role": "admin"})).await.problem(), (400, "malformed_json".into()));
    let more = app.post(&format!("{at}/api-keys")).bearer(&ann.token).json(json!({"name": "second"})).await;
    let more = Key::of(&more);
    assert_eq!(me(&more).await.json()["id"], json!(id));
    for (token, code) in [(&first.token, "organization_admin_required"), (&bob.token, "organization_admin_required")] {
        let refused = app.post(&format!("{at}/api-keys")).bearer(token).json(json!({"name": "third"})).await;
        assert!(refused.problem().1 == code || refused.problem().1 == "session_required", "{}", refused.text);
    }
    let renewed = app.post(&format!("{org}/api-keys/{}/rotate", more.id)).bearer(&ann.token).json(json!({})).await;
    let renewed = Key::of(&renewed);
    assert_eq!((me(&more).await.status.as_u16(), me(&renewed).await.status.as_u16()), (401, 200));
    assert_eq!(app.delete(&at).bearer(&bob.token).await.problem().1, "organization_admin_required");
    let deleted = app.delete(&at).bearer(&ann.token).await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    for key in [&first, &renewed] {
        assert_eq!(me(key).await.problem(), (401, "unauthenticated".into()));
    }
    assert_eq!(app.delete(&at).bearer(&ann.token).await.problem(), (404, "not_found".into()));
    assert_eq!(list(&app, &org, &ann.token).await.json()["items"], json!([]));
});

db_test!(another_organizations_bot_a_person_and_a_random_id_answer_alike, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let eve = app.sign_up("eve@example.com").await;
    let others = make(&app, &eve, "Umbrella").await;
    put(&app, &others, ann.account_id, "admin").await;
    let (foreign, eves) = bot(&app, &others, &eve).await;
    let body = |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("request_id");
        (answer.problem(), body)
    };
    let reference = body(&app.get(&format!("/api/v1/organizations/{NOBODY}")).bearer(&ann.token).await);
    for id in [foreign.to_string(), bob.account_id.to_string(), ann.account_id.to_string(), NOBODY.into(), "x".into()] {
        let at = format!("{org}/bots/{id}");
        for answer in [
            app.patch(&at).bearer(&ann.token).json(json!({"disabled": true})).await,
            app.delete(&at).bearer(&ann.token).await,
            app.post(&format!("{at}/api-keys")).bearer(&ann.token).json(json!({"name": "k"})).await,
        ] {
            assert_eq!(body(&answer), reference, "{id}");
        }
    }
    for at in [format!("{org}/bots"), format!("/api/v1/organizations/{NOBODY}/bots")] {
        assert_eq!(body(&app.get(&at).bearer(&eves.token).await), reference, "a bot is nobody elsewhere");
        assert_eq!(body(&app.get(&at).bearer(&eve.token).await), reference);
    }
    assert_eq!(app.get("/api/v1/me").bearer(&eves.token).await.status, 200);
    assert_eq!(app.get("/api/v1/me").bearer(&bob.token).await.status, 200);
});

db_test!(a_bot_passes_no_door_that_is_for_people, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, _) = two(&app).await;
    let (id, key) = bot(&app, &org, &ann).await;
    for identifier in [EMAIL, "Builder", &id.to_string()] {
        let body = json!({"identifier": identifier, "password": PASSWORD});
        let refused = app.post("/api/v1/sign-in").json(body.clone()).await;
        assert_eq!(refused.problem(), (401, "invalid_credentials".into()), "{identifier}");
        let mut grant = body;
        grant["grant_type"] = json!("password");
        let refused = app.post("/api/v1/token").json(grant).await;
        assert_eq!(refused.problem(), (401, "invalid_credentials".into()), "{identifier}");
    }
    for path in ["/api/v1/password/forgot", "/api/v1/magic-link", "/api/v1/email-code", "/api/v1/email/verify/request"]
    {
        letters::ask(&app, path, EMAIL).await;
    }
    assert_eq!(letters::kinds(&app, EMAIL).await, [MailKind::BotResponsible], "nothing to get in by");
    for (path, body) in [
        ("/api/v1/me/api-keys", json!({"name": "k"})),
        ("/api/v1/organizations", json!({"name": "Mine"})),
        ("/api/v1/token", json!({"grant_type": "session"})),
        ("/api/v1/password/set", json!({"new_password": PASSWORD})),
    ] {
        let refused = app.post(path).bearer(&key.token).json(body).await;
        assert!([401, 403].contains(&refused.status.as_u16()), "{path}: {}", refused.text);
    }
    let leaves = app.post(&format!("{org}/leave")).bearer(&key.token).await;
    assert_eq!(leaves.problem(), (403, "session_required".into()), "nor does its key end it");
    let passes = app.get("/api/v1/forward-auth").bearer(&key.token).await;
    assert_eq!((passes.status.as_u16(), passes.header("remote-user")), (204, id.to_string().as_str()));
    assert_eq!((passes.header("remote-email"), passes.header("remote-name")), ("", "Builder"), "not the person's");
    let root = app.administrator("root").await;
    let listed = app.get("/api/v1/admin/users").bearer(&root.token).await;
    assert!(!listed.text.contains(&id.to_string()), "{}", listed.text);
    for path in ["disable", "enable", "unlock", "reset-mfa", "resend-invite", "reset-link"] {
        let refused = app.post(&format!("/api/v1/admin/users/{id}/{path}")).bearer(&root.token).await;
        assert_eq!(refused.problem(), (404, "not_found".into()), "{path}");
    }
    let edited = app.patch(&format!("/api/v1/admin/users/{id}")).bearer(&root.token);
    assert_eq!(edited.json(json!({"username": "builder"})).await.problem(), (404, "not_found".into()));
    assert_eq!(app.get(&format!("/admin/users/{id}")).browser(&root).await.status, 404, "no page has its buttons");
    let deleted = app.delete(&format!("/api/v1/admin/users/{id}")).bearer(&root.token).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    assert_eq!(app.get("/api/v1/me").bearer(&key.token).await.problem(), (401, "unauthenticated".into()));
});

db_test!(a_bot_that_is_taken_out_is_gone, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let (id, key) = bot(&app, &org, &ann).await;
    let promoted = app.patch(&format!("{org}/members/{id}")).bearer(&ann.token).json(json!({"role": "admin"})).await;
    assert_eq!(promoted.status, 200);
    let refused = app.post(&format!("{org}/leave")).bearer(&ann.token).await;
    assert_eq!(refused.problem(), (409, "last_admin".into()), "a bot does not count");
    assert_eq!(list(&app, &org, &key.token).await.status, 200, "though it administers");
    let by_bot = app.patch(&format!("{org}/members/{}", bob.account_id)).bearer(&key.token);
    let refused = by_bot.json(json!({"role": "admin"})).await;
    assert_eq!(refused.problem(), (403, "session_required".into()), "nobody is made an admin by a secret");
    app.patch(&format!("{org}/members/{}", bob.account_id)).bearer(&ann.token).json(json!({"role": "admin"})).await;
    let removed = app.delete(&format!("{org}/members/{id}")).bearer(&bob.token).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert_eq!(app.get("/api/v1/me").bearer(&key.token).await.problem(), (401, "unauthenticated".into()));
    assert_eq!(list(&app, &org, &ann.token).await.json()["items"], json!([]));
    let keys = app.get(&format!("{org}/api-keys")).bearer(&ann.token).await.json();
    assert_eq!(keys["items"], json!([]));
});
