//! `/api/v1/organizations/{org}/invitations` and `/api/v1/invitations/{code}`

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp, TestEngine, db_test};
use vestibule::{MailKind, SignUpMode};
use vestibule_web::Limits;

use crate::letters;
use crate::logs::LOG;
use crate::organizations::{NOBODY, make, two};
use crate::programs::{Key, Tokens};

const BOB: &str = "bob@example.com";

async fn invite(app: &TestApp, org: &str, by: &SignedIn, body: Value) -> Answer {
    app.post(&format!("{org}/invitations")).bearer(&by.token).json(body).await
}

async fn code(app: &TestApp, org: &str, by: &SignedIn, body: Value) -> String {
    let made = invite(app, org, by, body).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text);
    made.json()["code"].as_str().expect("a code").to_owned()
}

async fn accept(app: &TestApp, code: &str, by: &str) -> Answer {
    app.post(&format!("/api/v1/invitations/{code}/accept")).bearer(by).await
}

async fn preview(app: &TestApp, code: &str) -> Answer {
    app.get(&format!("/api/v1/invitations/{code}")).await
}

/// An organization with Ann as its admin, and Bob and Carl, who are in none.
async fn harbour(app: &TestApp) -> (String, SignedIn, SignedIn, SignedIn) {
    let ann = app.sign_up("ann@example.com").await;
    let org = make(app, &ann, "Harbour Works").await;
    (org, ann, app.sign_up(BOB).await, app.sign_up("carl@example.com").await)
}

db_test!(an_invitation_is_made_previewed_listed_and_accepted, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob, carl) = harbour(&app).await;
    let made = invite(&app, &org, &ann, json!({})).await.json();
    let (id, code) = (made["id"].clone(), made["code"].as_str().expect("a code").to_owned());
    let mut expected = json!({
        "id": id, "role": "member", "email": null, "created_by": ann.account_id, "created_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-01-08T00:00:00Z", "max_uses": null, "use_count": 0, "held": 0, "revoked_at": null, "state": "live",
        "code": code,
    });
    assert_eq!((code.len(), made), (8, expected.clone()));
    let shown = json!({
        "organization_name": "Harbour Works", "role": "member", "expires_at": "2026-01-08T00:00:00Z", "valid": true,
    });
    assert_eq!((preview(&app, &code).await.status.as_u16(), preview(&app, &code).await.json()), (200, shown));
    let accepted = accept(&app, &code, &bob.token).await;
    let org_id = org.rsplit('/').next().expect("an id");
    let joined = json!({"organization_id": org_id, "organization_name": "Harbour Works", "role": "member"});
    assert_eq!((accepted.status.as_u16(), accepted.json()), (201, joined));
    assert_eq!(accept(&app, &code, &bob.token).await.problem(), (409, "already_member".into()));
    assert_eq!(accept(&app, &code, "vst_ses_nobody").await.status, 401);
    assert_eq!(app.post(&format!("/api/v1/invitations/{code}/accept")).await.status, 401);
    let listed = app.get(&format!("{org}/invitations")).bearer(&ann.token).await;
    expected["use_count"] = json!(1);
    expected.as_object_mut().expect("an object").remove("code");
    assert_eq!(listed.json(), json!({"items": [expected], "next_cursor": null}));
    let at = format!("{org}/invitations/{}", id.as_str().expect("an id"));
    for (who, problem) in [(&bob, (403, "organization_admin_required")), (&carl, (404, "not_found"))] {
        assert_eq!(app.delete(&at).bearer(&who.token).await.problem(), (problem.0, problem.1.into()));
        assert_eq!(invite(&app, &org, who, json!({})).await.problem(), (problem.0, problem.1.into()));
        let listed = app.get(&format!("{org}/invitations")).bearer(&who.token).await;
        assert_eq!(listed.problem(), (problem.0, problem.1.into()));
    }
    assert_eq!(app.delete(&at).bearer(&ann.token).await.status, 204);
    assert_eq!(app.delete(&at).bearer(&ann.token).await.problem(), (404, "not_found".into()));
    assert_eq!(accept(&app, &code, &carl.token).await.problem(), (410, "invitation_ended".into()));
    assert_eq!(
        (preview(&app, &code).await.status.as_u16(), &preview(&app, &code).await.json()["valid"]),
        (200, &json!(false))
    );
    for unknown in ["aB3dE6gH", "x", "%00", "..%2f..", "%F0%9F%A6%80"] {
        assert_eq!(preview(&app, unknown).await.problem(), (404, "not_found".into()), "{unknown}");
        assert_eq!(accept(&app, unknown, &carl.token).await.problem(), (404, "not_found".into()), "{unknown}");
    }
});

