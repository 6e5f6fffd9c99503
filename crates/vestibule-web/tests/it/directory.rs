//! `/api/v1/directory/…`: wallets, the invites that make them members, and who may look at them.

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp, TestEngine, Wallet, db_test};
use vestibule::directory::sign_in_statement;
use vestibule::{Secret, SecretKind};
use vestibule_web::Limits;

use crate::programs::{Tokens, service_key};

const INVITES: &str = "/api/v1/directory/invites";
const MEMBERS: &str = "/api/v1/directory/members";
const NOBODYS_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

async fn invite(app: &TestApp, who: &SignedIn, body: Value) -> Value {
    let made = app.post(INVITES).bearer(&who.token).json(body).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text);
    made.json()
}

fn body(app: &TestApp, wallet: &Wallet, invite: &Value) -> Value {
    let token = Secret::parse(SecretKind::DirectoryInvite, invite["token"].as_str().expect("a token")).expect("ours");
    let form = wallet.form(&app.engine.issuer(), &token);
    json!({"token": form.token, "sign_pub": form.sign_pub, "kex_pub": form.kex_pub, "proof": form.proof})
}

async fn register(app: &TestApp, wallet: &Wallet, invite: &Value) -> Answer {
    app.post("/api/v1/directory/register").json(body(app, wallet, invite)).await
}

async fn sign_in(app: &TestApp, wallet: &Wallet) -> Answer {
    let key = wallet.sign_pub().to_hex();
    let challenge = app.post("/api/v1/directory/challenge").json(json!({"sign_pub": key})).await;
    assert_eq!((challenge.status.as_u16(), &challenge.json()["expires_in"]), (200, &json!(60)), "{}", challenge.text);
    let nonce = challenge.json()["nonce"].as_str().expect("a nonce").to_owned();
    let signature = wallet.sign(&sign_in_statement(&app.engine.issuer(), &wallet.sign_pub(), &nonce));
    let body = json!({"sign_pub": key, "nonce": nonce, "signature": signature});
    app.post("/api/v1/directory/token").json(body).await
}

/// A member and its token.
async fn member(app: &TestApp, root: &SignedIn, handle: &str) -> (Wallet, String) {
    let wallet = Wallet::fresh(app.engine.random());
    let made = register(app, &wallet, &invite(app, root, json!({"handle": handle})).await).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let token = sign_in(app, &wallet).await;
    assert_eq!((token.status.as_u16(), token.header("cache-control")), (200, "no-store"), "{}", token.text);
    (wallet, token.json()["token"].as_str().expect("a token").to_owned())
}

db_test!(a_wallet_is_invited_registers_signs_in_and_is_looked_up, |db| async move {
    let app = TestApp::new(&db).await;
    let (root, ann) = (app.administrator("root").await, Wallet::fresh(app.engine.random()));
    let made = invite(&app, &root, json!({"handle": "Ann", "role": "admin"})).await;
    assert_eq!((&made["state"], &made["role"], &made["used_at"]), (&json!("pending"), &json!("admin"), &json!(null)));
    assert_eq!(made["created_by"], json!(root.account_id.to_string()));
    let link = format!("http://localhost:8080/directory/join#{}", made["token"].as_str().expect("a token"));
    assert_eq!(made["link"], json!(link));
    let registered = register(&app, &ann, &made).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    let member = registered.json();
    let (key, kex) = (json!(ann.sign_pub()), json!(ann.kex_pub()));
    assert_eq!((&member["sign_pub"], &member["kex_pub"], &member["handle"]), (&key, &kex, &json!("Ann")));
    assert_eq!(member["fingerprint"], json!(ann.sign_pub().fingerprint()));
    assert_eq!(
        (&member["status"], &member["role"], &member["invite_id"]),
        (&json!("active"), &json!("admin"), &made["id"])
    );

    let shown = app.get(&format!("{INVITES}/{}", made["id"].as_str().expect("an id"))).bearer(&root.token).await;
    assert_eq!((&shown.json()["state"], &shown.json()["used_sign_pub"]), (&json!("used"), &key));
    assert!(!shown.text.contains("vst_dir_"));
    let listed = app.get(MEMBERS).bearer(&root.token).await.json();
    assert_eq!(listed, json!({"items": [member], "next_cursor": null}));

    let issued = sign_in(&app, &ann).await.json();
    assert_eq!(
        (&issued["token_type"], &issued["expires_in"], &issued["member"]),
        (&json!("Bearer"), &json!(900), &member)
    );
    let token = issued["token"].as_str().expect("a token");
    let found = app.get("/api/v1/directory/keys/aNN").bearer(token).await;
    let keys = json!({"handle": "Ann", "sign_pub": key, "kex_pub": kex, "status": "active"});
    assert_eq!(found.json(), keys);
    for unknown in ["nobody", "x", "%20"] {
        let found = app.get(&format!("/api/v1/directory/keys/{unknown}")).bearer(token).await;
        assert_eq!(found.problem(), (404, "not_found".into()), "{unknown}");
    }
});

