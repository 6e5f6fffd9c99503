//! `/api/v1/organizations` and `/api/v1/me/organizations`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, SignedIn, TestApp, db_test};
use vestibule::AccountId;

use crate::programs::{Key, Tokens};

pub const PATH: &str = "/api/v1/organizations";
pub const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
const MINE: &str = "/api/v1/me/organizations";

/// Makes an organization; its address.
pub async fn make(app: &TestApp, by: &SignedIn, name: &str) -> String {
    let answer = app.post(PATH).bearer(&by.token).json(json!({ "name": name })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    format!("{PATH}/{}", answer.json()["id"].as_str().expect("an id"))
}

/// The id at the end of an organization's address.
pub fn id_in(org: &str) -> &str {
    org.rsplit('/').next().expect("an id")
}

/// Puts an account into an organization, as accepting an invitation does.
pub async fn put(app: &TestApp, org: &str, account: AccountId, role: &str) {
    let org: vestibule::OrganizationId = id_in(org).parse().expect("an id");
    let sql = "INSERT INTO organization_members (organization_id, account_id, role, created_at)
               VALUES ($1, $2, $3, $4)";
    let mut tx = app.engine.db().write().await.expect("a transaction");
    tx.exec(sql, &[&org, &account, &role, &app.engine.now()]).await.expect("inserted");
    tx.commit().await.expect("committed");
}

/// Ann, who administers an organization, and Bob, who is a member of it.
pub async fn two(app: &TestApp) -> (String, SignedIn, SignedIn) {
    let (ann, bob) = (app.sign_up("ann@example.com").await, app.sign_up("bob@example.com").await);
    let org = make(app, &ann, "Harbour Works").await;
    put(app, &org, bob.account_id, "member").await;
    (org, ann, bob)
}

async fn delete(app: &TestApp, org: &str, by: &SignedIn, name: &str) -> Answer {
    app.delete(org).bearer(&by.token).json(json!({ "name": name })).await
}

db_test!(an_organization_is_made_shown_renamed_and_deleted, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let made = app.post(PATH).bearer(&ann.token).json(json!({"name": " Harbour Works ", "colour": "green"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let mut expected = json!({
        "id": made["id"], "name": "Harbour Works", "role": "admin", "created_at": "2026-01-01T00:00:00Z",
    });
    assert_eq!(made, expected);
    let org = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(app.get(&org).bearer(&ann.token).await.json(), expected);
    assert_eq!(app.get(MINE).bearer(&ann.token).await.json(), json!({ "items": [expected] }));
    let renamed = app.patch(&org).bearer(&ann.token).json(json!({"name": "Quay"})).await;
    expected["name"] = json!("Quay");
    assert_eq!((renamed.status.as_u16(), renamed.json()), (200, expected));
    for wrong in ["quay", "", "Harbour Works"] {
        let refused = delete(&app, &org, &ann, wrong).await;
        assert_eq!(refused.problem(), (422, "name_mismatch".into()), "{wrong:?}");
        assert_eq!(refused.json()["errors"][0]["code"], "name_mismatch");
    }
    let gone = delete(&app, &org, &ann, "Quay").await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    assert_eq!(app.get(&org).bearer(&ann.token).await.problem(), (404, "not_found".into()));
    assert_eq!(app.get(MINE).bearer(&ann.token).await.json(), json!({ "items": [] }));
});

db_test!(a_name_that_is_none_makes_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let org = make(&app, &ann, "Harbour Works").await;
    for blank in ["", "   ", "a\nb", "a\u{202e}b", &"x".repeat(201)] {
        for refused in [
            app.post(PATH).bearer(&ann.token).json(json!({ "name": blank })).await,
            app.patch(&org).bearer(&ann.token).json(json!({ "name": blank })).await,
        ] {
            assert_eq!(refused.problem(), (422, "name_invalid".into()), "{blank:?}");
            assert_eq!(
                refused.json()["errors"][0],
                json!({"field": "name", "code": "name_invalid",
                "message": "A name has 1 to 200 characters and no control characters."})
            );
        }
    }
    assert_eq!(app.post(PATH).bearer(&ann.token).json(json!({})).await.problem(), (400, "malformed_json".into()));
    assert_eq!(app.post(PATH).json(json!({"name": "A"})).await.problem(), (401, "unauthenticated".into()));
    assert_eq!(app.get(MINE).bearer(&ann.token).await.json()["items"].as_array().map(Vec::len), Some(1));
});

db_test!(what_is_not_ones_own_is_nothing_in_every_route, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let eve = app.sign_up("eve@example.com").await;
    make(&app, &eve, "Eve's").await;
    let random = format!("{PATH}/{NOBODY}");
    let bodies = async |org: &str| {
        let (member, stranger) = (format!("{org}/members/{}", bob.account_id), format!("{org}/members/{NOBODY}"));
        let mut bodies = Vec::new();
        for answer in [
            app.get(org).bearer(&eve.token).await,
            app.patch(org).bearer(&eve.token).json(json!({"name": "Mine"})).await,
            delete(&app, org, &eve, "Harbour Works").await,
            app.get(&format!("{org}/members")).bearer(&eve.token).await,
            app.get(&format!("{org}/members?limit=x")).bearer(&eve.token).await,
            app.get(&format!("{org}/audit-log")).bearer(&eve.token).await,
            app.post(&format!("{org}/leave")).bearer(&eve.token).await,
            app.patch(&member).bearer(&eve.token).json(json!({"role": "admin"})).await,
            app.patch(&member).bearer(&eve.token).json(json!({"role": "king"})).await,
            app.delete(&member).bearer(&eve.token).await,
            app.patch(&stranger).bearer(&eve.token).json(json!({"role": "admin"})).await,
            app.delete(&stranger).bearer(&eve.token).await,
        ] {
            assert_eq!(answer.problem(), (404, "not_found".into()));
            let mut body = answer.json();
            body["request_id"] = Value::Null;
            bodies.push(body);
        }
        bodies
    };
    let (foreign, unknown) = (bodies(&org).await, bodies(&random).await);
    assert_eq!(foreign, unknown, "a foreign organization reads like none");
    assert_eq!(bodies(&format!("{PATH}/x")).await, unknown, "and so does what is no id");
    let members = app.get(&format!("{org}/members")).bearer(&ann.token).await.json();
    assert_eq!(members["items"].as_array().map(Vec::len), Some(2), "nothing happened");
});

db_test!(a_member_reads_and_does_not_write, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    assert_eq!(app.get(&org).bearer(&bob.token).await.json()["role"], "member");
    for refused in [
        app.patch(&org).bearer(&bob.token).json(json!({"name": "Mine"})).await,
        delete(&app, &org, &bob, "Harbour Works").await,
        app.get(&format!("{org}/audit-log")).bearer(&bob.token).await,
    ] {
        assert_eq!(refused.problem(), (403, "organization_admin_required".into()));
        assert_eq!(refused.json()["detail"], "Only an admin of this organization may do this.");
    }
    let log = app.get(&format!("{org}/audit-log")).bearer(&ann.token).await.json();
    let refused: Vec<&str> = log["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|row| row["outcome"] == "refused")
        .map(|row| row["action"].as_str().expect("an action"))
        .collect();
    assert_eq!(refused.len(), 2, "what he tried is written down: {log}");
    assert!(refused.contains(&"organization.renamed") && refused.contains(&"organization.deleted"));
});

db_test!(an_organization_is_deleted_only_by_a_person_who_proved_it_lately, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, _) = two(&app).await;
    let key = Key::make(&app, &ann, None).await.token;
    let jwt = Tokens::by_session(&app, &ann).await.access;
    for program in [&key, &jwt] {
        for refused in [
            app.delete(&org).bearer(program).json(json!({"name": "Harbour Works"})).await,
            app.post(PATH).bearer(program).json(json!({"name": "Mine"})).await,
        ] {
            assert_eq!(refused.problem(), (403, "session_required".into()));
        }
    }
    app.clock.advance(Duration::from_secs(15 * 60));
    let late = delete(&app, &org, &ann, "Harbour Works").await;
    assert_eq!(late.problem(), (403, "reauthentication_required".into()));
    assert_eq!(
        app.patch(&org).bearer(&ann.token).json(json!({"name": "Quay"})).await.status,
        200,
        "renaming needs none"
    );
    assert_eq!(app.post(PATH).bearer(&ann.token).json(json!({"name": "Another"})).await.status, 201);
});

