//! `/api/v1/organizations/{org}/api-keys`: whose keys are seen, made, renewed and revoked by whom.

use serde_json::{Value, json};
use testkit::{Answer, SignedIn, TestApp, TestDb, db_test};
use vestibule::MailKind;
use vestibule_web::Limit;

use crate::letters;
use crate::organizations::{NOBODY, id_in, make, put, two};
use crate::powers::{self, permission};
use crate::programs::{Key, introspect, service_key};

/// Makes a key of an organization.
pub async fn key(app: &TestApp, org: &str, who: &SignedIn) -> Key {
    Key::of(&create(app, org, who, json!({"name": "backup"})).await)
}

async fn create(app: &TestApp, org: &str, who: &SignedIn, body: Value) -> Answer {
    app.post(&format!("{org}/api-keys")).bearer(&who.token).json(body).await
}

async fn list(app: &TestApp, org: &str, token: &str) -> Answer {
    app.get(&format!("{org}/api-keys")).bearer(token).await
}

async fn revoke(app: &TestApp, org: &str, token: &str, id: &str) -> Answer {
    app.delete(&format!("{org}/api-keys/{id}")).bearer(token).await
}

async fn rotate(app: &TestApp, org: &str, token: &str, id: &str) -> Answer {
    app.post(&format!("{org}/api-keys/{id}/rotate")).bearer(token).json(json!({})).await
}

/// Whose keys are in a list.
fn owners(listed: &Answer) -> Vec<String> {
    assert_eq!(listed.status, 200, "{}", listed.text);
    let items = listed.json()["items"].as_array().expect("items").clone();
    items.iter().map(|one| one["owner"].as_str().expect("an owner").replace("@example.com", "")).collect()
}

db_test!(a_key_is_shown_once_and_listed_with_its_owner, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let made = create(&app, &org, &bob, json!({"name": " backup "})).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text);
    let (body, made) = (made.json(), Key::of(&made));
    assert_eq!((&body["name"], &body["expires_at"]), (&json!("backup"), &json!("2027-01-01T00:00:00Z")));
    let listed = list(&app, &org, &ann.token).await;
    assert!(!listed.text.contains(&made.token));
    assert_eq!(
        listed.json()["items"],
        json!([{
            "id": made.id, "name": "backup", "prefix": &made.token[..14], "permissions": null,
            "created_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z", "last_used_at": null,
            "revoked_at": null, "account_id": bob.account_id, "owner": "bob@example.com", "bot": false,
        }])
    );
    assert_eq!(app.get("/api/v1/me/api-keys").bearer(&bob.token).await.json()["items"], json!([]));
    assert_eq!(app.get("/api/v1/me").bearer(&made.token).await.json()["email"], "bob@example.com");
    assert_eq!(app.get(&org).bearer(&made.token).await.json()["role"], "member");
    let service = service_key(&app, &["introspect"]).await;
    let told = introspect(&app, &service, &made.token).await;
    assert_eq!((&told["token_type"], &told["organization_id"]), (&json!("api_key"), &json!(id_in(&org))));
    let personal = Key::make(&app, &bob, None).await;
    assert!(introspect(&app, &service, &personal.token).await.get("organization_id").is_none());
    assert!(letters::kinds(&app, "bob@example.com").await.contains(&MailKind::ApiKeyCreated));
});

db_test!(who_sees_and_ends_what_is_as_the_roles_say, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let (anns, bobs) = (key(&app, &org, &ann).await, key(&app, &org, &bob).await);
    assert_eq!(owners(&list(&app, &org, &bob.token).await), ["bob"]);
    let mut all = owners(&list(&app, &org, &ann.token).await);
    all.sort();
    assert_eq!(all, ["ann", "bob"]);
    let page = app.get(&format!("{org}/api-keys?limit=1")).bearer(&ann.token).await.json();
    let next = page["next_cursor"].as_str().expect("there is more");
    let rest = app.get(&format!("{org}/api-keys?limit=1&cursor={next}")).bearer(&ann.token).await.json();
    assert_ne!(page["items"][0]["id"], rest["items"][0]["id"]);
    let unknown = revoke(&app, &org, &bob.token, NOBODY).await;
    let foreign = revoke(&app, &org, &bob.token, &anns.id).await;
    assert_eq!((unknown.problem(), foreign.problem()), ((404, "not_found".into()), (404, "not_found".into())));
    assert_eq!(rotate(&app, &org, &ann.token, &bobs.id).await.problem(), (403, "key_owner_required".into()));
    let renewed = Key::of(&rotate(&app, &org, &bob.token, &bobs.id).await);
    assert_eq!(app.get("/api/v1/me").bearer(&bobs.token).await.problem(), (401, "key_expired".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&renewed.token).await.status, 200);
    assert_eq!(revoke(&app, &org, &ann.token, &bobs.id).await.status, 204, "an admin's right");
    assert_eq!(app.get("/api/v1/me").bearer(&renewed.token).await.problem(), (401, "key_revoked".into()));
    assert_eq!(revoke(&app, &org, &ann.token, &bobs.id).await.problem(), (404, "not_found".into()), "once");
    assert_eq!(rotate(&app, &org, &bob.token, &bobs.id).await.problem(), (404, "not_found".into()));
    assert_eq!(owners(&list(&app, &org, &ann.token).await), ["ann"], "revoked ones are left out");
    assert_eq!(revoke(&app, &org, &anns.token, &anns.id).await.status, 204, "a key may end itself");
});