db_test!(what_cannot_be_registered_says_why, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let [ann, bob] = [(); 2].map(|()| Wallet::fresh(app.engine.random()));
    let made = invite(&app, &root, json!({"handle": "ann"})).await;
    let good = body(&app, &ann, &made);
    let changed = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        changed
    };
    let rows = [
        (changed("sign_pub", json!("00")), (422, "public_key_invalid")),
        (changed("kex_pub", json!("0".repeat(64))), (422, "public_key_invalid")),
        (changed("proof", json!("0".repeat(128))), (422, "proof_invalid")),
        (changed("proof", json!(null)), (422, "proof_invalid")),
        (changed("token", json!("vst_dir_x")), (404, "not_found")),
        (changed("handle", json!("root")), (400, "malformed_json")),
        (changed("role", json!("admin")), (400, "malformed_json")),
    ];
    for (body, (status, code)) in rows {
        let refused = app.post("/api/v1/directory/register").json(body).await;
        assert_eq!(refused.problem(), (status, code.to_owned()), "{}", refused.text);
    }
    assert_eq!(register(&app, &ann, &made).await.status, 201, "nothing was spent");
    assert_eq!(register(&app, &bob, &made).await.problem(), (410, "invite_used".into()));
    let other = invite(&app, &root, json!({"handle": "ANN"})).await;
    assert_eq!(register(&app, &bob, &other).await.problem(), (409, "user_exists".into()));
    assert_eq!(register(&app, &bob, &other).await.problem(), (410, "invite_used".into()));

    let path = format!("{INVITES}/{}", other["id"].as_str().expect("an id"));
    assert_eq!(app.delete(&path).bearer(&root.token).await.problem(), (409, "invite_spent".into()));
    let third = invite(&app, &root, json!({"handle": "third"})).await;
    let path = format!("{INVITES}/{}", third["id"].as_str().expect("an id"));
    for _ in 0..2 {
        assert_eq!(app.delete(&path).bearer(&root.token).await.status, 204);
    }
    assert_eq!(register(&app, &bob, &third).await.problem(), (410, "invite_canceled".into()));
    for (body, code) in [
        (json!({"handle": "x"}), "handle_invalid"),
        (json!({"handle": "bob", "expires_at": "soon"}), "expiry_invalid"),
        (json!({"handle": "bob", "expires_at": "2020-01-01T00:00:00Z"}), "expiry_invalid"),
    ] {
        let refused = app.post(INVITES).bearer(&root.token).json(body).await;
        assert_eq!(refused.problem(), (422, code.to_owned()));
    }
    for body in [json!({}), json!({"handle": "bob", "role": "owner"}), json!({"handle": "bob", "uses": 2})] {
        let refused = app.post(INVITES).bearer(&root.token).json(body).await;
        assert_eq!(refused.problem(), (400, "malformed_json".into()));
    }
});

db_test!(a_member_is_revoked_let_in_again_and_deleted, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let (ann, token) = member(&app, &root, "ann").await;
    let (_, bobs) = member(&app, &root, "bob").await;
    let path = format!("{MEMBERS}/{}", ann.sign_pub());
    let keys = "/api/v1/directory/keys/ann";
    let set = async |status: &str| app.patch(&path).bearer(&root.token).json(json!({"status": status})).await;

    assert_eq!(set("revoked").await.json()["status"], "revoked");
    assert_eq!(app.get(keys).bearer(&token).await.problem(), (401, "unauthenticated".into()), "at once");
    assert_eq!(app.get(keys).bearer(&bobs).await.json()["status"], "revoked");
    assert_eq!(sign_in(&app, &ann).await.problem(), (401, "wallet_refused".into()));
    assert_eq!(set("active").await.status, 200);
    assert_eq!(app.get(keys).bearer(&token).await.status, 200);
    assert_eq!(set("gone").await.problem(), (400, "malformed_json".into()));

    assert_eq!(app.delete(&path).bearer(&root.token).await.status, 204);
    assert_eq!(app.delete(&path).bearer(&root.token).await.problem(), (404, "not_found".into()));
    assert_eq!(app.get(keys).bearer(&token).await.problem(), (401, "unauthenticated".into()));
    assert_eq!(app.get(keys).bearer(&bobs).await.problem(), (404, "not_found".into()));
    assert_eq!(set("active").await.problem(), (404, "not_found".into()));
    assert_eq!(sign_in(&app, &ann).await.problem(), (401, "wallet_refused".into()));
});

