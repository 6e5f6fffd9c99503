//! `/api/v1/me/api-keys`: keys made, limited, rotated, revoked, and what they are when they are no good any more.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp, TestEngine, db_test};
use vestibule::{Caller, MailKind};

use crate::letters;
use crate::powers::{self, permission};
use crate::programs::{Key, is_live};

const PATH: &str = "/api/v1/me/api-keys";
const ANN: &str = "ann@example.com";

async fn make(app: &TestApp, who: &SignedIn, body: Value) -> Answer {
    app.post(PATH).bearer(&who.token).json(body).await
}

async fn rotate(app: &TestApp, who: &SignedIn, id: &str, body: Value) -> Answer {
    app.post(&format!("{PATH}/{id}/rotate")).bearer(&who.token).json(body).await
}

async fn revoke(app: &TestApp, who: &SignedIn, id: &str) -> Answer {
    app.delete(&format!("{PATH}/{id}")).bearer(&who.token).await
}

async fn code(app: &TestApp, key: &str) -> (u16, String) {
    app.get("/api/v1/me").bearer(key).await.problem()
}

db_test!(a_key_is_shown_once_and_listed_without_its_secret, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let made = make(&app, &ann, json!({"name": " backup "})).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text);
    let body = made.json();
    assert_eq!(
        (&body["name"], &body["permissions"], &body["last_used_at"]),
        (&json!("backup"), &json!(null), &json!(null))
    );
    assert_eq!(body["expires_at"], "2027-01-01T00:00:00Z", "a year");
    let key = Key::of(&made);
    assert!(key.token.starts_with(body["prefix"].as_str().expect("a prefix")) && key.token.starts_with("vst_key_"));
    let me = app.get("/api/v1/me").bearer(&key.token).await;
    assert_eq!((me.status.as_u16(), &me.json()["email"]), (200, &json!(ANN)));
    app.clock.advance(Duration::from_secs(1));
    let by_browser = app.post(PATH).browser(&ann).json(json!({"name": "other", "permissions": []})).await;
    assert_eq!(by_browser.json()["permissions"], json!([]));
    let listed = app.get(&format!("{PATH}?limit=1")).bearer(&ann.token).await;
    assert_eq!(listed.json()["items"][0]["name"], "other");
    let cursor = listed.json()["next_cursor"].as_str().expect("there is more").to_owned();
    let rest = app.get(&format!("{PATH}?limit=1&cursor={cursor}")).bearer(&ann.token).await;
    assert_eq!((&rest.json()["items"][0]["id"], &rest.json()["next_cursor"]), (&json!(key.id), &json!(null)));
    assert!(!rest.text.contains(&key.token) && rest.json()["items"][0].get("token").is_none());
    assert!(letters::kinds(&app, ANN).await.contains(&MailKind::ApiKeyCreated));
});

db_test!(what_a_key_is_made_of_is_checked, |db| async move {
    let app = TestApp::new(&db).await;
    let kim = powers::holder(&app, "kim", &["view:users"]).await;
    let with = |members: Value| {
        let mut body = json!({"name": "backup"});
        body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        body
    };
    let rows = [
        (json!({"name": ""}), (422, "name_invalid")),
        (json!({"permissions": [permission("delete:users")]}), (403, "ceiling")),
        (json!({"permissions": [permission("fly:planes")]}), (422, "permission_unknown")),
        (json!({"permissions": [{"action": "view"}]}), (422, "permission_invalid")),
        (json!({"permissions": ["view:users"]}), (422, "permission_invalid")),
        (json!({"permissions": vec![permission("view:users"); 101]}), (422, "too_many_permissions")),
        (json!({"permissions": "all"}), (400, "malformed_json")),
        (json!({"expires_at": "never"}), (422, "expiry_invalid")),
        (json!({"expires_at": "2025-12-31T23:59:59Z"}), (422, "expiry_invalid")),
        (json!({"expires_at": "2026-01-01T00:00:00Z"}), (422, "expiry_invalid")),
        (json!({"expires_at": "2027-01-01T00:00:01Z"}), (422, "expiry_invalid")),
        (json!({"expires_at": "tomorrow"}), (422, "expiry_invalid")),
        (json!({"expires_at": ""}), (422, "expiry_invalid")),
        (json!({"expires_at": 1}), (400, "malformed_json")),
        (json!({"scope": "all"}), (400, "malformed_json")),
    ];
    for (members, (status, code)) in rows {
        let refused = make(&app, &kim, with(members.clone())).await;
        assert_eq!(refused.problem(), (status, code.to_owned()), "{members}");
    }
    assert_eq!(app.get(PATH).bearer(&kim.token).await.json()["items"], json!([]));
    let good = with(json!({"permissions": [permission("view:users")], "expires_at": "2026-01-01T02:00:01+02:00"}));
    let made = make(&app, &kim, good).await.json();
    assert_eq!(made["expires_at"], "2026-01-01T00:00:01Z");
    assert_eq!(made["permissions"], json!([{"action": "view", "resource": "users"}]));
});