db_test!(another_organization_and_a_random_id_answer_alike, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let eve = app.sign_up("eve@example.com").await;
    let (others, random) = (make(&app, &eve, "Umbrella").await, format!("/api/v1/organizations/{NOBODY}"));
    let bobs = key(&app, &org, &bob).await;
    let eves = Key::make(&app, &eve, None).await;
    let eves_there = key(&app, &others, &eve).await;
    put(&app, &others, ann.account_id, "admin").await;
    let body = |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("request_id");
        (answer.problem(), body)
    };
    let reference = body(&app.get(&random).bearer(&eve.token).await);
    assert_eq!(reference.0, (404, "not_found".into()));
    for token in [&eve.token, &eves.token, &eves_there.token] {
        for at in [&org, &random] {
            for answer in [
                list(&app, at, token).await,
                app.post(&format!("{at}/api-keys")).bearer(token).json(json!({"name": "k"})).await,
                revoke(&app, at, token, &bobs.id).await,
                revoke(&app, at, token, NOBODY).await,
                rotate(&app, at, token, &bobs.id).await,
            ] {
                assert_eq!(body(&answer), reference, "{at}");
            }
        }
    }
    for id in [bobs.id.as_str(), NOBODY] {
        let (ended, renewed) =
            (revoke(&app, &others, &ann.token, id).await, rotate(&app, &others, &ann.token, id).await);
        assert_eq!((body(&ended), body(&renewed)), (reference.clone(), reference.clone()), "by another's address");
    }
    let malformed = revoke(&app, &org, &ann.token, "x").await;
    assert_eq!(body(&malformed), reference);
    assert_eq!(app.get("/api/v1/me").bearer(&bobs.token).await.status, 200, "none of it touched the key");
    for path in ["", "/api-keys", "/members", "/bots"] {
        let there = app.get(&format!("{others}{path}")).bearer(&eves_there.token).await;
        assert_eq!(there.status, 200, "{path}: where it belongs");
    }
    let anns = key(&app, &org, &ann).await;
    let elsewhere = app.get(&others).bearer(&anns.token).await;
    assert_eq!(body(&elsewhere), reference, "its owner is in both, the key in one");
    let mine = app.get("/api/v1/me/organizations").bearer(&anns.token).await.json();
    let ids: Vec<&str> = mine["items"].as_array().expect("items").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, [id_in(&org)]);
});

db_test!(keys_are_made_by_people_who_just_proved_who_they_are, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let (personal, theirs) = (Key::make(&app, &bob, None).await, key(&app, &org, &bob).await);
    let limited = Key::of(&create(&app, &org, &bob, json!({"name": "k", "permissions": []})).await);
    for token in [&personal.token, &theirs.token] {
        let made = app.post(&format!("{org}/api-keys")).bearer(token).json(json!({"name": "k"})).await;
        assert_eq!(made.problem(), (403, "session_required".into()));
        assert_eq!(rotate(&app, &org, token, &theirs.id).await.problem(), (403, "session_required".into()));
    }
    for answer in [list(&app, &org, &limited.token).await, revoke(&app, &org, &limited.token, &limited.id).await] {
        assert_eq!(answer.problem(), (403, "permission_required".into()), "a limited key has no role");
    }
    let nobody = app.get(&format!("{org}/api-keys")).await;
    assert_eq!(nobody.problem(), (401, "unauthenticated".into()));
    let by_cookie = app.post(&format!("{org}/api-keys")).cookie(&bob.token).json(json!({"name": "k"})).await;
    assert_eq!(by_cookie.problem(), (403, "csrf_token_invalid".into()));
    app.clock.advance(std::time::Duration::from_secs(15 * 60));
    let late = create(&app, &org, &ann, json!({"name": "k"})).await;
    assert_eq!(late.problem(), (403, "reauthentication_required".into()));
    let late = rotate(&app, &org, &bob.token, &theirs.id).await;
    assert_eq!(late.problem(), (403, "reauthentication_required".into()));
    assert_eq!(revoke(&app, &org, &bob.token, &theirs.id).await.status, 204, "which opens nothing");
});