db_test!(what_a_body_says_is_checked, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, ..) = harbour(&app).await;
    for (body, status, problem) in [
        (json!({"expires_at": "2026-01-01T00:00:00Z"}), 422, "expiry_invalid"),
        (json!({"expires_at": "2025-12-31T23:59:59Z"}), 422, "expiry_invalid"),
        (json!({"expires_at": "tomorrow"}), 422, "expiry_invalid"),
        (json!({"expires_at": "never"}), 422, "expiry_invalid"),
        (json!({"max_uses": 0}), 422, "field_invalid"),
        (json!({"max_uses": -1}), 422, "field_invalid"),
        (json!({"max_uses": 1.5}), 400, "malformed_json"),
        (json!({"role": "owner"}), 400, "malformed_json"),
        (json!({"email": "bob"}), 422, "email_invalid"),
        (json!({"roles": "admin"}), 400, "malformed_json"),
    ] {
        assert_eq!(invite(&app, &org, &ann, body.clone()).await.problem(), (status, problem.into()), "{body}");
    }
    let never = invite(&app, &org, &ann, json!({"expires_at": null, "role": "admin", "max_uses": 3})).await.json();
    let (role, uses) = (&never["role"], &never["max_uses"]);
    assert_eq!((&never["expires_at"], role, uses), (&json!(null), &json!("admin"), &json!(3)));
    assert_eq!(never["code"].as_str().expect("a code").len(), 12);
    let soon = invite(&app, &org, &ann, json!({"expires_at": "2026-01-01T02:00:01+02:00"})).await.json();
    assert_eq!(soon["expires_at"], "2026-01-01T00:00:01Z");
});

db_test!(foreign_and_unknown_ids_answer_alike, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob, _) = harbour(&app).await;
    let theirs = invite(&app, &org, &ann, json!({})).await.json()["id"].as_str().expect("an id").to_owned();
    let own = make(&app, &bob, "Bob's own").await;
    let mut bodies = Vec::new();
    for path in [
        format!("{own}/invitations/{theirs}"),
        format!("{own}/invitations/{NOBODY}"),
        format!("{org}/invitations/{theirs}"),
    ] {
        let answer = app.delete(&path).bearer(&bob.token).await;
        assert_eq!(answer.problem(), (404, "not_found".into()));
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("request_id");
        bodies.push(body);
    }
    assert!(bodies.windows(2).all(|two| two[0] == two[1]), "{bodies:?}");
    let listed = app.get(&format!("{org}/invitations")).bearer(&ann.token).await.json();
    assert_eq!(listed["items"][0]["state"], "live");
});

db_test!(programs_neither_invite_nor_accept, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob, _) = harbour(&app).await;
    let key = Key::make(&app, &ann, None).await;
    let refused = app.post(&format!("{org}/invitations")).bearer(&key.token).json(json!({})).await;
    assert_eq!(refused.problem(), (403, "session_required".into()));
    let made = invite(&app, &org, &ann, json!({})).await;
    let code = made.json()["code"].as_str().expect("a code").to_owned();
    let (its_key, jwt) = (Key::make(&app, &bob, None).await, Tokens::by_session(&app, &bob).await);
    for program in [&its_key.token, &jwt.access] {
        assert_eq!(accept(&app, &code, program).await.problem(), (403, "session_required".into()));
    }
    let no_csrf = app.post(&format!("/api/v1/invitations/{code}/accept")).cookie(&bob.token).await;
    assert_eq!(no_csrf.problem(), (403, "csrf_token_invalid".into()));
    assert_eq!(app.post(&format!("/api/v1/invitations/{code}/accept")).browser(&bob).await.status, 201);
});

db_test!(a_mailed_invitation_is_for_its_address_which_nobody_is_told, |db| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob, carl) = harbour(&app).await;
    let made = invite(&app, &org, &ann, json!({"email": "Bob@Example.com", "max_uses": 1})).await;
    let (body, text) = (made.json(), made.text);
    let code = body["code"].as_str().expect("a code").to_owned();
    assert_eq!((&body["invite_email_sent"], &body["invite_email_error"]), (&json!(false), &json!(null)), "{text}");
    assert_eq!(body["invite_url"], json!(format!("http://localhost:8080/invitations/{code}")));
    for who in [&bob, &carl] {
        let refused = accept(&app, &code, &who.token).await;
        assert_eq!(refused.problem(), (403, "invitation_for_another_address".into()));
        assert!(!refused.text.to_lowercase().contains("bob"), "{}", refused.text);
    }
    let shown = preview(&app, &code).await;
    assert!(shown.json()["valid"] == true && !shown.text.to_lowercase().contains("bob"), "{}", shown.text);
    let token = letters::token(&app, BOB, MailKind::VerifyEmail).await;
    app.post("/api/v1/email/verify").bearer(&bob.token).json(json!({"token": token})).await;
    assert_eq!(accept(&app, &code, &bob.token).await.status, 201);
});