db_test!(never_is_for_those_whose_settings_allow_it, |db| async move {
    let engine = TestEngine::with(&db, |config| config.tokens.api_key_never_expires = true).await;
    let app = TestApp::on(engine, |_| {});
    let ann = app.sign_up(ANN).await;
    let made = make(&app, &ann, json!({"name": "backup", "expires_at": "never"})).await;
    assert_eq!((made.status.as_u16(), &made.json()["expires_at"]), (201, &json!(null)));
    app.clock.advance(Duration::from_secs(10 * 365 * 24 * 3600));
    assert!(is_live(&app, &Key::of(&made).token).await);
});

db_test!(a_known_key_that_is_no_good_says_why_and_an_unknown_one_does_not, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let short = Key::of(&make(&app, &ann, json!({"name": "a", "expires_at": "2026-01-01T01:00:00Z"})).await);
    let kept = Key::make(&app, &ann, None).await;
    let gone = Key::make(&app, &ann, None).await;
    for _ in 0..2 {
        assert_eq!(revoke(&app, &ann, &gone.id).await.status, 204);
        assert_eq!(code(&app, &gone.token).await, (401, "key_revoked".into()));
    }
    assert!(is_live(&app, &short.token).await);
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(code(&app, &short.token).await, (401, "key_expired".into()));
    assert!(is_live(&app, &kept.token).await);
    let (head, tail) = kept.token.split_at(20);
    let mistyped = format!("{head}{}{}", if tail.starts_with('a') { 'b' } else { 'a' }, &tail[1..]);
    for unknown in [&mistyped, &gone.token.replace("_key_", "_ses_"), &gone.token[1..], "vst_key_"] {
        assert_eq!(code(&app, unknown).await, (401, "unauthenticated".into()), "{unknown}");
    }
    let refused = app.get("/api/v1/me").bearer(&gone.token).await;
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(app.get("/api/v1/admin/users").bearer(&gone.token).await.problem(), (401, "key_revoked".into()));
    let elsewhere = app.get("/api/v1/session").bearer(&gone.token).await;
    assert_eq!(elsewhere.problem(), (401, "unauthenticated".into()), "where no key belongs it is nothing");
});