db_test!(a_program_acts_by_its_accounts_role_unless_its_key_is_limited, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let whole = Key::make(&app, &ann, None).await.token;
    let jwt = Tokens::by_session(&app, &ann).await.access;
    for (n, program) in [&whole, &jwt].into_iter().enumerate() {
        let name = format!("Quay {n}");
        let renamed = app.patch(&org).bearer(program).json(json!({ "name": name })).await;
        assert_eq!((renamed.status.as_u16(), &renamed.json()["name"]), (200, &json!(name)));
        assert_eq!(app.get(&format!("{org}/members")).bearer(program).await.status, 200);
        assert_eq!(app.get(&format!("{org}/audit-log")).bearer(program).await.status, 200);
        assert_eq!(app.get(MINE).bearer(program).await.json()["items"][0]["name"], name);
    }
    for limits in [&[][..], &["view:organizations"][..]] {
        let root = app.administrator(if limits.is_empty() { "root" } else { "root2" }).await;
        put(&app, &org, root.account_id, "admin").await;
        let limited = Key::make(&app, &root, Some(limits)).await.token;
        for refused in [
            app.get(&org).bearer(&limited).await,
            app.get(MINE).bearer(&limited).await,
            app.patch(&org).bearer(&limited).json(json!({"name": "Mine"})).await,
            app.get(&format!("{org}/members")).bearer(&limited).await,
            app.get(&format!("{org}/audit-log")).bearer(&limited).await,
            app.post(&format!("{org}/leave")).bearer(&limited).await,
            app.delete(&format!("{org}/members/{}", bob.account_id)).bearer(&limited).await,
        ] {
            assert_eq!(refused.problem(), (403, "permission_required".into()), "{limits:?}");
            assert_eq!(refused.json()["permission"], "organizations");
        }
    }
});