db_test!(a_challenge_is_the_same_for_everybody, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let (ann, _) = member(&app, &root, "ann").await;
    let ask = async |key: &str| app.post("/api/v1/directory/challenge").json(json!({"sign_pub": key})).await;
    let (known, unknown) = (ask(&ann.sign_pub().to_hex()).await, ask(NOBODYS_KEY).await);
    for answer in [&known, &unknown] {
        let nonce = answer.json()["nonce"].as_str().expect("a nonce").to_owned();
        assert_eq!((answer.status.as_u16(), nonce.len()), (200, 64));
        assert_eq!(answer.text.replace(&nonce, ""), r#"{"nonce":"","expires_in":60}"#);
    }
    let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&known), names(&unknown));
    assert_eq!(ask("x").await.problem(), (422, "public_key_invalid".into()));
});

db_test!(a_service_with_the_ability_looks_members_up_and_nothing_more, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let (ann, _) = member(&app, &root, "ann").await;
    let (can, cannot) = (service_key(&app, &["directory:read"]).await, service_key(&app, &["introspect"]).await);
    let path = format!("{MEMBERS}/{}", ann.sign_pub());
    assert_eq!(app.get(&path).bearer(&can).await.json()["handle"], "ann");
    let unknown = app.get(&format!("{MEMBERS}/{NOBODYS_KEY}")).bearer(&can).await;
    assert_eq!(unknown.problem(), (404, "not_found".into()));
    let bad = app.get(&format!("{MEMBERS}/x")).bearer(&can).await;
    assert_eq!(bad.problem(), (404, "not_found".into()));
    assert_eq!(app.get(&path).bearer(&cannot).await.problem(), (403, "ability_required".into()));
    for refused in [
        app.get(MEMBERS).bearer(&can).await,
        app.get(INVITES).bearer(&can).await,
        app.delete(&path).bearer(&can).await,
        app.get("/api/v1/directory/keys/ann").bearer(&can).await,
    ] {
        assert_eq!(refused.problem(), (401, "unauthenticated".into()));
    }
});

db_test!(nobody_without_the_permission_sees_or_changes_the_directory, |db| async move {
    let app = TestApp::new(&db).await;
    let (root, mallory) = (app.administrator("root").await, app.sign_up("mallory@example.com").await);
    let (ann, _) = member(&app, &root, "ann").await;
    let pending = invite(&app, &root, json!({"handle": "pending"})).await;
    let (path, invite_path) =
        (format!("{MEMBERS}/{}", ann.sign_pub()), format!("{INVITES}/{}", pending["id"].as_str().expect("an id")));
    let calls = [
        (app.get(MEMBERS), "view:directory"),
        (app.get(&path), "view:directory"),
        (app.get(INVITES), "view:directory"),
        (app.get(&invite_path), "view:directory"),
        (app.post(INVITES).json(json!({"handle": "mallory"})), "create:directory"),
        (app.patch(&path).json(json!({"status": "revoked"})), "update:directory"),
        (app.delete(&path), "delete:directory"),
        (app.delete(&invite_path), "delete:directory"),
    ];
    for (call, permission) in calls {
        let refused = call.bearer(&mallory.token).await;
        assert_eq!(refused.problem(), (403, "permission_required".into()));
        assert_eq!(refused.json()["permission"], permission);
    }
    assert_eq!(app.get(&path).await.problem(), (401, "unauthenticated".into()));
    assert_eq!(app.get(&path).bearer(&root.token).await.json()["status"], "active");
});