db_test!(a_key_takes_another_secret_and_keeps_the_old_one_for_as_long_as_is_said, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let first = Key::make(&app, &ann, None).await;
    let second = rotate(&app, &ann, &first.id, json!({})).await;
    assert_eq!((second.status.as_u16(), second.header("cache-control")), (200, "no-store"));
    let second = Key::of(&second);
    assert_eq!(second.id, first.id);
    assert_eq!(code(&app, &first.token).await, (401, "key_expired".into()), "the old one ended");
    assert!(is_live(&app, &second.token).await);
    let third = Key::of(&rotate(&app, &ann, &first.id, json!({"grace_seconds": 60})).await);
    assert!(is_live(&app, &second.token).await && is_live(&app, &third.token).await);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(code(&app, &second.token).await, (401, "key_expired".into()));
    assert!(is_live(&app, &third.token).await);
    let rows = [
        (json!({"grace_seconds": 604_801}), (422, "field_invalid")),
        (json!({"grace_seconds": -1}), (400, "malformed_json")),
        (json!({"grace_seconds": "60"}), (400, "malformed_json")),
        (json!({"grace": 60}), (400, "malformed_json")),
    ];
    for (body, (status, code)) in rows {
        assert_eq!(rotate(&app, &ann, &first.id, body.clone()).await.problem(), (status, code.to_owned()), "{body}");
    }
    assert!(is_live(&app, &third.token).await);
    assert_eq!(revoke(&app, &ann, &first.id).await.status, 204);
    let ended = rotate(&app, &ann, &first.id, json!({})).await;
    assert_eq!(ended.problem(), (409, "key_ended".into()));
});

db_test!(anothers_key_is_not_found, |db| async move {
    let app = TestApp::new(&db).await;
    let (ann, bob) = (app.sign_up(ANN).await, app.sign_up("bob@example.com").await);
    let key = Key::make(&app, &ann, None).await;
    for id in [key.id.as_str(), "00000000-0000-7000-8000-000000000000", "x"] {
        assert_eq!(revoke(&app, &bob, id).await.problem(), (404, "not_found".into()), "{id}");
        assert_eq!(rotate(&app, &bob, id, json!({})).await.problem(), (404, "not_found".into()), "{id}");
    }
    assert_eq!(app.get(PATH).bearer(&bob.token).await.json()["items"], json!([]));
    assert!(is_live(&app, &key.token).await);
});

db_test!(making_and_rotating_take_a_recent_proof_and_are_counted, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = Some("2/60".parse().expect("a limit"))).await;
    let ann = app.sign_up(ANN).await;
    let key = Key::make(&app, &ann, None).await;
    assert_eq!(rotate(&app, &ann, &key.id, json!({})).await.status, 200);
    assert_eq!(make(&app, &ann, json!({"name": "b"})).await.problem(), (429, "too_many_requests".into()));
    assert_eq!(rotate(&app, &ann, &key.id, json!({})).await.problem(), (429, "too_many_requests".into()));
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(make(&app, &ann, json!({"name": "b"})).await.problem(), (403, "reauthentication_required".into()));
    let refused = rotate(&app, &ann, &key.id, json!({})).await;
    assert_eq!(refused.problem(), (403, "reauthentication_required".into()));
    assert_eq!(revoke(&app, &ann, &key.id).await.status, 204, "to end one needs none");
});

db_test!(a_key_ends_with_its_owner_and_with_the_password_if_that_is_said, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up(ANN).await;
    let key = Key::make(&app, &ann, None).await;
    let change = |who: SignedIn, from: &str, to: &str, revoke: Value| {
        let body = json!({"current_password": from, "new_password": to, "revoke_api_keys": revoke});
        app.post("/api/v1/password/change").bearer(&who.token).json(body)
    };
    let next = "lantern gravel orbit 77";
    let renewed = change(ann, PASSWORD, next, json!(false)).await;
    assert!(is_live(&app, &key.token).await, "it stays if nothing is said");
    let ann = SignedIn::of(&renewed);
    app.engine.disable_account(&Caller::host("root"), ann.account_id).await.expect("disabled");
    assert_eq!(app.get("/api/v1/me").bearer(&key.token).await.status, 401);
    app.engine.enable_account(&Caller::host("root"), ann.account_id).await.expect("enabled");
    let body = json!({"identifier": ANN, "password": next});
    let ann = SignedIn::of(&app.post("/api/v1/sign-in").json(body).await);
    assert!(is_live(&app, &key.token).await);
    assert_eq!(change(ann, next, "copper violin thistle 91", json!(true)).await.status, 200);
    assert_eq!(code(&app, &key.token).await, (401, "key_revoked".into()));
});