db_test!(what_a_key_is_made_of_is_checked_after_who_asks, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ..) = two(&app).await;
    let kim = powers::holder(&app, "kim", &["view:users"]).await;
    let stranger = create(&app, &org, &kim, json!({"name": ""})).await;
    assert_eq!(stranger.problem(), (404, "not_found".into()));
    put(&app, &org, kim.account_id, "member").await;
    for (body, status, code) in [
        (json!({"name": " "}), 422, "name_invalid"),
        (json!({"name": "k", "permissions": [permission("delete:users")]}), 403, "ceiling"),
        (json!({"name": "k", "permissions": [permission("fly:planes")]}), 422, "permission_unknown"),
        (json!({"name": "k", "expires_at": "never"}), 422, "expiry_invalid"),
        (json!({"name": "k", "account_id": NOBODY}), 400, "malformed_json"),
    ] {
        assert_eq!(create(&app, &org, &kim, body.clone()).await.problem(), (status, code.to_owned()), "{body}");
    }
    let made = create(&app, &org, &kim, json!({"name": "k", "permissions": [permission("view:users")]})).await;
    let users = app.get("/api/v1/admin/users").bearer(&Key::of(&made).token).await;
    assert_eq!(users.status, 200, "it may what it says and its owner may");
});

db_test!(whoever_is_removed_or_leaves_loses_the_keys_of_that_organization_alone, |db: TestDb| async move {
    let app = TestApp::new(&db).await;
    let (org, ann, bob) = two(&app).await;
    let others = make(&app, &bob, "Umbrella").await;
    let (first, second) = (key(&app, &org, &bob).await, key(&app, &org, &bob).await);
    let (there, personal) = (key(&app, &others, &bob).await, Key::make(&app, &bob, None).await);
    let anns = key(&app, &org, &ann).await;
    let removed = app.delete(&format!("{org}/members/{}", bob.account_id)).bearer(&ann.token).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    for dead in [&first, &second] {
        assert_eq!(app.get("/api/v1/me").bearer(&dead.token).await.problem(), (401, "key_revoked".into()));
    }
    for live in [&there, &personal, &anns] {
        assert_eq!(app.get("/api/v1/me").bearer(&live.token).await.status, 200);
    }
    assert_eq!(app.get("/api/v1/me").bearer(&bob.token).await.status, 200, "the session is the person's");
    assert_eq!(list(&app, &org, &bob.token).await.problem(), (404, "not_found".into()));
    assert_eq!(owners(&list(&app, &org, &ann.token).await), ["ann"]);
    let left = app.post(&format!("{others}/leave")).bearer(&bob.token).await;
    assert_eq!(left.problem(), (409, "last_admin".into()));
    assert_eq!(app.get("/api/v1/me").bearer(&there.token).await.status, 200, "a refused act revokes nothing");
});

db_test!(making_keys_and_bots_is_limited_a_principal, |db: TestDb| async move {
    let limit: Limit = "10/60".parse().expect("a limit");
    let app = TestApp::with(&db, |config| config.limits.sensitive = Some(limit)).await;
    let (org, ann, bob) = two(&app).await;
    for n in 0..9 {
        // the organization was the first of ten
        let answer = match n % 3 {
            0 => create(&app, &org, &ann, json!({"name": "k"})).await,
            1 => create(&app, &org, &ann, json!({"name": " "})).await,
            _ => {
                let body = json!({"name": "Builder", "responsible_email": "a@b.example"});
                app.post(&format!("{org}/bots")).bearer(&ann.token).json(body).await
            }
        };
        assert_ne!(answer.status, 429, "{n}");
    }
    let bot = app.get(&format!("{org}/bots")).bearer(&ann.token).await.json()["items"][0]["account_id"].clone();
    let bot = bot.as_str().expect("a bot");
    let key = json!({"name": "k"});
    for answer in [
        create(&app, &org, &ann, key.clone()).await,
        rotate(&app, &org, &ann.token, NOBODY).await,
        app.post(&format!("{org}/bots/{bot}/api-keys")).bearer(&ann.token).json(key.clone()).await,
    ] {
        assert_eq!(answer.problem(), (429, "too_many_requests".into()));
    }
    assert_eq!(create(&app, &org, &bob, key).await.status, 201, "another principal");
});