db_test!(a_browser_writes_only_with_its_token, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let member = format!("{org}/members/{}", bob.account_id);
    let calls = || {
        [
            app.post(PATH).json(json!({"name": "A"})),
            app.patch(&org).json(json!({"name": "A"})),
            app.patch(&member).json(json!({"role": "admin"})),
            app.delete(&member),
            app.post(&format!("{org}/leave")),
            app.delete(&org).json(json!({"name": "Harbour Works"})),
        ]
    };
    for call in calls() {
        assert_eq!(call.cookie(&ann.token).await.problem(), (403, "csrf_token_invalid".into()));
    }
    for call in calls() {
        let elsewhere = call.browser(&ann).header("origin", "https://evil.example").await;
        assert_eq!(elsewhere.problem(), (403, "origin_refused".into()));
    }
    let statuses = [201, 200, 200, 204, 409, 422];
    for (call, status) in calls().into_iter().zip(statuses) {
        let answer = call.browser(&ann).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
});

db_test!(writes_are_counted_by_account, |db| async move {
    let engine = testkit::TestEngine::new(&db).await;
    let app = TestApp::on(engine, |config| config.limits.sensitive = Some("3/60".parse().expect("a limit")));
    let (ann, bob) = (app.sign_up("ann@example.com").await, app.sign_up("bob@example.com").await);
    let org = make(&app, &ann, "A").await;
    assert_eq!(app.patch(&org).bearer(&ann.token).json(json!({"name": "B"})).await.status, 200);
    assert_eq!(app.post(&format!("{org}/leave")).bearer(&ann.token).await.status, 409);
    let fourth = app.post(PATH).bearer(&ann.token).json(json!({"name": "C"})).await;
    assert_eq!(fourth.problem(), (429, "too_many_requests".into()));
    assert_eq!(app.get(&org).bearer(&ann.token).await.status, 200, "reading is not counted");
    make(&app, &bob, "D").await;
});