db_test!(guesses_are_counted_and_dead_invitations_are_not, |db| async move {
    let app = TestApp::with(&db, |config| {
        config.limits = Limits { codes: "3/60".parse().ok(), ..Limits::off() };
    })
    .await;
    let (org, ann, bob, carl) = harbour(&app).await;
    let dead = code(&app, &org, &ann, json!({"max_uses": 1})).await;
    assert_eq!(accept(&app, &dead, &bob.token).await.status, 201);
    let look = |code: &str, ip: &str| app.get(&format!("/api/v1/invitations/{code}")).peer(ip);
    let take =
        |code: &str, ip: &str| app.post(&format!("/api/v1/invitations/{code}/accept")).bearer(&carl.token).peer(ip);
    for _ in 0..5 {
        assert_eq!(look(&dead, "192.0.2.1").await.status, 200);
        assert_eq!(take(&dead, "192.0.2.1").await.problem(), (410, "invitation_ended".into()));
    }
    for n in 0..3 {
        assert_eq!(look(&format!("aB3dE6g{n}"), "192.0.2.1").await.status, 404);
    }
    assert_eq!(look("aB3dE6g9", "192.0.2.1").await.problem(), (429, "too_many_requests".into()));
    assert_eq!(look(&dead, "192.0.2.1").await.status, 429, "who has guessed too often is told nothing");
    for n in 0..3 {
        assert_eq!(take(&format!("aB3dE6g{n}"), &format!("198.51.100.{n}")).await.status, 404);
    }
    assert_eq!(take(&dead, "198.51.100.9").await.status, 429, "an account guesses no more from elsewhere");
    app.clock.advance(Duration::from_secs(60));
    for n in 0..3 {
        let body = json!({"email": "d@example.com", "password": PASSWORD, "invitation_code": format!("aB3dE6g{n}")});
        let refused = app.post("/api/v1/sign-up").peer("203.0.113.1").json(body).await;
        assert_eq!(refused.problem(), (403, "invitation_required".into()));
    }
    assert_eq!(look(&dead, "203.0.113.1").await.status, 429, "a sign-up is a guess as well");
});

db_test!(accepting_is_a_sensitive_act, |db| async move {
    let app = TestApp::with(&db, |config| {
        config.limits = Limits { sensitive: "2/60".parse().ok(), ..Limits::off() };
    })
    .await;
    let (org, ann, bob, _) = harbour(&app).await;
    let code = code(&app, &org, &ann, json!({})).await;
    for status in [201, 409, 429] {
        assert_eq!(accept(&app, &code, &bob.token).await.status.as_u16(), status);
    }
});

db_test!(sign_up_by_invitation_takes_a_code, |db| async move {
    let engine = TestEngine::with(&db, |config| config.sign_up = SignUpMode::Invite).await;
    let app = TestApp::on(engine, |_| {});
    let ann = app.administrator("ann").await;
    let org = make(&app, &ann, "Harbour Works").await;
    let once = code(&app, &org, &ann, json!({"max_uses": 1})).await;
    let sign_up = |email: &str, code: Value| {
        let body = json!({"email": email, "password": PASSWORD, "invitation_code": code});
        app.post("/api/v1/sign-up").json(body)
    };
    for bad in [json!(null), json!(""), json!("aB3dE6gH")] {
        assert_eq!(sign_up(BOB, bad).await.problem(), (403, "invitation_required".into()));
    }
    let grouped = format!("{}-{}", &once[..4], &once[4..]);
    let bob = sign_up(BOB, json!(grouped)).await;
    assert_eq!(bob.status, 201, "{}", bob.text);
    let bob = SignedIn::of(&bob);
    let mine = app.get("/api/v1/me/organizations").bearer(&bob.token).await.json();
    assert_eq!((&mine["items"][0]["name"], &mine["items"][0]["role"]), (&json!("Harbour Works"), &json!("member")));
    let refused = sign_up("carl@example.com", json!(once)).await;
    assert_eq!(refused.problem(), (403, "invitation_required".into()));
    let mailed = code_of_mailed(&app, &org, &ann).await;
    let refused = sign_up("carl@example.com", json!(mailed)).await;
    assert_eq!(refused.problem(), (403, "invitation_for_another_address".into()));
});

async fn code_of_mailed(app: &TestApp, org: &str, by: &SignedIn) -> String {
    code(app, org, by, json!({"email": "dora@example.com"})).await
}

db_test!(no_code_is_logged, |db| async move {
    let log = LOG.clone();
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let carl = app.sign_up("carl@example.com").await;
    let code = code(&app, &org, &ann, json!({"email": "carl@example.com"})).await;
    preview(&app, &code).await;
    accept(&app, &code, &bob.token).await;
    accept(&app, &code, &carl.token).await;
    app.get(&format!("/invitations/{code}")).await;
    app.get(&format!("/sign-up?invitation={code}")).await;
    let text = log.lock().expect("no listener panics").clone();
    assert!(text.contains("route=\"/api/v1/invitations/{code}/accept\""), "the template is");
    assert!(!text.contains(&code));
    let audit = app.get(&format!("{org}/audit-log")).bearer(&ann.token).await.text;
    assert!(audit.contains("invitation.created") && audit.contains("invitation.accepted") && !audit.contains(&code));
});