db_test!(no_token_passes_where_another_is_asked_for, |db| async move {
    let app = TestApp::new(&db).await;
    let root = app.administrator("root").await;
    let (ann, wallet) = member(&app, &root, "ann").await;
    let access = Tokens::by_session(&app, &root).await.access;
    let path = format!("{MEMBERS}/{}", ann.sign_pub());
    for route in ["/api/v1/me", "/api/v1/me/permissions", "/api/v1/session", "/api/v1/forward-auth", MEMBERS, &path] {
        assert_eq!(
            app.get(route).bearer(&wallet).await.status,
            401,
            "{route}: a wallet is no account, whatever its role"
        );
    }
    for token in [&access, &root.token] {
        let refused = app.get("/api/v1/directory/keys/ann").bearer(token).await;
        assert_eq!(refused.problem(), (401, "unauthenticated".into()), "an account is no wallet");
    }
    assert_eq!(app.get("/api/v1/directory/keys/ann").cookie(&wallet).await.status, 401, "only as bearer");
    assert_eq!(app.get(MEMBERS).bearer(&access).await.status, 200, "a program does what its account may");
});

db_test!(guesses_and_sign_ins_are_counted_by_address, |db| async move {
    let limits = Limits { codes: "3/60".parse().ok(), sign_in: "5/60".parse().ok(), ..Limits::off() };
    let app = TestApp::on(TestEngine::new(&db).await, |config| config.limits = limits);
    let wallet = Wallet::fresh(app.engine.random());
    let stranger = Secret::fresh(SecretKind::DirectoryInvite, app.engine.random());
    let guess = body(&app, &wallet, &json!({"token": stranger.expose()}));
    let send = async |ip: &str| app.post("/api/v1/directory/register").json(guess.clone()).peer(ip).await;
    for _ in 0..3 {
        assert_eq!(send("203.0.113.7").await.problem(), (404, "not_found".into()));
    }
    assert_eq!(send("203.0.113.7").await.problem(), (429, "too_many_requests".into()));
    assert_eq!(send("203.0.113.8").await.problem(), (404, "not_found".into()));

    let ask =
        async |ip: &str| app.post("/api/v1/directory/challenge").json(json!({"sign_pub": NOBODYS_KEY})).peer(ip).await;
    for _ in 0..5 {
        assert_eq!(ask("203.0.113.9").await.status, 200);
    }
    let refused = ask("203.0.113.9").await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(ask("203.0.113.8").await.status, 200, "nobody uses up the tries of a key by naming it");
    let person = json!({"identifier": "ann@example.com", "password": PASSWORD});
    let person = app.post("/api/v1/sign-in").json(person).peer("203.0.113.9").await;
    assert_eq!(person.problem(), (401, "invalid_credentials".into()), "nor those of people at the same address");
});

db_test!(a_dead_invite_is_not_tried_for_ever, |db| async move {
    let limits = Limits { sign_in: "5/60".parse().ok(), ..Limits::off() };
    let app = TestApp::on(TestEngine::new(&db).await, |config| config.limits = limits);
    let (root, ann) = (app.administrator("root").await, Wallet::fresh(app.engine.random()));
    let invite = invite(&app, &root, json!({"handle": "ann"})).await;
    assert_eq!(register(&app, &ann, &invite).await.status, 201);
    for _ in 0..4 {
        assert_eq!(register(&app, &ann, &invite).await.problem(), (410, "invite_used".into()));
    }
    assert_eq!(register(&app, &ann, &invite).await.problem(), (429, "too_many_requests".into()));
    let refused = app.get("/api/v1/admin/audit-log?action=directory_invite.used").bearer(&root.token).await;
    let rows = refused.json()["items"].as_array().expect("rows").len();
    assert_eq!(rows, 5, "what was refused for its number leaves no row");
});

db_test!(a_proof_may_be_left_out_where_the_setting_says_so, |db| async move {
    let engine = TestEngine::with(&db, |config| config.directory.require_proof = false).await;
    let app = TestApp::on(engine, |_| {});
    let (root, ann) = (app.administrator("root").await, Wallet::fresh(app.engine.random()));
    let mut sent = body(&app, &ann, &invite(&app, &root, json!({"handle": "ann"})).await);
    sent["proof"] = json!("0".repeat(128));
    let wrong = app.post("/api/v1/directory/register").json(sent.clone()).await;
    assert_eq!(wrong.problem(), (422, "proof_invalid".into()), "a wrong one is wrong all the same");
    sent.as_object_mut().expect("an object").remove("proof");
    assert_eq!(app.post("/api/v1/directory/register").json(sent).await.status, 201);
});
